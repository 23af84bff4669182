"""What schedulers work out from a history: the metric of one trial, and tallies of finished ones.

A tally is followed, not recomputed: each finished trial is read once, whoever asks and however
often, so a decision costs the same at 100,000 trials as at 100.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from trimtab.records import DELETED, History

_FEW = 16
"""Up to so many new values are put in their places one by one; more are sorted in together."""


class Tally(Protocol):
    """Grows with the finished trials of one history."""

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        """Take in trials that finished since, in the order in which they did."""


T = TypeVar("T", bound=Tally)


class Derived(Generic[T]):
    """One tally per history and metric, brought up to date when it is asked for.

    A tally starts anew when a finished trial was archived or deleted. A copy (of a scheduler, in
    another process) starts empty: nothing here needs to survive.

    Args:
        make: Called with the metric: an empty tally.
    """

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._known: WeakKeyDictionary[History, _Followed[T]] = WeakKeyDictionary()

    def of(self, history: History, metric: str) -> T:
        """The tally of all trials that have finished by now."""
        followed = self._known.get(history)
        if followed is None or (followed.rewrites, followed.metric) != (history.rewrites, metric):
            followed = _Followed(self._make(metric), history.rewrites, metric)
            self._known[history] = followed
        finished = history.finished
        if followed.seen < len(finished):
            new = finished[followed.seen :]
            followed.seen = len(finished)
            kept = new[(history.states[new] != DELETED) & ~history.archived[new]]
            followed.tally.absorb(history, kept.tolist())
        return followed.tally

    def __reduce__(self) -> tuple[Any, ...]:
        return Derived, (self._make,)


class _Followed(Generic[T]):
    __slots__ = ("metric", "rewrites", "seen", "tally")

    def __init__(self, tally: T, rewrites: int, metric: str) -> None:
        self.tally = tally
        self.rewrites = rewrites
        self.metric = metric
        self.seen = 0


def merge(ordered: list[float], new: list[float]) -> None:
    """Put new values in their places among ascending ones, none of them NaN."""
    if len(new) > _FEW:
        ordered.extend(new)
        ordered.sort()
    else:
        for value in new:
            insort(ordered, value)


def metric_by_step(history: History, number: int, metric: str) -> dict[int, float]:
    """One trial's reports of ``metric`` by step, ascending; other reports are passed over."""
    return {
        step: report.metrics[metric]
        for step, report in history.reports(number).items()
        if metric in report.metrics
    }


def next_check(history: History, number: int, metric: str, warmup: float, interval: float) -> int:
    """The first step at which `report_due` may find that a check is due."""
    last = history.last_step(number)
    soonest = 1 if last is None else last + 1
    checked = history.last_value(number, metric)
    if checked is None or checked[0] < warmup:
        return max(soonest, math.ceil(warmup))
    periods = (checked[0] - warmup) // interval + 1
    return max(soonest, math.ceil(warmup + periods * interval))


def report_due(
    history: History, number: int, metric: str, warmup: float, interval: float
) -> tuple[int, float] | None:
    """(step, value) of one trial's last report of ``metric``, if a check is due there.

    One is due at the first report in its interval after the warm-up.

    Args:
        history: Has the reports.
        number: The trial.
        metric: The metric.
        warmup: No check is due before this step; intervals are counted from it.
        interval: A check that falls between two reports is made at the later one.
    """
    newest = history.newest(number, metric)
    last = next(newest, None)
    if last is None or last[0] < warmup:
        return None
    before = next(newest, None)
    opened = (last[0] - warmup) // interval * interval + warmup
    return last if before is None or before[0] < opened else None
