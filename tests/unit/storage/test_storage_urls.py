"""What a storage may be named by."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trimtab.errors import InvalidType, StorageError, UnsupportedURL
from trimtab.records import parse_directions
from trimtab.storage import InMemoryStorage, SQLStorage, open_storage
from trimtab.storage.urls import sql_url


def test_none_is_memory() -> None:
    assert isinstance(open_storage(None), InMemoryStorage)


def test_a_storage_is_itself() -> None:
    storage = InMemoryStorage()
    assert open_storage(storage) is storage


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///a.db", "sqlite+pysqlite:///a.db"),
        ("sqlite+pysqlite:////tmp/a", "sqlite+pysqlite:////tmp/a"),
        ("sqlite://", "sqlite+pysqlite://"),
        ("runs/a.db", "sqlite+pysqlite:///runs/a.db"),
        ("/tmp/a.sqlite3", "sqlite+pysqlite:////tmp/a.sqlite3"),
        (Path("odd name"), "sqlite+pysqlite:///odd name"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql://u:p%40@h:1/d?x=y", "postgresql+psycopg://u:p%40@h:1/d?x=y"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg://h/d"),
        ("mysql+mysqldb://h/d", "mysql+pymysql://h/d"),
        ("mysql://h/d", "mysql+pymysql://h/d"),
        ("mysql+pymysql://h/d", "mysql+pymysql://h/d"),
        ("mariadb://h/d", "mariadb+pymysql://h/d"),
    ],
)
def test_urls(given: Any, expected: str) -> None:
    assert sql_url(given) == expected


@pytest.mark.parametrize(
    "url",
    ["oracle://h/d", "ftp://localhost:8080", "redis://h", "trimtab", "", "://", "journal.log"],
)
def test_an_unknown_scheme(url: str) -> None:
    with pytest.raises(UnsupportedURL, match=r"expected one of sqlite:///file\.db, postgresql://"):
        open_storage(url)


@pytest.mark.parametrize("value", [5, 1.5, b"sqlite://", ["a"]])
def test_what_is_no_url(value: Any) -> None:
    with pytest.raises(InvalidType, match="a URL"):
        open_storage(value)


@pytest.mark.parametrize(
    ("url", "extra"), [("postgresql://h/d", "postgres"), ("mysql://h/d", "mysql")]
)
def test_a_driver_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, url: str, extra: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedURL, match=rf"pip install 'trimtab\[{extra}\]'"):
        open_storage(url)


def test_a_path(tmp_path: Path) -> None:
    with open_storage(tmp_path / "a study") as storage:
        assert isinstance(storage, SQLStorage)
    assert (tmp_path / "a study").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="unable to open"):
        open_storage(tmp_path / "missing" / "study.db")


def test_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with open_storage(path) as storage:
        study_id = storage.create_study("s", parse_directions("minimize")).id
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    with open_storage(url) as storage:
        assert len(storage.history(study_id)) == 0
        with pytest.raises(StorageError, match="readonly"):
            storage.create_study("t", parse_directions("minimize"))


@pytest.mark.parametrize("level", ["full", "NORMAL", "extra"])
def test_how_much_sqlite_waits_for_the_disk(tmp_path: Path, level: str) -> None:
    with open_storage(f"sqlite:///{tmp_path / 's.db'}?synchronous={level}&timeout=2.5") as storage:
        assert isinstance(storage, SQLStorage)
        assert storage.database.patience == 2.5
        with storage.database.engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        assert found == {"normal": 1, "full": 2, "extra": 3}[level.lower()]


@pytest.mark.parametrize("query", ["synchronous=off", "timeout=soon", "timeout=-1"])
def test_an_option_that_cannot_be(tmp_path: Path, query: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        open_storage(f"sqlite:///{tmp_path / 's.db'}?{query}")


def test_a_password_is_not_shown() -> None:
    with pytest.raises(StorageError) as caught:
        open_storage("postgresql://user:secret@127.0.0.1:1/d?connect_timeout=1")
    assert "secret" not in str(caught.value)


def test_sqlalchemy_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys; from trimtab.storage import open_storage; open_storage(None); "
        "print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules))); "
        "open_storage('sqlite://'); print('alembic' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines() == ["[]", "False"]
