"""Looking for damage: every row is read as the storage would read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, text

from trimtab.errors import StorageUnreadable, StorageVersion
from trimtab.records import DELETED, FINISHED, TrialState
from trimtab.storage.doctor import Finding, Trouble
from trimtab.storage.sql import codec, schema
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.codec import TRIAL_COLUMNS, Row
from trimtab.storage.sql.database import Database
from trimtab.storage.sql.layouts import Layouts
from trimtab.storage.sql.reading import BAD_ROW, Study, why
from trimtab.storage.sql.session import Session, Statement
from trimtab.storage.sql.versions import prepare

_WILD = 1_000_000
"""A number that far beyond the next is no number, rather than the next one wrong."""

_STUDY_IDS = Statement(select(schema.study.c.id, schema.study.c.name).order_by(schema.study.c.id))
_COUNTERS = Statement(
    select(schema.study.c.revision, schema.study.c.next_number).where(
        schema.study.c.id == sql.OF_STUDY
    )
)
_TRIALS = Statement(
    select(
        *[schema.trial.c[name] for name in TRIAL_COLUMNS],
        schema.trial.c.revision,
        schema.trial.c.claimable_at,
        schema.trial.c.worker,
        schema.trial.c.ended,
    )
    .where(schema.trial.c.study_id == sql.OF_STUDY)
    .order_by(schema.trial.c.number)
)
_REPORTS = Statement(
    select(
        schema.report.c.number,
        schema.report.c.step,
        schema.report.c.metrics,
        schema.report.c.checkpoint,
        schema.report.c.revision,
    )
    .where(schema.report.c.study_id == sql.OF_STUDY)
    .order_by(schema.report.c.number, schema.report.c.step)
)
_ORPHANS = tuple(
    (
        table,
        Statement(
            select(table.c.study_id)
            .distinct()
            .where(table.c.study_id.not_in(select(schema.study.c.id)))
        ),
    )
    for table in (schema.trial, schema.report, schema.layout, schema.study_attr)
)


def examine(database: Database) -> list[Finding]:
    """All findings; see `trimtab.storage.doctor.diagnose`."""
    findings = list(_integrity(database))
    try:
        prepare(database, create_missing=False)
    except StorageVersion as error:
        remedy = f"`trimtab storage upgrade {database.name}`"
        return [*findings, Finding(Trouble.VERSION, database.name, str(error), remedy, False)]
    if findings:
        return findings  # what can be read of a damaged file says little
    return database.read(lambda session: list(look(session)))


def look(session: Session) -> Iterator[Finding]:
    """Findings in the rows."""
    now = session.one(sql.GET_NOW)
    for study_id, name in session.all(_STUDY_IDS):
        yield from _look_at_study(session, study_id, f"study {name!r}", now[0] if now else 0)
    for table, statement in _ORPHANS:
        for (study_id,) in session.all(statement):
            yield Finding(
                Trouble.ORPHAN,
                table.name,
                f"there is no study {study_id!r}",
                "its rows move to the quarantine",
                study_id=study_id,
            )


def _look_at_study(session: Session, study_id: int, where: str, now: int) -> Iterator[Finding]:
    row = session.one(sql.GET_STUDY, of_study=study_id)
    try:
        codec.decode_study(row or (), {}, {})
        directions = codec.load_directions((row or ())[2])
    except BAD_ROW as error:
        yield Finding(
            Trouble.STUDY, where, why(error), "mend its row by hand", False, study_id=study_id
        )
        return
    for scope, key, body in session.all(sql.GET_ATTRS, of_study=study_id):
        try:
            codec.loads(body)
        except BAD_ROW as error:
            yield Finding(
                Trouble.STUDY,
                f"{where}, {scope} attribute {key!r}",
                why(error),
                "it moves to the quarantine",
                study_id=study_id,
            )
    study = Study(study_id, directions, Layouts(study_id))
    study.layouts.refresh(session)
    yield from _look_at_trials(session, study, where, now)


def _look_at_trials(session: Session, study: Study, where: str, now: int) -> Iterator[Finding]:
    counters = session.one(_COUNTERS, of_study=study.id) or (0, 0)
    revision, next_number = counters
    numbers: set[Any] = set()
    highest = -1
    for chunk in session.chunks(_TRIALS, of_study=study.id):
        for row in chunk:
            number = row[0]
            numbers.add(number)
            if isinstance(number, int) and number < next_number + _WILD:
                highest = max(highest, number)
            at = f"{where}, trial {number!r}"
            problem = _unreadable(row, study, next_number)
            oddity = None if problem is not None else _oddity(row, revision)
            if problem is not None:
                yield Finding(
                    Trouble.TRIAL,
                    at,
                    problem,
                    "the row moves to the quarantine; the trial becomes FAIL",
                    study_id=study.id,
                    number=number,
                )
            elif oddity is not None:
                yield Finding(
                    Trouble.BOOKKEEPING,
                    at,
                    oddity,
                    "it is set right",
                    study_id=study.id,
                    number=number,
                )
            elif row[1] == TrialState.RUNNING and row[-3] is not None and row[-3] < now:
                yield Finding(
                    Trouble.LEASE,
                    at,
                    f"ended {(now - row[-3]) / 1e6:.0f} s ago (worker {row[-2]!r})",
                    "whoever asks next gets the trial",
                    False,
                    study.id,
                    number,
                )
    if highest >= next_number:
        yield Finding(
            Trouble.COUNTER,
            where,
            f"the next trial would be {next_number}, but there is one of {highest}",
            f"it will be {highest + 1}",
            study_id=study.id,
        )
    for number in range(max(next_number, highest + 1)):
        if number not in numbers:
            yield Finding(
                Trouble.GAP,
                f"{where}, trial {number}",
                "there is no row of that number",
                "it is marked as deleted",
                study_id=study.id,
                number=number,
            )
    yield from _look_at_reports(session, study, where, numbers, revision)


def _look_at_reports(
    session: Session, study: Study, where: str, numbers: set[Any], revision: int
) -> Iterator[Finding]:
    for chunk in session.chunks(_REPORTS, of_study=study.id):
        for number, step, metrics, checkpoint, changed in chunk:
            at = f"{where}, trial {number!r}, report at step {step!r}"
            remedy = "it moves to the quarantine"
            if number not in numbers:
                yield Finding(
                    Trouble.ORPHAN, at, "there is no such trial", remedy, True, study.id, number
                )
                continue
            try:
                codec.decode_report(step, metrics, checkpoint)
                _check_revision(changed, revision)
            except BAD_ROW as error:
                yield Finding(Trouble.REPORT, at, why(error), remedy, True, study.id, number)


def _unreadable(row: Row, study: Study, next_number: int) -> str | None:
    """Why a trial's row cannot be read; None if it can."""
    if isinstance(row[0], int) and row[0] >= next_number + _WILD:
        return f"number: expected one below {next_number}, got {row[0]}"
    if row[1] == DELETED:
        return None
    layouts = study.layouts
    if row[3] in layouts.damaged:
        return layouts.damaged[row[3]]
    try:
        codec.decode_trial(row[: len(TRIAL_COLUMNS)], layouts.spaces, len(study.directions))
    except BAD_ROW as error:
        return why(error)
    return None


