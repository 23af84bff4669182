"""Opening a study that is kept on SQLite."""

from __future__ import annotations

import time

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure
from benchmarks.kept import NAME, kept_file, storage_of
from benchmarks.libraries import LIBRARIES, load, sphere
from benchmarks.results import Figure, Options, Section, Table, Target, duration, judged

_STEPS = {
    "best": "open, and know `best_trial`",
    "ask": "and ask TPE for a trial",
    "trials": "and list `study.trials`",
    "again": "open once more in the same process, and know `best_trial`",
}
_TARGETS = {10_000: Target(0.5, 0.2, "s"), 100_000: Target(5.0, 2.0, "s")}


def open_study(library: str, path: str, n_trials: int) -> Reading:
    """Wall seconds from `load_study` on, the import left out; the first three add up."""
    module = load(library)
    start = time.perf_counter()
    study = module.load_study(study_name=NAME, storage=storage_of(library, module, path))
    best = study.best_trial
    reading = {"best": time.perf_counter() - start}
    trial = study.ask()
    sphere(5)(trial)
    reading["ask"] = time.perf_counter() - start
    listed = len(study.trials)
    reading["trials"] = time.perf_counter() - start
    # The trial that was asked for stays in the file, as does that of each round before.
    study.tell(trial.number, state=module.trial.TrialState.FAIL)
    start = time.perf_counter()
    study = module.load_study(study_name=NAME, storage=storage_of(library, module, path))
    again = study.best_trial
    reading["again"] = time.perf_counter() - start
    if again.number != best.number or listed <= n_trials:
        raise RuntimeError(f"the best is {again.number}, was {best.number}; {listed} trials")
    return reading


def run(options: Options) -> Section:
    """Studies of 10,000 and 100,000 trials, five floats."""
    sizes = (1_000, 10_000) if options.quick else (100, 1_000, 10_000, 100_000)
    readings: dict[int, Readings] = {}
    figures: list[Figure] = []
    for size in sizes:
        tasks = {
            library: Task(
                "loading:open_study",
                {
                    "library": library,
                    "path": str(kept_file(library, options.folder, size, 5)),
                    "n_trials": size,
                },
                None if library == "trimtab" or size <= 1_000 else 1,
            )
            for library in LIBRARIES
        }
        readings[size] = measure(tasks, options.rounds)
        if size in _TARGETS:
            ours, name = readings[size]["trimtab"], f"open a study of {size:,} trials on SQLite"
            first, again = (Spread.of(column(ours, step)) for step in ("best", "again"))
            figures.append(judged(f"{name}, in a new process", _TARGETS[size], first))
            figures.append(judged(f"{name}, with all imported", _TARGETS[size], again))
    return Section(
        "Opening a study on SQLite",
        tuple(figures),
        tuple(_table(step, title, readings) for step, title in _STEPS.items()),
        (
            (
                "Wall time from `load_study` on, five floats, in a new process: it includes what "
                "a library imports only then, SQLAlchemy above all; the last table is without "
                "that. The figure is the time until `best_trial` is known, for which Trimtab has "
                "read every trial and Optuna has asked the database for one."
            ),
            (
                "Above 1,000 trials Optuna's and Rustuna's files repeat the rows of their first "
                "1,000, as writing them takes hours, and they take part in one round."
            ),
        ),
    )


def _table(step: str, title: str, readings: dict[int, Readings]) -> Table:
    rows = []
    for library in LIBRARIES:
        cells = [
            duration(Spread.of(column(taken[library], step)).median) for taken in readings.values()
        ]
        rows.append((library, *cells))
    return Table(title, ("", *(f"{size:,} trials" for size in readings)), tuple(rows))
