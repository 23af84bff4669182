"""Every statement there is, by name.

Parameters in a WHERE clause are named ``of_...``, those that are set as their columns.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from trimtab.records import DELETED, TrialState
from trimtab.storage.sql import schema
from trimtab.storage.sql.codec import STUDY_COLUMNS, TRIAL_COLUMNS
from trimtab.storage.sql.session import Statement

_study, _attr, _layout = schema.study.c, schema.study_attr.c, schema.layout.c
_trial, _report = schema.trial.c, schema.report.c

ADDED = "added"
"""The scope of what is no attribute: `Writer.note_added` says what it is."""

OF_STUDY = bindparam("of_study", type_=BigInteger)
OF_NUMBER = bindparam("of_number", type_=BigInteger)
SINCE = bindparam("of_since", type_=BigInteger)
NAME = bindparam("of_name", type_=_study.name.type)


class _Now(FunctionElement[int]):
    """Microseconds since the epoch by the database's clock."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Now, "postgresql")
def _now_postgresql(element: _Now, compiler: object, **options: object) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(_Now, "mysql")
@compiles(_Now, "mariadb")
def _now_mysql(element: _Now, compiler: object, **options: object) -> str:
    return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"


@compiles(_Now, "sqlite")
def _now_sqlite(element: _Now, compiler: object, **options: object) -> str:
    return "trimtab_now()"  # see `database`


# ---------------------------------------------------------------------- studies

LOCK_STUDY = Statement(
    select(_study.revision, _study.next_number, _study.active, _Now())
    .where(_study.id == OF_STUDY)
    .with_for_update()
)
GET_REVISION = Statement(select(_study.revision).where(_study.id == OF_STUDY))
GET_REVISIONS = Statement(select(_study.id, _study.revision))
GET_ACTIVE = Statement(select(_study.id, _study.active))
GET_COUNTERS = Statement(select(_study.revision, _study.next_number).where(_study.id == OF_STUDY))
GET_DIRECTIONS = Statement(select(_study.directions).where(_study.id == OF_STUDY))
GET_NOW = Statement(select(_Now()))

_study_columns = [_study[name] for name in STUDY_COLUMNS]
GET_STUDY = Statement(select(*_study_columns).where(_study.id == OF_STUDY))
FIND_STUDY = Statement(select(_study.id).where(_study.name == NAME))
GET_STUDIES = Statement(select(*_study_columns).order_by(_study.id))
GET_ATTRS = Statement(
    select(_attr.scope, _attr.name, _attr.body)
    .where(_attr.study_id == OF_STUDY, _attr.scope != ADDED)
    .order_by(_attr.scope, _attr.name)
)
GET_ALL_ATTRS = Statement(
    select(_attr.study_id, _attr.scope, _attr.name, _attr.body)
    .where(_attr.scope != ADDED)
    .order_by(_attr.scope, _attr.name)
)

ADD_STUDY = Statement(
    insert(schema.study),
    ("name", "directions", "metric_names", "created", "archived", "revision", "next_number"),
)
SET_STUDY = Statement(
    update(schema.study).where(_study.id == OF_STUDY),
    ("name", "metric_names", "archived", "revision"),
)
SET_REVISION = Statement(update(schema.study).where(_study.id == OF_STUDY), ("revision",))
SET_COUNTERS = Statement(
    update(schema.study).where(_study.id == OF_STUDY), ("revision", "next_number", "active")
)
_OF_ATTR = (
    (_attr.study_id == OF_STUDY)
    & (_attr.scope == bindparam("of_scope", type_=_attr.scope.type))
    & (_attr.name == NAME)
)
SET_ATTR = Statement(update(schema.study_attr).where(_OF_ATTR), ("body",))
ADD_ATTR = Statement(insert(schema.study_attr), ("study_id", "scope", "name", "body"))
GET_ATTR = Statement(select(_attr.body).where(_OF_ATTR))
REMOVE_ATTRS_BELOW = Statement(
    delete(schema.study_attr).where(
        _attr.study_id == OF_STUDY,
        _attr.scope == bindparam("of_scope", type_=_attr.scope.type),
        _attr.body < bindparam("of_body", type_=_attr.body.type),
    )
)
REMOVE_ATTR = Statement(delete(schema.study_attr).where(_OF_ATTR))
REMOVE_STUDY = tuple(
    Statement(delete(table).where(column == OF_STUDY))
    for table, column in (
        (schema.report, _report.study_id),
        (schema.trial, _trial.study_id),
        (schema.layout, _layout.study_id),
        (schema.study_attr, _attr.study_id),
        (schema.study, _study.id),
    )
)

GET_LAYOUTS = Statement(
    select(_layout.id, _layout.body)
    .where(_layout.study_id == OF_STUDY, _layout.id > bindparam("of_id", type_=_layout.id.type))
    .order_by(_layout.id)
)
ADD_LAYOUT = Statement(insert(schema.layout), ("study_id", "id", "body"))

# ---------------------------------------------------------------------- trials

_OF_TRIAL = (_trial.study_id == OF_STUDY) & (_trial.number == OF_NUMBER)
_trial_columns = [_trial[name] for name in TRIAL_COLUMNS]

