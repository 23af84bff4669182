"""A study in memory, with an objective that costs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, ratio
from benchmarks.libraries import LIBRARIES, load, sphere, sphere_and_plane, stopwatch, warm_up
from benchmarks.results import Options, Section, Table, Target, duration, judged, number, plain

WARM = (
    "Processor time, in a process that has run a study of 60 trials before: what is imported, at "
    "once or on first use, is measured by itself."
)


def run_study(
    library: str, sampler: str, dimension: int, n_trials: int, n_objectives: int = 1
) -> Reading:
    """Seconds to create and run a study, after a small one."""
    module = load(library)
    warm_up(module, sampler, n_objectives)
    objective: Any = sphere(dimension) if n_objectives == 1 else sphere_and_plane(dimension)
    with stopwatch() as watch:
        study = module.create_study(
            sampler=getattr(module.samplers, sampler)(seed=1),
            directions=["minimize"] * n_objectives,
        )
        study.optimize(objective, n_trials=n_trials)
    if len(study.trials) != n_trials:
        raise RuntimeError(f"{len(study.trials)} trials, not {n_trials}")
    return {"wall": watch.wall, "cpu": watch.cpu}


def contest(
    sampler: str,
    dimension: int,
    n_trials: int,
    rounds: Mapping[str, int | None],
    n_objectives: int = 1,
) -> dict[str, Task]:
    """The same study for each library named in ``rounds``."""
    return {
        library: Task(
            "memory_study:run_study",
            {
                "library": library,
                "sampler": sampler,
                "dimension": dimension,
                "n_trials": n_trials,
                "n_objectives": n_objectives,
            },
            limit,
        )
        for library, limit in rounds.items()
    }


def seconds_table(title: str, contests: Sequence[tuple[str, int, Readings]]) -> Table:
    """Processor time of several contests: their names, numbers of trials and readings."""
    rows = []
    for name, n_trials, readings in contests:
        cells = []
        for library in LIBRARIES:
            if not readings.get(library):
                cells.append("not run")
                continue
            median = Spread.of(column(readings[library], "cpu")).median
            cells.append(f"{duration(median)}, {number(n_trials / median)}/s")
        rows.append((name, *cells))
    return Table(title, ("", *LIBRARIES), tuple(rows))


def run(options: Options) -> Section:
    """Random search."""
    n_trials = 2_000 if options.quick else 10_000
    every: dict[str, int | None] = dict.fromkeys(LIBRARIES)
    readings = measure(contest("RandomSampler", 5, n_trials, every), options.rounds)
    ours = column(readings["trimtab"], "cpu")
    rate = ratio(column(readings["optuna"], "cpu"), ours)
    name = f"random, memory, 5 floats, {n_trials:,} trials"
    target = Target(4, 10, "× Optuna's rate", at_most=False)
    return Section(
        "Random search in memory",
        (
            judged(name, target, rate),
            plain(name, ratio(column(readings["rustuna"], "cpu"), ours), "× Rustuna's rate"),
        ),
        (seconds_table("Processor time", [(name, n_trials, readings)]),),
        (WARM,),
    )
