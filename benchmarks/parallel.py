"""Several processes on one SQLite file."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.synchronize import Barrier

from benchmarks.databases import new_database
from benchmarks.harness import Reading, Readings, Spread, Task, column, measure
from benchmarks.libraries import load, sphere, sql_storage, warm_up
from benchmarks.results import Figure, Options, Section, Table, Target, judged, number
from benchmarks.sqlite import FULL

_PROCESSES = 8
_OURS = {"trimtab": "", "trimtab, synchronous=full": FULL}
_READY = 120.0  # seconds for all processes to import what they need


def together(library: str, place: str, n_trials: int, query: str = "") -> Reading:
    """Trials per second of processes that share the work, and what went wrong.

    Counted from when all are ready until the last one has finished.
    """
    module = load(library)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(_PROCESSES + 1)
    with new_database(place) as url:
        url += query
        module.create_study(study_name="shared", storage=sql_storage(library, module, url))
        share = n_trials // _PROCESSES
        parts = [
            context.Process(target=_part, args=(library, url, share, seed, barrier))
            for seed in range(_PROCESSES)
        ]
        for part in parts:
            part.start()
        barrier.wait(_READY)
        started = time.perf_counter()
        for part in parts:
            part.join()
        wall = time.perf_counter() - started
        study = module.load_study(study_name="shared", storage=sql_storage(library, module, url))
        trials = study.trials
    complete = sum(trial.state == module.trial.TrialState.COMPLETE for trial in trials)
    dense = sorted(trial.number for trial in trials) == list(range(len(trials)))
    failed = sum(part.exitcode != 0 for part in parts)
    return {
        "rate": complete / wall,
        "complete": complete,
        "failed": failed,
        "dense": float(dense),
    }


def _part(library: str, url: str, n_trials: int, seed: int, barrier: Barrier) -> None:
    module = load(library)
    warm_up(module, "RandomSampler")
    study = module.load_study(
        study_name="shared",
        storage=sql_storage(library, module, url),
        sampler=module.samplers.RandomSampler(seed=seed),
    )
    barrier.wait(_READY)
    study.optimize(sphere(5), n_trials=n_trials)


def run(options: Options) -> Section:
    """Eight processes, random search, five floats."""
    n_trials, peers = (400, 40) if options.quick else (2_000, 200)
    place = str(options.folder)
    tasks = {
        name: Task(
            "parallel:together",
            {"library": "trimtab", "place": place, "n_trials": n_trials, "query": query},
            3 if query else None,
        )
        for name, query in _OURS.items()
    }
    for peer in ("optuna", "rustuna"):
        arguments = {"library": peer, "place": place, "n_trials": peers}
        tasks[peer] = Task("parallel:together", arguments, 1)
    readings = measure(tasks, options.rounds)
    return Section(
        "Eight processes on one SQLite file",
        tuple(_figure(name, n_trials, readings[name]) for name in _OURS),
        (_table(readings),),
        (
            (
                "Random search, five floats, wall time from when all are ready until the last one "
                f"has finished. Trimtab runs {n_trials:,} trials, the others {peers} in one round. "
                "A process fails when any of its calls raises; its trials that were complete "
                "count."
            ),
        ),
    )


def _figure(name: str, n_trials: int, readings: list[Reading]) -> Figure:
    faults = []
    if any(reading["failed"] or reading["complete"] != n_trials for reading in readings):
        faults.append("a process failed")
    if not all(reading["dense"] for reading in readings):
        faults.append("numbers are not dense")
    setting = name.removeprefix("trimtab")
    return judged(
        f"8 processes on one SQLite file, {n_trials:,} trials{setting}",
        Target(200, 500, "trials/s", at_most=False),
        Spread.of(column(readings, "rate")),
        ", ".join(faults),
    )


def _table(readings: Readings) -> Table:
    rows = []
    for name, taken in readings.items():
        rate = number(Spread.of(column(taken, "rate")).median)
        dense = "yes" if all(column(taken, "dense")) else "no"
        rows.append((name, f"{rate}/s", number(max(column(taken, "failed"))), dense))
    return Table(
        "Trials per second", ("", "rate", "processes that failed", "numbers dense"), tuple(rows)
    )
