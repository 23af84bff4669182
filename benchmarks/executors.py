"""What it costs to run an objective in threads and in worker processes."""

from __future__ import annotations

import time

from benchmarks.harness import Reading, Spread, Task, column, measure
from benchmarks.libraries import load, sphere, warm_up
from benchmarks.results import Options, Section, Table, duration, plain

_KINDS = {
    "one thread": {"n_jobs": 1, "executor": "thread"},
    "two threads": {"n_jobs": 2, "executor": "thread"},
    "two processes": {"n_jobs": 2, "executor": "process"},
}
_FEW = 20


def overhead(n_jobs: int, executor: str, n_trials: int) -> Reading:
    """Wall seconds until the first trials are done, and for each one after them."""
    module = load("trimtab")
    warm_up(module, "RandomSampler")
    study = module.create_study(sampler=module.samplers.RandomSampler(seed=1))
    done: list[float] = []
    started = time.perf_counter()
    study.optimize(
        sphere(5),
        n_trials=_FEW + n_trials,
        n_jobs=n_jobs,
        executor=executor,
        callbacks=[lambda study, trial: done.append(time.perf_counter())],
    )
    if len(done) != _FEW + n_trials:
        raise RuntimeError(f"{len(done)} trials, not {_FEW + n_trials}")
    return {"start": done[_FEW - 1] - started, "each": (done[-1] - done[_FEW - 1]) / n_trials}


def run(options: Options) -> Section:
    """Random search in memory with an objective that costs nothing."""
    n_trials = 200 if options.quick else 1_000
    tasks = {
        name: Task("executors:overhead", {**kind, "n_trials": n_trials})
        for name, kind in _KINDS.items()
    }
    readings = measure(tasks, options.rounds)
    rows = [
        (name, *(duration(Spread.of(column(taken, key)).median) for key in ("start", "each")))
        for name, taken in readings.items()
    ]
    each = [1e3 * seconds for seconds in column(readings["two processes"], "each")]
    return Section(
        "Executors",
        (plain("a trial in one of two worker processes", Spread.of(each), "ms overhead"),),
        (
            Table(
                "Random search in memory, wall",
                ("", f"the first {_FEW} trials", "each trial after them"),
                tuple(rows),
            ),
        ),
        ("Trimtab alone: Optuna has no worker processes, Rustuna neither these nor threads.",),
    )
