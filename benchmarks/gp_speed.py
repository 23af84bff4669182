"""How fast a Gaussian process asks."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from benchmarks.gp_libraries import PACKAGES, optimizer, version
from benchmarks.gp_problems import PROBLEMS
from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, progress, ratio
from benchmarks.libraries import stopwatch
from benchmarks.results import Figure, Options, Section, Table, Target, duration, judged, plain

_SETTLED = 3  # asks before those that are measured: a start that is left over, then a cold fit
_ASKS = 20
_BUDGET = 30.0  # seconds for the asks that are measured

# Trials, and of each peer the rounds that it takes part in (None: all; 0: it would take minutes).
_SIZES: dict[int, Mapping[str, int | None]] = {
    50: {"trimtab": None, "optuna": None, "ax": None},
    500: {"trimtab": None, "optuna": 1, "ax": 1},
    2_000: {"trimtab": None, "optuna": 0, "ax": 0},
}
_NAME = "GP ask, Hartmann6, {:,} trials"


def at_size(library: str, n_trials: int) -> Reading:
    """Processor seconds of an ask with about that many random trials told, and of the first one.

    Each trial is told before the next is asked for. What is imported on first use is, by a small
    study, before.
    """
    problem = next(problem for problem in PROBLEMS if problem.name == "hartmann6")
    instance = problem.make(1)
    rng = np.random.default_rng(0)
    small = optimizer(library, problem, instance, 1)
    asked = optimizer(library, problem, instance, 0)
    for one, n in ((small, 12), (asked, n_trials)):
        for place in rng.random((n, 6)).tolist():
            point = {f"x{i}": x for i, x in enumerate(place)}
            one.add(point, instance.outcome(point))
    times: list[float] = []
    for one, most in ((small, _SETTLED), (asked, _SETTLED + _ASKS)):
        times.clear()
        while len(times) < most and (len(times) <= _SETTLED or sum(times[_SETTLED:]) < _BUDGET):
            with stopwatch() as watch:
                [(key, params)] = one.ask(1)
            one.tell(key, instance.outcome(params))
            times.append(watch.cpu)
    return {"first": max(times[:_SETTLED]), "ask": statistics.median(times[_SETTLED:])}


def run(options: Options) -> Section:
    """Asks at each size, beside Optuna's sampler and Ax where they are installed."""
    readings: dict[int, Readings] = {}
    for size, rounds in _SIZES.items():
        progress(f"  {size:,} trials")
        tasks = {
            library: Task("gp_speed:at_size", {"library": library, "n_trials": size}, limit)
            for library, limit in rounds.items()
            if limit != 0 and version(library) and not (options.quick and limit)
        }
        readings[size] = measure(tasks, options.rounds)
    figures = [*_beside_peers(readings[50]), *_by_itself(readings)]
    notes = [
        (
            f"Processor time of one ask, one thread; the median of up to {_ASKS} asks, each told "
            f"before the next, after {_SETTLED} that are not counted; the slowest of these is "
            "called the first, and holds what is fitted anew. The trials before are random points."
        ),
        *(_taking_part(peer) for peer in ("optuna", "ax")),
    ]
    return Section("Speed of the Gaussian process", tuple(figures), _tables(readings), tuple(notes))


def _taking_part(peer: str) -> str:
    found = version(peer)
    if found is None:
        return f"{peer} was NOT MEASURED: it needs {' and '.join(PACKAGES[peer])} to be installed."
    if peer == "optuna" and find_spec("greenlet") is None:
        return f"{peer} {found} WITHOUT greenlet, which makes it faster."
    return f"{peer} {found}."


def _beside_peers(readings: Readings) -> list[Figure]:
    ours = column(readings["trimtab"], "ask")
    targets = {
        "optuna": Target(1 / 4, 1 / 10, "× Optuna's time"),
        "ax": Target(1 / 30, 1 / 100, "× Ax's time"),
    }
    return [
        judged(_NAME.format(50), target, ratio(ours, column(readings[peer], "ask")))
        for peer, target in targets.items()
        if readings.get(peer)
    ]


def _by_itself(readings: Mapping[int, Readings]) -> list[Figure]:
    of_size = {size: column(taken["trimtab"], "ask") for size, taken in readings.items()}
    figures = [
        judged(
            _NAME.format(size),
            Target(must, aim, "ms"),
            Spread.of([1e3 * seconds for seconds in of_size[size]]),
        )
        for size, must, aim in ((500, 100.0, 50.0), (2_000, 1_000.0, 300.0))
    ]
    growth = ratio(of_size[2_000], of_size[500])
    return [*figures, plain(_NAME.format(2_000), growth, "× the ask at 500")]


def _tables(readings: Mapping[int, Readings]) -> tuple[Table, ...]:
    libraries = list(dict.fromkeys(name for taken in readings.values() for name in taken))
    return tuple(
        Table(
            title,
            ("", *(f"{size:,}" for size in readings)),
            tuple(
                (
                    library,
                    *(
                        duration(Spread.of(column(taken[library], key)).median)
                        if taken.get(library)
                        else "not run"
                        for taken in readings.values()
                    ),
                )
                for library in libraries
            ),
        )
        for key, title in (("ask", "An ask by number of trials"), ("first", "The first ask"))
    )
