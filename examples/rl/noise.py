"""How far a result is luck: the luckiest run's setting against the one that is best on average.

    python noise.py measure --seeds 8
    python noise.py compare

FetchReach gives a reward only where the goal is reached. After 1,000 steps one and the same agent
succeeds nearly always with one seed and never with another. `measure` trains each of eight
settings with each seed and appends to a table; it goes on where it was. `compare` draws many
sweeps from the table, each of some of its runs, and asks what their winners do with the seeds
that the sweep did not see.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from pathlib import Path

import algorithms
import environments
import numpy as np
import torch
from numpy.typing import NDArray

TABLE = Path(__file__).parent / "noise.csv"
SETTINGS = [
    {"learning_rate": rate, "ent_coef": temperature}
    for rate, temperature in itertools.product((1e-3, 3e-3, 1e-2, 3e-2), (0.02, 0.2))
]
STEPS, EPISODES = 1_000, 10


def success(setting: dict[str, float], seed: int) -> float:
    """Train one agent; the share of episodes, 0 to 1, in which it then reaches the goal."""
    torch.set_num_threads(1)
    env = environments.make("FetchReach-v4")
    agent = algorithms.build(
        "cleansac", env, seed, use_her=True, train_freq=2, net_arch=(64, 64), **setting
    )
    agent.learn(STEPS)
    return environments.evaluate(agent, env, EPISODES)["success_rate"]


def read(path: Path) -> dict[tuple[int, int], float]:
    """The table: success by setting and seed."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {
            (int(row["setting"]), int(row["seed"])): float(row["success"])
            for row in csv.DictReader(file)
        }


def measure(path: Path, n_seeds: int) -> None:
    """Train what the table does not have yet."""
    known = read(path)
    with path.open("a", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if not known:
            rows.writerow(["setting", *SETTINGS[0], "seed", "success"])
        for seed, number in itertools.product(range(n_seeds), range(len(SETTINGS))):
            if (number, seed) in known:
                continue
            found = success(SETTINGS[number], seed)
            rows.writerow([number, *SETTINGS[number].values(), seed, f"{found:.2f}"])
            file.flush()
            print(f"{SETTINGS[number]} seed {seed}: {found:.0%}")


def compare(table: NDArray[np.float64], budget: int, n_sweeps: int = 2_000) -> dict[str, float]:
    """What winners of sweeps do with seeds that their sweep did not see, the mean of all sweeps.

    Args:
        table: Success, settings × seeds.
        budget: Runs of a sweep, a multiple of the settings that leaves seeds over.
        n_sweeps: How many are drawn; each takes the seeds in another order.
    """
    n_settings, n_seeds = table.shape
    each = budget // n_settings
    race = Race(minimum=2, maximum=n_seeds - 2)
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"luckiest run": [], "best mean": [], "racing": []}
    for _ in range(n_sweeps):
        order = rng.permuted(np.tile(np.arange(n_seeds), (n_settings, 1)), axis=1)
        runs = np.take_along_axis(table, order, 1)
        fresh = runs[:, each:].mean(1)
        # Several runs succeed always: which of them comes first is chance.
        first = rng.permutation(n_settings)
        found["luckiest run"].append(fresh[first[runs[first, :each].max(1).argmax()]])
        found["best mean"].append(fresh[first[runs[first, :each].mean(1).argmax()]])
        counts = [0] * n_settings
        while sum(counts) < budget:
            arms = [
                ArmRuns(tuple(-run[:n].tolist())) if n else ArmRuns(())
                for run, n in zip(runs, counts, strict=True)
            ]
            again = race.next_run(arms, budget - sum(counts), new_arms=False)
            if again is None:
                break
            counts[again] += 1
        best = race.incumbent([ArmRuns(tuple((-run[:n]).tolist())) for run, n in zip(runs, counts, strict=True)])
        found["racing"].append(runs[best, counts[best] :].mean())
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    """Measure or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=["measure", "compare"])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--table", type=Path, default=TABLE)
    given = parser.parse_args()
    if given.command == "measure":
        measure(given.table, given.seeds)


if __name__ == "__main__":
    main()
