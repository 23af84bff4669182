"""What is wrong with a database, and what can be done about it."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from trimtab.errors import StorageUnreadable

if TYPE_CHECKING:
    from trimtab.storage.sql.database import Database

T = TypeVar("T")


class Trouble(enum.Enum):
    """Kinds of finding."""

    INTEGRITY = "the database itself is damaged"
    VERSION = "the tables are of another version"
    STUDY = "a study's row or attribute cannot be read"
    TRIAL = "a trial's row cannot be read"
    BOOKKEEPING = "a trial's row would be missed by those who look for it"
    REPORT = "a report cannot be read"
    COUNTER = "a counter lags behind what it counts"
    GAP = "a trial number has no row"
    ORPHAN = "a row belongs to nothing"
    LEASE = "a running trial's lease ran out"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        trouble: What kind of thing.
        where: Which study, trial or table, for people.
        problem: What is wrong with it.
        remedy: What `mend` does about it, or what else helps.
        mendable: Whether `mend` does it.
        study_id: The study, where it is known.
        number: The trial, where it is known.
    """

    trouble: Trouble
    where: str
    problem: str
    remedy: str
    mendable: bool = True
    study_id: int | None = None
    number: int | None = None


def diagnose(url: str | os.PathLike[str]) -> list[Finding]:
    """All that is wrong with a database; nothing is changed.

    Args:
        url: As for `open_storage`.

    Raises:
        UnsupportedURL: If the scheme is unknown or its driver is not installed.
        StorageUnreadable: If it is no database at all.
        StorageError: If it cannot be reached.
    """
    from trimtab.storage.sql.checks import examine

    return _visit(url, examine)


def mend(url: str | os.PathLike[str]) -> list[Finding]:
    """Mend what can be mended; nothing is lost.

    Rows that cannot be read move to the table ``trimtab_quarantine``; a trial that was one becomes
    FAIL and says so.

    Returns:
        What was mended.

    Raises:
        As `diagnose`.
    """
    from trimtab.storage.sql.mending import mend_all

    return _visit(url, mend_all)


def upgrade(url: str | os.PathLike[str]) -> tuple[str | None, str]:
    """Bring the tables of a database to this Trimtab's version.

    Returns:
        The version before (None: there were no tables) and after.

    Raises:
        StorageVersion: If they are of a newer Trimtab.
        As `diagnose`.
    """
    from trimtab.storage.sql.versions import upgrade

    return _visit(url, upgrade)


def _visit(url: str | os.PathLike[str], work: Callable[[Database], T]) -> T:
    from sqlalchemy.engine import make_url

    from trimtab.storage.sql.database import Database
    from trimtab.storage.urls import sql_url

    database = Database(make_url(sql_url(url)))
    file = database.file
    if file is not None and not file.exists():  # SQLite would make it
        raise StorageUnreadable(f"{database.name}: there is no such file.")
    try:
        return work(database)
    finally:
        database.close()
