"""Asynchronous successive halving under Ray Tune's name and arguments, and the form that pauses."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History, StudyDirection
from trimtab.schedulers.asha import Bracket, Halving, Rungs, rung_key, rungs_completed
from trimtab.schedulers.base import CONTINUE, Continue, Decision, Pause, Stop
from trimtab.schedulers.derived import Derived
from trimtab.schedulers.hyperband import Brackets
from trimtab.schedulers.progress import ITERATION
from trimtab.schedulers.timed import TimedScheduler
from trimtab.space.checks import check_count, check_number

PROMOTED: Final = "promoted_from_rung"
"""System attribute: the last rung from which a trial went on."""


class AsyncHyperBandScheduler(TimedScheduler):
    """Stops a trial that is not among the best ``1 / reduction_factor`` at a rung.

    The rule is `SuccessiveHalvingPruner`'s (Li et al., 2020, algorithm 2, without pausing), which
    differs from Ray Tune's in three ways: a trial whose metric is NaN at a rung is stopped; a
    report that passes several rungs counts at each; and the best ``1 / reduction_factor`` are
    counted, the trial among them, rather than interpolated.

    Args:
        time_attr: What is counted: ``training_iteration``, ``time_total_s`` or any reported
            metric that grows.
        metric: Which reported metric is compared; None: the run's.
        mode: ``"min"`` or ``"max"``; None: the run's.
        max_t: A trial that comes so far is complete. In ``time_attr``, above 0.
        grace_period: Nothing is stopped before. From above 0 to ``max_t``.
        reduction_factor: Above 1. The rungs are at ``grace_period * reduction_factor ** k``.
        brackets: At least 1. Bracket s leaves out the first s rungs. A trial's follows from its
            number; see `Brackets`.
        stop_last_trials: Whether a trial ends at ``max_t``; if not, it goes on without rungs.

    Raises:
        InvalidArgument: If a number is out of its range.
        InvalidType: If an argument is of the wrong type.
    """

    def __init__(
        self,
        time_attr: str = ITERATION,
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        max_t: float = 100,
        grace_period: float = 1,
        reduction_factor: float = 4,
        brackets: int = 1,
        stop_last_trials: bool = True,
    ) -> None:
        super().__init__(time_attr, metric, mode)
        self.max_t = check_number("max_t", max_t, math.ulp(0.0))
        self.grace_period = check_number("grace_period", grace_period, math.ulp(0.0), self.max_t)
        self.reduction_factor = check_number("reduction_factor", reduction_factor, 1.0)
        if self.reduction_factor == 1.0:
            raise InvalidArgument("reduction_factor", "a number above 1", reduction_factor)
        self.stop_last_trials = bool(stop_last_trials)
        self._brackets = Brackets(check_count("brackets", brackets, 1), self.reduction_factor)
        self._rungs = Derived(partial(Rungs, bracket=self._brackets.of))

    def next_step(self, history: History, number: int) -> int | None:
        """The next rung, or the end."""
        due = self._halving(number).resource_of(rungs_completed(history, number, self.metric))
        if self.stop_last_trials:
            due = min(due, self.max_t)
        return None if math.isinf(due) else self.step_at(history, number, due)

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Stop` at a rung where the trial is not among the best, and at the end."""
        last = self.latest(history, number)
        if last is None:
            return CONTINUE
        if self.stop_last_trials and last[0] >= self.max_t:
            return Stop(completes=True)
        return self._judge(history, number, direction, last)

    def _judge(
        self, history: History, number: int, direction: StudyDirection, last: tuple[float, float]
    ) -> Decision:
        rungs = self._rungs.of(history, self.metric)
        return self._halving(number).decide(history, number, direction, rungs, last)

    def _halving(self, number: int) -> Halving:
        return Halving(
            self.grace_period,
            self.reduction_factor,
            self._brackets.of(number),
            max_resource=self.max_t,
        )


ASHAScheduler = AsyncHyperBandScheduler


