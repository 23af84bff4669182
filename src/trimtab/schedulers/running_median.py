"""The median stopping rule under Ray Tune's name and arguments.

Golovin et al. (2017), "Google Vizier: A Service for Black-Box Optimization", section 3.2.2: a
trial stops if its best value is worse than the median of the running averages of the others.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import numpy as np

from trimtab.records import History, StudyDirection
from trimtab.schedulers.base import CONTINUE, STOP, Continue, Decision, Pause
from trimtab.schedulers.derived import Derived
from trimtab.schedulers.progress import ITERATION
from trimtab.schedulers.timed import TimedScheduler
from trimtab.space.checks import check_count, check_number

PAUSED_AT: Final = "median:paused_at"
"""System attribute: when a trial was last paused for want of others to compare it with."""

_TIMES = 1000
"""So many times are kept for which averages are known."""


class MedianStoppingRule(TimedScheduler):
    """Stops a trial whose best value is worse than the median of the others' running averages.

    At a time t, the running average of another trial is that of what it reported from
    ``grace_period`` to t. Others are those that have come to t, ended ones among them.

    Args:
        time_attr: What is counted: ``training_iteration``, ``time_total_s`` or any reported
            metric that grows.
        metric: Which reported metric is compared; None: the run's.
        mode: ``"min"`` or ``"max"``; None: the run's.
        grace_period: Nothing is stopped before. In ``time_attr``, at least 0.
        min_samples_required: So many others there must be, at least 1.
        min_time_slice: Where there are too few and trials wait, one that has run for longer than
            this makes room for them. At least 0.
        hard_stop: Whether a bad trial is stopped; if not, it is paused, and goes on after those
            that wait.

    Raises:
        InvalidArgument: If a number is out of its range.
        InvalidType: If an argument is of the wrong type.
    """

    needs_checkpoints = True

    def __init__(
        self,
        time_attr: str = "time_total_s",
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        grace_period: float = 60.0,
        min_samples_required: int = 3,
        min_time_slice: float = 0,
        hard_stop: bool = True,
    ) -> None:
        super().__init__(time_attr, metric, mode)
        self.grace_period = check_number("grace_period", grace_period, 0.0)
        self.min_samples_required = check_count("min_samples_required", min_samples_required, 1)
        self.min_time_slice = check_number("min_time_slice", min_time_slice, 0.0)
        self.hard_stop = bool(hard_stop)
        self._finished = Derived(partial(_Ended, self.time_attr))
        self._open: WeakKeyDictionary[History, dict[int, _Curve]] = WeakKeyDictionary()

    def next_step(self, history: History, number: int) -> int | None:
        """The first step after the grace period, and then each."""
        return self.step_at(history, number, self.grace_period)

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Stop`, or where so chosen `Pause`, if the trial is worse than the median."""
        last = self.latest(history, number)
        if last is None or last[0] < self.grace_period:
            return CONTINUE
        time = last[0]
        ended = self._finished.of(history, self.metric)
        averages = ended.averages(self.grace_period, time) + _averages(
            self._others(history, number), self.grace_period, time
        )
        if len(averages) < self.min_samples_required:
            return self._make_room(history, number, time)
        least, greatest = history.value_range(number, self.metric)
        median = float(np.median(averages))
        maximize = direction is StudyDirection.MAXIMIZE
        # Not `<`: a trial that has reported nothing but NaN is worse, too.
        if (greatest >= median) if maximize else (least <= median):
            return CONTINUE
        return STOP if self.hard_stop else Pause({PAUSED_AT: time})

    def release(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """All that rest, once none waits."""
        return {} if history.waiting else dict.fromkeys(sorted(history.paused), CONTINUE)

    def _make_room(self, history: History, number: int, time: float) -> Decision:
        ran = time - float(history.system_attrs(number).get(PAUSED_AT, 0.0))
        if ran > self.min_time_slice and (history.waiting or history.paused):
            return Pause({PAUSED_AT: time})
        return Continue()

    def _others(self, history: History, number: int) -> Iterator[_Curve]:
        """The curves of the other open trials, up to date."""
        known = self._open.setdefault(history, {})
        going = (*history.running, *history.paused)
        if len(known) > 2 * len(going):
            for gone in known.keys() - set(going):
                del known[gone]
        for other in going:
            if other != number:
                curve = known.get(other)
                if curve is None or not curve.follows(history, other):
                    curve = known[other] = _Curve(history, other, self.time_attr, self.metric)
                if curve.times:
                    yield curve

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open = WeakKeyDictionary()


class _Curve:
    """What a trial reported, summed up so that any average is at hand.

    Attributes:
        times: Ascending.
    """

    __slots__ = ("_attempt", "_metric", "_step", "_sums", "_time_attr", "times")

    def __init__(self, history: History, number: int, time_attr: str, metric: str) -> None:
        self.times: list[float] = []
        self._sums = [0.0]
        self._step = -1
        self._attempt = int(history.attempts[number])
        self._time_attr, self._metric = time_attr, metric
        self.follows(history, number)

    @property
    def last(self) -> float:
        """The last time."""
        return self.times[-1] if self.times else -math.inf

    def average(self, begin: float, end: float) -> float:
        """Of the values from ``begin`` to ``end``; NaN where there are none."""
        low = bisect_right(self.times, math.nextafter(begin, -math.inf))
        high = bisect_right(self.times, end)
        if low >= high:
            return math.nan
        return (self._sums[high] - self._sums[low]) / (high - low)

    def follows(self, history: History, number: int) -> bool:
        """Take in new reports; False where older ones have changed."""
        if int(history.attempts[number]) != self._attempt:
            return False
        fresh: list[tuple[float, float]] = []
        reports = history.reports(number)
        for step, value in history.newest(number, self._metric):
            if step <= self._step:
                break
            iteration = float(step) if self._time_attr == ITERATION else math.nan
            time = reports[step].metrics.get(self._time_attr, iteration)
            if math.isfinite(time) and math.isfinite(value):
                fresh.append((time, value))
        self._step = history.last_step(number) or self._step
        for time, value in reversed(fresh):
            if time >= self.last:
                self.times.append(time)
                self._sums.append(self._sums[-1] + value)
        return True


class _Ended:
    """The curves of finished trials."""

    def __init__(self, time_attr: str, metric: str) -> None:
        self._curves: list[_Curve] = []
        self._time_attr, self._metric = time_attr, metric
        self._known: dict[float, tuple[int, list[float]]] = {}

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        for number in finished:
            curve = _Curve(history, number, self._time_attr, self._metric)
            if curve.times:
                self._curves.append(curve)

    def averages(self, begin: float, end: float) -> list[float]:
        """Of those that have come to ``end``; ``begin`` is always the same."""
        seen, found = self._known.get(end, (0, []))
        found = found + _averages(self._curves[seen:], begin, end)
        if len(self._known) >= _TIMES:  # seconds hardly ever come again
            self._known.clear()
        self._known[end] = len(self._curves), found
        return found


def _averages(curves: Iterable[_Curve], begin: float, end: float) -> list[float]:
    """The averages of the curves that have come to ``end``, where there are any."""
    averages = (curve.average(begin, end) for curve in curves if curve.last >= end)
    return [average for average in averages if not math.isnan(average)]
