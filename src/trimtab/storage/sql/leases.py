"""How long running trials are their workers' own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trimtab.records import TrialState
from trimtab.storage.base import Held
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.reading import check_number, unknown_trial
from trimtab.storage.sql.session import Session
from trimtab.storage.sql.writing import Writer

_RUNNING = int(TrialState.RUNNING)


def get(session: Session, study_id: int, running: Iterable[int]) -> list[Held]:
    """The leases of those of some trials that are running."""
    now = session.one(sql.GET_NOW)
    held = []
    for number in running:
        row = session.one(sql.GET_HELD, of_study=study_id, of_number=number)
        if row is None or now is None or row[0] != _RUNNING:
            continue
        remaining = None if row[2] is None else (row[2] - now[0]) / 1e6
        held.append(Held(number, row[1], row[3] or "", remaining))
    return held


def renew(writer: Writer, held: Mapping[int, int], seconds: float) -> list[int]:
    """Renew leases; see `Storage.renew`."""
    lost = []
    for number, attempt in held.items():
        row = None
        if 0 <= number < 1 << 63:
            row = writer.session.one(sql.GET_HELD, of_study=writer.study.id, of_number=number)
        if row is None or row[:2] != (_RUNNING, attempt):
            lost.append(number)
        elif row[2] is not None:
            writer.session.run(
                sql.SET_LEASE,
                of_study=writer.study.id,
                of_number=number,
                claimable_at=writer.now + int(seconds * 1e6),
            )
    return lost


def expire(writer: Writer, number: int, attempt: int) -> bool:
    """End a lease; see `Storage.expire`."""
    check_number(number)
    keys = {"of_study": writer.study.id, "of_number": number}
    row = writer.session.one(sql.GET_HELD, **keys)
    if row is None:
        raise unknown_trial(number)
    if row[:2] != (_RUNNING, attempt):
        return False
    writer.session.run(sql.SET_LEASE, **keys, claimable_at=1)
    return True
