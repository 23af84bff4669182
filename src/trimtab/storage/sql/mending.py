"""Mending what `checks` finds; whatever is taken out of a table goes to the quarantine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, update

from trimtab.records import DELETED, FINISHED, TrialState
from trimtab.storage.doctor import Finding, Trouble
from trimtab.storage.rules import FAIL_REASON
from trimtab.storage.sql import codec, schema
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.checks import examine
from trimtab.storage.sql.database import Database
from trimtab.storage.sql.reading import BAD_ROW
from trimtab.storage.sql.session import Session, Statement

_PASSES = 3
"""A row taken out may leave a gap, which the next pass mends."""

_ADD_QUARANTINE = Statement(
    insert(schema.quarantine), ("source", "study_id", "number", "body", "reason", "moved")
)
_ADD_TRIAL = Statement(insert(schema.trial), tuple(schema.trial.c.keys()))
_SET_BOOKKEEPING = Statement(
    update(schema.trial).where(
        schema.trial.c.study_id == sql.OF_STUDY, schema.trial.c.number == sql.OF_NUMBER
    ),
    ("revision", "ended", "claimable_at"),
)


class _Rows:
    """All rows of a table with given keys, to be read whole; and one row, to be deleted."""

    def __init__(self, table: Table, *keys: str) -> None:
        self.table = table
        self.columns: tuple[str, ...] = tuple(table.c.keys())
        self.primary: tuple[str, ...] = tuple(column.name for column in table.primary_key)
        self.select = Statement(select(table).where(*_matches(table, keys)))
        self.delete = Statement(delete(table).where(*_matches(table, self.primary)))


def _matches(table: Table, keys: Iterable[str]) -> list[ColumnElement[bool]]:
    return [table.c[key] == bindparam(f"of_{key}", type_=table.c[key].type) for key in keys]


_TRIAL = _Rows(schema.trial, "study_id", "number")
_REPORTS = _Rows(schema.report, "study_id", "number")
_OF_A_STUDY = {
    table.name: _Rows(table, "study_id")
    for table in (schema.trial, schema.report, schema.layout, schema.study_attr)
}
_ATTRS = _OF_A_STUDY[schema.study_attr.name]


def mend_all(database: Database) -> list[Finding]:
    """What was mended; see `trimtab.storage.doctor.mend`."""
    mended: list[Finding] = []
    for _ in range(_PASSES):
        findings = [finding for finding in examine(database) if finding.mendable]
        if not findings:
            break
        for finding in findings:
            database.write(_mending(finding))
        mended += findings
    return mended


def _mending(finding: Finding) -> Callable[[Session], None]:
    return lambda session: _Mender(session, finding).mend()


class _Mender:
    """Mends one finding in one transaction, which holds the study's row where there is one."""

    def __init__(self, session: Session, finding: Finding) -> None:
        self.session = session
        self.finding = finding
        self.study_id: Any = finding.study_id
        self.number: Any = finding.number
        row = session.one(sql.LOCK_STUDY, of_study=self.study_id)
        now = session.one(sql.GET_NOW)
        self.now: int = 0 if now is None else now[0]
        before, self.next_number, self.active = (0, 0, None) if row is None else row[:3]
        self.revision: int = before + 1

    def mend(self) -> None:
        """Do what the finding's remedy says."""
        match self.finding.trouble:
            case Trouble.TRIAL:
                self._fail_trial()
            case Trouble.BOOKKEEPING:
                self._set_bookkeeping()
            case Trouble.GAP:
                self._write_trial(DELETED, None)
            case Trouble.REPORT:
                self._quarantine(_REPORTS, self._bad_report)
            case Trouble.STUDY:
                self._quarantine(_ATTRS, self._bad_attr)
            case Trouble.ORPHAN if self.finding.where in _OF_A_STUDY:
                self._quarantine(_OF_A_STUDY[self.finding.where])
            case Trouble.ORPHAN:
                self._quarantine(_REPORTS)
            case Trouble.COUNTER:
                self._count()
        self.session.run(
            sql.SET_COUNTERS,
            of_study=self.study_id,
            revision=self.revision,
            next_number=self.next_number,
            active=self.active,
        )

    def _fail_trial(self) -> None:
        self._quarantine(_TRIAL)
        if isinstance(self.number, int) and 0 <= self.number < self.next_number:
            reason = f"its row could not be read ({self.finding.problem}); see trimtab_quarantine"
            self._write_trial(int(TrialState.FAIL), codec.dump_attrs({FAIL_REASON: reason}))

    def _write_trial(self, state: int, system_attrs: str | None) -> None:
        at = None if state == DELETED else self.now
        values = dict.fromkeys(schema.trial.c.keys()) | {
            "study_id": self.study_id,
            "number": self.number,
            "state": state,
            "attempt": 1,
            "layout": 0,
            "point": "[]",
            "system_attrs": system_attrs,
            "started": at,
            "finished": at,
            "archived": 0,
            "revision": self.revision,
            "ended": None if state == DELETED else self.revision,
        }
        self.session.run(_ADD_TRIAL, **values)

    def _set_bookkeeping(self) -> None:
        row = self.session.one(sql.GET_HELD, of_study=self.study_id, of_number=self.number)
        state = None if row is None else row[0]
        # A lease whose end is not known has ended: the attempt number guards the trial.
        claimable_at = {int(TrialState.WAITING): 0, int(TrialState.RUNNING): 1}.get(
            -1 if state is None else state
        )
        self.session.run(
            _SET_BOOKKEEPING,
            of_study=self.study_id,
            of_number=self.number,
            revision=self.revision,
            ended=self.revision if state in FINISHED else None,
            claimable_at=claimable_at,
        )

    def _count(self) -> None:
        rows = self.session.all(_OF_A_STUDY[schema.trial.name].select, of_study_id=self.study_id)
        column = schema.trial.c.keys().index("number")
        self.next_number = 1 + max(row[column] for row in rows if isinstance(row[column], int))

    def _bad_report(self, row: dict[str, Any]) -> bool:
        try:
            codec.decode_report(row["step"], row["metrics"], row["checkpoint"])
        except BAD_ROW:
            return True
        return not (isinstance(row["revision"], int) and row["revision"] < self.revision)

    def _bad_attr(self, row: dict[str, Any]) -> bool:
        try:
            codec.loads(row["body"])
        except BAD_ROW:
            return True
        return False

    def _quarantine(
        self, rows: _Rows, is_bad: Callable[[dict[str, Any]], bool] = lambda row: True
    ) -> None:
        """Move the bad ones among some rows."""
        keys = {"of_study_id": self.study_id, "of_number": self.number}
        for values in self.session.all(rows.select, **keys):
            row = dict(zip(rows.columns, values, strict=True))
            if not is_bad(row):
                continue
            self.session.run(
                _ADD_QUARANTINE,
                source=rows.table.name,
                study_id=_integer(row.get("study_id")),
                number=_integer(row.get("number")),
                body=codec.dumps({name: _plain(value) for name, value in row.items()}),
                reason=self.finding.problem,
                moved=self.now,
            )
            self.session.run(rows.delete, **{f"of_{key}": row[key] for key in rows.primary})


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float)) else repr(value)
