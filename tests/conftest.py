"""Fixtures for every test: databases; and the summary's word on what was not tried."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings

from tests.databases import fresh_database, server_url
from tests.services import (
    MYSQL_URL,
    POSTGRES_URL,
    MariaDBServer,
    PostgresServer,
    Server,
    Unavailable,
)
from tests.services.environment import MISSING_SUFFIX

# The same examples on every run, and no verdict on how fast a busy machine is.
settings.register_profile("trimtab", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "trimtab"))


@pytest.fixture(autouse=True)
def _trimtab_says_what_it_says() -> Iterator[None]:
    """Leave the logging of Trimtab as it was found: heard by `caplog`, at INFO."""
    logger = logging.getLogger("trimtab")
    before = logger.level, logger.propagate, list(logger.handlers)
    logger.setLevel(logging.INFO)
    logger.propagate = True
    yield
    logger.setLevel(before[0])
    logger.propagate = before[1]
    logger.handlers[:] = before[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test again before it fails the run; the summary names each such one.

    Many of them wait for real browsers, signals, servers and full disks, on a machine that does
    more. A product's race is to be mended, not tried again: `-p no:rerunfailures` shows it.
    """
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


BACKENDS = [
    pytest.param("sqlite"),
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mysql", marks=pytest.mark.mysql),
]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'trimtab.db'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """URL of an empty PostgreSQL database, dropped after the test."""
    with fresh_database(server_url(POSTGRES_URL)) as url:
        yield url


@pytest.fixture
def mysql_url() -> Iterator[str]:
    """URL of an empty MariaDB database, dropped after the test."""
    with fresh_database(server_url(MYSQL_URL)) as url:
        yield url


@pytest.fixture(params=BACKENDS)
def storage_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database: one test for each kind."""
    return cast(str, request.getfixturevalue(f"{request.param}_url"))


def _own(kind: type[Server]) -> Iterator[Server]:
    try:
        server = kind()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.fixture
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL of this test's own, to stop, kill and start at will."""
    yield from _own(PostgresServer)


@pytest.fixture
def mariadb_server() -> Iterator[Server]:
    """A MariaDB of this test's own, to stop, kill and start at will."""
    yield from _own(MariaDBServer)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a green last line must not hide."""
    for variable in (POSTGRES_URL, MYSQL_URL):
        if reason := os.environ.get(variable + MISSING_SUFFIX):
            terminalreporter.write_sep("!", f"NOT TESTED, {reason}", red=True)
    if failed := os.environ.get("TRIMTAB_FAILED_CHECKS"):
        terminalreporter.write_sep("!", f"FAILED BEFORE PYTEST: {failed}", red=True)
