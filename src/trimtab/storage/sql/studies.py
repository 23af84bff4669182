"""A study's own rows: created, found, changed, removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from trimtab.errors import DuplicateStudy, StorageUnreadable
from trimtab.records import StudyDirection, StudyRecord
from trimtab.space import check_name, encode_json
from trimtab.storage.base import Ticket, check_expected, unknown_study
from trimtab.storage.sql import codec
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.codec import Row
from trimtab.storage.sql.reading import BAD_ROW, why
from trimtab.storage.sql.session import Session
from trimtab.storage.sql.tickets import is_made_with, note_made
from trimtab.storage.sql.writing import Writer

AttrChanges: TypeAlias = list[tuple[str, str, str]]
"""(scope, name, JSON) each."""


def duplicate(name: str) -> DuplicateStudy:
    """The error for a name that is taken."""
    return DuplicateStudy(f"`study_name`: expected a name not taken yet, got {name!r}.")


def create(
    session: Session, name: str, directions: Sequence[StudyDirection], ticket: Ticket | None
) -> StudyRecord:
    """A new study, or that which was made with the ticket; raises `DuplicateStudy`."""
    row = session.one(sql.FIND_STUDY, of_name=name)
    if row is not None:
        if not is_made_with(session, row[0], ticket):
            raise duplicate(name)
        return get(session, row[0])
    now = session.one(sql.GET_NOW)
    session.run(
        sql.ADD_STUDY,
        name=name,
        directions=codec.dump_directions(directions),
        metric_names=None,
        created=0 if now is None else now[0],
        archived=0,
        revision=0,
        next_number=0,
    )
    record = find(session, name)
    note_made(session, record, ticket)
    return record


def remove(session: Session, study_id: int) -> None:
    """A study and all that is in it; raises `UnknownStudy`."""
    if session.one(sql.LOCK_STUDY, of_study=study_id) is None:
        raise unknown_study(study_id)
    for statement in sql.REMOVE_STUDY:
        session.run(statement, of_study=study_id)


def find(session: Session, name: str) -> StudyRecord:
    """The study of that name; raises `UnknownStudy`."""
    row = session.one(sql.FIND_STUDY, of_name=name)
    if row is None:
        raise unknown_study(name)
    return get(session, row[0])


def get(session: Session, study_id: int) -> StudyRecord:
    """The study of that id; raises `UnknownStudy`, or `StorageUnreadable` if it is damaged."""
    row = session.one(sql.GET_STUDY, of_study=study_id)
    if row is None:
        raise unknown_study(study_id)
    return _decode(row, session.all(sql.GET_ATTRS, of_study=study_id))


def get_all(session: Session) -> tuple[list[StudyRecord], list[str]]:
    """All studies that can be read, in order of creation, and what is wrong with the others."""
    attrs: dict[Any, list[Row]] = {}
    for study_id, *attr in session.all(sql.GET_ALL_ATTRS):
        attrs.setdefault(study_id, []).append(tuple(attr))
    records, problems = [], []
    for row in session.all(sql.GET_STUDIES):
        try:
            records.append(_decode(row, attrs.get(row[0], ())))
        except StorageUnreadable as error:
            problems.append(str(error))
    return records, problems


def _decode(row: Row, attrs: Sequence[Row]) -> StudyRecord:
    by_scope: dict[str, dict[str, Any]] = {"user": {}, "system": {}}
    try:
        for scope, name, body in attrs:
            by_scope[scope][name] = codec.loads(body)
        return codec.decode_study(row, by_scope["user"], by_scope["system"])
    except BAD_ROW as error:
        raise StorageUnreadable(
            f"Study {row[0]} cannot be read ({why(error)}); see `trimtab doctor`."
        ) from error


def update(
    writer: Writer,
    name: str | None,
    metric_names: Sequence[str] | None,
    archived: bool | None,
) -> StudyRecord:
    """Change what is not None; raises `DuplicateStudy`."""
    session = writer.session
    old = get(session, writer.study.id)
    new = StudyRecord(
        old.id,
        old.name if name is None else name,
        old.directions,
        old.metric_names if metric_names is None else tuple(metric_names),
        old.user_attrs,
        old.system_attrs,
        old.created,
        old.archived if archived is None else archived,
        writer.revision,
    )
    taken = session.one(sql.FIND_STUDY, of_name=new.name)
    if taken is not None and taken[0] != old.id:
        raise duplicate(new.name)
    session.run(
        sql.SET_STUDY,
        of_study=old.id,
        name=new.name,
        metric_names=None if new.metric_names is None else codec.dumps(list(new.metric_names)),
        archived=int(new.archived),
        revision=writer.revision,
    )
    writer.touch()
    return new


def dump_changes(user: Mapping[str, Any], system: Mapping[str, Any]) -> AttrChanges:
    """Attributes to be set, with checked names, as text."""
    return [
        (scope, check_name("key", name), codec.dumps(encode_json(value)))
        for scope, attrs in (("user", user), ("system", system))
        for name, value in attrs.items()
    ]


def set_attrs(writer: Writer, changes: AttrChanges, expected: Mapping[str, Any]) -> None:
    """Set attributes; a system attribute that is null is removed.

    Raises:
        AttributeConflict: If a system attribute is not as ``expected``.
    """
    session, study_id = writer.session, writer.study.id
    if expected:
        check_expected(get(session, study_id).system_attrs, expected)
    for scope, name, body in changes:
        keys = {"of_study": study_id, "of_scope": scope, "of_name": name}
        if scope == "system" and body == "null":
            session.run(sql.REMOVE_ATTR, **keys)
        elif not session.run(sql.SET_ATTR, **keys, body=body):
            session.run(sql.ADD_ATTR, study_id=study_id, scope=scope, name=name, body=body)
    writer.touch()
