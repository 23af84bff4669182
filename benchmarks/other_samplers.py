"""CMA-ES and NSGA-II."""

from __future__ import annotations

from benchmarks.harness import column, measure, progress, ratio
from benchmarks.libraries import LIBRARIES
from benchmarks.memory_study import WARM, contest, seconds_table
from benchmarks.results import Options, Section, plain

_CONTESTS = (
    ("CMA-ES, 5 floats", "CmaEsSampler", 1),
    ("NSGA-II, 5 floats, 2 objectives", "NSGAIISampler", 2),
)


def run(options: Options) -> Section:
    """Whole studies in memory, with default settings."""
    n_trials = 300 if options.quick else 1_000
    figures, contests = [], []
    for title, sampler, n_objectives in _CONTESTS:
        name = f"{title}, {n_trials:,} trials"
        progress(f"  {name}")
        every: dict[str, int | None] = dict.fromkeys(LIBRARIES)
        tasks = contest(sampler, 5, n_trials, every, n_objectives)
        readings = measure(tasks, options.rounds)
        ours = column(readings["trimtab"], "cpu")
        for peer in ("Optuna", "Rustuna"):
            times = ratio(ours, column(readings[peer.lower()], "cpu"))
            figures.append(plain(name, times, f"× {peer}'s time"))
        contests.append((name, n_trials, readings))
    return Section(
        "CMA-ES and NSGA-II",
        tuple(figures),
        (seconds_table("Processor time", contests),),
        (WARM,),
    )
