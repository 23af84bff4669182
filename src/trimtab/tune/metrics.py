"""What a trainable reports, as the engine keeps it: names without nests, numbers as floats."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any, Final

from trimtab.space.paths import flattened
from trimtab.tune.events import Reported

ITERATION: Final = "training_iteration"
TOTAL: Final = "time_total_s"
SECONDS: Final = "time_this_iter_s"
TIMESTAMP: Final = "timestamp"
AUTOMATIC: Final = (ITERATION, SECONDS, TOTAL, TIMESTAMP)
"""Metrics that every report has."""


def numeric(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among some metrics, nested ones by their paths."""
    found: dict[str, float] = {}
    for name, value in flattened(metrics).items():
        # Floats, NumPy's among them, are by far the most frequent.
        number = float(value) if isinstance(value, float) else number_of(value)
        if number is not None:
            found[name] = number
    return found


def number_of(value: Any) -> float | None:
    """A real number as a float, infinite where it is beyond all floats; None for all else."""
    if isinstance(value, numbers.Real):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf  # type: ignore[operator]  # typeshed's lacks it
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # NumPy's; a tensor's has none
    is_scalar = getattr(value, "ndim", None) == 0 and kind in "biuf"
    return float(value) if is_scalar else None


def with_automatic(event: Reported, timestamp: float) -> dict[str, Any]:
    """A result as stoppers, schedulers and people see it."""
    return {
        **event.metrics,
        ITERATION: event.iteration,
        SECONDS: event.seconds,
        TOTAL: event.total,
        TIMESTAMP: timestamp,
    }
