"""Grid, random, TPE, GP and population based training of one agent, at the same number of runs.

    python compare.py search --runs 12 --seeds 3
    python compare.py show

Deep Q-learning of CartPole has five settings worth a search. Each run of a search trains an agent
for 5,000 steps with a seed of its own and is told how long it then balances, 500 steps at most. A
search's best value may be luck, so its winner is trained again with seeds that no search saw:
these scores are in the table. A population's winner is a schedule of settings, and is trained
again by that schedule. `search` goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import environments
import trimtab
from algorithms.dqn import DQN
from trimtab import tune
from trimtab.samplers import GPSampler, GridSampler, RandomSampler, Sampler, TPESampler
from trimtab.tune.schedulers import PopulationBasedTraining

STEPS, ROUNDS, EPISODES = 5_000, 5, 10
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


def balance(schedule: Sequence[Mapping[str, Any]], seed: int, steps: int = STEPS) -> float:
    """Train with as many settings as are given, one after the other; the mean return, 0 to 500."""
    torch.set_num_threads(1)
    env = environments.make("CartPole-v1")
    agent = DQN(env, seed, **schedule[0])
    for settings in schedule:
        agent.adjust(**settings)
        agent.learn(steps // len(schedule))
    return environments.evaluate(agent, env, EPISODES)["return"]


def search(name: str, seed: int, n_runs: int, folder: Path, steps: int = STEPS) -> dict[str, Any]:
    """One search with a sampler: values of its runs in order, and its winner's settings."""
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
    )
    values = study.history.values[:, 0].tolist()
    return {"values": values, "schedule": [study.best_trial.params]}


def member(config: dict[str, Any]) -> None:
    """Train one agent of a population, a round at a time."""
    torch.set_num_threads(1)
    env, evaluated = environments.make("CartPole-v1"), environments.make("CartPole-v1")
    settings = {name: config[name] for name in SPACE}
    agent = DQN(env, 1_000 * config["seed"] + int(tune.get_context().get_trial_id()), **settings)
    checkpoint = tune.get_checkpoint()
    if checkpoint:
        with checkpoint.as_directory() as kept:
            agent.restore(torch.load(Path(kept, "agent.pt"), weights_only=True))
    while True:
        agent.learn(config["steps"] // ROUNDS)
        shown = environments.evaluate(agent, evaluated, EPISODES)
        with tempfile.TemporaryDirectory() as made:
            torch.save(agent.state(), Path(made, "agent.pt"))
            tune.report(shown, checkpoint=tune.Checkpoint.from_directory(made))


def population(seed: int, n_runs: int, folder: Path, steps: int = STEPS) -> dict[str, Any]:
    """One population of `n_runs` members, as `search` for what it returns.

    Its values are those that members reported after each round, one round after the other.
    """
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
    values = [result.reports[done]["return"] for done in range(ROUNDS) for result in results]
    changes = results.policy(results.get_best_result().number)
    schedule = []
    for done in range(ROUNDS):
        now = next(change for change in reversed(changes) if change.iteration <= done)
        schedule.append({name: now.config[name] for name in SPACE})
    return {"values": values, "schedule": schedule}


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
            print(f"{name} {seed}: best {max(found['values']):.0f}, again {found['held_out']}")


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What was measured, by search; one for each seed that all of them have."""
    found = {name: sorted(folder.glob(f"{name}-*.json")) for name in COLOURS}
    n_seeds = min(map(len, found.values()))
    return {
        name: [json.loads(path.read_text()) for path in paths[:n_seeds]]
        for name, paths in found.items()
    }


def table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Markdown: what each search was told, and what came of its winner with other seeds."""
    lines = ["| search | its best value | its winner, trained again |", "|---|---|---|"]
    for name, searches in found.items():
        best = [max(each["values"]) for each in searches]
        again = np.array([each["held_out"] for each in searches])
        by_search = again.mean(1)
        error = by_search.std(ddof=1) / len(by_search) ** 0.5 if len(by_search) > 1 else np.nan
        lines.append(f"| {name} | {np.mean(best):.0f} | {by_search.mean():.0f} ± {error:.0f} |")
    return "\n".join(lines)


def best_so_far(values: Sequence[float], n_runs: int) -> NDArray[np.float64]:
    """The best value after each run; a population's values are all its rounds'."""
    best: NDArray[np.float64] = np.maximum.accumulate(values)
    return best[len(values) // n_runs - 1 :: len(values) // n_runs]


def draw(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Any:
    """A Plotly figure: the best value so far, the mean over the seeds."""
    import plotly.graph_objects as go

    figure = go.Figure()
    n_runs = len(found["random"][0]["values"])
    for name, searches in found.items():
        curves = [best_so_far(each["values"], n_runs) for each in searches]
        figure.add_scatter(
            x=np.arange(1, n_runs + 1),
            y=np.mean(curves, axis=0),
            mode="lines",
            name=name,
            line={"color": COLOURS[name], "width": 2, "shape": "hv"},
        )
    n_seeds = len(found["random"])
    figure.update_layout(
        template="plotly_white",
        margin={"t": 60, "b": 60},
        title=f"CartPole: best return so far, mean of {n_seeds} searches of each kind",
        xaxis_title=f"runs of {STEPS:,} steps",
        yaxis_title="return (at most 500)",
        yaxis_range=[0, 510],
    )
    return figure


def main() -> None:
    """Search, or show what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=["search", "show"])
    parser.add_argument("--runs", type=int, default=12)
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
