"""A database of its own for one test."""

import contextlib
import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.services.environment import MISSING_SUFFIX

# What PostgreSQL and MariaDB each want done before a database in use can be dropped.
_CONNECTIONS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = :name",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = :name",
}
_END = {"postgresql": "SELECT pg_terminate_backend({id})", "mysql": "KILL {id}"}


def server_url(variable: str) -> URL:
    """The server's URL. Skips the test, saying why, when there is no server."""
    if given := os.environ.get(variable):
        return make_url(given)
    reason = os.environ.get(variable + MISSING_SUFFIX) or f"{variable} is not set (run make test)"
    pytest.skip(reason)


@contextlib.contextmanager
def fresh_database(server: URL) -> Iterator[str]:
    """Create a database on the server, yield its URL, and drop it whoever still uses it."""
    name = f"trimtab_test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            _end_connections(connection, name)
            connection.execute(text(f"DROP DATABASE {name}"))


def _end_connections(connection: Connection, name: str) -> None:
    kind = connection.dialect.name
    for number in connection.execute(text(_CONNECTIONS[kind]), {"name": name}).scalars().all():
        # It may have gone by itself meanwhile, which MariaDB calls an error.
        with contextlib.suppress(Exception):
            connection.execute(text(_END[kind].format(id=int(number))))
