"""How fast studies are kept on SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any

from benchmarks.databases import new_database
from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, read
from benchmarks.libraries import load, sphere, stopwatch
from benchmarks.results import Figure, Options, Section, Table, Target, judged, plain, spelled
from benchmarks.storages import WALL, Competitors, contest, rates, row

FULL = "?synchronous=full"
"""Asks Trimtab to wait for the disk at every commit, as Optuna does unless told otherwise."""

_OURS_FULL = "trimtab, synchronous=full"
_OPTUNA_AS_OURS = "optuna, set as trimtab"
_COMPETITORS: Competitors = {
    "trimtab": {"library": "trimtab"},
    _OURS_FULL: {"library": "trimtab", "query": FULL},
    "optuna": {"library": "optuna"},
    _OPTUNA_AS_OURS: {
        "library": "optuna",
        "pragmas": ["journal_mode=WAL", "synchronous=NORMAL"],
    },
    "rustuna": {"library": "rustuna"},
}


def bare_commits(place: str, n_commits: int) -> Reading:
    """Durable commits per second of SQLite itself, one small row each, in WAL mode."""
    with new_database(place) as url:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, line TEXT)")
        with stopwatch() as watch:
            for _ in range(n_commits):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO lines (line) VALUES (?)", ("x" * 100,))
                connection.execute("COMMIT")
        connection.close()
    return {"wall": watch.wall, "cpu": watch.cpu, "rate": n_commits / watch.wall}


def durability(library: str, place: str) -> Reading:
    """What a library's own connections to SQLite have set: WAL (1 or 0) and synchronous (0-3)."""
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    module = load(library)
    seen: Reading = {}

    def look(connection: Any, _: object) -> None:
        if connection is not None:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
            seen["wal"] = float(mode == "wal")
            seen["synchronous"] = float(connection.execute("PRAGMA synchronous").fetchone()[0])

    event.listen(Pool, "checkin", look)
    with new_database(place) as url:
        study = module.create_study(storage=url, sampler=module.samplers.RandomSampler(seed=1))
        study.optimize(sphere(1), n_trials=2)
    return seen


def run(options: Options) -> Section:
    """Random search with five floats."""
    folder = str(options.folder)
    few, many = (40, 500) if options.quick else (100, 1_000)
    readings = measure(contest(_COMPETITORS, folder, few), options.rounds)
    ours = {name: _COMPETITORS[name] for name in ("trimtab", _OURS_FULL)}
    tasks = contest(ours, folder, many)
    tasks["bare"] = Task("sqlite:bare_commits", {"place": folder, "n_commits": many})
    more = measure(tasks, options.rounds)
    bare = Spread.of(column(more["bare"], "rate"))
    rows = (
        row(f"{few} trials", readings, _COMPETITORS),
        row(f"{many:,} trials", more, _COMPETITORS),
    )
    return Section(
        "SQLite",
        tuple(_figures(readings)),
        (Table("Trials per second, wall", ("", *_COMPETITORS), rows),),
        (
            WALL,
            *(_settings(library, folder) for library in ("trimtab", "optuna")),
            (
                f"SQLite itself commits {spelled(bare)} small rows a second on this disk in WAL "
                "mode with synchronous=FULL, and a trial that is kept when it is asked for and "
                "when it is told has two commits. With synchronous=NORMAL what is acknowledged "
                "survives the death of the process, not always that of the machine. Rustuna's "
                "connections cannot be asked from outside."
            ),
        ),
    )


def _figures(readings: Readings) -> list[Figure]:
    name = "SQLite, random, 5 floats"
    target = Target(20, 50, "× Optuna's rate", at_most=False)
    return [
        judged(f"{name}, both by default", target, rates(readings, "trimtab", "optuna")),
        judged(
            f"{name}, both with synchronous=FULL", target, rates(readings, _OURS_FULL, "optuna")
        ),
        plain(
            f"{name}, both in WAL mode with synchronous=NORMAL",
            rates(readings, "trimtab", _OPTUNA_AS_OURS),
            "× Optuna's rate",
        ),
        plain(name, rates(readings, "trimtab", "rustuna"), "× Rustuna's rate"),
    ]


def _settings(library: str, folder: str) -> str:
    found = read(Task("sqlite:durability", {"library": library, "place": folder}))
    journal = "WAL" if found["wal"] else "DELETE"
    level = ("OFF", "NORMAL", "FULL", "EXTRA")[int(found["synchronous"])]
    return f"As {library} sets it: journal_mode={journal}, synchronous={level}."
