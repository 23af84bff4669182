"""What `import` costs."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, ratio
from benchmarks.libraries import LIBRARIES
from benchmarks.results import Options, Section, Table, Target, duration, judged, plain

_SCRIPT = """
import time
start = time.perf_counter()
import {library} as library
imported = time.perf_counter()
study = library.create_study(sampler=library.samplers.RandomSampler(seed=1))
study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1)
print(imported - start, time.perf_counter() - start)
"""
_NUMPY = (
    "import time; t = time.perf_counter(); import numpy; t = time.perf_counter() - t; print(t, t)"
)
_REPEATS = 3  # in a reading; the smallest counts, as nothing makes an import faster than it is


def import_time(library: str) -> Reading:
    """Seconds until a library is imported, and until it has run one trial."""
    script = _NUMPY if library == "numpy" else _SCRIPT.format(library=library)
    runs = []
    for _ in range(_REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        runs.append([float(word) for word in done.stdout.split()])
    return {"import": min(run[0] for run in runs), "first trial": min(run[1] for run in runs)}


def run(options: Options) -> Section:
    """Time to import and to a first trial."""
    tasks = {
        library: Task("imports:import_time", {"library": library})
        for library in (*LIBRARIES, "numpy")
    }
    measure(tasks, 1)  # compiles what is not compiled, and warms the disk's cache
    readings = measure(tasks, options.rounds)
    ours, optuna = readings["trimtab"], readings["optuna"]
    imports = ratio(column(ours, "import"), column(optuna, "import"))
    firsts = ratio(column(ours, "first trial"), column(optuna, "first trial"))
    target = Target(0.6, 0.3, "× `import optuna`")
    return Section(
        "Import",
        (
            judged("`import trimtab`, wall", target, imports),
            plain("import and a first trial in memory, wall", firsts, "× Optuna's"),
        ),
        (_absolute(readings),),
        (
            (
                f"Wall time in a new interpreter, the smallest of {_REPEATS}; bytecode is compiled "
                "and files are cached beforehand. NumPy, which no history does without, is given "
                "for scale. Trimtab imports NumPy, and most of itself, on first use: hence the "
                "second row."
            ),
        ),
    )


def _absolute(readings: Readings) -> Table:
    rows = []
    for library, taken in readings.items():
        imported = duration(Spread.of(column(taken, "import")).median)
        first = duration(Spread.of(column(taken, "first trial")).median)
        rows.append((library, imported, "" if library == "numpy" else first))
    return Table("Seconds from nothing", ("", "import", "import and first trial"), tuple(rows))
