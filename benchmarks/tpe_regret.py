"""Regret of Trimtab's TPE beside Optuna's and Rustuna's, and of its own variants.

    python -m benchmarks.tpe_regret run --samplers trimtab optuna rustuna --seeds 20
    python -m benchmarks.tpe_regret ablate --seeds 20
    python -m benchmarks.tpe_regret show

Every run is kept in ``--results`` (JSON), so that a table is made of what was run at any time. Seed
s runs instance s + 1 of a problem, the same for all samplers.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.functions import PROBLEMS, Objective, Problem

CHECKPOINTS = (50, 100, 200)
Results = dict[str, dict[str, list[list[float]]]]
"""Regret at the checkpoints, by sampler, problem and seed."""

Run = Callable[[Objective, int, int], None]
"""Runs an objective for so many trials with a seed."""


def _trimtab(**changes: Any) -> Run:
    """Trimtab's TPE, with settings of its kernels or arguments changed."""
    from trimtab.samplers.tpe.model import Kernels

    fields = {field.name for field in dataclasses.fields(Kernels)}

    def run(objective: Objective, trials: int, seed: int) -> None:
        import trimtab

        trimtab.logging.set_verbosity(trimtab.logging.ERROR)
        arguments = {name: value for name, value in changes.items() if name not in fields}
        sampler = trimtab.samplers.TPESampler(seed=seed, **arguments)
        kernels = {name: value for name, value in changes.items() if name in fields}
        if kernels:
            sampler._kernels = dataclasses.replace(sampler._kernels, **kernels)
        trimtab.create_study(sampler=sampler).optimize(objective, n_trials=trials)

    return run


def _optuna(objective: Objective, trials: int, seed: int) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)


def _rustuna(objective: Objective, trials: int, seed: int) -> None:
    import rustuna

    study = rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, trials)


def _random(objective: Objective, trials: int, seed: int) -> None:
    import trimtab

    trimtab.logging.set_verbosity(trimtab.logging.ERROR)
    study = trimtab.create_study(sampler=trimtab.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=trials)


SAMPLERS: dict[str, Run] = {
    "trimtab": _trimtab(),
    "optuna": _optuna,
    "rustuna": _rustuna,
    "random": _random,
}

VARIANTS: dict[str, Run] = {
    "spread 0.5": _trimtab(spread=0.5),
    "spread 1.0": _trimtab(spread=1.0),
    "no forgetting": _trimtab(forgetting=0.0),
    "gamma 15 %": _trimtab(gamma=lambda n: min(int(np.ceil(0.15 * n)), 25)),
    "gamma Hyperopt": _trimtab(gamma=lambda n: min(int(np.ceil(0.25 * n**0.5)), 25)),
    "good ones weigh alike": _trimtab(rank_weight=0.0),
    "6 candidates": _trimtab(n_ei_candidates=6),
    "96 candidates": _trimtab(n_ei_candidates=96),
    "independent columns": _trimtab(multivariate=False),
    "groups": _trimtab(group=True),
    "no flat kernel": _trimtab(consider_prior=False),
    "miss 0.3": _trimtab(miss=0.3),
}


