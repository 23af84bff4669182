"""What the trials of studies come to, counted by the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trimtab.records import StudyDirection, StudyRecord, StudySummary, TrialState
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.codec import Row
from trimtab.storage.sql.session import Session

_FEW = 8
"""Up to so many studies are counted one by one; for more of them the table is read through."""

_STATES = {int(state): state for state in TrialState}


@dataclass(frozen=True, slots=True)
class Count:
    """The trials of one study at one revision; see `StudySummary`."""

    revision: int
    states: dict[TrialState, int] = field(default_factory=dict)
    started: int | None = None
    least: float | None = None
    most: float | None = None


def count(
    session: Session, records: Sequence[StudyRecord], known: dict[int, Count]
) -> dict[int, Count]:
    """Counts by study id, of which those that no change has outdated are taken over.

    Args:
        session: Reads one snapshot.
        records: The studies.
        known: Earlier counts by study id.
    """
    counts = {record.id: known[record.id] for record in records if _is_current(record, known)}
    outdated = [record for record in records if record.id not in counts]
    if len(outdated) > _FEW:
        rows: Iterable[Row] = session.all(sql.COUNT_ALL_TRIALS)
    else:
        rows = [
            row for record in outdated for row in session.all(sql.COUNT_TRIALS, of_study=record.id)
        ]
    by_study: dict[int, list[Row]] = {}
    for row in rows:
        by_study.setdefault(row[0], []).append(row[1:])
    for record in outdated:
        counts[record.id] = _count(record.revision, by_study.get(record.id, []))
    return counts


def _is_current(record: StudyRecord, known: dict[int, Count]) -> bool:
    return record.id in known and known[record.id].revision == record.revision


def _count(revision: int, rows: Iterable[Row]) -> Count:
    # A damaged row may have a state that is none.
    states = {_STATES[row[0]]: row for row in rows if row[0] in _STATES}
    started = [row[2] for row in states.values() if isinstance(row[2], int)]
    _, _, _, least, most = states.get(TrialState.COMPLETE, (None,) * 5)
    return Count(
        revision,
        {state: row[1] for state, row in states.items()},
        min(started, default=None),
        least,
        most,
    )


def summary(record: StudyRecord, count: Count, active: int | None) -> StudySummary:
    """One study with what was counted, and the time of its last activity."""
    best = None
    if len(record.directions) == 1:
        best = count.most if record.directions[0] is StudyDirection.MAXIMIZE else count.least
    return StudySummary(
        record,
        {state: count.states.get(state, 0) for state in TrialState},
        best,
        count.started,
        active,
    )