class PromotingASHA(AsyncHyperBandScheduler):
    """Pauses trials at rungs, and lets one go on when it is among the best of its rung.

    Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning" (MLSys), algorithm
    2: whenever a worker is free, the highest rung is looked for of whose best
    ``floor(n / reduction_factor)`` trials one is paused there, and this one goes on; where there
    is none, a new trial begins. No trial is ever stopped for good while others may still come;
    those that rest at the end are then stopped. A trial whose metric is NaN at a rung is stopped.

    The arguments are those of `AsyncHyperBandScheduler`.
    """

    needs_checkpoints = True
    prefers_paused = True

    @cached_property
    def _standings(self) -> Derived[_Standings]:
        return Derived(partial(_Standings, bracket=self._brackets.of))

    def _judge(
        self, history: History, number: int, direction: StudyDirection, last: tuple[float, float]
    ) -> Decision:
        """`Pause` at a rung."""
        spent, value = last
        halving, rung = self._halving(number), rungs_completed(history, number, self.metric)
        state: dict[str, float] = {}
        while spent >= halving.resource_of(rung):
            if math.isnan(value):
                return Stop(state)
            state[rung_key(rung, self.metric)] = value
            rung += 1
        return Pause(state) if state else CONTINUE

    def release(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """The one trial that is to go on first, if any is."""
        standings = self._standings.of(history, self.metric)
        if not standings.follow(history):  # an open trial was deleted: what is known is stale
            del self._standings
            standings = self._standings.of(history, self.metric)
            standings.follow(history)
        number = standings.promotable(history, direction, self.reduction_factor)
        if number is None:
            return {}
        return {number: Continue({PROMOTED: rungs_completed(history, number, self.metric) - 1})}


_Entry: TypeAlias = tuple[float, int]
"""A value at a rung, and whose."""
_Place: TypeAlias = tuple[int, int]
"""A bracket, and a rung of it."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of an open trial.

    Attributes:
        attrs: From which it is known.
        rungs: How many it has completed.
        rests: Where, if it has not gone on from there.
    """

    attrs: Mapping[str, Any]
    rungs: int
    rests: tuple[_Place, _Entry] | None


class _Standings:
    """Who completed each rung of each bracket, and with what, open trials among them.

    Args:
        metric: Whose values they are.
        bracket: The bracket of a trial number.
    """

    def __init__(self, metric: str, bracket: Bracket) -> None:
        self._metric = metric
        self._bracket = bracket
        self._ranked: defaultdict[_Place, list[_Entry]] = defaultdict(list)
        self._resting: defaultdict[_Place, list[_Entry]] = defaultdict(list)
        self._open: dict[int, _Seen] = {}

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        for number in finished:
            self._take(history, number)
            self._move(self._open.pop(number).rests, None)

    def follow(self, history: History) -> bool:
        """Take in what open trials completed; False if one of those is there no more."""
        for number in history.running:
            self._take(history, number)
        # Whoever was paused last is last: what comes before one that is known is known, too.
        for number in reversed(history.paused):
            seen = self._open.get(number)
            # A trial's attributes are replaced as a whole whenever one changes.
            if seen is not None and seen.attrs is history.system_attrs(number):
                break
            self._take(history, number)
        if len(self._open) == len(history.running) + len(history.paused):
            return True
        gone = self._open.keys() - history.running.keys() - history.paused.keys()
        return all(number in history.waiting for number in gone)

    def promotable(
        self, history: History, direction: StudyDirection, reduction_factor: float
    ) -> int | None:
        """The best of the highest rung that has a trial which may go on."""
        maximize = direction is StudyDirection.MAXIMIZE
        # "for k = K - 1, ..., 1, 0" (algorithm 2, line 11); then by bracket.
        for place in sorted(self._resting, key=lambda place: (-place[1], place[0])):
            ranked = self._ranked[place]
            places = int(len(ranked) // reduction_factor)
            for entry in _from_the_best(self._resting[place], maximize):
                if _better(ranked, entry, maximize) >= places:
                    break
                attrs = history.system_attrs(entry[1])
                if entry[1] in history.paused and attrs.get(PROMOTED, -1) < place[1]:
                    return entry[1]
        return None

    def _take(self, history: History, number: int) -> None:
        attrs = history.system_attrs(number)
        bracket, seen = self._bracket(number), self._open.get(number)
        rungs, rested = (0, None) if seen is None else (seen.rungs, seen.rests)
        while (key := rung_key(rungs, self._metric)) in attrs:
            insort(self._ranked[bracket, rungs], (attrs[key], number))
            rungs += 1
        rests = None
        if rungs and attrs.get(PROMOTED, -1) < rungs - 1:
            rests = (bracket, rungs - 1), (attrs[rung_key(rungs - 1, self._metric)], number)
        self._move(rested, rests)
        self._open[number] = _Seen(attrs, rungs, rests)

    def _move(
        self, before: tuple[_Place, _Entry] | None, after: tuple[_Place, _Entry] | None
    ) -> None:
        if before == after:
            return
        if before is not None:
            entries = self._resting[before[0]]
            del entries[bisect_left(entries, before[1])]
        if after is not None:
            insort(self._resting[after[0]], after[1])


def _from_the_best(ascending: list[_Entry], maximize: bool) -> Iterator[_Entry]:
    """Entries from the best to the worst; of equals the earlier trial is better."""
    if not maximize:
        yield from ascending
        return
    end = len(ascending)
    while end:
        begin = bisect_left(ascending, (ascending[end - 1][0], -1), 0, end)
        yield from ascending[begin:end]
        end = begin


def _better(ascending: list[_Entry], entry: _Entry, maximize: bool) -> int:
    """How many entries are better than one of them."""
    place = bisect_left(ascending, entry)
    if not maximize:
        return place
    equal = place - bisect_left(ascending, (entry[0], -1))
    return len(ascending) - bisect_right(ascending, (entry[0], math.inf)) + equal
