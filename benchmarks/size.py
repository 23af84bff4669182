"""How much memory a study takes."""

from __future__ import annotations

import gc

import psutil

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure
from benchmarks.kept import NAME, kept_file, storage_of
from benchmarks.libraries import LIBRARIES, load, memory_storage, sphere
from benchmarks.results import Options, Section, Table, Target, judged, number

_DIMENSION = 10
_STEPS = {
    "opened": "opened from SQLite",
    "asked": "and TPE asked for a trial",
    "listed": "and `study.trials` held",
    "grown": "run in memory",
    "process": "the whole process, opened from SQLite",
}


def opened(library: str, path: str, small: str) -> Reading:
    """MB that a process grows by when it opens a study and knows its best trial.

    Args:
        library: Which.
        path: File of the study.
        small: File of one with few trials, opened before: what a library imports and sets up to
            read any study at all is no trial's memory.
    """
    module = load(library)
    few = module.load_study(study_name=NAME, storage=storage_of(library, module, small))
    few.tell(few.ask().number, state=module.trial.TrialState.FAIL)
    before = _resident()
    study = module.load_study(study_name=NAME, storage=storage_of(library, module, path))
    study.best_trial  # noqa: B018 - reading it is what makes a study known
    reading = {"opened": _resident() - before, "process": _resident()}
    trial = study.ask()
    sphere(_DIMENSION)(trial)
    reading["asked"] = _resident() - before
    trials = study.trials
    reading["listed"] = _resident() - before
    study.tell(trial.number, state=module.trial.TrialState.FAIL)
    del trials
    return reading


def grown(library: str, n_trials: int) -> Reading:
    """MB that a process grows by when it runs a study in memory."""
    module = load(library)
    objective = sphere(_DIMENSION)
    sampler = module.samplers.RandomSampler(seed=1)
    few = module.create_study(sampler=sampler)
    few.optimize(objective, n_trials=10)
    before = _resident()
    study = module.create_study(storage=memory_storage(module), sampler=sampler)
    study.optimize(objective, n_trials=n_trials)
    study.best_trial  # noqa: B018 - as above
    return {"grown": _resident() - before}


def _resident() -> float:
    """Resident memory of this process in MB (1e6 bytes)."""
    gc.collect()
    resident: int = psutil.Process().memory_info().rss
    return resident / 1e6


def run(options: Options) -> Section:
    """100,000 trials with ten parameters."""
    n_trials = 10_000 if options.quick else 100_000
    rounds = min(options.rounds, 3)
    from_file, in_memory = {}, {}
    for library in LIBRARIES:
        limit = None if library == "trimtab" else 1
        large = kept_file(library, options.folder, n_trials, _DIMENSION)
        small = kept_file(library, options.folder, 20, _DIMENSION)
        from_file[library] = Task(
            "size:opened", {"library": library, "path": str(large), "small": str(small)}, limit
        )
        in_memory[library] = Task("size:grown", {"library": library, "n_trials": n_trials}, limit)
    if options.quick:
        del in_memory["optuna"]
    files = measure(from_file, rounds)
    memory = measure(in_memory, rounds)
    target = Target(300, 120, "MB")
    name = f"memory of {n_trials:,} trials × {_DIMENSION} parameters"
    ours = files["trimtab"]
    return Section(
        "Memory",
        (
            judged(f"{name}, opened from SQLite", target, Spread.of(column(ours, "opened"))),
            judged(f"{name}, run in memory", target, Spread.of(column(memory["trimtab"], "grown"))),
        ),
        (_table(files, memory),),
        (
            (
                "Growth of the resident set of a new process (MB of 10⁶ bytes, garbage collected "
                "first), after it has opened or run a small study; the second and third row "
                "include those above. Optuna does not read trials to know the best one, and reads "
                "them all to ask. Optuna and Rustuna take part in one round."
            ),
        ),
    )


def _table(files: Readings, memory: Readings) -> Table:
    rows = []
    for key, title in _STEPS.items():
        source = memory if key == "grown" else files
        cells = [
            f"{number(Spread.of(column(source[library], key)).median)} MB"
            if library in source
            else "not run"
            for library in LIBRARIES
        ]
        rows.append((title, *cells))
    return Table("Resident memory", ("", *LIBRARIES), tuple(rows))
