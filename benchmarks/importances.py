"""How long it takes to say which parameters matter."""

from __future__ import annotations

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, ratio
from benchmarks.libraries import LIBRARIES, load, sphere, stopwatch
from benchmarks.results import Figure, Options, Section, Table, duration, plain

_EVALUATORS = {"PED-ANOVA": "PedAnovaImportanceEvaluator", "fANOVA": "FanovaImportanceEvaluator"}


def importances(library: str, evaluator: str, n_trials: int) -> Reading:
    """Processor seconds for the importances of five floats."""
    module = load(library)
    study = module.create_study(sampler=module.samplers.RandomSampler(seed=1))
    study.optimize(sphere(5), n_trials=n_trials)
    method = getattr(module.importance, evaluator)()
    with stopwatch() as first:
        found = module.importance.get_param_importances(study, evaluator=method)
    with stopwatch() as again:
        module.importance.get_param_importances(study, evaluator=method)
    if len(found) != 5:
        raise RuntimeError(f"importances of {sorted(found)}")
    return {"cpu": first.cpu, "again": again.cpu}


def run(options: Options) -> Section:
    """PED-ANOVA, which all have, and fANOVA, which Rustuna has not."""
    sizes = (1_000,) if options.quick else (1_000, 10_000)
    figures: list[Figure] = []
    rows = []
    for title, evaluator in _EVALUATORS.items():
        for size in sizes:
            name = f"{title}, {size:,} trials"
            tasks = _tasks(title, evaluator, size)
            if options.quick and title == "fANOVA":
                del tasks["optuna"]
            readings = measure(tasks, min(options.rounds, 3))
            rows.append(_row(name, readings))
            if readings.get("optuna"):
                figures += _figures(f"importance by {name}", readings)
    return Section(
        "Importance",
        tuple(figures),
        (Table("Processor time", ("", *LIBRARIES), tuple(rows)),),
        (
            (
                "Processor time, five floats; the first call in a new process, with what is "
                "imported for it, and a second one. Rustuna has no fANOVA; Optuna's takes part in "
                "one round at 1,000 trials and in none at 10,000, as it would take many minutes."
            ),
        ),
    )


def _figures(name: str, readings: Readings) -> list[Figure]:
    titles = {"cpu": f"{name}, in a new process", "again": f"{name}, again"}
    found = []
    for key, title in titles.items():
        ours, theirs = (column(readings[library], key) for library in ("trimtab", "optuna"))
        found.append(plain(title, ratio(ours, theirs), "× Optuna's time"))
    return found


def _tasks(title: str, evaluator: str, size: int) -> dict[str, Task]:
    rounds: dict[str, int | None] = dict.fromkeys(LIBRARIES)
    if title == "fANOVA":
        rounds = {"trimtab": None} | ({"optuna": 1} if size == 1_000 else {})
    return {
        library: Task(
            "importances:importances",
            {"library": library, "evaluator": evaluator, "n_trials": size},
            limit,
        )
        for library, limit in rounds.items()
    }


def _row(name: str, readings: Readings) -> tuple[str, ...]:
    cells = []
    for library in LIBRARIES:
        taken = readings.get(library)
        if not taken:
            cells.append("not run")
            continue
        first, again = (Spread.of(column(taken, key)).median for key in ("cpu", "again"))
        cells.append(f"{duration(first)}, then {duration(again)}")
    return (name, *cells)
