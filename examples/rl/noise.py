"""How far a result is luck: the luckiest run's setting against the one that is best on average.

    python noise.py measure --seeds 8
    python noise.py compare
    python main.py +performance=FetchReach/cleansac_noise-opti --multirun
    python noise.py again --seeds 8

FetchReach gives a reward only where the goal is reached. After 1,000 steps one and the same agent
succeeds nearly always with one seed and never with another. `measure` trains each of eight
settings with each seed and appends to a table; it goes on where it was. `compare` draws many
sweeps from the table, each of some of its runs, and asks what their winners do with the seeds
that the sweep did not see. `again` does so with one real sweep, and trains its winners anew.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import algorithms
import environments
import trimtab
from trimtab.samplers.racing import ArmRuns, Race

TABLE = Path(__file__).parent / "noise.csv"
SETTINGS = [
    {"learning_rate": rate, "ent_coef": temperature}
    for rate, temperature in itertools.product((1e-3, 3e-3, 1e-2, 3e-2), (0.02, 0.2))
]
STEPS, EPISODES = 1_000, 10
FRESH = 2**31
"""The least seed that no sweep gives to a run."""


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


def complete(known: dict[tuple[int, int], float]) -> NDArray[np.float64]:
    """The seeds of a table that every setting was tried with, settings × seeds."""
    settings = range(len(SETTINGS))
    seeds = sorted({seed for _, seed in known})
    kept = [seed for seed in seeds if all((number, seed) in known for number in settings)]
    return np.array([[known[number, seed] for seed in kept] for number in settings])


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
        n_sweeps: How many are drawn; each takes the seeds in an order of its own.
    """
    n_settings = len(table)
    each = budget // n_settings
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"luckiest run": [], "best mean": [], "racing": []}
    for _ in range(n_sweeps):
        # Where several are equal the first wins: let that be a matter of chance.
        runs = rng.permuted(table[rng.permutation(n_settings)], axis=1)
        for name, seen in [
            ("luckiest run", runs[:, :each].max(1)),
            ("best mean", runs[:, :each].mean(1)),
        ]:
            found[name].append(runs[seen.argmax(), each:].mean())
        winner, seen = raced(runs, budget)
        found["racing"].append(runs[winner, seen:].mean())
    return {name: float(np.mean(values)) for name, values in found.items()}


def raced(runs: NDArray[np.float64], budget: int) -> tuple[int, int]:
    """The winner of one sweep with replicates, at least two of each, and how many it had."""
    race = Race(minimum=2, maximum=runs.shape[1] - 2)
    arms = [ArmRuns(()) for _ in runs]
    for left in range(budget, 0, -1):
        again = race.next_run(arms, left, new_arms=False)
        if again is None:  # all is clear
            break
        losses = arms[again].losses
        arms[again] = ArmRuns((*losses, -float(runs[again, len(losses)])))
    winner = race.incumbent(arms)
    if winner is None:
        raise ValueError(f"budget: expected at least 2 for each setting, got {budget}")
    return winner, len(arms[winner].losses)


def draw(table: NDArray[np.float64]) -> Any:
    """A Plotly figure: success of every run, by setting, and the mean of each."""
    import plotly.graph_objects as go

    names = [f"rate {one['learning_rate']:g}<br>ent {one['ent_coef']:g}" for one in SETTINGS]
    rng = np.random.default_rng(0)
    spread = rng.uniform(-0.2, 0.2, table.shape) + np.arange(len(names))[:, None]
    figure = go.Figure()
    figure.add_scatter(
        x=spread.ravel(),
        y=table.ravel(),
        mode="markers",
        name="a run",
        marker={"color": "#0072b2", "size": 9, "opacity": 0.6},
    )
    figure.add_scatter(
        x=np.arange(len(names)),
        y=table.mean(1),
        mode="markers",
        name="mean",
        marker={"color": "#d55e00", "symbol": "line-ew-open", "size": 36, "line": {"width": 3}},
    )
    figure.update_layout(
        template="plotly_white",
        title=f"FetchReach after {STEPS:,} steps: {table.shape[1]} seeds of each setting",
        yaxis={"title": "success", "tickformat": ".0%", "range": [-0.05, 1.05]},
        margin={"t": 60, "b": 60},
        xaxis={"tickvals": np.arange(len(names)), "ticktext": names},
    )
    return figure


def again(storage: str, n_seeds: int) -> dict[str, list[float]]:
    """Success with `n_seeds` fresh seeds of both winners of the sweep in `storage`."""
    study = trimtab.load_study(study_name="noise_FetchReach", storage=storage)
    winners = {"luckiest run": study.best_trial.params, "best arm": study.best_arm.params}
    found = {}
    for name, params in winners.items():
        setting = {key.rpartition(".")[2]: value for key, value in params.items()}
        found[name] = [success(setting, FRESH + seed) for seed in range(n_seeds)]
        print(f"{name} {setting}: {np.mean(found[name]):.0%} of {found[name]}")
    return found


def main() -> None:
    """Measure or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=["measure", "compare", "again"])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--storage", default="sqlite:///noise_FetchReach.db")
    given = parser.parse_args()
    if given.command == "again":
        again(given.storage, given.seeds)
        return
    if given.command == "measure":
        measure(given.table, given.seeds)
    table = complete(read(given.table))
    for setting, row in zip(SETTINGS, table, strict=True):
        error = row.std(ddof=1) / len(row) ** 0.5
        print(f"{setting}: {row.mean():.2f} ± {error:.2f}, {row.min():.0%} to {row.max():.0%}")
    draw(table).write_html("noise.html", include_plotlyjs="directory")
    for each in (2, 3, 4):
        means = compare(table, each * len(SETTINGS))
        shown = ", ".join(f"{name} {value:.1%}" for name, value in means.items())
        print(f"{each * len(SETTINGS)} runs; the winner's success with other seeds: {shown}")


if __name__ == "__main__":
    main()
