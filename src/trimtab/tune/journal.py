"""What a run writes into its storage: what members report, what is noted with them, how they end.

It is written a little later, all at once. Decisions need not wait for that: they are made on what
`Ahead` has, and are written together with what they were made on. So what is stored is the run as
it was at one moment, and a run that is killed goes on from there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from trimtab.errors import short_repr
from trimtab.records import FrozenTrial, History, Outcome, Report, TrialState, TrialUpdate
from trimtab.space.paths import flattened
from trimtab.storage import Storage, Write
from trimtab.tune.ahead import Ahead
from trimtab.tune.events import Reported
from trimtab.tune.members import PROGRESS, Member
from trimtab.tune.metrics import AUTOMATIC, ITERATION, TIMESTAMP, TOTAL, numeric

_DELAY: Final = 0.25
"""Seconds for which what happened may wait to be written."""


class Journal:
    """Writes into the study of a run.

    Args:
        storage: Where the study is.
        study_id: The study.
        metric: What is tuned; None: the first number that a trial reported, or will report.
        compares: Whether members are compared while they run, on all that happened so far.
    """

    def __init__(
        self, storage: Storage, study_id: int, metric: str | None, *, compares: bool
    ) -> None:
        self._storage = storage
        self._study_id = study_id
        known = storage.study(study_id).metric_names if metric is None else None
        self._metric = known[0] if known else metric
        self._unwritten: dict[int, Member] = {}
        self._ahead = Ahead(storage, study_id) if compares else None
        self._then: list[Callable[[], None]] = []
        self._flushed_at = time.monotonic()

    # ------------------------------------------------------------------ what is to be written

    def report(self, member: Member, event: Reported) -> dict[str, float]:
        """A member reported.

        Returns:
            The numbers of the report, as they are stored.
        """
        metrics = numeric(event.metrics)
        if self._metric is None and metrics:
            self._metric = next(iter(metrics))
            self._storage.update_study(self._study_id, metric_names=[self._metric])
        metrics[TOTAL], metrics[TIMESTAMP] = event.total, member.result[TIMESTAMP]
        metrics.pop(ITERATION, None)  # of its own: iterations are what is reported, one by one
        if event.iteration != event.step:
            metrics[ITERATION] = float(event.iteration)
        member.pending.append(Report(event.step, metrics, event.checkpoint))
        self.note(member)
        return metrics

    def report_again(self, member: Member, event: Reported) -> None:
        """A member saved its state once more where it was before: its report stays what it is."""
        member.pending.append(Report(event.step, {}, event.checkpoint))
        self.note(member)

    def note(self, member: Member, attrs: Mapping[str, Any] | None = None) -> None:
        """A member is somewhere else now, or has other attributes."""
        member.attrs |= attrs or {}
        self._unwritten[member.number] = member

    def set_state(self, member: Member, state: TrialState) -> None:
        """A member runs, or rests."""
        member.state = state
        self.note(member)

    # ------------------------------------------------------------------ writing

    @property
    def due(self) -> float:
        """When what is not written has to be, by `time.monotonic`."""
        return math.inf if self._is_written else self._flushed_at + _DELAY

    @property
    def _is_written(self) -> bool:
        return not (self._unwritten or self._ahead)

    def flush(self) -> None:
        """Write what is not written yet, all at once."""
        writes = self._taken()
        if self._ahead is not None:
            writes = self._ahead.take(writes)
        if writes:
            self._storage.write_all(self._study_id, writes)
            if self._ahead is not None:
                self._ahead.stored()
        self._flushed_at = time.monotonic()
        then, self._then = self._then, []
        for act in then:
            act()

    def once_written(self, act: Callable[[], None]) -> None:
        """Do something that cannot be undone, when what led to it is stored."""
        self._then.append(act)
        if self._is_written:
            self.flush()

    def _taken(self) -> list[Write]:
        """What members have to be written; they have it no more."""
        writes = []
        for member in self._unwritten.values():
            attrs = {**member.attrs, PROGRESS: member.progress()}
            update = TrialUpdate(reports=tuple(member.pending), system_attrs=attrs)
            writes.append(Write(member.number, update, member.state))
            member.pending, member.attrs, member.state = [], {}, None
        self._unwritten.clear()
        return writes

    def finish(self, member: Member, state: TrialState, reason: str | None = None) -> FrozenTrial:
        """A member has ended, with its last value, which it needs to be complete."""
        self.flush()
        outcome = _outcome(member, self._metric, state, reason)
        trial = self._storage.finish(self._study_id, member.number, None, outcome)
        if self._ahead is not None:
            self._ahead.look()
        return trial

    # ------------------------------------------------------------------ reading

    @contextmanager
    def history(self, number: int | None = None) -> Iterator[History]:
        """What happened so far, for as long as it is looked at.

        Where members are not compared that is what is stored, of those on which something was, or
        is to be, decided in full.

        Args:
            number: A trial that has to be in it; None: any.
        """
        if self._ahead is None and any(
            member.attrs or member.open is not None for member in self._unwritten.values()
        ):
            self.flush()
        with self._storage.lock:
            if self._ahead is None:
                yield self._storage.history(self._study_id)
            else:
                yield self._ahead.history(self._taken(), number)


def _outcome(member: Member, metric: str | None, state: TrialState, reason: str | None) -> Outcome:
    value = None if metric is None else numeric(member.result).get(metric)
    if value is not None and math.isfinite(value):
        return Outcome(state, None if state is TrialState.FAIL else (value,), reason=reason)
    if state is TrialState.COMPLETE:
        return Outcome(TrialState.FAIL, None, reason=reason or _lack(member, metric))
    return Outcome(state, None, reason=reason)


def _lack(member: Member, metric: str | None) -> str:
    """Why a member's last result has no value."""
    if not member.result:
        return "it reported nothing"
    told = flattened(member.result)
    if metric is None:
        return f"expected a number among what is reported, got {short_repr(told)}"
    if metric in told:
        got = short_repr(told[metric])
        return f"`{metric}`: expected a finite number in its last report, got {got}"
    names = sorted(set(told) - set(AUTOMATIC))
    return f"`{metric}`: expected in its last report, got {short_repr(names)}"
