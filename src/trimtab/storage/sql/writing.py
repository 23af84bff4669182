"""One write transaction on one study."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trimtab.records import DELETED, FINISHED, FrozenTrial, Report, TrialState
from trimtab.space import Space
from trimtab.storage.base import (
    MAX_ATTEMPTS,
    Changes,
    Draft,
    Lease,
    Ticket,
    check_space,
    unknown_study,
)
from trimtab.storage.rules import claimed, merged
from trimtab.storage.sql import codec
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.reading import (
    BAD_ROW,
    Damaged,
    Study,
    decode_trial,
    read_bare,
    read_reports,
    read_trial,
    why,
)
from trimtab.storage.sql.session import Session

_RUNNING, _WAITING = TrialState.RUNNING, TrialState.WAITING

Recall = Callable[[int, int], tuple[FrozenTrial, Mapping[int, Report]] | None]
"""(revision, number) -> the trial as this process knows it at that revision, and its reports, which
are not the caller's to change; or None."""


class Writer:
    """Holds a study's row until the transaction ends.

    Attributes:
        revision: What this transaction raises the study to, if it changes anything.
        now: Microseconds since the epoch by the database's clock.
        added: Layouts that were added, by id.
    """

    def __init__(
        self,
        session: Session,
        study_id: int,
        study: Callable[[Session, int], Study],
        recall: Recall,
    ) -> None:
        self.session = session
        self._recall = recall
        # The lock comes first: MySQL's snapshot is taken by the first read that takes no lock.
        row = session.one(sql.LOCK_STUDY, of_study=study_id)
        if row is None:
            raise unknown_study(study_id)
        self.study = study(session, study_id)
        self._before, self.next_number, self._active, self.now = row
        self.revision: int = self._before + 1
        self._trials: list[FrozenTrial] = []
        self._reports: list[tuple[int, Report]] = []
        self._deleted: list[int] = []
        self.added: dict[int, Space] = {}
        self._touched = False

    # ------------------------------------------------------------------ reading

    def trial(self, number: int) -> FrozenTrial:
        """A trial as it is now, from memory where this process has seen all changes."""
        known = self._recall(self._before, number)
        if known is None:
            return read_trial(self.session, self.study, number)
        return known[0].replace(reports=dict(known[1]))

    def bare(self, number: int) -> FrozenTrial:
        """A trial as it is now but for its reports, whose number is then no matter."""
        known = self._recall(self._before, number)
        if known is None:
            return read_bare(self.session, self.study, number)
        return known[0]

    def changes(self) -> Changes:
        """What was written, for a history that stood where the study was before."""
        return Changes(
            self.revision, tuple(self._trials), tuple(self._reports), tuple(self._deleted)
        )

    # ------------------------------------------------------------------ writing

    def claim(self, lease: Lease, token: int, damaged: Damaged) -> FrozenTrial | None:
        """Take the first trial that waits, or else one whose lease ran out."""
        while True:
            row = self.session.one(sql.GET_CLAIMABLE, of_study=self.study.id, of_now=self.now)
            if row is None:
                return None
            number = row[0]
            try:
                trial = decode_trial(self.session, self.study, row[:-1])
                reports = read_reports(self.session, self.study, number)
                before = trial.replace(reports=reports)
                after = claimed(before, self.now, row[-1] or MAX_ATTEMPTS)
            except BAD_ROW as error:
                damaged[number] = why(error)
                self._run(sql.SET_LEASE, number, claimable_at=None)
                continue
            if after.state in FINISHED:
                self.end(before, after)
                continue
            self._run(
                sql.CLAIM_TRIAL,
                number,
                state=int(after.state),
                attempt=after.attempt,
                started=after.started,
                claim=token,
                revision=self.revision,
                **self._lease(lease),
            )
            if after.attempt != before.attempt:
                # The reports that stay are sent to readers anew: these drop what they know of
                # the attempt before.
                last = max(after.reports, default=-1)
                self._run(sql.REMOVE_REPORTS, number, of_step=last)
                self._run(sql.TOUCH_REPORTS, number, revision=self.revision)
                self._resend(after)
            self._changed(after)
            return after

    def begun_with(self, ticket: Ticket | None) -> FrozenTrial | None:
        """The trial that was begun with this ticket, if it runs as it did."""
        if ticket is None or not ticket.again:
            return None
        row = self.session.one(sql.FIND_CLAIM, of_study=self.study.id, of_claim=ticket.token)
        return None if row is None else self.trial(row[0])

    def start(self, draft: Draft, lease: Lease, token: int) -> FrozenTrial:
        """A new RUNNING trial."""
        trial = FrozenTrial.build(
            self.next_number,
            _RUNNING,
            space=draft.space,
            point=draft.point,
            started=draft.started or self.now,
            user_attrs=dict(draft.user_attrs),
            system_attrs=dict(draft.system_attrs),
        )
        self.insert(trial, token, **self._lease(lease))
        return trial

    def insert(
        self,
        trial: FrozenTrial,
        token: int,
        *,
        claimable_at: int | None = None,
        max_attempts: int | None = None,
        worker: str = "",
    ) -> None:
        """A trial in any state, under the next number."""
        self.session.run(
            sql.ADD_TRIAL,
            study_id=self.study.id,
            number=trial.number,
            **_ending(trial),
            attempt=trial.attempt,
            started=trial.started,
            archived=int(trial.archived),
            claimable_at=claimable_at,
            max_attempts=max_attempts,
            worker=worker,
            claim=token,
            revision=self.revision,
            ended=self.revision if trial.state in FINISHED else None,
            **self._content(trial),
        )
        self._set_reports(trial.number, {}, list(trial.reports.values()))
        self.next_number = trial.number + 1
        self._changed(trial)

    def end(self, before: FrozenTrial, after: FrozenTrial) -> None:
        """A trial that has finished."""
        fields: dict[str, Any] = {}
        statement = sql.END_TRIAL
        if _content_differs(before, after):
            fields = self._content(after)
            statement = sql.SET_CONTENT_AND_END
        self._run(
            statement,
            after.number,
            **_ending(after),
            started=after.started,
            claimable_at=None,
            revision=self.revision,
            ended=self.revision,
            **fields,
        )
        if after.reports is not before.reports:
            new = [r for step, r in after.reports.items() if before.reports.get(step) is not r]
            self._set_reports(after.number, before.reports, new)
        self._changed(after)

    def amend(self, after: FrozenTrial, token: int) -> None:
        """A finished trial with another outcome, or running again."""
        lease: dict[str, Any] = {}
        statement = sql.AMEND_TRIAL
        if after.state is _RUNNING:
            statement = sql.REOPEN_TRIAL
            lease = {"attempt": after.attempt, "ended": None, **self._lease(Lease())}
            self._run(sql.TOUCH_REPORTS, after.number, revision=self.revision)
            self._resend(after)
        self._run(
            statement,
            after.number,
            **_ending(after),
            revision=self.revision,
            claim=token,
            **self._content(after),
            **lease,
        )
        self._changed(after, self.now)

    def update(self, before: FrozenTrial, after: FrozenTrial) -> None:
        """A trial with other content; its reports stay."""
        if _content_differs(before, after):
            self._run(sql.SET_CONTENT, after.number, revision=self.revision, **self._content(after))
            self._changed(after)

    def report(self, number: int, reports: Iterable[Report]) -> None:
        """More reports of a trial, at a cost that does not grow with those it has."""
        recalled = self._recall(self._before, number)
        known = (
            read_reports(self.session, self.study, number, {report.step for report in reports})
            if recalled is None
            else recalled[1]
        )
        changed = merged(known, reports)
        if changed:
            self._set_reports(number, known, changed)
            self._active = max(self._active or 0, self.now)

    def set_state(self, trial: FrozenTrial, state: TrialState) -> None:
        """WAITING or PAUSED, without a lease."""
        self._run(
            sql.SET_STATE,
            trial.number,
            state=int(state),
            claimable_at=0 if state is _WAITING else None,
            revision=self.revision,
        )
        self._trials.append(trial.replace(state=state))

    def set_archived(self, trial: FrozenTrial, archived: bool) -> None:
        """Set aside, or taken back."""
        self._run(sql.SET_ARCHIVED, trial.number, archived=int(archived), revision=self.revision)
        self._trials.append(trial.replace(archived=archived))

    def remove(self, number: int) -> None:
        """Gone for good, but for its number."""
        self._run(
            sql.REMOVE_TRIAL,
            number,
            layout=0,
            point="[]",
            constraints=None,
            user_attrs=None,
            system_attrs=None,
            state=DELETED,
            means=None,
            sems=None,
            objective=None,
            claimable_at=None,
            revision=self.revision,
        )
        self._run(sql.REMOVE_REPORTS, number, of_step=-1)
        self._deleted.append(number)

    def touch(self) -> None:
        """Raise the revision though no trial changed."""
        self._touched = True

    def flush(self) -> bool:
        """Write the study's row, if anything changed; whether it did."""
        if not (self._trials or self._reports or self._deleted or self._touched):
            return False
        self.session.run(
            sql.SET_COUNTERS,
            of_study=self.study.id,
            revision=self.revision,
            next_number=self.next_number,
            active=self._active,
        )
        return True

    # ------------------------------------------------------------------ parts

    def _changed(self, trial: FrozenTrial, at: int = 0) -> None:
        """Note a trial as it was written, and when it was last active."""
        self._trials.append(trial)
        latest = max(self._active or 0, trial.started or 0, trial.finished or 0, at)
        self._active = latest or None

    def _run(self, statement: Any, number: int, **parameters: Any) -> int:
        return self.session.run(statement, of_study=self.study.id, of_number=number, **parameters)

    def _lease(self, lease: Lease) -> dict[str, Any]:
        until = None if lease.seconds is None else self.now + int(lease.seconds * 1e6)
        return {
            "claimable_at": until,
            "max_attempts": lease.max_attempts,
            "worker": lease.worker,
        }

    def _content(self, trial: FrozenTrial) -> dict[str, Any]:
        return {
            "layout": self._layout(trial.space),
            "point": codec.dump_floats(trial.point),
            "constraints": codec.dump_floats(trial.constraints) if trial.constraints else None,
            "user_attrs": codec.dump_attrs(trial.user_attrs),
            "system_attrs": codec.dump_attrs(trial.system_attrs),
        }

    def _layout(self, space: Space) -> int:
        layouts = self.study.layouts
        layout = layouts.find(space)
        if layout is None and not self.added:
            layouts.refresh(self.session)
            layout = layouts.find(space)
        if layout is not None:
            return layout
        for layout, added in self.added.items():
            if added == space:
                return layout
            check_space(added, space)
        layouts.check(space)
        layout = layouts.last + len(self.added) + 1
        self.session.run(
            sql.ADD_LAYOUT, study_id=self.study.id, id=layout, body=codec.dump_space(space)
        )
        self.added[layout] = space  # known to `layouts` when it is committed
        return layout

    def _set_reports(
        self, number: int, known: Mapping[int, Report], reports: Sequence[Report]
    ) -> None:
        """Write reports, over those ``known`` at the same steps."""
        self.session.many(
            sql.ADD_REPORT,
            [
                {
                    "study_id": self.study.id,
                    "number": number,
                    "step": report.step,
                    "metrics": codec.dump_floats(report.metrics),
                    "checkpoint": report.checkpoint,
                    "revision": self.revision,
                }
                for report in reports
                if report.step not in known
            ],
        )
        for report in reports:
            if report.step in known:
                self._run(
                    sql.SET_REPORT,
                    number,
                    of_step=report.step,
                    metrics=codec.dump_floats(report.metrics),
                    checkpoint=report.checkpoint,
                    revision=self.revision,
                )
        self._reports += [(number, report) for report in reports]

    def _resend(self, trial: FrozenTrial) -> None:
        """Tell readers of the reports that a trial has taken into a new attempt."""
        self._reports += [(trial.number, report) for report in trial.reports.values()]


def new_token() -> int:
    """A number that no other write has, in 63 bits."""
    return secrets.randbits(63)


def _floats(values: Sequence[float | None] | None) -> str | None:
    return None if values is None else codec.dump_floats(values)


def _objective(trial: FrozenTrial) -> float | None:
    """What `StudySummary.best` is the best of."""
    values = trial.values
    if trial.state is not TrialState.COMPLETE or values is None or len(values) != 1:
        return None
    return values[0] if trial.is_feasible else None


def _ending(trial: FrozenTrial) -> dict[str, Any]:
    """Columns that hold how a trial stands or ended."""
    return {
        "state": int(trial.state),
        "means": _floats(trial.values),
        "sems": _floats(trial.sems),
        "objective": _objective(trial),
        "finished": trial.finished,
    }


def _content_differs(before: FrozenTrial, after: FrozenTrial) -> bool:
    return (
        before.point is not after.point
        or before.space is not after.space
        or before.constraints is not after.constraints
        or before.user_attrs is not after.user_attrs
        or before.system_attrs is not after.system_attrs
    )
