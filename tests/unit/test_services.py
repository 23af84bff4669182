"""The tests' own servers: a promise about them is only as good as they are."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.services import (
    MYSQL_URL,
    POSTGRES_URL,
    MariaDBServer,
    PostgresServer,
    Server,
    Unavailable,
)
from tests.services.guardian import server_pid
from tests.services.server import find_folder

ROOT = Path(__file__).parents[2]


def _scalar(url: str, query: str) -> object:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        return connection.execute(text(query)).scalar_one()


def _execute(url: str, statement: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(statement))


@pytest.fixture(params=["postgres_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> Server:
    value = request.getfixturevalue(request.param)
    assert isinstance(value, Server)
    return value


def test_what_was_committed_outlives_stop_and_kill(server: Server) -> None:
    _execute(server.url, "CREATE TABLE kept (n INTEGER)")
    _execute(server.url, "INSERT INTO kept VALUES (7)")
    server.restart()
    assert _scalar(server.url, "SELECT n FROM kept") == 7
    server.kill()
    server.start()
    assert _scalar(server.url, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("kind", [PostgresServer, MariaDBServer])
def test_nothing_is_left_behind(kind: type[Server]) -> None:
    try:
        server = kind()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        assert server_pid(server.pid_file) is not None
        folder = server.folder
    assert not folder.exists()


OWNER = """
import sys, time
from tests.services import {kind}
with {kind}() as server:
    print(server.folder, server.pid_file.read_text().split()[0], flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("kind", [PostgresServer, MariaDBServer])
def test_nothing_is_left_behind_by_an_owner_that_is_killed(kind: type[Server]) -> None:
    try:
        kind.find()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with subprocess.Popen(
        [sys.executable, "-c", OWNER.format(kind=kind.__name__)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        folder, pid = owner.stdout.readline().split()
        owner.kill()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (Path(folder).exists() or _runs(int(pid))):
        time.sleep(0.05)
    assert not Path(folder).exists()
    assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    """Whether the process does anything: one that nobody waited for is no longer running."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_server_that_cannot_start_says_why() -> None:
    try:
        server = PostgresServer(settings=["-c", "no_such_setting=1"])
    except Unavailable as reason:
        pytest.skip(str(reason))
    with pytest.raises(Unavailable, match="no_such_setting"), server:
        pass
    assert not server.folder.exists()


@pytest.mark.parametrize(
    ("last_words", "status"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 137)]
)
def test_a_command_with_databases_gives_its_own_status(last_words: str, status: int) -> None:
    # Given both variables, nothing is started.
    given = {POSTGRES_URL: "postgresql://given", MYSQL_URL: "mysql://given"}
    program = (
        f"import os, sys; assert os.environ[{POSTGRES_URL!r}] == 'postgresql://given'; {last_words}"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.services", "--", sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        check=False,
    )
    assert done.returncode == status, done.stderr


def test_a_request_to_end_is_passed_on() -> None:
    given = {POSTGRES_URL: "postgresql://given", MYSQL_URL: "mysql://given"}
    program = "import time; print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.services", sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        text=True,
    ) as runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
        runner.terminate()
        assert runner.wait(60) == 128 + signal.SIGTERM


def test_programs_are_found_behind_links(tmp_path: Path) -> None:
    real, links = tmp_path / "real", tmp_path / "links"
    real.mkdir()
    links.mkdir()
    for name in ("server", "tool"):
        (real / name).touch()
    (links / "server").symlink_to(real / "server")
    assert find_folder(("server", "tool"), [tmp_path / "missing", links]) == real
    assert find_folder(("server", "other"), [links, real]) is None
