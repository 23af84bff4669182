"""A history that has what happened before it is written.

Schedulers compare members at every few of their steps. To write before each comparison takes longer
than all the rest of it, on a server of a database many times as long.
"""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.records import FINISHED, History, TrialUpdate
from trimtab.storage import Storage, Write
from trimtab.storage.base import absorb


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
        self._is_behind = True

    def __bool__(self) -> bool:
        """Whether anything is not stored yet."""
        return bool(self._writes)

    def history(self, writes: Sequence[Write], number: int | None = None) -> History:
        """All that happened in the run, and what others had done when it was stored last.

        To ask the storage each time what others did takes longer than many a decision.

        Args:
            writes: What happened since this was asked last.
            number: A trial that has to be in it; None: any.
        """
        if self._is_behind or (number is not None and number >= len(self._history)):
            self._follow()
        self._add(writes)
        return self._history

    def look(self) -> None:
        """Something was stored that did not come this way."""
        self._is_behind = True

    def take(self, writes: Sequence[Write]) -> list[Write]:
        """What is to be stored now, one write for each trial.

        Args:
            writes: What happened since.
        """
        self._follow()
        self._add(writes)
        taken, self._writes = list(self._writes.values()), {}
        return taken

    def stored(self) -> None:
        """What was taken is stored: where nobody else wrote, nothing has to be read again.

        Each write raises the revision, by one or more.
        """
        revision = self._storage.history(self._study_id).revision
        if revision == self._history.revision + 1:
            self._history.revision = revision
        else:
            self._is_behind = True

    def _add(self, writes: Sequence[Write]) -> None:
        for write in writes:
            known = self._writes.get(write.number)
            self._writes[write.number] = write if known is None else _joined(known, write)
            self._apply(write)

    def _follow(self) -> None:
        """Learn what was stored since, and what others did."""
        self._is_behind = False
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
        # As `storage.rules.updated` has it, less copies: these attributes are the run's own.
        attrs = {**trial.system_attrs, **write.update.system_attrs}
        attrs = {key: value for key, value in attrs.items() if value is not None}
        state = trial.state if write.state is None else write.state
        self._history.apply(trial.replace(system_attrs=attrs, state=state), reports=False)
        for report in write.update.reports:
            self._history.apply_report(write.number, report)


def _joined(first: Write, then: Write) -> Write:
    """Two writes to one trial as one."""
    update = TrialUpdate(
        reports=first.update.reports + then.update.reports,
        system_attrs={**first.update.system_attrs, **then.update.system_attrs},
    )
    return Write(then.number, update, first.state if then.state is None else then.state)