def _oddity(row: Row, revision: int) -> str | None:
    """What would make readers or takers miss a trial; None if nothing does."""
    state, (changed, claimable_at, _, ended) = row[1], row[len(TRIAL_COLUMNS) :]
    try:
        _check_revision(changed, revision)
        if state in FINISHED:
            _check_revision(ended, revision)
    except ValueError as error:
        return why(error)
    if claimable_at is not None and not isinstance(claimable_at, int):
        return f"claimable_at: expected microseconds or NULL, got {claimable_at!r}"
    if state == TrialState.WAITING and claimable_at != 0:
        return f"claimable_at: expected 0 of a WAITING trial, got {claimable_at!r}"
    return None


def _check_revision(changed: Any, revision: int) -> None:
    if not isinstance(changed, int) or not 0 <= changed <= revision:
        raise ValueError(f"revision: expected 0 to {revision}, got {changed!r}")


def _integrity(database: Database) -> Iterator[Finding]:
    """What the database says of itself."""

    def ask(connection: Connection) -> list[str]:
        if database.kind == "sqlite":
            rows = connection.execute(text("PRAGMA integrity_check")).scalars().all()
            return [str(row) for row in rows if row != "ok"]
        if database.kind == "mysql":
            tables = [table.name for table in schema.metadata.sorted_tables]
            return [
                f"{table}: {row[3]}"
                for table in tables
                for row in connection.execute(text(f"CHECK TABLE {table}"))
                if row[2] in ("error", "warning") and "doesn't exist" not in row[3]
            ]
        return []

    try:
        problems = database.administer(ask)
    except StorageUnreadable as error:
        problems = [str(error)]
    remedy = "restore a copy; for SQLite, `sqlite3 FILE .recover | sqlite3 NEW` saves what it can"
    for problem in problems:
        yield Finding(Trouble.INTEGRITY, database.name, problem, remedy, False)
