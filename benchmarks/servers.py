"""How fast studies are kept on PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.databases import durable_server
from benchmarks.harness import measure, progress
from benchmarks.results import Figure, Options, Section, Table, Target, judged, plain
from benchmarks.storages import WALL, Competitors, contest, rates, row
from tests.services import MariaDBServer, PostgresServer, Server

_COMPETITORS: Competitors = {
    "trimtab": {"library": "trimtab"},
    "optuna": {"library": "optuna"},
}
_SERVERS: Sequence[tuple[type[Server], Target | None]] = (
    (PostgresServer, Target(5, 10, "× Optuna's rate", at_most=False)),
    (MariaDBServer, None),
)


def run(options: Options) -> Section:
    """Random search with five floats, each server started for it."""
    n_trials = 40 if options.quick else 100
    figures: list[Figure] = []
    rows, missing = [], []
    for kind, target in _SERVERS:
        progress(f"  {kind.title}")
        with durable_server(kind) as url:
            if url is None:
                missing.append(f"NOT MEASURED: {kind.title}, as no such server is installed.")
                continue
            readings = measure(contest(_COMPETITORS, url, n_trials), options.rounds)
        name, spread = f"{kind.title}, random, 5 floats", rates(readings, "trimtab", "optuna")
        figures.append(
            judged(name, target, spread) if target else plain(name, spread, "× Optuna's rate")
        )
        rows.append(row(f"{kind.title}, {n_trials} trials", readings, _COMPETITORS))
    return Section(
        "Database servers",
        tuple(figures),
        (Table("Trials per second, wall", ("", *_COMPETITORS), tuple(rows)),),
        (
            WALL,
            *missing,
            (
                "PostgreSQL runs with fsync, synchronous_commit and full_page_writes on, MariaDB "
                "with innodb_flush_log_at_trx_commit=1 and the flush method fsync: one server on "
                "this machine for both competitors."
            ),
        ),
    )
