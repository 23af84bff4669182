"""Databases to measure on: a new SQLite file, or a new database on a server."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import progress
from tests.services import MariaDBServer, PostgresServer, Server, Unavailable

# What is acknowledged has been written to the disk, as both servers have it unless told otherwise.
_DURABLE: dict[type[Server], list[str]] = {
    PostgresServer: ["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on"],
    MariaDBServer: ["--innodb-flush-log-at-trx-commit=1", "--innodb-flush-method=fsync"],
}


@contextmanager
def durable_server(kind: type[Server]) -> Iterator[str | None]:
    """The URL of a server of our own; None, with a word on why, where there is none."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(kind(_DURABLE[kind]))
        except Unavailable as reason:
            progress(f"  not measured: {reason}")
            yield None
            return
        yield server.url


@contextmanager
def new_database(place: str) -> Iterator[str]:
    """The URL of an empty database, removed afterwards.

    Args:
        place: A folder for a SQLite file, or the URL of a server.
    """
    if "://" not in place:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            yield f"sqlite:///{Path(folder) / 'study.db'}"
        return
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.pool import NullPool

    name = f"trimtab_bench_{uuid.uuid4().hex}"
    engine = create_engine(place, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    # The server and all it holds are removed at the end; a database in use could not be dropped.
    yield make_url(place).set(database=name).render_as_string(hide_password=False)
