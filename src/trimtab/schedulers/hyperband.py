"""Hyperband: several brackets of successive halving, from eager to patient.

Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization" (JMLR
18), algorithm 1, with asynchronous brackets as in `asha`.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from functools import partial
from itertools import accumulate
from typing import Literal

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History, StudyDirection
from trimtab.schedulers.asha import FirstCompleted, Halving, Rungs, check_resource, next_rung
from trimtab.schedulers.base import CONTINUE, Decision, Scheduler
from trimtab.schedulers.derived import Derived
from trimtab.space.checks import check_count


class HyperbandPruner(Scheduler):
    """Spreads trials over brackets of successive halving that stop ever later.

    There are ``floor(log(max_resource / min_resource, reduction_factor)) + 1`` brackets; bracket
    s leaves out the first s rungs. A trial's bracket follows from its number alone (see
    `Brackets`), so that a study runs the same under any name and after any restart. Samplers
    learn from the trials of all brackets.

    Args:
        min_resource: Step of the first rung of bracket 0, at least 1.
        max_resource: Steps of a whole trial, at least ``min_resource``. ``"auto"``: the last
            step of the first trial that completed, plus 1; nothing is stopped before.
        reduction_factor: At least 2 (eta in the paper).
        bootstrap_count: Trials that must have completed a rung before any goes on from it; the
            ones that come earlier are stopped there. Not with ``"auto"``.
        metric: Which reported metric to look at; None for the unnamed one.
        direction: Of the metric; None for the study's.

    Raises:
        InvalidArgument: If a number is out of its range, or ``bootstrap_count`` is combined with
            ``max_resource="auto"``.
        InvalidType: If an argument is not a whole number.
    """

    def __init__(
        self,
        min_resource: int = 1,
        max_resource: int | Literal["auto"] = "auto",
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
        *,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        super().__init__(metric=metric, direction=direction)
        self._min_resource = check_count("min_resource", min_resource, 1)
        self._max_resource = check_resource("max_resource", max_resource)
        if self._max_resource is not None and self._max_resource < self._min_resource:
            raise InvalidArgument(
                "max_resource", f"at least `min_resource`={min_resource}", max_resource
            )
        self._reduction_factor = check_count("reduction_factor", reduction_factor, 2)
        self._bootstrap_count = check_count("bootstrap_count", bootstrap_count, 0)
        if self._bootstrap_count and self._max_resource is None:
            raise InvalidArgument("bootstrap_count", "0 with max_resource='auto'", bootstrap_count)
        self._first = Derived(FirstCompleted)
        self._by_count: dict[int, tuple[Brackets, Derived[Rungs]]] = {}

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """What successive halving says within the trial's bracket."""
        max_resource = self._length(history)
        last = history.last_value(number, self.metric)
        if max_resource is None or last is None:
            return CONTINUE
        brackets, rungs = self._brackets(max_resource)
        halving = self._halving(brackets, number)
        return halving.decide(history, number, direction, rungs.of(history, self.metric), last)

    def next_step(self, history: History, number: int) -> int | None:
        """The step of the next rung of the trial's bracket."""
        length = self._length(history)
        halving = None if length is None else self._halving(self._brackets(length)[0], number)
        return next_rung(history, number, self.metric, halving)

    def _length(self, history: History) -> int | None:
        """Steps of a whole trial; None where it is not known yet."""
        if self._max_resource is not None:
            return self._max_resource
        last_step = self._first.of(history, self.metric).last_step
        if last_step is None or last_step + 1 < self._min_resource:
            return None
        return last_step + 1

    def _halving(self, brackets: Brackets, number: int) -> Halving:
        return Halving(
            self._min_resource,
            self._reduction_factor,
            brackets.of(number),
            self._bootstrap_count,
        )

    def _brackets(self, max_resource: int) -> tuple[Brackets, Derived[Rungs]]:
        count = count_brackets(self._min_resource, max_resource, self._reduction_factor)
        if count not in self._by_count:
            brackets = Brackets(count, self._reduction_factor)
            self._by_count[count] = brackets, Derived(partial(Rungs, bracket=brackets.of))
        return self._by_count[count]


class Brackets:
    """Which bracket a trial belongs to, drawn by a hash of its number.

    Bracket s of S gets trials in proportion to ``ceil(S * eta ** (S - 1 - s) / (S - s))``, the
    number of configurations it starts in the paper. The hash is the CRC-32 of ``_NUMBER``, which
    spreads consecutive numbers and knows nothing of their parameters.

    Args:
        count: S, at least 1.
        reduction_factor: eta.
    """

    def __init__(self, count: int, reduction_factor: float) -> None:
        # Ceiling division, in integers exact at any size.
        shares = [
            int(-(-count * reduction_factor ** (count - 1 - s) // (count - s)))
            for s in range(count)
        ]
        self._ends = list(accumulate(shares))

    def of(self, number: int) -> int:
        """The bracket of trial ``number``."""
        return bisect_right(self._ends, zlib.crc32(f"_{number}".encode()) % self._ends[-1])


def count_brackets(min_resource: int, max_resource: int, reduction_factor: int) -> int:
    """``floor(log(max_resource / min_resource, reduction_factor)) + 1``, exact in integers."""
    count, resource = 0, min_resource
    while resource <= max_resource:
        resource *= reduction_factor
        count += 1
    return count
