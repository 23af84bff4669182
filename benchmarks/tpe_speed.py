"""How fast TPE asks."""

from __future__ import annotations

from benchmarks.harness import column, measure, progress, ratio
from benchmarks.memory_study import WARM, contest, seconds_table
from benchmarks.results import Options, Section, Target, judged, plain

# Dimension, trials, must and aim in Rustuna's time, rounds of Optuna (0: it would take minutes).
_CONTESTS = (
    (5, 1_000, 2.0, 1.0, None),
    (20, 1_000, 2.0, 1.0, 1),
    (5, 5_000, 0.5, 0.2, 0),
)


def run(options: Options) -> Section:
    """Whole studies by TPE with its default settings."""
    figures, contests = [], []
    for dimension, n_trials, must, aim, optuna in _CONTESTS:
        if options.quick:
            optuna = 1 if optuna is None else 0
        name = f"TPE, {dimension} floats, {n_trials:,} trials"
        progress(f"  {name}")
        rounds = {"trimtab": None, "rustuna": None, "optuna": optuna}
        readings = measure(contest("TPESampler", dimension, n_trials, rounds), options.rounds)
        ours = column(readings["trimtab"], "cpu")
        times = ratio(ours, column(readings["rustuna"], "cpu"))
        figures.append(judged(name, Target(must, aim, "× Rustuna's time"), times))
        if readings["optuna"]:
            against = ratio(ours, column(readings["optuna"], "cpu"))
            figures.append(plain(name, against, "× Optuna's time"))
        contests.append((name, n_trials, readings))
    return Section(
        "TPE",
        tuple(figures),
        (seconds_table("Processor time", contests),),
        (
            WARM,
            (
                "Every sampler with its default settings. Optuna takes part in one round at 20 "
                "floats and in none at 5,000 trials: its time grows with the square of their "
                "number."
            ),
        ),
    )
