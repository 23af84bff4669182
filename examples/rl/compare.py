"""Grid, random, TPE, GP and population based training of one agent, at the same number of runs.

    python compare.py search --runs 24 --seeds 3
    python compare.py show

Deep Q-learning of CartPole has five settings worth a search. A run trains an agent for 6,000 steps,
evaluates it after every thousand, and counts the mean of the last three: how long it balances, 500
steps at most. Searches run each setting twice, as one run says little. Even so a search's best
value is partly luck: its winner is trained again with seeds that no search saw, and these scores
are in the table. A population's winner is a schedule of settings, and is trained again by it.
`search` goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import environments
import trimtab
from algorithms.dqn import DQN
from trimtab import tune
from trimtab.samplers import GPSampler, GridSampler, RandomSampler, Sampler, TPESampler
from trimtab.tune.schedulers import PopulationBasedTraining

STEPS, ROUNDS, EPISODES = 6_000, 6, 5
LAST, REPLICATES, TRAIN_FREQ = 3, 2, 4
HELD_OUT = range(900_000, 900_005)
"""Seeds of the runs that score a search's winner."""

GRID: Mapping[str, list[Any]] = {
    "learning_rate": [1e-4, 1e-3, 1e-2],
    "gamma": [0.9, 0.99],
    "target_update_interval": [50, 500],
    "exploration_steps": [1_000],
    "batch_size": [64],
}
SPACE = {
    "learning_rate": tune.loguniform(1e-5, 1e-1),
    "gamma": tune.uniform(0.9, 0.999),
    "target_update_interval": tune.lograndint(10, 1_001),
    "exploration_steps": tune.lograndint(200, 4_001),
    "batch_size": tune.choice([32, 64, 128]),
}
SAMPLERS: dict[str, Callable[[int], Sampler]] = {
    "grid": lambda seed: GridSampler(GRID, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "TPE": lambda seed: TPESampler(seed=seed),
    "GP": lambda seed: GPSampler(seed=seed),
}
COLOURS = {
    "grid": "#888888",
    "random": "#e69f00",
    "TPE": "#0072b2",
    "GP": "#009e73",
    "PBT": "#cc79a7",
}


def suggested(trial: trimtab.Trial) -> dict[str, Any]:
    """One point of the space."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True),
        "gamma": trial.suggest_float("gamma", 0.9, 0.999),
        "target_update_interval": trial.suggest_int("target_update_interval", 10, 1_000, log=True),
        "exploration_steps": trial.suggest_int("exploration_steps", 200, 4_000, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [32, 64, 128]),
    }


class Run:
    """An agent in training.

    Args:
        settings: Some of `SPACE`.
        seed: Of the agent and its environment.
    """

    def __init__(self, settings: Mapping[str, Any], seed: int) -> None:
        torch.set_num_threads(1)
        self._evaluated = environments.make("CartPole-v1")
        env = environments.make("CartPole-v1")
        self._agent = DQN(env, seed, train_freq=TRAIN_FREQ, **settings)
        self._shown: list[float] = []

    def go_on(self, n_steps: int) -> float:
        """Train and evaluate; the mean of the last evaluations, 0 to 500."""
        self._agent.learn(n_steps)
        shown = environments.evaluate(self._agent, self._evaluated, EPISODES)
        self._shown.append(shown["return"])
        return float(np.mean(self._shown[-LAST:]))

    def adjust(self, settings: Mapping[str, Any]) -> None:
        """Go on with other settings."""
        self._agent.adjust(**settings)

    def save(self, path: Path) -> None:
        """Write all that `load` needs."""
        torch.save({"agent": self._agent.state(), "shown": self._shown}, path)

    def load(self, path: Path) -> None:
        """Go on from what was saved, with one's own settings."""
        state = torch.load(path, weights_only=True)
        self._agent.restore(state["agent"])
        self._shown = state["shown"]


def balance(schedule: Sequence[Mapping[str, Any]], seed: int, steps: int = STEPS) -> float:
    """Train with the settings of each round, the last of them for all that follow."""
    run, value = Run(schedule[0], seed), 0.0
    for done in range(ROUNDS):
        run.adjust(schedule[min(done, len(schedule) - 1)])
        value = run.go_on(steps // ROUNDS)
    return value


def search(name: str, seed: int, n_runs: int, folder: Path, steps: int = STEPS) -> dict[str, Any]:
    """One search with a sampler: its best mean so far by runs, and its winner's settings."""
    study = trimtab.create_study(
        study_name=f"{name}-{seed}",
        storage=f"sqlite:///{folder / 'compare.db'}",
        direction="maximize",
        sampler=SAMPLERS[name](seed),
        load_if_exists=True,
    )
    study.optimize(
        lambda trial: balance([suggested(trial)], 1_000 * seed + trial.number, steps),
        total_trials=n_runs,
        replicates=REPLICATES,
    )
    seen: defaultdict[tuple[Any, ...], list[float]] = defaultdict(list)
    curve, best = [], 0.0
    for trial, value in zip(study.trials, study.history.values[:, 0].tolist(), strict=True):
        runs = seen[tuple(trial.params.values())]
        runs.append(value)
        if len(runs) == REPLICATES:
            best = max(best, float(np.mean(runs)))
            curve.append((trial.number + 1, best))
    return {"curve": curve, "schedule": [study.best_arm.params]}


def member(config: dict[str, Any]) -> None:
    """Train one agent of a population, a round at a time."""
    number = int(tune.get_context().get_trial_id())
    run = Run({name: config[name] for name in SPACE}, 1_000 * config["seed"] + number)
    checkpoint = tune.get_checkpoint()
    if checkpoint:
        with checkpoint.as_directory() as kept:
            run.load(Path(kept, "run.pt"))
    while True:
        value = run.go_on(config["steps"] // ROUNDS)
        with tempfile.TemporaryDirectory() as made:
            run.save(Path(made, "run.pt"))
            tune.report({"return": value}, checkpoint=tune.Checkpoint.from_directory(made))


def population(seed: int, n_runs: int, folder: Path, steps: int = STEPS) -> dict[str, Any]:
    """One population of `n_runs` members, as `search` for what it returns."""
    results = tune.Tuner(
        member,
        param_space={**SPACE, "seed": seed, "steps": steps},
        tune_config=tune.TuneConfig(
            metric="return",
            mode="max",
            num_samples=n_runs,
            seed=seed,
            scheduler=PopulationBasedTraining(
                time_attr="training_iteration",
                perturbation_interval=1,
                hyperparam_mutations=SPACE,
                synch=True,
            ),
            executor="inline",
        ),
        run_config=tune.RunConfig(
            name=f"PBT-{seed}",
            storage_path=str(folder),
            stop={"training_iteration": ROUNDS},
            verbose=0,
        ),
    ).fit()
    rounds = [[result.reports[done]["return"] for result in results] for done in range(ROUNDS)]
    changes = results.policy(results.get_best_result().number)
    schedule = []
    for done in range(ROUNDS):
        now = next(change for change in reversed(changes) if change.iteration <= done)
        schedule.append({name: now.config[name] for name in SPACE})
    best = np.maximum.accumulate([max(values) for values in rounds]).tolist()
    return {
        "curve": [(n_runs * (done + 1) / ROUNDS, value) for done, value in enumerate(best)],
        "schedule": schedule,
    }


def measure(n_runs: int, n_seeds: int, folder: Path, steps: int = STEPS) -> None:
    """Run what `folder` does not have yet, one JSON file for each search."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(n_seeds):
        for name in COLOURS:
            path = folder / f"{name}-{seed}.json"
            if path.exists():
                continue
            if name == "PBT":
                found = population(seed, n_runs, folder, steps)
            else:
                found = search(name, seed, n_runs, folder, steps)
            found["held_out"] = [balance(found["schedule"], seed, steps) for seed in HELD_OUT]
            path.write_text(json.dumps(found))
            again = ", ".join(f"{value:.0f}" for value in found["held_out"])
            print(f"{name} {seed}: best {found['curve'][-1][1]:.0f}, again {again}")


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What was measured, by search; one for each seed that all of them have."""
    found = {name: sorted(folder.glob(f"{name}-*.json")) for name in COLOURS}
    n_seeds = min(map(len, found.values()))
    return {
        name: [json.loads(path.read_text()) for path in paths[:n_seeds]]
        for name, paths in found.items()
    }


def table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Markdown: what each search believed, and what came of its winner with other seeds."""
    lines = [
        "| search | its best value | its winner, trained again | from worst to best |",
        "|---|---|---|---|",
    ]
    for name, searches in found.items():
        believed = np.mean([each["curve"][-1][1] for each in searches])
        again = np.array([each["held_out"] for each in searches])
        error = again.std(ddof=1) / again.size**0.5
        lines.append(
            f"| {name} | {believed:.0f} | {again.mean():.0f} ± {error:.0f} "
            f"| {again.min():.0f} to {again.max():.0f} |"
        )
    return "\n".join(lines)


def draw(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Any:
    """A Plotly figure: the best value so far, the mean over the seeds."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, searches in found.items():
        runs, values = np.array([each["curve"] for each in searches]).mean(0).T
        figure.add_scatter(
            x=runs,
            y=values,
            mode="lines+markers",
            name=name,
            line={"color": COLOURS[name], "width": 2, "shape": "hv"},
        )
    n_seeds = len(next(iter(found.values())))
    figure.update_layout(
        template="plotly_white",
        margin={"t": 60, "b": 60},
        title=f"CartPole: best return so far, mean of {n_seeds} searches of each kind",
        xaxis={"title": f"runs of {STEPS:,} steps", "rangemode": "tozero"},
        yaxis={"title": "return (at most 500)", "range": [0, 510]},
    )
    return figure


def main() -> None:
    """Search, or show what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=["search", "show"])
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("compare"))
    given = parser.parse_args()
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    if given.command == "search":
        measure(given.runs, given.seeds, given.folder)
    found = read(given.folder)
    print(table(found))
    figure = draw(found)
    figure.write_html(given.folder / "compare.html", include_plotlyjs="directory")


if __name__ == "__main__":
    main()
