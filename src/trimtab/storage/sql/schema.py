"""The tables.

A trial is one row: what belongs together is read and written together. JSON columns are text on
every backend, in ASCII, as `trimtab.storage.sql.codec` writes it: databases' own JSON types do not
keep floats and big integers exactly. There are no foreign keys; every writer holds its study's row
(see `trimtab.storage.sql.database`), so an orphan could only come from outside.

All tables begin with ``trimtab_`` and may share a database with others.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
)

from trimtab.storage.sql.types import LongText, Name, row_id

REVISIONS = ("0001", "0002", "0003")
"""Schema versions, oldest first; the last is what this Trimtab reads and writes."""

VERSION_TABLE = "trimtab_version"

metadata = MetaData()

study = Table(
    "trimtab_study",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("name", Name(), nullable=False, unique=True),
    Column("directions", LongText(), nullable=False),  # JSON: 'MINIMIZE' or 'MAXIMIZE' each
    Column("metric_names", LongText()),  # JSON: one name each, or NULL
    Column("created", BigInteger, nullable=False),  # microseconds since the epoch, UTC
    Column("archived", SmallInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),  # grows with every change
    Column("next_number", BigInteger, nullable=False),  # of the next new trial
    Column("active", BigInteger),  # last start, end or report: microseconds since the epoch, UTC
    # An id is never given again: other processes may still hold the history of the old study.
    sqlite_autoincrement=True,
)

study_attr = Table(
    "trimtab_study_attr",
    metadata,
    Column("study_id", BigInteger, primary_key=True, autoincrement=False),
    Column("scope", String(6), primary_key=True),  # user, system, or added (see `Writer`)
    Column("name", Name(), primary_key=True),
    Column("body", LongText(), nullable=False),  # JSON
    sqlite_with_rowid=False,
)

layout = Table(
    "trimtab_layout",
    metadata,
    Column("study_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=False),  # dense, from 1
    Column("body", LongText(), nullable=False),  # JSON: [name, distribution] each
    sqlite_with_rowid=False,
)

trial = Table(
    "trimtab_trial",
    metadata,
    Column("study_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),  # TrialState; -1: deleted
    Column("attempt", Integer, nullable=False),
    Column("layout", Integer, nullable=False),  # id of its layout; 0: no parameters
    Column("point", LongText(), nullable=False),  # JSON: internal values in layout order
    Column("means", LongText()),  # JSON: one value per direction, or NULL
    Column("sems", LongText()),  # JSON: one standard error per direction, or NULL
    Column("constraints", LongText()),  # JSON object, or NULL: none
    Column("user_attrs", LongText()),  # JSON object, or NULL: none
    Column("system_attrs", LongText()),  # JSON object, or NULL: none
    Column("started", BigInteger),  # microseconds since the epoch, UTC
    Column("finished", BigInteger),  # likewise
    Column("archived", SmallInteger, nullable=False),
    # 0 where it waits, the end of the lease where it runs under one, else NULL.
    Column("claimable_at", BigInteger),  # when whoever asks may take it
    Column("max_attempts", Integer),  # of its lease
    Column("worker", Name()),  # of its lease
    Column("claim", BigInteger),  # token of the write that started or amended it
    Column("revision", BigInteger, nullable=False),  # of its last change
    Column("ended", BigInteger),  # revision at which it finished
    # The value of a COMPLETE feasible trial in a study of one objective, else NULL: to find the
    # best one without reading JSON.
    Column("objective", Double),
    sqlite_with_rowid=False,
)

report = Table(
    "trimtab_report",
    metadata,
    Column("study_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("metrics", LongText(), nullable=False),  # JSON object
    Column("checkpoint", Name()),  # artifact id
    Column("revision", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "trimtab_quarantine",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("source", String(32), nullable=False),  # table the row was in
    Column("study_id", BigInteger),  # if it could be read
    Column("number", BigInteger),  # of its trial, if it could be read
    Column("body", LongText(), nullable=False),  # JSON: the row by column
    Column("reason", LongText(), nullable=False),
    Column("moved", BigInteger, nullable=False),  # microseconds since the epoch, UTC
)

version = Table(
    VERSION_TABLE,
    metadata,
    Column("version_num", String(32), primary_key=True),
)

Index("ix_trimtab_trial_revision", trial.c.study_id, trial.c.revision)
Index("ix_trimtab_report_revision", report.c.study_id, report.c.revision)


def claimable_index(kind: str) -> str:
    """The statement that makes the index of the trials that may be taken.

    Partial, where the database can: finished trials, nearly all of them, are not in it. (As an
    `Index` of the table it would load SQLAlchemy's dialects of all databases.)

    Args:
        kind: sqlite, postgresql or mysql.
    """
    where = "" if kind == "mysql" else " WHERE claimable_at IS NOT NULL"
    columns = "study_id, claimable_at, number"
    return f"CREATE INDEX ix_trimtab_trial_claimable ON trimtab_trial ({columns}){where}"
