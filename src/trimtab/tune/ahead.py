"""A history that has what happened before it is written.

Schedulers compare members at every few of their steps. To write before each comparison takes longer
than all the rest of it, on a server of a database many times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trimtab.records import FINISHED, History, TrialUpdate
from trimtab.storage import Storage, Write
from trimtab.storage.base import absorb
from trimtab.storage.rules import updated


class Ahead:
    """A study's history with writes that are not stored yet.

    Args:
        storage: Where the study is.
        study_id: The study.
    """

    def __init__(self, storage: Storage, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self._history = History(storage.history(study_id).directions)
        self._writes: dict[int, Write] = {}

    def __bool__(self) -> bool:
        """Whether anything is not stored yet."""
        return bool(self._writes)

    def history(self, writes: Sequence[Write]) -> History:
        """All that is stored, by whomever, and all that is not stored yet.

        Args:
            writes: What happened since this was asked last.
        """
        self._follow()
        for write in writes:
            known = self._writes.get(write.number)
            self._writes[write.number] = write if known is None else _joined(known, write)
            self._apply(write)
        return self._history

    def take(self, writes: Sequence[Write]) -> list[Write]:
        """What is to be stored now, one write for each trial.

        Args:
            writes: What happened since.
        """
        taken = self._writes
        for write in writes:
            known = taken.get(write.number)
            taken[write.number] = write if known is None else _joined(known, write)
        self._writes = {}
        return list(taken.values())

    def _follow(self) -> None:
        """Learn what was stored since, and what others did."""
        stored = self._storage.history(self._study_id)
        if stored.revision == self._history.revision:
            return
        changes = self._storage.changes(self._study_id, self._history.revision)
        for space in stored.layouts()[1]:
            self._history.add_layout(space)  # columns in the order of all other readers
        absorb(self._history, changes)
        for number in {trial.number for trial in changes.trials} & self._writes.keys():
            self._apply(self._writes[number])

    def _apply(self, write: Write) -> None:
        trial = self._history.trial(write.number, reports=False)
        if trial.state in FINISHED:
            return  # by somebody else: the storage will say so
        after = updated(trial, replace(write.update, reports=()))
        if write.state is not None:
            after = after.replace(state=write.state)
        self._history.apply(after, reports=False)
        for report in write.update.reports:
            self._history.apply_report(write.number, report)


def _joined(first: Write, then: Write) -> Write:
    """Two writes to one trial as one."""
    update = TrialUpdate(
        reports=first.update.reports + then.update.reports,
        system_attrs={**first.update.system_attrs, **then.update.system_attrs},
    )
    return Write(then.number, update, first.state if then.state is None else then.state)
