"""Hydra programs, swept: what a job costs, and what waiting for a batch costs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.harness import ROOT, Reading, Spread, Task, column, measure, ratio
from benchmarks.results import Options, Section, Table, Target, duration, judged

_PROGRAM: Final = """
import time

import hydra


@hydra.main(version_base=None, config_path=None)
def main(cfg):
    time.sleep(cfg.get("long", 0.0) if cfg.n % 4 == 0 else cfg.get("short", 0.0))
    return float(cfg.n)


main()
"""
_FEW: Final = 10
_LONG, _SHORT = 2.0, 0.3


def trivial_jobs(sweeper: str, jobs: int) -> Reading:
    """Wall seconds of a few jobs that do nothing, and of each one after them.

    Args:
        sweeper: ``"basic"`` or ``"trimtab"``.
        jobs: How many come after the few.
    """
    few = _swept(_arguments(sweeper, _FEW))
    return {"start": few, "each": (_swept(_arguments(sweeper, _FEW + jobs)) - few) / jobs}


def uneven_jobs(sweeper: str) -> Reading:
    """Wall seconds of 12 jobs in two slots, every fourth long."""
    lengths = [f"+long={_LONG}", f"+short={_SHORT}"]
    two = {
        "basic": [
            "hydra.sweeper.max_batch_size=2",
            "hydra/launcher=joblib",
            "hydra.launcher.n_jobs=2",
        ],
        "trimtab": ["hydra.sweeper.n_jobs=2"],
    }[sweeper]
    return {"total": _swept([*_arguments(sweeper, 12), *lengths, *two])}


def _arguments(sweeper: str, jobs: int) -> list[str]:
    if sweeper == "basic":
        return [f"+n=range(0,{jobs})"]
    return [
        "hydra/sweeper=trimtab",
        "hydra/sweeper/sampler=grid",
        f"hydra.sweeper.n_trials={jobs}",
        "hydra.sweeper.figures=false",
        "hydra.sweeper.seed=1",
        f"+n=range(0,{jobs - 1})",
    ]


def _swept(arguments: list[str]) -> float:
    """Wall seconds of a sweep, from the start of its program to its end."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "program.py").write_text(_PROGRAM)
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "program.py", "--multirun", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        return time.perf_counter() - started


def run(options: Options) -> Section:
    """Trimtab's sweeper beside Hydra's own."""
    jobs = 20 if options.quick else 60
    sweepers = ("basic", "trimtab")
    trivial = measure(
        {name: Task("sweeps:trivial_jobs", {"sweeper": name, "jobs": jobs}) for name in sweepers},
        options.rounds,
    )
    uneven = measure(
        {name: Task("sweeps:uneven_jobs", {"sweeper": name}) for name in sweepers}, options.rounds
    )
    each = {name: column(trivial[name], "each") for name in sweepers}
    total = {name: column(uneven[name], "total") for name in sweepers}
    rows = [
        (
            {"basic": "Hydra's BasicSweeper", "trimtab": "Trimtab"}[name],
            *(duration(Spread.of(column(trivial[name], key)).median) for key in ("start", "each")),
            duration(Spread.of(total[name]).median),
        )
        for name in sweepers
    ]
    return Section(
        "Hydra programs",
        (
            judged(
                "a trivial job of a sweep, basic launcher",
                Target(1.2, 1.05, "× BasicSweeper's time"),
                ratio(each["trimtab"], each["basic"]),
            ),
            judged(
                "12 uneven jobs in two slots",
                Target(0.75, 0.65, "× the time with a batch barrier"),
                ratio(total["trimtab"], total["basic"]),
            ),
        ),
        (
            Table(
                "Wall time",
                ("", f"{_FEW} trivial jobs and the start", "each one after them", "12 uneven jobs"),
                tuple(rows),
            ),
        ),
        (
            (
                "Each job is composed, begins in a process of its own and is kept as a trial in "
                "SQLite, and still costs less than BasicSweeper's, which composes each job's "
                "configuration twice, once to see that it can be."
            ),
            (
                f"Of the 12 jobs every fourth takes {_LONG:g} s and the others {_SHORT:g} s. The "
                "barrier is that of BasicSweeper with batches of two and the joblib launcher, "
                "whose worker processes start once, which is in its time; Trimtab's are forked by "
                "the basic launcher. Figures are not drawn."
            ),
        ),
    )
