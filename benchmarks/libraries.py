"""What is compared, through the names that all of them share."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LIBRARIES = ("trimtab", "optuna", "rustuna")

Objective = Callable[[Any], float]


def load(library: str) -> Any:
    """Import one of them, with its log at WARNING as ours; Rustuna keeps none."""
    module = importlib.import_module(library)
    if library != "rustuna":
        module.logging.set_verbosity(module.logging.WARNING)
    return module


def memory_storage(module: Any) -> Any:
    """Each library's storage in memory, as an object that several studies can share."""
    return module.storages.InMemoryStorage()


def sql_storage(library: str, module: Any, url: str) -> Any:
    """What each takes for its storage in a database; Rustuna knows only SQLite's."""
    if library == "rustuna":
        return module.storages.SQLite3Storage(url.removeprefix("sqlite:///"))
    return url


def sphere(dimension: int) -> Objective:
    """The sum of squares of floats in [-5, 5]: nothing but the suggestions costs anything."""
    names = [f"x{i}" for i in range(dimension)]

    def objective(trial: Any) -> float:
        total = 0.0
        for name in names:
            total += trial.suggest_float(name, -5.0, 5.0) ** 2
        return total

    return objective


def sphere_and_plane(dimension: int) -> Callable[[Any], tuple[float, float]]:
    """Two objectives that disagree."""
    first = sphere(dimension)

    def objective(trial: Any) -> tuple[float, float]:
        value = first(trial)
        return value, (trial.suggest_float("x0", -5.0, 5.0) - 2.0) ** 2

    return objective


def warm_up(module: Any, sampler: str, n_objectives: int = 1) -> None:
    """Run a small study, so that what is imported on first use is, as what is imported at once.

    What that costs is measured in imports.py.
    """
    objective: Any = sphere(2) if n_objectives == 1 else sphere_and_plane(2)
    study = module.create_study(
        sampler=getattr(module.samplers, sampler)(seed=0), directions=["minimize"] * n_objectives
    )
    study.optimize(objective, n_trials=60)  # more than the first population of NSGA-II


class Stopwatch:
    """What a block took.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of processor time of this process, all its threads, user and system.
    """

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Time a block."""
    watch = Stopwatch()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield watch
    finally:
        watch.wall = time.perf_counter() - wall
        watch.cpu = time.process_time() - cpu
