"""What a run does when a database server is not at hand."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from tests.services import MYSQL_URL, POSTGRES_URL, PostgresServer, Unavailable, provide
from tests.services.chromium import CHROMIUM
from tests.services.environment import MISSING_SUFFIX

MODULE = "tests.services.environment"


def _not_found() -> NoReturn:
    raise Unavailable("PostgreSQL is not installed")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without PostgreSQL; returns the folder where its apt-get may be put."""
    monkeypatch.delenv(POSTGRES_URL, raising=False)
    monkeypatch.setenv(MYSQL_URL, "mysql://given")
    monkeypatch.setenv(CHROMIUM, "/given/chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(PostgresServer, "find", staticmethod(_not_found))
    monkeypatch.setattr(f"{MODULE}._usable", lambda _url: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def _put_apt_get(folder: Path, status: int) -> Path:
    apt, log = folder / "apt-get", folder / "log"
    apt.write_text(f'#!/bin/sh\necho "$RUNLEVEL $*" >> {log}\necho its output\nexit {status}\n')
    apt.chmod(0o755)
    return log


def test_what_is_missing_is_said_and_the_rest_goes_on(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not list(bare.iterdir())
    with provide() as variables:
        assert variables[MYSQL_URL] == "mysql://given"
        assert POSTGRES_URL not in variables
        assert "there is no apt-get" in variables[POSTGRES_URL + MISSING_SUFFIX]
    assert "WITHOUT PostgreSQL" in capsys.readouterr().err


def test_only_root_installs(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _put_apt_get(bare, 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with provide() as variables:
        assert "as root: apt-get install postgresql" in variables[POSTGRES_URL + MISSING_SUFFIX]
    assert not log.exists()


def test_packages_are_installed_visibly_and_start_nothing(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = _put_apt_get(bare, 0)
    with provide() as variables:
        assert POSTGRES_URL + MISSING_SUFFIX in variables  # this apt-get brings nothing
    update, install = log.read_text().splitlines()
    assert update.startswith("1 ")
    assert update.endswith(" update")
    assert install.startswith("1 ")
    assert install.endswith(" install --yes --no-install-recommends postgresql")
    assert "$ apt-get" in capsys.readouterr().err


def test_a_failed_installation_shows_why(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _put_apt_get(bare, 1)
    with provide() as variables:
        assert "update failed" in variables[POSTGRES_URL + MISSING_SUFFIX]
    assert "its output" in capsys.readouterr().err


def test_a_browser_is_installed_where_there_is_none(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES_URL, "postgresql://given")
    monkeypatch.delenv(CHROMIUM)
    log = _put_apt_get(bare, 0)
    with provide() as variables:
        assert "cannot be found" in variables[CHROMIUM + MISSING_SUFFIX]
    assert "--no-install-recommends chromium" in log.read_text()
    (bare / "chromium").write_text("#!/bin/sh\n")
    (bare / "chromium").chmod(0o755)
    with provide() as variables:
        assert variables[CHROMIUM] == str(bare / "chromium")
