"""Readings taken side by side: each in a fresh process, interleaved, in several rounds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "RAYON_NUM_THREADS",
    ),
    "1",
)
TIMEOUT = 900.0  # seconds for one reading

Reading = dict[str, float]
Readings = dict[str, list[Reading]]


class ReadingFailed(Exception):
    """The process of a reading ended without one; the message is the end of what it wrote."""


@dataclass(frozen=True)
class Task:
    """One competitor's part in a measurement.

    Attributes:
        function: ``module:function`` in this package; called with the arguments in a fresh
            process, it returns numbers by name.
        arguments: JSON values.
        rounds: Takes part in so many rounds at most; None: in all. For what takes too long.
    """

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    rounds: int | None = None


@dataclass(frozen=True)
class Spread:
    """The middle of some readings and how far they reach."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


def read(task: Task) -> Reading:
    """Take one reading.

    Raises:
        ReadingFailed: If the process fails, or gives none within the time allowed.
    """
    command = [sys.executable, "-m", "benchmarks.worker", f"benchmarks.{task.function}"]
    try:
        done = subprocess.run(
            [*command, json.dumps(task.arguments)],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise ReadingFailed(f"{task.function}: nothing after {TIMEOUT:.0f} s") from late
    if done.returncode != 0:
        end = "\n".join(done.stderr.strip().splitlines()[-12:])
        raise ReadingFailed(f"{task.function} {dict(task.arguments)}:\n{end}")
    reading: Reading = json.loads(done.stdout.strip().splitlines()[-1])
    return reading


def measure(tasks: Mapping[str, Task], rounds: int) -> Readings:
    """Readings of each competitor, one a round.

    In every round each competitor has its turn, another one first each time, so that what the
    machine does meanwhile falls on all alike.

    Raises:
        ReadingFailed: If one of them fails.
    """
    readings: Readings = {name: [] for name in tasks}
    names = list(tasks)
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            limit = tasks[name].rounds
            if limit is None or turn < limit:
                readings[name].append(read(tasks[name]))
    return readings


def column(readings: Sequence[Reading], key: str) -> list[float]:
    """One number of each reading."""
    return [reading[key] for reading in readings]


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """``over / under`` round by round, for the rounds that both took part in."""
    return Spread.of([a / b for a, b in zip(over, under, strict=False)])


def progress(message: str) -> None:
    """Say what is being measured."""
    print(message, file=sys.stderr, flush=True)
