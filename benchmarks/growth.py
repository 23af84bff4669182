"""How cost grows with the number of trials in a study."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, progress, ratio
from benchmarks.libraries import LIBRARIES, load, memory_storage, sphere, stopwatch
from benchmarks.results import Options, Section, Table, Target, duration, judged

_ASKS = 200
_BUDGET = 4.0  # seconds for one kind of call
_KINDS = {
    "random": "random: ask, suggest, tell",
    "tpe": "TPE: ask and suggest",
    "first": "TPE: the first ask of a process",
    "best": "`study.best_trial`",
    "trials": "`study.trials`",
}


def at_size(library: str, n_trials: int) -> Reading:
    """Processor seconds for each kind of call on a study of that many trials, five floats."""
    module = load(library)
    objective = sphere(5)
    storage = memory_storage(module)
    study = module.create_study(
        study_name="grown", storage=storage, sampler=module.samplers.RandomSampler(seed=1)
    )
    study.optimize(objective, n_trials=n_trials)
    reading = {"random": _asked(study, objective, told=True)}
    study = module.load_study(
        study_name="grown", storage=storage, sampler=module.samplers.TPESampler(seed=2)
    )
    with stopwatch() as first:
        trial = study.ask()
        value = objective(trial)
    study.tell(trial.number, value)
    reading["first"] = first.cpu
    reading["tpe"] = _asked(study, objective, told=False)
    reading["best"] = _repeated(lambda: study.best_trial, 20)
    reading["trials"] = _repeated(lambda: study.trials, 3)
    return reading


def _asked(study: Any, objective: Callable[[Any], float], *, told: bool) -> float:
    """The median over some trials, of which each is told."""
    times: list[float] = []
    while len(times) < _ASKS and sum(times) < _BUDGET:
        with stopwatch() as ask:
            trial = study.ask()
            value = objective(trial)
        with stopwatch() as tell:
            study.tell(trial.number, value)
        times.append(ask.cpu + tell.cpu if told else ask.cpu)
    return statistics.median(times)


def _repeated(call: Callable[[], object], times: int) -> float:
    taken: list[float] = []
    while len(taken) < times and sum(taken) < _BUDGET:
        with stopwatch() as watch:
            call()
        taken.append(watch.cpu)
    return statistics.median(taken)


def run(options: Options) -> Section:
    """Readings at each size; the largest once only for those that take minutes over it."""
    small, large = (1_000, 10_000) if options.quick else (1_000, 100_000)
    sizes = (100, 1_000, 10_000) if options.quick else (100, 1_000, 10_000, 100_000)
    readings: dict[int, Readings] = {}
    for size in sizes:
        progress(f"  {size:,} trials in memory")
        tasks = {
            library: Task(
                "growth:at_size",
                {"library": library, "n_trials": size},
                None if library == "trimtab" or size <= 1_000 else 1,
            )
            for library in LIBRARIES
            if library == "trimtab" or size <= 1_000 or not options.quick
        }
        readings[size] = measure(tasks, options.rounds)
    ours = {size: readings[size]["trimtab"] for size in sizes}
    growth = ratio(column(ours[large], "tpe"), column(ours[small], "tpe"))
    name = f"TPE ask at a history of {large:,} trials"
    target = Target(2, 1, f"× the ask at {small:,}")
    tables = tuple(_table(kind, title, readings) for kind, title in _KINDS.items())
    return Section(
        "Cost as a study grows",
        (judged(name, target, growth),),
        tables,
        (
            (
                f"In memory, five floats, processor time; medians of up to {_ASKS} calls (fewer "
                f"where they take more than {_BUDGET:.0f} s together), each trial told before the "
                "next is asked for. Above 1,000 trials Optuna and Rustuna take part in one round."
            ),
        ),
    )


def _table(kind: str, title: str, readings: dict[int, Readings]) -> Table:
    rows = []
    for library in LIBRARIES:
        cells = [
            duration(Spread.of(column(taken[library], kind)).median)
            if library in taken
            else "not run"
            for taken in readings.values()
        ]
        rows.append((library, *cells))
    return Table(title, ("", *(f"{size:,}" for size in readings)), tuple(rows))
