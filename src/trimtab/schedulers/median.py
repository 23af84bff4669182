"""Stop trials that are worse than most others were at the same step.

The rule is that of Golovin et al. (2017), "Google Vizier: A Service for Black-Box Optimization",
section 3.2.2, with any percentile in place of the median.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trimtab.records import History, StudyDirection, TrialState
from trimtab.schedulers.base import CONTINUE, STOP, Decision, Scheduler
from trimtab.schedulers.derived import Derived, merge, next_check, report_due
from trimtab.space.checks import check_count, check_number


class PercentilePruner(Scheduler):
    """Stops a trial whose best report is not among the best percentile at this step.

    The trial's best report so far is compared with what completed trials reported at the same
    step. NaN reports of other trials are left out; a trial with nothing but NaN is stopped. An
    infinite report is larger (or smaller) than every number.

    Args:
        percentile: From 0 to 100; 25.0 keeps trials that are among the best quarter.
        n_startup_trials: Nothing is stopped before so many trials are complete.
        n_warmup_steps: Nothing is stopped before this step.
        interval_steps: Distance between checks, counted from the warm-up, at least 1. A check
            that falls between two reports is made at the later one.
        n_min_trials: Nothing is stopped at a step that fewer completed trials reported.
        metric: Which reported metric to look at; None for the unnamed one.
        direction: Of the metric; None for the study's.

    Raises:
        InvalidArgument: If a number is out of its range.
        InvalidType: If an argument is not a number.
    """

    def __init__(
        self,
        percentile: float,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        super().__init__(metric=metric, direction=direction)
        self._percentile = check_number("percentile", percentile, 0.0, 100.0)
        self._n_startup_trials = check_number("n_startup_trials", n_startup_trials, 0)
        self._n_warmup_steps = check_number("n_warmup_steps", n_warmup_steps, 0)
        self._interval_steps = check_number("interval_steps", interval_steps, 1)
        self._n_min_trials = check_count("n_min_trials", n_min_trials, 1)
        self._completed = Derived(_Completed)

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Stop` if the best report so far is worse than the percentile at the last step."""
        completed = self._completed.of(history, self.metric)
        if len(completed.numbers) < max(self._n_startup_trials, 1):
            return CONTINUE
        due = report_due(history, number, self.metric, self._n_warmup_steps, self._interval_steps)
        if due is None:
            return CONTINUE
        maximize = direction is StudyDirection.MAXIMIZE
        least, greatest = history.value_range(number, self.metric)
        if math.isnan(least):
            return STOP
        others = completed.at(history, due[0])
        if others.n_reports < self._n_min_trials or not others.values:
            return CONTINUE
        if maximize:
            worse = greatest < percentile_of(others.values, 100.0 - self._percentile)
        else:
            worse = least > percentile_of(others.values, self._percentile)
        return STOP if worse else CONTINUE

    def next_step(self, history: History, number: int) -> int | None:
        """The beginning of the next interval after the warm-up."""
        return next_check(history, number, self.metric, self._n_warmup_steps, self._interval_steps)


class MedianPruner(PercentilePruner):
    """Stops a trial whose best report is worse than the median at this step.

    `PercentilePruner` at 50 %; the arguments are explained there.
    """

    def __init__(
        self,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        super().__init__(
            50.0,
            n_startup_trials,
            n_warmup_steps,
            interval_steps,
            n_min_trials=n_min_trials,
            metric=metric,
            direction=direction,
        )


def percentile_of(ordered: Sequence[float], percentile: float) -> float:
    """The percentile, by linear interpolation, of ascending numbers without NaN.

    Equal to NumPy's bit for bit where all are finite; among infinities it stays a number where
    a difference of two would not.
    """
    place = (len(ordered) - 1) * (percentile / 100.0)
    below = math.floor(place)
    fraction = place - below
    low = ordered[below]
    high = ordered[min(below + 1, len(ordered) - 1)]
    if fraction == 0.0 or low == high:
        return low
    if math.isinf(low) or math.isinf(high):
        return high if math.isinf(high) else low
    span = high - low
    return high - span * (1.0 - fraction) if fraction >= 0.5 else low + span * fraction


class _Step:
    """What completed trials reported at one step."""

    __slots__ = ("n_reports", "seen", "values")

    def __init__(self) -> None:
        self.values: list[float] = []  # ascending, without NaN
        self.n_reports = 0  # with NaN
        self.seen = 0  # how many completed trials were looked at


class _Completed:
    """Completed trials, and their reports at the steps that were asked for."""

    def __init__(self, metric: str) -> None:
        self.numbers: list[int] = []
        self._metric = metric
        self._steps: dict[int, _Step] = {}

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        states = history.states
        self.numbers.extend(n for n in finished if states[n] == TrialState.COMPLETE)

    def at(self, history: History, step: int) -> _Step:
        """Reports at ``step``, up to date."""
        known = self._steps.setdefault(step, _Step())
        metric, reports = self._metric, history.reports
        found = (reports(number).get(step) for number in self.numbers[known.seen :])
        values = [r.metrics[metric] for r in found if r is not None and metric in r.metrics]
        known.n_reports += len(values)
        new = [value for value in values if not math.isnan(value)]
        known.seen = len(self.numbers)
        merge(known.values, new)
        return known
