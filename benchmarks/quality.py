"""How good the points are that TPE proposes, beside the TPE of Optuna and Rustuna."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.functions import PROBLEMS
from benchmarks.harness import Reading, Task, progress, read
from benchmarks.libraries import LIBRARIES
from benchmarks.results import Figure, Options, Section, Table, number
from benchmarks.tpe_regret import CHECKPOINTS, SAMPLERS, regrets

Regrets = Mapping[str, Sequence[Reading]]
"""A reading for every seed, by sampler; its keys are those of `key`."""


def key(problem: str, checkpoint: int) -> str:
    """What a reading calls the regret of a problem after so many trials."""
    return f"{problem} after {checkpoint}"


def one_seed(sampler: str, seed: int, problems: Sequence[str]) -> Reading:
    """Regret on each problem, at the checkpoints."""
    reading: Reading = {}
    for problem in PROBLEMS:
        if problem.name in problems:
            found = regrets(problem, SAMPLERS[sampler], seed)
            for checkpoint, regret in zip(CHECKPOINTS, found, strict=True):
                reading[key(problem.name, checkpoint)] = regret
    return reading


def run(options: Options) -> Section:
    """All problems with 20 seeds; a few of them where it must be quick."""
    if options.quick:
        seeds, problems = 2, [p.name for p in PROBLEMS if p.kind != "model"][::4]
    else:
        seeds, problems = 20, [p.name for p in PROBLEMS]
    found = _all_seeds(problems, seeds)
    figures = tuple(_figure(found, problems, n, seeds) for n in CHECKPOINTS)
    notes = (
        (
            "Regret is the best value found minus the smallest possible one (of the model: minus "
            f"0); {len(problems)} problems, seeds 0 to {seeds - 1}, each with its own instance of "
            "the problem, the same for all samplers. A problem ranks the samplers by their median "
            "regret over the seeds; equal ones share their mean rank. The figure is the median of "
            "these ranks over the problems and, in parentheses, their mean."
        ),
        (
            "Every library's TPE with its default settings. Seeds run on all cores at once: "
            "quality does not depend on time."
        ),
        "bbob: functions of the coco suite; mixed, conditional and model: see functions.py.",
    )
    tables = tuple(_table(found, problems, n) for n in CHECKPOINTS)
    return Section("Quality of TPE", figures, tables, notes)


def _all_seeds(problems: Sequence[str], seeds: int) -> Regrets:
    tasks = [
        (sampler, Task("quality:one_seed", {"sampler": sampler, "seed": s, "problems": problems}))
        for s in range(seeds)
        for sampler in LIBRARIES
    ]
    found: dict[str, list[Reading]] = {sampler: [] for sampler in LIBRARIES}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda task: read(task[1]), tasks)
        for (sampler, _), reading in zip(tasks, done, strict=True):
            found[sampler].append(reading)
            if sampler == LIBRARIES[-1]:
                progress(f"  seed {len(found[sampler]) - 1} of {seeds}")
    return found


def median_regret(found: Regrets, sampler: str, problem: str, checkpoint: int) -> float:
    """Over the seeds."""
    return statistics.median(reading[key(problem, checkpoint)] for reading in found[sampler])


def ranks(values: Mapping[str, float]) -> dict[str, float]:
    """Ranks from 1, the least first; equal values share their mean rank."""
    return {
        name: sum(other < value for other in values.values())
        + (1 + sum(other == value for other in values.values())) / 2
        for name, value in values.items()
    }


def _ranks(found: Regrets, problems: Sequence[str], checkpoint: int) -> dict[str, list[float]]:
    """Rank on each problem, by sampler."""
    rows = [
        ranks({name: median_regret(found, name, problem, checkpoint) for name in found})
        for problem in problems
    ]
    return {name: [row[name] for row in rows] for name in found}


def _figure(found: Regrets, problems: Sequence[str], checkpoint: int, seeds: int) -> Figure:
    of_each = _ranks(found, problems, checkpoint)
    median = {name: statistics.median(places) for name, places in of_each.items()}
    ours = median.pop("trimtab")
    if ours < min(median.values()):
        verdict = "aim"
    else:
        verdict = "must" if ours <= median["optuna"] else "short"
    return Figure(
        f"TPE regret after {checkpoint} trials, {seeds} seeds, {len(problems)} problems",
        "median rank ≤ Optuna's",
        "< both",
        ", ".join(
            f"{name} {number(statistics.median(places))} ({statistics.mean(places):.2f})"
            for name, places in of_each.items()
        ),
        verdict,
    )


def _table(found: Regrets, problems: Sequence[str], checkpoint: int) -> Table:
    rows = []
    for problem in problems:
        values = {name: median_regret(found, name, problem, checkpoint) for name in found}
        least = min(values.values())
        cells = [f"**{v:.3g}**" if v == least else f"{v:.3g}" for v in values.values()]
        rows.append((problem, *cells))
    return Table(f"Median regret after {checkpoint} trials", ("", *found), tuple(rows))
