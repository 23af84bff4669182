"""Give a trial some steps to recover before another scheduler may stop it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any, Self

import numpy as np

from trimtab.records import VALUE, History, StudyDirection
from trimtab.schedulers.adapter import as_scheduler
from trimtab.schedulers.base import CONTINUE, STOP, Decision, Scheduler
from trimtab.schedulers.foreign import BasePruner
from trimtab.space.checks import check_count, check_number


class PatientPruner(Scheduler):
    """Lets another scheduler decide once a trial has not improved for some reports.

    NaN reports are left out of the comparison; where one side has nothing else, the trial goes
    on.

    Args:
        wrapped_pruner: Decides when patience has run out; None: the trial is then stopped.
        patience: How many reports may pass without improvement, at least 0.
        min_delta: How much worse than before counts as no improvement, at least 0.
        metric: Which reported metric to look at; None for the wrapped scheduler's.
        direction: Of the metric; None for the wrapped scheduler's, else the study's.

    Raises:
        InvalidType: If ``wrapped_pruner`` is neither a pruner nor None.
        InvalidArgument: If ``patience`` or ``min_delta`` is negative.
    """

    def __init__(
        self,
        wrapped_pruner: BasePruner | None,
        patience: int,
        min_delta: float = 0.0,
        *,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        wrapped = None
        if wrapped_pruner is not None:
            wrapped = as_scheduler(wrapped_pruner, "wrapped_pruner")
            if metric is None:
                metric = wrapped.metric
                direction = direction or wrapped.direction
        super().__init__(metric=metric, direction=direction)
        self._wrapped = wrapped
        self._patience = check_count("patience", patience, 0)
        self._min_delta = check_number("min_delta", min_delta, 0.0)

    def bind(self, study: Any) -> None:
        """Hand this study to the wrapped pruner."""
        if self._wrapped is not None:
            self._wrapped.bind(study)

    def for_metric(self, metric: str) -> Self:
        """One made of the same; the wrapped pruner looks at the metric, too, if at no other."""
        made = super().for_metric(metric)
        if made._wrapped is not None and made._wrapped.metric == VALUE:
            made._wrapped = made._wrapped.for_metric(metric)
        return made

    def next_step(self, history: History, number: int) -> int | None:
        """The first step at which patience can have run out."""
        reported = sum(1 for _ in islice(history.newest(number, self.metric), self._patience + 1))
        return (history.last_step(number) or 0) + self._patience + 2 - reported

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """What the wrapped scheduler says, if patience has run out."""
        sign = -1.0 if direction is StudyDirection.MAXIMIZE else 1.0
        newest = history.newest(number, self.metric)
        late = [sign * value for _, value in islice(newest, self._patience + 1)]
        if next(newest, None) is None:
            return CONTINUE
        # Of all reports rather than of the earlier ones: where the least is among the late ones,
        # the trial goes on either way. A comparison with NaN is false: so it does then, too.
        best = min(sign * value for value in history.value_range(number, self.metric))
        if not best + self._min_delta < _least(late):
            return CONTINUE
        if self._wrapped is None:
            return STOP
        return self._wrapped.on_report(history, number, self._wrapped.direction or direction, rng)


def _least(losses: Sequence[float]) -> float:
    return min((loss for loss in losses if not math.isnan(loss)), default=math.nan)