def regrets(problem: Problem, run: Run, seed: int) -> list[float]:
    """Best value found minus the optimum, at the checkpoints."""
    objective, optimum = problem.make(seed + 1)
    seen: list[float] = []

    def recorded(trial: Any) -> float:
        seen.append(objective(trial))
        return seen[-1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(recorded, CHECKPOINTS[-1], seed)
    best = np.minimum.accumulate(seen)
    return [float(best[n - 1] - optimum) for n in CHECKPOINTS]


def measure(
    results: Results, samplers: dict[str, Run], problems: tuple[Problem, ...], seeds: int, out: Path
) -> None:
    """Run what is not in ``results`` yet, interleaved, and keep it in ``out``."""
    for seed in range(seeds):
        started = time.perf_counter()
        for problem in problems:
            for name, run in samplers.items():
                rows = results.setdefault(name, {}).setdefault(problem.name, [])
                if len(rows) <= seed:
                    rows.append(regrets(problem, run, seed))
        out.write_text(json.dumps(results))
        print(f"seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)


def table(results: Results, names: list[str]) -> str:
    """Median regret per problem, and ranks over all problems, as Markdown."""
    problems = [p.name for p in PROBLEMS if all(p.name in results.get(n, {}) for n in names)]
    head = " | ".join(f"{name} {n}" for n in CHECKPOINTS for name in names)
    lines = [f"| problem | {head} |", "|---" * (1 + len(names) * len(CHECKPOINTS)) + "|"]
    ranks: list[list[list[float]]] = [[] for _ in CHECKPOINTS]
    shares: list[list[list[float]]] = [[] for _ in CHECKPOINTS]
    for problem in problems:
        seeds = min(len(results[name][problem]) for name in names)
        stack = np.array([results[name][problem][:seeds] for name in names])
        medians = np.median(stack, axis=1)
        cells = []
        for k in range(len(CHECKPOINTS)):
            column = medians[:, k]
            ranks[k].append(_ranks(column).tolist())
            shares[k].append(np.mean([_ranks(row) for row in stack[:, :, k].T], axis=0).tolist())
            best = column.min()
            cells += [f"**{v:.3g}**" if v == best else f"{v:.3g}" for v in column.tolist()]
        lines.append(f"| {problem} | {' | '.join(cells)} |")
    for label, rows, reduce in (
        ("median rank of the medians", ranks, np.median),
        ("mean rank of the medians", ranks, np.mean),
        ("mean rank over problems and seeds", shares, np.mean),
    ):
        cells = [
            f"{value:.2f}"
            for k in range(len(CHECKPOINTS))
            for value in reduce(np.array(rows[k]), axis=0).tolist()
        ]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ablation(results: Results, base: str, names: list[str]) -> str:
    """Each variant beside the default: ratio of regrets, and how often it is better."""
    lines = [
        "| variant | " + " | ".join(f"ratio at {n}, better in" for n in CHECKPOINTS) + " |",
        "|---" * (1 + len(CHECKPOINTS)) + "|",
    ]
    for name in names:
        if name not in results:
            continue
        logs, wins = [], []
        for problem in results[name]:
            rows = np.array(results[name][problem])
            ours = np.array(results[base][problem])[: len(rows)]
            logs.append(np.log((rows + 1e-9) / (ours + 1e-9)).mean(axis=0))
            wins.append(((rows < ours) + 0.5 * (rows == ours)).mean(axis=0))
        cells = [
            f"{ratio:.2f}, {100 * win:.0f} %"
            for ratio, win in zip(np.exp(np.mean(logs, axis=0)), np.mean(wins, axis=0), strict=True)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ranks(values: Any) -> Any:
    """Ranks from 1; equal values share their mean rank."""
    values = np.asarray(values)
    below = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    return below + (equal + 1) / 2.0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "ablate", "show"])
    parser.add_argument("--samplers", nargs="+", default=["trimtab", "optuna", "rustuna"])
    parser.add_argument("--problems", nargs="+", default=[p.name for p in PROBLEMS])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--results", type=Path, default=Path("tpe_regret.json"))
    options = parser.parse_args()
    results: Results = json.loads(options.results.read_text()) if options.results.exists() else {}
    problems = tuple(p for p in PROBLEMS if p.name in options.problems)
    if options.what == "run":
        samplers = {name: SAMPLERS[name] for name in options.samplers}
        measure(results, samplers, problems, options.seeds, options.results)
    elif options.what == "ablate":
        cheap = tuple(p for p in problems if p.kind != "model")
        measure(
            results,
            {"trimtab": SAMPLERS["trimtab"]} | VARIANTS,
            cheap,
            options.seeds,
            options.results,
        )
    print(table(results, [name for name in options.samplers if name in results]))
    print()
    print(ablation(results, "trimtab", list(VARIANTS)))


if __name__ == "__main__":
    main()
