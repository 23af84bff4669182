"""What was made or added with tickets: rows that nobody else reads, beside a study's attributes.

A trial's own ``claim`` would not do for trials that are added: it becomes that of who takes the
trial. The body of a row is ``[microseconds, first number, how many]``, so that the oldest are the
least as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trimtab.records import StudyRecord
from trimtab.storage.base import TICKET_SECONDS, Ticket
from trimtab.storage.sql import codec
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.codec import Row
from trimtab.storage.sql.session import Session


def is_made_with(session: Session, study_id: int, ticket: Ticket | None) -> bool:
    """Whether a study was made by the write that a ticket names."""
    return ticket is not None and _find(session, study_id, ticket) is not None


def note_made(session: Session, study: StudyRecord, ticket: Ticket | None) -> None:
    """Keep what a study was made with."""
    if ticket is not None:
        _keep(session, study.id, ticket, [study.created, 0, 0])


def added_with(session: Session, study_id: int, ticket: Ticket | None) -> list[int]:
    """Numbers of the trials that were added with a ticket."""
    row = None if ticket is None else _find(session, study_id, ticket)
    if row is None:
        return []
    _, first, count = codec.loads(row[0])
    return list(range(first, first + count))


def note_added(
    session: Session, study_id: int, now: int, ticket: Ticket | None, numbers: Sequence[int]
) -> None:
    """Keep what was added with a ticket, for as long as it may come again.

    Args:
        session: Of the transaction that adds them.
        study_id: To which study.
        now: Microseconds since the epoch.
        ticket: With what.
        numbers: Of the trials, dense.
    """
    if ticket is None or not numbers:
        return
    least = codec.dumps([now - int(TICKET_SECONDS * 1e6)])[:-1]
    session.run(sql.REMOVE_ATTRS_BELOW, of_body=least, **_of(study_id))
    _keep(session, study_id, ticket, [now, numbers[0], len(numbers)])


def _find(session: Session, study_id: int, ticket: Ticket) -> Row | None:
    return session.one(sql.GET_ATTR, of_name=_name(ticket), **_of(study_id))


def _keep(session: Session, study_id: int, ticket: Ticket, body: list[int]) -> None:
    session.run(
        sql.ADD_ATTR,
        study_id=study_id,
        scope=sql.ADDED,
        name=_name(ticket),
        body=codec.dumps(body),
    )


def _of(study_id: int) -> dict[str, Any]:
    return {"of_study": study_id, "of_scope": sql.ADDED}


def _name(ticket: Ticket) -> str:
    return f"{ticket.token:016x}"
