"""How long it takes to draw a large study, and how large the picture is."""

from __future__ import annotations

from benchmarks.harness import Reading, Spread, Task, column, measure
from benchmarks.libraries import load, sphere, stopwatch
from benchmarks.results import Options, Section, Table, duration, number

_FIGURES = ("optimization_history", "slice", "parallel_coordinate", "contour", "edf", "timeline")
# The others take minutes and gigabytes at 100,000 trials.
_OF_OPTUNA = ("optimization_history", "slice", "edf")


def drawn(library: str, figures: list[str], n_trials: int) -> Reading:
    """Processor seconds to build each figure, with its JSON, and the megabytes of that."""
    module = load(library)
    study = module.create_study(sampler=module.samplers.RandomSampler(seed=1))
    study.optimize(sphere(5), n_trials=n_trials)
    reading: Reading = {}
    _import_plotly()
    for name in figures:
        draw = getattr(module.visualization, f"plot_{name}")
        with stopwatch() as watch:
            text = draw(study).to_json()
        reading[name] = watch.cpu
        reading[f"{name} MB"] = len(text) / 1e6
    return reading


def _import_plotly() -> None:
    """Leave out what a process imports once for all its figures."""
    import plotly.graph_objects as go

    go.Figure().to_json()


def run(options: Options) -> Section:
    """The figures of a study of 100,000 trials with five floats."""
    n_trials = 10_000 if options.quick else 100_000
    tasks = {
        library: Task(
            "pictures:drawn", {"library": library, "figures": figures, "n_trials": n_trials}, limit
        )
        for library, figures, limit in (("trimtab", _FIGURES, None), ("optuna", _OF_OPTUNA, 1))
    }
    readings = measure(tasks, min(options.rounds, 3))
    rows = []
    for name in _FIGURES:
        cells = []
        for taken in readings.values():
            if name not in taken[0]:
                cells.append("not run")
                continue
            seconds = duration(Spread.of(column(taken, name)).median)
            size = number(Spread.of(column(taken, f"{name} MB")).median)
            cells.append(f"{seconds}, {size} MB")
        rows.append((name, *cells))
    title = f"Figures of {n_trials:,} trials: time to build, and the size of their JSON"
    return Section(
        "Figures",
        tables=(Table(title, ("", *tasks), tuple(rows)),),
        notes=(
            (
                "Processor time, five floats. Trimtab thins what a screen cannot show and says so "
                "in the figure. Optuna takes part in one round, without the figures that take "
                "minutes."
            ),
        ),
    )
