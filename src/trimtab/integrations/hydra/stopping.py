"""Ends a run that is good enough."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any, Literal

from trimtab.errors import InvalidArgument, InvalidType, MissingMetric
from trimtab.space.checks import check_count


class EarlyStopping:
    """Says when the last evaluations of a run are good enough on average.

    A run is never stopped before it has been evaluated ``last_n`` times: one lucky evaluation
    proves nothing. This is not pruning, which ends what is bad: see `report`.

    Args:
        metric: The metric that is looked at, such as ``early_stop_data_column`` of a config.
        threshold: That the mean of the last evaluations has to reach; None: never stop.
        last_n: How many evaluations that are, at least 1.
        direction: Of the metric.

    Attributes:
        history: Evaluations so far, in order, as `hyperopt_score` takes them.

    Raises:
        InvalidArgument: If a number is out of its range.
        InvalidType: If a number is none.
    """

    def __init__(
        self,
        metric: str,
        threshold: float | None,
        last_n: int = 3,
        direction: Literal["maximize", "minimize"] = "maximize",
    ) -> None:
        if direction not in ("maximize", "minimize"):
            raise InvalidArgument("direction", "'maximize' or 'minimize'", direction)
        self.metric = metric
        self.threshold = None if threshold is None else _finite("threshold", threshold)
        self.last_n = check_count("last_n", last_n, 1)
        self.direction = direction
        self.history: list[float] = []

    def update(self, metrics: float | Mapping[str, Any]) -> bool:
        """Take one evaluation; whether the run is good enough now.

        Args:
            metrics: Of the evaluation, by name, or the one metric's value.

        Raises:
            MissingMetric: If the metric is not among them (a ValueError).
            InvalidArgument: If its value is NaN or infinite, as when the run has diverged.
            InvalidType: If its value is no number.
        """
        if isinstance(metrics, Mapping):
            if self.metric not in metrics:
                raise MissingMetric(
                    f"`metrics`: expected {self.metric!r} among them, got {sorted(metrics)}.",
                    (self.metric,),
                )
            metrics = metrics[self.metric]
        self.history.append(_finite(self.metric, metrics))
        return self.is_good_enough

    @property
    def is_good_enough(self) -> bool:
        """Whether the mean of the last evaluations has reached the threshold."""
        if self.threshold is None or len(self.history) < self.last_n:
            return False
        mean = math.fsum(self.history[-self.last_n :]) / self.last_n
        return mean >= self.threshold if self.direction == "maximize" else mean <= self.threshold


def _finite(argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidType(argument, "a number", value)
    if not math.isfinite(value):
        raise InvalidArgument(argument, "a finite number", value)
    return float(value)
