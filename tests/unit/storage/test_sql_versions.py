"""Tables of this Trimtab, of an older and of a newer one."""

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.engine import Engine

from trimtab.errors import StorageUnreadable, StorageVersion, TrimtabWarning
from trimtab.records import FrozenTrial, TrialState, parse_directions
from trimtab.storage import open_storage
from trimtab.storage.doctor import Trouble, diagnose, mend, upgrade
from trimtab.storage.sql import versions
from trimtab.storage.sql.database import Database
from trimtab.storage.sql.schema import REVISIONS, metadata


def make(url: str, revision: str) -> None:
    """The tables of a version, in an empty database."""
    database = Database(make_url(url))
    versions.upgrade(database, revision)
    database.close()


def described(engine: Engine) -> dict[str, Any]:
    """Everything an inspector says of our tables."""
    look = inspect(engine)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in look.get_columns(table)
            ],
            "key": look.get_pk_constraint(table)["constrained_columns"],
            "indexes": [
                (
                    str(index["name"]),
                    index["column_names"],
                    {key: str(value) for key, value in index.get("dialect_options", {}).items()},
                )
                for index in sorted(look.get_indexes(table), key=lambda i: str(i["name"]))
            ],
            "unique": sorted(str(u["column_names"]) for u in look.get_unique_constraints(table)),
        }
        for table in sorted(look.get_table_names())
        if table != "trimtab_version"  # Alembic makes its own, with another name for the key
    }


def test_a_database_of_optuna_s_tells_how_its_studies_come_along(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for table in ("studies", "study_directions", "trials", "trial_params", "version_info"):
            connection.execute(f"CREATE TABLE {table} (id INTEGER)")
    command = f"`trimtab import-optuna sqlite:///{file} --storage URL`"
    database = Database(make_url(f"sqlite:///{file}"))
    with pytest.raises(StorageUnreadable, match=re.escape(command)):
        versions.prepare(database, create_missing=False)
    with pytest.warns(TrimtabWarning, match=re.escape(command)):
        versions.prepare(database)
    versions.prepare(database)  # once is enough
    database.close()


def test_the_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(versions.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    found = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS


def test_tables_upgraded_are_tables_made(storage_url: str) -> None:
    make(storage_url, REVISIONS[0])
    with pytest.raises(StorageVersion, match=r"older.*trimtab storage upgrade"):
        open_storage(storage_url)
    (finding,) = diagnose(storage_url)
    assert finding.trouble is Trouble.VERSION
    assert mend(storage_url) == []
    assert upgrade(storage_url) == (REVISIONS[0], REVISIONS[-1])
    assert upgrade(storage_url) == (REVISIONS[-1], REVISIONS[-1])
    engine = create_engine(storage_url)
    upgraded = described(engine)
    with engine.begin() as connection:
        metadata.drop_all(connection)
    open_storage(storage_url).close()
    assert described(engine) == upgraded
    assert set(upgraded) | {"trimtab_version"} == set(metadata.tables)
    engine.dispose()


def test_an_upgrade_keeps_what_is_there(storage_url: str) -> None:
    make(storage_url, REVISIONS[0])
    engine = create_engine(storage_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO trimtab_study (name, directions, created, archived, revision, "
                "next_number) VALUES ('old', '[\"MAXIMIZE\"]', 1, 0, 3, 2)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO trimtab_trial (study_id, number, state, attempt, layout, point, "
                "means, started, finished, archived, revision, ended) "
                "VALUES (1, 0, 1, 1, 0, '[]', '[0.5]', 1, 2, 0, 3, 3)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO trimtab_trial (study_id, number, state, attempt, layout, point, "
                "means, constraints, started, finished, archived, revision, ended) "
                "VALUES (1, 1, 1, 1, 0, '[]', '[0.75]', :constraints, 1, 2, 0, 3, 3)"
            ),
            {"constraints": '{"c":{"$float":"inf"}}'},
        )
    engine.dispose()
    upgrade(storage_url)
    with open_storage(storage_url) as storage:
        record = storage.find_study("old")
        assert record.directions == parse_directions("maximize")
        assert storage.trial(record.id, 0) == FrozenTrial.build(
            0, TrialState.COMPLETE, values=(0.5,), started=1, finished=2
        )
        (summary,) = storage.summaries()
        assert (summary.best, summary.started, summary.last_activity) == (0.5, 1, 2)
    assert diagnose(storage_url) == []


def test_an_upgrade_makes_tables_where_there_are_none(storage_url: str) -> None:
    if storage_url.startswith("sqlite"):
        Path(str(make_url(storage_url).database)).touch()
    assert upgrade(storage_url) == (None, REVISIONS[-1])
    open_storage(storage_url).close()


def test_tables_of_a_newer_trimtab(storage_url: str) -> None:
    open_storage(storage_url).close()
    engine = create_engine(storage_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE trimtab_version SET version_num = '9999'"))
    engine.dispose()
    for call in (open_storage, upgrade):
        with pytest.raises(StorageVersion, match=r"newer.*9999.*pip install --upgrade"):
            call(storage_url)


def test_other_tables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("CREATE TABLE studies (study_id INTEGER)")
    connection.execute("INSERT INTO alembic_version VALUES ('theirs')")
    connection.commit()
    connection.close()
    with open_storage(path) as storage:
        assert storage.studies() == []
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT * FROM alembic_version").fetchall() == [("theirs",)]
    connection.close()
    assert diagnose(path) == []


def test_a_version_table_that_makes_no_sense(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    open_storage(path).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO trimtab_version VALUES ('0001')")
    connection.close()
    with pytest.raises(StorageUnreadable, match="one schema version"):
        open_storage(path)


def test_what_a_crash_left_half_made_is_made_anew(storage_url: str) -> None:
    # MySQL commits each CREATE TABLE by itself: the version is written last.
    open_storage(storage_url).close()
    engine = create_engine(storage_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM trimtab_version"))
        connection.execute(text("DROP TABLE trimtab_report"))
    engine.dispose()
    with open_storage(storage_url) as storage:
        assert storage.studies() == []
    assert diagnose(storage_url) == []
