"""Successive halving: at each rung only the best fraction of trials goes on.

The asynchronous form of Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning"
(MLSys), algorithm 2, without pausing: a trial is judged at the moment it completes a rung,
against all that completed the rung before it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import VALUE, History, StudyDirection, TrialState
from trimtab.schedulers.base import CONTINUE, Continue, Decision, Scheduler, Stop
from trimtab.schedulers.derived import Derived, merge
from trimtab.space.checks import check_count

Bracket = Callable[[int], int]
"""The bracket of a trial number: trials compete within theirs."""


class SuccessiveHalvingPruner(Scheduler):
    """Stops a trial that is not among the best ``1 / reduction_factor`` at a rung.

    Rung k is completed at step ``min_resource * reduction_factor ** (min_early_stopping_rate +
    k)``. The value reported there is kept in the trial's system attributes as
    ``completed_rung_k``. The first ``reduction_factor - 1`` trials at a rung go on only if they
    are its best. A trial that reports NaN where a rung is due is stopped.

    Args:
        min_resource: Step of the first rung, at least 1. ``"auto"``: a hundredth of the last
            step of the first trial that completed (at least 1); nothing is stopped before.
        reduction_factor: At least 2 (eta in the paper).
        min_early_stopping_rate: Rungs left out at the beginning, at least 0 (s in the paper).
        bootstrap_count: Trials that must have completed a rung before any goes on from it; the
            ones that come earlier are stopped there. Not with ``"auto"``.
        metric: Which reported metric to look at; None for the unnamed one.
        direction: Of the metric; None for the study's.

    Raises:
        InvalidArgument: If a number is out of its range, or ``bootstrap_count`` is combined with
            ``min_resource="auto"``.
        InvalidType: If an argument is not a whole number.
    """

    def __init__(
        self,
        min_resource: int | Literal["auto"] = "auto",
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
        *,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        super().__init__(metric=metric, direction=direction)
        self._min_resource = check_resource("min_resource", min_resource)
        self._reduction_factor = check_count("reduction_factor", reduction_factor, 2)
        self._min_early_stopping_rate = check_count(
            "min_early_stopping_rate", min_early_stopping_rate, 0
        )
        self._bootstrap_count = check_count("bootstrap_count", bootstrap_count, 0)
        if self._bootstrap_count and self._min_resource is None:
            raise InvalidArgument("bootstrap_count", "0 with min_resource='auto'", bootstrap_count)
        self._first = Derived(FirstCompleted)
        self._rungs = Derived(partial(Rungs, bracket=one_bracket))

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Stop` at a rung where the trial is not among the best; the state is its value there."""
        halving = self._halving(history)
        last = history.last_value(number, self.metric)
        if halving is None or last is None:
            return CONTINUE
        rungs = self._rungs.of(history, self.metric)
        return halving.decide(history, number, direction, rungs, last)

    def next_step(self, history: History, number: int) -> int | None:
        """The step of the next rung."""
        return next_rung(history, number, self.metric, self._halving(history))

    def _halving(self, history: History) -> Halving | None:
        """The rule; None where it is not known yet."""
        resource = self._min_resource
        if resource is None:
            last_step = self._first.of(history, self.metric).last_step
            if last_step is None:
                return None
            resource = max(last_step // 100, 1)
        return Halving(
            resource, self._reduction_factor, self._min_early_stopping_rate, self._bootstrap_count
        )


@dataclass(frozen=True, slots=True)
class Halving:
    """The rule of one bracket; the other attributes are explained at `SuccessiveHalvingPruner`.

    Attributes:
        max_resource: There is no rung beyond.
    """

    min_resource: float
    reduction_factor: float
    min_early_stopping_rate: int = 0
    bootstrap_count: int = 0
    max_resource: float = math.inf

    def decide(
        self,
        history: History,
        number: int,
        direction: StudyDirection,
        rungs: Rungs,
        last: tuple[float, float],
    ) -> Decision:
        """Judge a trial at every rung that its last report completes.

        Args:
            history: Has the trial.
            number: The trial.
            direction: Of the metric.
            rungs: What others had at the rungs.
            last: The resource that the last report stands for, and the metric there.
        """
        spent, value = last
        rung = rungs_completed(history, number, rungs.metric)
        state: dict[str, float] = {}
        while spent >= self.resource_of(rung):
            if math.isnan(value):
                return Stop(state)
            state[rungs.key(rung)] = value
            better, others = rungs.standing(history, number, rung, value, direction)
            competitors = others + 1
            places = max(int(competitors // self.reduction_factor), 1)
            if competitors <= self.bootstrap_count or better >= places:
                return Stop(state)
            rung += 1
        return Continue(state) if state else CONTINUE

    def resource_of(self, rung: int) -> float:
        """What a trial has spent when it completes ``rung``; infinity where there is none."""
        power = self.reduction_factor ** (self.min_early_stopping_rate + rung)
        resource: float = self.min_resource * power
        return resource if resource <= self.max_resource else math.inf


class Rungs:
    """Values at which trials completed each rung of each bracket, ascending.

    Finished trials are tallied; the few that run are looked up when a trial is judged.

    Args:
        metric: Whose values they are.
        bracket: The bracket of a trial number.
    """

    def __init__(self, metric: str, bracket: Bracket) -> None:
        self.metric = metric
        self._bracket = bracket
        self._values: dict[tuple[int, int], list[float]] = {}

    def key(self, rung: int) -> str:
        """The system attribute that holds a trial's value at ``rung``."""
        return rung_key(rung, self.metric)

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        new: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
        for number in finished:
            attrs = history.system_attrs(number)
            rung = 0
            while (key := self.key(rung)) in attrs:
                new[self._bracket(number), rung].append(attrs[key])
                rung += 1
        for place, values in new.items():
            merge(self._values.setdefault(place, []), values)

    def standing(
        self, history: History, number: int, rung: int, value: float, direction: StudyDirection
    ) -> tuple[int, int]:
        """How a trial that has just come to ``rung`` with ``value`` stands in its bracket.

        Returns:
            How many were better there, and how many have been there; ties are not better.
        """
        bracket, key = self._bracket(number), self.key(rung)
        done = self._values.get((bracket, rung), [])
        open_trials = chain(tuple(history.running), tuple(history.paused))
        going = [
            history.system_attrs(other)[key]
            for other in open_trials
            if key in history.system_attrs(other) and self._bracket(other) == bracket
        ]
        if direction is StudyDirection.MAXIMIZE:
            better = len(done) - bisect_right(done, value) + sum(v > value for v in going)
        else:
            better = bisect_left(done, value) + sum(v < value for v in going)
        return better, len(done) + len(going)


def rung_key(rung: int, metric: str) -> str:
    """The system attribute that holds a trial's value at ``rung``."""
    return f"completed_rung_{rung}" if metric == VALUE else f"completed_rung_{rung}:{metric}"


def rungs_completed(history: History, number: int, metric: str) -> int:
    """How many rungs a trial has completed."""
    attrs = history.system_attrs(number)
    rung = 0
    while rung_key(rung, metric) in attrs:
        rung += 1
    return rung


def next_rung(history: History, number: int, metric: str, halving: Halving | None) -> int:
    """The step at which a trial may complete its next rung, steps being the resource."""
    soonest = (history.last_step(number) or 0) + 1
    if halving is None:
        return soonest
    return max(math.ceil(halving.resource_of(rungs_completed(history, number, metric))), soonest)


class FirstCompleted:
    """The last step of the trial that completed first: how long a whole trial is.

    First by the time of finishing, then by number: the same after a study was loaded anew.
    """

    def __init__(self, metric: str) -> None:
        self.last_step: int | None = None
        self._metric = metric
        self._when: tuple[int, int] | None = None

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        for number in finished:
            when = (int(history.finished_at[number]), number)
            if history.states[number] != TrialState.COMPLETE:
                continue
            if self._when is None or when < self._when:
                last = history.last_value(number, self._metric)
                if last is not None:
                    self._when, self.last_step = when, last[0]


def check_resource(argument: str, value: object) -> int | None:
    """A step of at least 1, or None for ``"auto"``.

    Raises:
        InvalidArgument: If it is another string or below 1.
        InvalidType: If it is not a whole number.
    """
    if isinstance(value, str):
        if value != "auto":
            raise InvalidArgument(argument, "a whole number of at least 1, or 'auto'", value)
        return None
    return check_count(argument, value, 1)


def one_bracket(number: int) -> int:
    """All trials compete."""
    return 0
