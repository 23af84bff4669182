"""Random search kept in a database: what the measurements on SQLite and on servers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.databases import new_database
from benchmarks.harness import Reading, Readings, Spread, Task, column, ratio
from benchmarks.libraries import load, sphere, sql_storage, stopwatch, warm_up
from benchmarks.results import number

Competitors = Mapping[str, Mapping[str, Any]]
"""Arguments of `kept_study` by the name of the competitor."""

WALL = (
    "Wall time of `optimize`, as most of it is waiting for the disk; the study and its tables are "
    "made, and a study has been run in memory, beforehand."
)


def kept_study(
    library: str, place: str, n_trials: int, query: str = "", pragmas: Sequence[str] = ()
) -> Reading:
    """Seconds to run random search in a new database; making its tables is left out."""
    module = load(library)
    warm_up(module, "RandomSampler")
    if pragmas:
        _set_pragmas(pragmas)
    with new_database(place) as url:
        study = module.create_study(
            storage=sql_storage(library, module, url + query),
            sampler=module.samplers.RandomSampler(seed=1),
        )
        with stopwatch() as watch:
            study.optimize(sphere(5), n_trials=n_trials)
        if len(study.trials) != n_trials:
            raise RuntimeError(f"{len(study.trials)} trials, not {n_trials}")
    return {"wall": watch.wall, "cpu": watch.cpu, "rate": n_trials / watch.wall}


def _set_pragmas(pragmas: Sequence[str]) -> None:
    """Set up every SQLite connection of SQLAlchemy's, as Optuna's users may."""
    from sqlalchemy import Engine, event

    def prepare(connection: Any, _: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(Engine, "connect", prepare)


def contest(
    competitors: Competitors, place: str, n_trials: int, function: str = "storages:kept_study"
) -> dict[str, Task]:
    """The same study for each of them."""
    return {
        name: Task(function, {**settings, "place": place, "n_trials": n_trials})
        for name, settings in competitors.items()
    }


def rates(readings: Readings, ours: str, peer: str) -> Spread:
    """How many times as many trials a second."""
    return ratio(column(readings[ours], "rate"), column(readings[peer], "rate"))


def row(name: str, readings: Readings, competitors: Competitors) -> tuple[str, ...]:
    """Trials per second of each competitor; empty for one that took no part."""
    cells = []
    for competitor in competitors:
        taken = readings.get(competitor)
        cells.append(f"{number(Spread.of(column(taken, 'rate')).median)}/s" if taken else "")
    return (name, *cells)