GET_TRIAL = Statement(select(*_trial_columns).where(_OF_TRIAL).where(_trial.state != DELETED))
GET_REPORTS = Statement(
    select(_report.step, _report.metrics, _report.checkpoint)
    .where(_report.study_id == OF_STUDY, _report.number == OF_NUMBER)
    .order_by(_report.step)
)
GET_CLAIMABLE = Statement(
    select(*_trial_columns, _trial.max_attempts)
    .where(
        _trial.study_id == OF_STUDY,
        _trial.claimable_at <= bindparam("of_now", type_=BigInteger),
        _trial.archived == 0,
    )
    .order_by(_trial.claimable_at, _trial.number)
    .limit(1)
)
GET_CLAIM = Statement(select(_trial.claim).where(_OF_TRIAL))
FIND_CLAIM = Statement(
    select(_trial.number).where(
        _trial.study_id == OF_STUDY,
        _trial.claim == bindparam("of_claim", type_=BigInteger),
        _trial.state == int(TrialState.RUNNING),
    )
)
GET_HELD = Statement(
    select(_trial.state, _trial.attempt, _trial.claimable_at, _trial.worker).where(_OF_TRIAL)
)

ADD_TRIAL = Statement(insert(schema.trial), tuple(schema.trial.c.keys()))
CLAIM_TRIAL = Statement(
    update(schema.trial).where(_OF_TRIAL),
    (
        "state",
        "attempt",
        "started",
        "claimable_at",
        "max_attempts",
        "worker",
        "claim",
        "revision",
    ),
)
_RESULT = ("state", "means", "sems", "objective", "finished", "revision")
_END = (*_RESULT, "started", "claimable_at", "ended")
END_TRIAL = Statement(update(schema.trial).where(_OF_TRIAL), _END)
_CONTENT = ("layout", "point", "constraints", "user_attrs", "system_attrs")
SET_CONTENT = Statement(update(schema.trial).where(_OF_TRIAL), (*_CONTENT, "revision"))
SET_CONTENT_AND_END = Statement(update(schema.trial).where(_OF_TRIAL), (*_CONTENT, *_END))
_AMEND = (*_CONTENT, *_RESULT, "claim")
AMEND_TRIAL = Statement(update(schema.trial).where(_OF_TRIAL), _AMEND)
REOPEN_TRIAL = Statement(
    update(schema.trial).where(_OF_TRIAL),
    (*_AMEND, "attempt", "ended", "claimable_at", "max_attempts", "worker"),
)
SET_STATE = Statement(update(schema.trial).where(_OF_TRIAL), ("state", "claimable_at", "revision"))
SET_ARCHIVED = Statement(update(schema.trial).where(_OF_TRIAL), ("archived", "revision"))
SET_LEASE = Statement(update(schema.trial).where(_OF_TRIAL), ("claimable_at",))
REMOVE_TRIAL = Statement(
    update(schema.trial).where(_OF_TRIAL),
    (*_CONTENT, "state", "means", "sems", "objective", "claimable_at", "revision"),
)

_OF_REPORTS = (_report.study_id == OF_STUDY) & (_report.number == OF_NUMBER)
ADD_REPORT = Statement(
    insert(schema.report), ("study_id", "number", "step", "metrics", "checkpoint", "revision")
)
_OF_REPORT = _OF_REPORTS & (_report.step == bindparam("of_step", type_=BigInteger))
GET_REPORT = Statement(select(_report.step, _report.metrics, _report.checkpoint).where(_OF_REPORT))
SET_REPORT = Statement(
    update(schema.report).where(_OF_REPORT), ("metrics", "checkpoint", "revision")
)
REMOVE_REPORTS = Statement(
    delete(schema.report).where(_OF_REPORTS, _report.step > bindparam("of_step", type_=BigInteger))
)
TOUCH_REPORTS = Statement(update(schema.report).where(_OF_REPORTS), ("revision",))

# ---------------------------------------------------------------------- summaries

_count = (
    select(
        _trial.study_id,
        _trial.state,
        func.count(),
        func.min(_trial.started),
        func.min(_trial.objective),
        func.max(_trial.objective),
    )
    .where(_trial.archived == 0)
    .group_by(_trial.study_id, _trial.state)
)
COUNT_TRIALS = Statement(_count.where(_trial.study_id == OF_STUDY))
COUNT_ALL_TRIALS = Statement(_count)

# ---------------------------------------------------------------------- what changed

CHANGED_TRIALS = Statement(
    select(*_trial_columns, _trial.ended)
    .where(_trial.study_id == OF_STUDY, _trial.revision > SINCE)
    .order_by(_trial.revision, _trial.number)
)
ALL_TRIALS = Statement(
    select(*_trial_columns, _trial.ended).where(_trial.study_id == OF_STUDY).order_by(_trial.number)
)
CHANGED_REPORTS = Statement(
    select(_report.number, _report.step, _report.metrics, _report.checkpoint)
    .where(_report.study_id == OF_STUDY, _report.revision > SINCE)
    .order_by(_report.revision, _report.number, _report.step)
)
