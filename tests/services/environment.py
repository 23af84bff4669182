"""The databases and the browser of a whole test run: those already here, or our own, or a loud
word instead.

A test finds the server in an environment variable, as SQLAlchemy's URL of a database from which
others may be created. A variable that is set already is taken as it is.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from tests.services.apt import install, say
from tests.services.chromium import CHROMIUM, provide_chromium
from tests.services.mariadb import MariaDBServer
from tests.services.postgres import PostgresServer
from tests.services.server import Server, Unavailable

POSTGRES_URL = "TRIMTAB_TEST_POSTGRES_URL"
MYSQL_URL = "TRIMTAB_TEST_MYSQL_URL"
# Why a server is missing, for the tests that are skipped and the summary that ends the run.
MISSING_SUFFIX = "_MISSING"


@dataclass(frozen=True)
class _Need:
    variable: str
    server: type[Server]
    usual: Sequence[str]  # where one may be running already


_NEEDS = (
    _Need(
        POSTGRES_URL,
        PostgresServer,
        (
            "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
            "postgresql+psycopg://postgres:postgres@127.0.0.1:5432/postgres",
        ),
    ),
    _Need(
        MYSQL_URL,
        MariaDBServer,
        (
            "mysql+pymysql://root@127.0.0.1:3306/mysql",
            "mysql+pymysql://root:root@127.0.0.1:3306/mysql",
        ),
    ),
)


@contextlib.contextmanager
def provide() -> Iterator[Mapping[str, str]]:
    """Yield the environment variables that tell tests of their databases and their browser."""
    with contextlib.ExitStack() as stack:
        variables: dict[str, str] = {}
        for need in _NEEDS:
            try:
                variables[need.variable] = _provide_one(need, stack)
            except Unavailable as reason:
                say(f"WARNING: the tests run WITHOUT {need.server.title}: {reason}")
                variables[need.variable + MISSING_SUFFIX] = str(reason).splitlines()[0]
        try:
            variables[CHROMIUM] = provide_chromium()
        except Unavailable as reason:
            say(f"WARNING: the tests run WITHOUT a browser: {reason}")
            variables[CHROMIUM + MISSING_SUFFIX] = str(reason).splitlines()[0]
        yield variables


def _provide_one(need: _Need, stack: contextlib.ExitStack) -> str:
    title = need.server.title
    if given := os.environ.get(need.variable):
        say(f"{title}: {need.variable} is set")
        return given
    for url in need.usual:
        if _usable(url):
            say(f"{title}: using the one on {url.rpartition('@')[2].partition('/')[0]}")
            return url
    try:
        server = need.server()
    except Unavailable as reason:
        install(need.server.packages, str(reason))
        server = need.server()
    stack.enter_context(server)
    say(f"{title}: started on 127.0.0.1:{server.port}")
    return server.url


def _usable(url: str) -> bool:
    """Whether we may create databases there."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"trimtab_probe_{os.getpid()}"
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            connection.execute(text(f"DROP DATABASE {name}"))
    except SQLAlchemyError:
        return False
    return True
