"""A study in memory."""

from __future__ import annotations

import bisect
import heapq
import math
from collections.abc import Iterable, Sequence

import numpy as np

from trimtab.records import (
    DELETED,
    FINISHED,
    FrozenTrial,
    History,
    Report,
    StudyRecord,
    StudySummary,
    TrialState,
    TrialUpdate,
)
from trimtab.storage.base import Changes, Draft, Lease, Ticket, check_space
from trimtab.storage.rules import merged

NO_LEASE = (math.inf, Lease())
"""Of a trial that was added as RUNNING: when it ends, and its terms."""


_MOST_TICKETS = 20_000


class StudyTable:
    """One study: its record, its trials as columns, its leases, and who changed when."""

    def __init__(self, record: StudyRecord, ticket: Ticket | None = None) -> None:
        self.record = record
        self.history = History(record.directions)
        self.leases: dict[int, tuple[float, Lease]] = {}
        self.next_expiry = math.inf  # no lease ends before
        self._active = 0  # the time of the last activity, 0 for none
        self._open: dict[int, FrozenTrial] = {}  # unfinished trials as put, without reports
        self._queue: list[int] = []  # a heap of numbers that waited; some may not any more
        self._revisions = np.zeros(64, dtype=np.int64)
        self._tickets: dict[int, Sequence[tuple[int, int]]] = {}
        self._made_with = ticket
        self._log: list[tuple[int, int, Report]] = []  # reports: (revision, trial, report)

    def trial(self, number: int) -> FrozenTrial:
        """One trial, for reading only; raises `UnknownTrial`."""
        trial = self._open.get(number)
        if trial is None:
            return self.history.trial(number)
        reports = self.history.reports(number)
        return trial.replace(reports=reports) if reports else trial

    def check_space(self, part: Draft | FrozenTrial | TrialUpdate) -> None:
        """Refuse a space that changes the kind of a known parameter."""
        if part.space is not None and not self.history.has_layout(part.space):
            check_space(self.history.space, part.space)

    def is_made_with(self, ticket: Ticket | None) -> bool:
        """Whether the study was made by the write that this ticket names."""
        made_with = self._made_with
        return ticket is not None and made_with is not None and made_with.token == ticket.token

    def done_with(self, ticket: Ticket | None) -> Sequence[tuple[int, int]]:
        """Number and attempt of the trials that a write with this ticket began or added."""
        return () if ticket is None else self._tickets.get(ticket.token, ())

    def begun_with(self, ticket: Ticket | None) -> FrozenTrial | None:
        """The trial that was begun with this ticket, if it runs as it did."""
        for number, attempt in self.done_with(ticket):
            if number in self.history.running:
                trial = self.trial(number)
                if trial.attempt == attempt:
                    return trial
        return None

    def note(self, ticket: Ticket | None, trials: Sequence[FrozenTrial]) -> None:
        """Keep in mind what was done with a ticket, and forget the oldest."""
        if ticket is not None and trials:
            self._tickets[ticket.token] = [(trial.number, trial.attempt) for trial in trials]
            while len(self._tickets) > _MOST_TICKETS:
                del self._tickets[next(iter(self._tickets))]

    def hold(self, number: int, lease: Lease, now: float) -> None:
        """Begin or renew a lease."""
        if lease.seconds is None:
            self.leases[number] = (math.inf, lease)
        else:
            expires = now + lease.seconds
            self.leases[number] = (expires, lease)
            self.next_expiry = min(self.next_expiry, expires)

    def claimable(self, now: float) -> Iterable[int]:
        """Numbers of the trials to be taken: those that wait, then those whose lease ran out."""
        history = self.history
        while self._queue:
            number = heapq.heappop(self._queue)
            if number in history.waiting and not history.archived[number]:
                yield number
        expired = [(until, number) for number, (until, _) in self.leases.items() if until < now]
        for _, number in sorted(expired):
            if not history.archived[number]:
                yield number
        self.next_expiry = min((until for until, _ in self.leases.values()), default=math.inf)

    def put(self, trial: FrozenTrial, before: FrozenTrial | None = None) -> None:
        """Take over a new trial, or a changed one with what it was before."""
        history, number = self.history, trial.number
        history.apply(trial)
        self._active = max(self._active, trial.started or 0, trial.finished or 0)
        revision = self._touch(number)
        if trial.state in FINISHED:
            self._open.pop(number, None)
        else:  # a copy: its mappings are in the caller's hands
            self._open[number] = (trial.replace(reports={}) if trial.reports else trial).copy()
            if trial.state is TrialState.WAITING:
                heapq.heappush(self._queue, number)
        if trial.reports:
            known = {} if before is None or before.attempt != trial.attempt else before.reports
            for step, report in trial.reports.items():
                if known.get(step) is not report:
                    self._log.append((revision, number, report))

    def report(self, number: int, reports: Iterable[Report], now: int) -> None:
        """Take over reports, at a cost that does not grow with those the trial has."""
        changed = merged(self.history.reports(number), reports)
        if not changed:
            return
        self.mark(now)
        revision = self._touch(number)
        for report in changed:
            self.history.apply_report(number, report)
            self._log.append((revision, number, self.history.reports(number)[report.step]))

    def mark(self, now: int) -> None:
        """Note that something was done to a trial just now."""
        self._active = max(self._active, now)

    def remove(self, number: int) -> None:
        """Forget a trial but for its number."""
        self.leases.pop(number, None)
        self._open.pop(number, None)
        self.history.remove(number)
        self._touch(number)

    def _touch(self, number: int) -> int:
        """Raise the revision, as the trial changed."""
        if number >= len(self._revisions):
            self._revisions = np.concatenate([self._revisions, np.zeros_like(self._revisions)])
        self.history.revision += 1
        self._revisions[number] = self.history.revision
        return self.history.revision

    def summary(self, record: StudyRecord) -> StudySummary:
        """What the trials come to."""
        history = self.history
        listed = (history.states != DELETED) & ~history.archived
        states, started = history.states[listed], history.started[listed]
        best = None
        if history.n_objectives == 1:
            feasible = (states == TrialState.COMPLETE) & (history.violation[listed] <= 0.0)
            losses = history.losses[listed, 0][feasible]
            if len(losses):
                best = float(losses.min() * history.signs[0])
        return StudySummary(
            record,
            {state: int((states == state).sum()) for state in TrialState},
            best,
            int(started[started > 0].min()) if started.any() else None,
            self._active or None,
        )

    def changes(self, since: int) -> Changes:
        """All that changed after a revision."""
        history = self.history
        rows = np.nonzero(self._revisions[: len(history)] > since)[0]
        gone = history.states[rows] == DELETED
        changed = {int(row): history.trial(int(row)).replace(reports={}) for row in rows[~gone]}
        finished = [n for n in history.finished.tolist() if n in changed]
        ended_at = set(finished)
        reports: dict[tuple[int, int], Report] = {}
        for _, number, report in self._log[bisect.bisect_right(self._log, since, key=_revision) :]:
            # A deleted trial has none; what a reclaimed one keeps was logged again.
            reports.pop((number, report.step), None)
            if history.reports(number).get(report.step) is report:
                reports[number, report.step] = report
        return Changes(
            history.revision,
            tuple(
                [trial for number, trial in changed.items() if number not in ended_at]
                + [changed[number] for number in finished]
            ),
            tuple([(number, report) for (number, _), report in reports.items()]),
            tuple([int(row) for row in rows[gone]]),
        )


def _revision(entry: tuple[int, int, Report]) -> int:
    return entry[0]
