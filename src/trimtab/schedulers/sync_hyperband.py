"""Hyperband with brackets that wait: all trials of a rung are compared at one time.

Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization" (JMLR
18), algorithm 1; with a model behind it, Falkner et al. (2018), "BOHB: Robust and Efficient
Hyperparameter Optimization at Scale" (ICML), algorithm 1.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

import numpy as np

from trimtab.records import FINISHED, History, StudyDirection
from trimtab.schedulers.asha import rung_key, rungs_completed
from trimtab.schedulers.base import CONTINUE, STOP, Continue, Decision, Pause, Stop
from trimtab.schedulers.hyperband import count_brackets
from trimtab.schedulers.progress import ITERATION
from trimtab.schedulers.timed import TimedScheduler
from trimtab.space.checks import check_count

PASSED: Final = "passed_rungs"
"""System attribute: how many rungs a trial was let go on from."""


class HyperBandScheduler(TimedScheduler):
    """Fills one bracket of successive halving after the other, and compares whole rungs.

    With ``max_t=81`` and ``reduction_factor=3`` there are brackets of 5 trials that run to 81 at
    once, of 8 that are compared at 27, of 15 at 9 and 27, of 34 at 3, 9 and 27, and of 81 at 1, 3,
    9 and 27; then they begin anew. Trials fill them in order of number. At a rung, those of a
    bracket rest until all of them have come there, ended or failed; the best
    ``ceil(n / reduction_factor)`` go on and the others are stopped. A metric that is NaN is worst.

    Where no trial is to come any more, a bracket makes do with those it has.

    Args:
        time_attr: What is counted: ``training_iteration``, ``time_total_s`` or any reported
            metric that grows.
        metric: Which reported metric is compared; None: the run's.
        mode: ``"min"`` or ``"max"``; None: the run's.
        max_t: A trial that comes so far is complete (R in the paper); at least 1.
        reduction_factor: At least 2 (eta in the paper).
        stop_last_trials: Whether a trial ends at ``max_t``.

    Raises:
        InvalidArgument: If a number is out of its range.
        InvalidType: If an argument is of the wrong type.
    """

    needs_checkpoints = True
    prefers_paused = True
    _eager_first = False

    def __init__(
        self,
        time_attr: str = ITERATION,
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        max_t: int = 81,
        reduction_factor: int = 3,
        stop_last_trials: bool = True,
    ) -> None:
        super().__init__(time_attr, metric, mode)
        self.max_t = check_count("max_t", max_t, 1)
        self.reduction_factor = check_count("reduction_factor", reduction_factor, 2)
        self.stop_last_trials = bool(stop_last_trials)
        shapes = _shapes(self.max_t, self.reduction_factor)
        if self._eager_first:
            shapes.reverse()
        self._shapes = shapes
        self._ends = list(accumulate(shape.size for shape in shapes))

    def next_step(self, history: History, number: int) -> int | None:
        """The next rung, or the end."""
        rung = rungs_completed(history, number, self.metric)
        rungs = self._bracket(number).shape.rungs
        if rung < len(rungs):
            return self.step_at(history, number, rungs[rung])
        if self.stop_last_trials:
            return self.step_at(history, number, self.max_t)
        return None

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Pause` at a rung, `Stop` at the end."""
        last = self.latest(history, number)
        if last is None:
            return CONTINUE
        spent, value = last
        if self.stop_last_trials and spent >= self.max_t:
            return Stop(completes=True)
        rung = rungs_completed(history, number, self.metric)
        rungs = self._bracket(number).shape.rungs
        if rung == len(rungs) or spent < rungs[rung]:
            return CONTINUE
        return Pause({rung_key(rung, self.metric): None if math.isnan(value) else value})

    def release(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """`Continue` for the best and `Stop` for the rest of brackets whose rung is complete."""
        return self._released(history, direction, more=True)

    def conclude(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """As `release`, for brackets that will not be filled, too."""
        return self._released(history, direction, more=False)

    def _released(
        self, history: History, direction: StudyDirection, *, more: bool
    ) -> dict[int, Decision]:
        decisions: dict[int, Decision] = {}
        brackets = {self._bracket(number) for number in history.paused}
        for bracket in sorted(brackets, key=lambda bracket: bracket.first):
            if more and bracket.last >= len(history):
                continue  # it is not full
            decisions |= self._halved(history, bracket, direction)
        return decisions

    def _halved(
        self, history: History, bracket: _Bracket, direction: StudyDirection
    ) -> dict[int, Decision]:
        """What becomes of the trials that rest at the lowest rung of a bracket."""
        numbers = range(bracket.first, min(bracket.last + 1, len(history)))
        passed: dict[int, int] = {}
        for number in numbers:
            if history.states[number] >= 0 and history.states[number] not in FINISHED:
                passed[number] = int(history.system_attrs(number).get(PASSED, 0))
        rung = min(passed.values())
        key = rung_key(rung, self.metric)
        behind = [number for number, count in passed.items() if count == rung]
        if not all(
            number in history.paused and key in history.system_attrs(number) for number in behind
        ):
            return {}
        sign = -1.0 if direction is StudyDirection.MAXIMIZE else 1.0

        def place(number: int) -> tuple[float, int]:
            value = history.system_attrs(number)[key]
            return (math.inf if value is None else sign * value), number

        there = [number for number in numbers if key in history.system_attrs(number)]
        n = len(numbers)
        for _ in range(rung + 1):
            n = -(-n // self.reduction_factor)
        best = set(sorted(there, key=place)[:n])
        return {
            number: Continue({PASSED: rung + 1}) if number in best else STOP for number in behind
        }

    def _bracket(self, number: int) -> _Bracket:
        turn, place = divmod(number, self._ends[-1])
        index = bisect_right(self._ends, place)
        last = turn * self._ends[-1] + self._ends[index] - 1
        return _Bracket(last - self._shapes[index].size + 1, last, self._shapes[index])


class HyperBandForBOHB(HyperBandScheduler):
    """`HyperBandScheduler` for a sampler that learns, the bracket with the most trials first.

    BOHB is this with a `TPESampler` for the run's ``search_alg``. In the paper the model is one
    of the trials of the largest budget at which there are enough of them. Here it is the
    sampler's own rule: it ranks complete trials by their value and after them those that were
    stopped, of which the further ones are better and then those with the better last report; so
    trials of a small budget inform it until there are enough of a large one, too. Trials that
    rest are not learnt from before they were stopped or have come to their end.

    The arguments are those of `HyperBandScheduler`.
    """

    _eager_first = True


@dataclass(frozen=True, slots=True)
class _Shape:
    """Of a bracket.

    Attributes:
        size: How many trials it begins with.
        rungs: What a trial has spent at each rung, ascending; the end is none.
    """

    size: int
    rungs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Bracket:
    """The trials from ``first`` to ``last``, both among them."""

    first: int
    last: int
    shape: _Shape


def _shapes(max_t: int, eta: int) -> list[_Shape]:
    """The brackets from s = 0, whose trials all run to the end, to the most eager."""
    count = count_brackets(1, max_t, eta)  # s_max + 1
    return [
        _Shape(
            -(-count * eta**s // (s + 1)),  # n (algorithm 1, line 4)
            tuple(max_t // eta ** (s - i) for i in range(s)),  # r_i (line 7)
        )
        for s in range(count)
    ]
