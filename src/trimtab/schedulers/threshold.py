"""Stop trials that leave the range of the possible."""

from __future__ import annotations

import math

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import History, StudyDirection, as_float
from trimtab.schedulers.base import CONTINUE, STOP, Decision, Scheduler
from trimtab.schedulers.derived import next_check, report_due
from trimtab.space.checks import check_number


class ThresholdPruner(Scheduler):
    """Stops a trial whose last report is below ``lower``, above ``upper``, or NaN.

    Args:
        lower: Smallest value that may go on; None for no such bound.
        upper: Largest value that may go on; None for no such bound.
        n_warmup_steps: Nothing is stopped before this step.
        interval_steps: Distance between checks, counted from the warm-up, at least 1. A check
            that falls between two reports is made at the later one.
        metric: Which reported metric to look at; None for the unnamed one.
        direction: Of no effect here: a bound is a bound.

    Raises:
        InvalidType: If neither bound is given, or one is not a number.
        InvalidArgument: If ``lower`` is above ``upper`` or a number is out of its range.
    """

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        super().__init__(metric=metric, direction=direction)
        if lower is None and upper is None:
            raise InvalidType("lower", "a number for `lower` or `upper`", None)
        self._lower = -math.inf if lower is None else as_float("lower", lower)
        self._upper = math.inf if upper is None else as_float("upper", upper)
        if self._lower > self._upper:
            raise InvalidArgument("lower", f"a number not above `upper`={self._upper}", lower)
        self._n_warmup_steps = check_number("n_warmup_steps", n_warmup_steps, 0)
        self._interval_steps = check_number("interval_steps", interval_steps, 1)

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Stop` if the last report is out of bounds."""
        due = report_due(history, number, self.metric, self._n_warmup_steps, self._interval_steps)
        return CONTINUE if due is None or self._lower <= due[1] <= self._upper else STOP

    def next_step(self, history: History, number: int) -> int | None:
        """The beginning of the next interval after the warm-up."""
        return next_check(history, number, self.metric, self._n_warmup_steps, self._interval_steps)
