"""Making the tables, and telling which Trimtab made them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Connection, inspect, select

from trimtab.errors import StorageUnreadable, StorageVersion, warn
from trimtab.storage.sql.schema import (
    REVISIONS,
    VERSION_TABLE,
    claimable_index,
    metadata,
    version,
)

if TYPE_CHECKING:
    from trimtab.storage.sql.database import Database

HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"
_OPTUNA_TABLES = {"studies", "study_directions", "trial_params", "version_info"}
_LOCK_KEY = 0x7472696D746162  # "trimtab"


def prepare(database: Database, *, create_missing: bool = True) -> None:
    """Make the tables where there are none; refuse those of another version.

    Args:
        database: Where.
        create_missing: If not, a database without tables is refused too.

    Raises:
        StorageVersion: Naming the command that helps.
        StorageUnreadable: If this is no database, or one of another program.
    """
    found = current(database)
    if found is None and not create_missing:
        raise StorageUnreadable(
            f"{database.name} has no tables of Trimtab's.{_optuna_hint(database)}"
        )
    if found is None:
        if hint := _optuna_hint(database):
            warn(f"{database.name} gets tables of Trimtab's, without a study.{hint}")
        create(database)
        found = current(database)
    if found == HEAD:
        return
    if found in REVISIONS:
        raise StorageVersion(
            f"{database.name} was written by an older Trimtab (schema {found}, this one needs "
            f"{HEAD}): run `trimtab storage upgrade {database.name}`."
        )
    raise _too_new(database.name, str(found))


def current(database: Database) -> str | None:
    """The version of the tables; None where there are none."""
    return database.administer(lambda connection: _find(connection, database.name))


def create(database: Database) -> None:
    """Make the tables, unless another process has by now; safe to be raced."""

    def make(connection: Connection) -> None:
        with _alone(connection, database.kind):
            if _find(connection, database.name) is not None:
                return
            # MySQL commits every statement on its own: what a crash left half made is made anew.
            metadata.drop_all(connection)
            metadata.create_all(connection)
            connection.exec_driver_sql(claimable_index(database.kind))
            connection.execute(version.insert().values(version_num=HEAD))

    if database.kind == "sqlite":
        database.administer(_use_wal)
    database.administer(make)


def upgrade(database: Database, target: str = HEAD) -> tuple[str | None, str]:
    """Bring the tables to a later version, keeping what is in them.

    Args:
        database: Whose tables.
        target: One of `REVISIONS`.

    Returns:
        The versions before (None: there were no tables) and after.

    Raises:
        StorageVersion: If they are of a newer Trimtab.
    """
    from alembic import command
    from alembic.config import Config

    def migrate(connection: Connection) -> str | None:
        with _alone(connection, database.kind):
            found = _find(connection, database.name)
            if found is not None and found not in REVISIONS:
                raise _too_new(database.name, found)
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, target)
            return found

    if database.kind == "sqlite":
        database.administer(_use_wal)
    before = database.administer(migrate)
    return before, current(database) or target


def _optuna_hint(database: Database) -> str:
    """What to do with a database that Optuna wrote; empty for others."""

    def is_optuna(connection: Connection) -> bool:
        return set(inspect(connection).get_table_names()) >= _OPTUNA_TABLES

    if not database.administer(is_optuna):
        return ""
    command = f"trimtab import-optuna {database.name} --storage URL"
    return f" `{command}` takes over the studies that Optuna keeps there."


def _use_wal(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _find(connection: Connection, name: str) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    versions = connection.execute(select(version.c.version_num)).scalars().all()
    if len(versions) > 1:
        raise StorageUnreadable(f"{name}: expected one schema version, got {sorted(versions)}.")
    return versions[0] if versions else None


def _too_new(name: str, found: str) -> StorageVersion:
    return StorageVersion(
        f"{name} was written by a newer Trimtab (schema {found}, this one knows up to {HEAD}): "
        f"run `pip install --upgrade trimtab`; `trimtab storage upgrade {name}` goes forward only."
    )


@contextlib.contextmanager
def _alone(connection: Connection, kind: str) -> Iterator[None]:
    """A transaction in which no other process makes tables."""
    if kind == "mysql":
        name = sqlalchemy.text("SELECT GET_LOCK(CONCAT('trimtab:', MD5(DATABASE())), 60)")
        connection.execute(name)
        try:
            yield
        finally:
            connection.exec_driver_sql("SELECT RELEASE_LOCK(CONCAT('trimtab:', MD5(DATABASE())))")
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if kind == "sqlite" else "BEGIN")
    try:
        if kind == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
        yield
    except BaseException:
        with contextlib.suppress(sqlalchemy.exc.DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
