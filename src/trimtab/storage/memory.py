"""A storage that lives as long as its process."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trimtab.errors import DuplicateStudy, InvalidArgument
from trimtab.records import (
    FrozenTrial,
    History,
    Outcome,
    StudyDirection,
    StudyRecord,
    StudySummary,
    TrialState,
    TrialUpdate,
)
from trimtab.space import Space
from trimtab.storage.base import (
    Changes,
    Draft,
    Held,
    Lease,
    Storage,
    Ticket,
    Write,
    check_attrs,
    check_expected,
    check_once,
    check_outcome,
    check_space,
    unknown_study,
)
from trimtab.storage.rules import (
    amended,
    check_attempt,
    check_open,
    claimed,
    ended,
    ended_alike,
    refuse_finished,
    updated,
    without_removed,
)
from trimtab.storage.table import NO_LEASE, StudyTable

_RUNNING, _WAITING, _PAUSED = TrialState.RUNNING, TrialState.WAITING, TrialState.PAUSED


class InMemoryStorage(Storage):
    """Keeps studies in this process; nothing is durable.

    Args:
        clock: Seconds since the epoch; leases are told by it.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._tables: dict[int, StudyTable] = {}
        self._names: dict[str, int] = {}
        self._next_id = 1

    def __getstate__(self) -> dict[str, Any]:
        return {name: part for name, part in vars(self).items() if name != "_histories_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _histories_lock=threading.RLock())

    # ------------------------------------------------------------------ studies

    def create_study(
        self, name: str, directions: Sequence[StudyDirection], ticket: Ticket | None = None
    ) -> StudyRecord:
        with self.lock:
            record = StudyRecord(self._next_id, name, tuple(directions), created=self._now())
            if name in self._names:
                if not self._tables[self._names[name]].is_made_with(ticket):
                    raise _duplicate(name)
                return self.study(self._names[name])
            self._tables[record.id] = StudyTable(record, ticket)
            self._names[name] = record.id
            self._next_id += 1
            return record

    def delete_study(self, study_id: int) -> None:
        with self.lock:
            table = self._table(study_id)
            del self._tables[study_id], self._names[table.record.name]

    def find_study(self, name: str) -> StudyRecord:
        with self.lock:
            if name not in self._names:
                raise unknown_study(name)
            return self.study(self._names[name])

    def study(self, study_id: int) -> StudyRecord:
        with self.lock:
            table = self._table(study_id)
            return replace(
                table.record,
                user_attrs=dict(table.record.user_attrs),
                system_attrs=dict(table.record.system_attrs),
                revision=table.history.revision,
            )

    def studies(self) -> list[StudyRecord]:
        with self.lock:
            return [self.study(study_id) for study_id in self._tables]

    def revisions(self) -> dict[int, int]:
        with self.lock:
            return {study_id: table.history.revision for study_id, table in self._tables.items()}

    def summaries(self) -> list[StudySummary]:
        with self.lock:
            return [table.summary(self.study(number)) for number, table in self._tables.items()]

    def update_study(
        self,
        study_id: int,
        *,
        name: str | None = None,
        metric_names: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> StudyRecord:
        with self.lock:
            table = self._table(study_id)
            old = table.record
            new = replace(
                old,
                name=old.name if name is None else name,
                metric_names=old.metric_names if metric_names is None else tuple(metric_names),
                archived=old.archived if archived is None else archived,
            )
            if self._names.get(new.name, study_id) != study_id:
                raise _duplicate(new.name)
            table.record = new
            del self._names[old.name]
            self._names[new.name] = study_id
            table.history.revision += 1
            return self.study(study_id)

    def set_study_attrs(
        self,
        study_id: int,
        *,
        user: Mapping[str, object] | None = None,
        system: Mapping[str, object] | None = None,
        expected: Mapping[str, object] | None = None,
    ) -> None:
        with self.lock:
            table = self._table(study_id)
            check_expected(table.record.system_attrs, expected or {})
            table.record = replace(
                table.record,
                user_attrs={**table.record.user_attrs, **check_attrs(user or {})},
                system_attrs=without_removed(table.record.system_attrs, system or {}),
            )
            table.history.revision += 1

    # ------------------------------------------------------------------ a trial's life

    def start(
        self, study_id: int, draft: Draft | None, lease: Lease, ticket: Ticket | None = None
    ) -> FrozenTrial | None:
        with self.lock:
            table = self._table(study_id)
            begun = table.begun_with(ticket)
            if begun is not None:
                return begun
            now = self._clock()
            if table.history.waiting or table.next_expiry < now:
                taken = self._claim(table, lease, now)
                if taken is not None:
                    table.note(ticket, [taken])
                    return taken
            if draft is None:
                return None
            table.check_space(draft)
            trial = FrozenTrial.build(
                len(table.history),
                _RUNNING,
                space=draft.space,
                point=draft.point,
                started=draft.started or int(now * 1e6),
                user_attrs=check_attrs(draft.user_attrs) if draft.user_attrs else None,
                system_attrs=check_attrs(draft.system_attrs) if draft.system_attrs else None,
            )
            table.put(trial)
            table.hold(trial.number, lease, now)
            table.note(ticket, [trial])
            return trial

    def _claim(self, table: StudyTable, lease: Lease, now: float) -> FrozenTrial | None:
        for number in table.claimable(now):
            held = table.leases.pop(number, NO_LEASE)[1]
            before = table.trial(number)
            trial = claimed(before, int(now * 1e6), held.max_attempts)
            table.put(trial, before)
            if trial.state is _RUNNING:
                table.hold(number, lease, now)
                return trial
        return None

    def add(
        self, study_id: int, trials: Sequence[FrozenTrial], ticket: Ticket | None = None
    ) -> list[int]:
        with self.lock:
            table = self._table(study_id)
            added = table.done_with(ticket)
            if added:
                return [number for number, _ in added]
            ready: list[FrozenTrial] = []
            spaces: dict[Space, None] = {}
            for trial in trials:
                table.check_space(trial)
                if trial.space not in spaces:
                    for other in spaces:
                        check_space(other, trial.space)
                    spaces[trial.space] = None
                if trial.values is not None:
                    check_outcome(
                        table.record.directions, Outcome(trial.state, trial.values, trial.sems)
                    )
                ready.append(
                    trial.replace(
                        number=len(table.history) + len(ready),
                        user_attrs=check_attrs(trial.user_attrs),
                        system_attrs=check_attrs(trial.system_attrs),
                    )
                )
            for trial in ready:
                table.put(trial)
            table.note(ticket, ready)
            return [trial.number for trial in ready]

    def write(self, study_id: int, number: int, attempt: int | None, update: TrialUpdate) -> None:
        self.write_all(study_id, [Write(number, update, attempt=attempt)])

    def write_all(self, study_id: int, writes: Sequence[Write]) -> None:
        check_once(writes)
        with self.lock:
            table = self._table(study_id)
            changes = []
            for write in writes:
                trial, update = table.trial(write.number), write.update
                check_attempt(trial, write.attempt)
                check_open(trial, update)
                table.check_space(update)
                after = updated(trial, replace(update, reports=()) if update.reports else update)
                if write.state is not None:
                    refuse_finished(trial)
                    after = after.replace(state=write.state)
                changes.append((write, trial, after))
            for write, trial, after in changes:
                if write.state is not None:
                    table.leases.pop(write.number, None)
                if after is not trial:
                    table.put(after, trial)
                if write.update.reports:
                    table.report(write.number, write.update.reports, self._now())

    def finish(
        self,
        study_id: int,
        number: int,
        attempt: int | None,
        outcome: Outcome,
        update: TrialUpdate | None = None,
        finished: int = 0,
    ) -> FrozenTrial:
        with self.lock:
            table = self._table(study_id)
            check_outcome(table.record.directions, outcome)
            before = table.trial(number)
            check_attempt(before, attempt)
            if ended_alike(before, outcome):
                return before
            trial = before
            if update:
                table.check_space(update)
                trial = updated(before, update)
            after = ended(trial, outcome, finished or self._now())
            table.leases.pop(number, None)
            table.put(after, before)
            return after

    def amend(
        self,
        study_id: int,
        number: int,
        outcome: Outcome | None,
        update: TrialUpdate | None = None,
    ) -> FrozenTrial:
        with self.lock:
            table = self._table(study_id)
            if outcome is not None:
                check_outcome(table.record.directions, outcome)
            if update:
                table.check_space(update)
            before = table.trial(number)
            after = amended(before, outcome, update)
            table.put(after, before)
            if after.state is _RUNNING:
                table.hold(number, Lease(), self._clock())
            table.mark(self._now())
            return after

    def renew(self, study_id: int, held: Mapping[int, int], seconds: float) -> list[int]:
        with self.lock:
            table = self._table(study_id)
            lost = []
            for number, attempt in held.items():
                if number not in table.history.running or table.trial(number).attempt != attempt:
                    lost.append(number)
                elif table.leases.get(number, NO_LEASE)[0] < math.inf:
                    lease = replace(table.leases[number][1], seconds=seconds)
                    table.hold(number, lease, self._clock())
            return lost

    def leases(self, study_id: int) -> list[Held]:
        with self.lock:
            table = self._table(study_id)
            held = []
            for number in sorted(table.history.running):
                expires, lease = table.leases.get(number, NO_LEASE)
                remaining = None if expires == math.inf else expires - self._clock()
                held.append(Held(number, table.trial(number).attempt, lease.worker, remaining))
            return held

    def expire(self, study_id: int, number: int, attempt: int) -> bool:
        with self.lock:
            table = self._table(study_id)
            trial = table.trial(number)
            if trial.state is not _RUNNING or trial.attempt != attempt:
                return False
            table.leases[number] = (-math.inf, table.leases.get(number, NO_LEASE)[1])
            table.next_expiry = -math.inf
            return True

    def set_state(self, study_id: int, number: int, attempt: int | None, state: TrialState) -> None:
        if state not in (_WAITING, _PAUSED):
            raise InvalidArgument("state", "WAITING or PAUSED", state)
        with self.lock:
            table = self._table(study_id)
            trial = table.trial(number)
            check_attempt(trial, attempt)
            refuse_finished(trial)
            table.leases.pop(number, None)
            table.put(trial.replace(state=state), trial)

    def archive_trials(self, study_id: int, numbers: Sequence[int], archived: bool = True) -> None:
        with self.lock:
            table = self._table(study_id)
            for trial in [table.trial(number) for number in numbers]:
                table.put(trial.replace(archived=archived), trial)

    def delete_trials(self, study_id: int, numbers: Sequence[int]) -> None:
        with self.lock:
            table = self._table(study_id)
            for number in numbers:
                table.trial(number)
            for number in numbers:
                table.remove(number)

    # ------------------------------------------------------------------ reading

    def trial(self, study_id: int, number: int) -> FrozenTrial:
        with self.lock:
            return self._table(study_id).history.trial(number)

    def changes(self, study_id: int, since: int) -> Changes:
        with self.lock:
            return self._table(study_id).changes(since)

    def history(self, study_id: int) -> History:
        return self._table(study_id).history

    def _table(self, study_id: int) -> StudyTable:
        try:
            return self._tables[study_id]
        except KeyError:
            raise unknown_study(study_id) from None

    def _now(self) -> int:
        return int(self._clock() * 1e6)


def _duplicate(name: str) -> DuplicateStudy:
    return DuplicateStudy(f"`study_name`: expected a name not taken yet, got {name!r}.")
