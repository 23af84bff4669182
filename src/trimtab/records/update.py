"""What is written to a trial: reports, all else that a running one adds, and how it ended."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records.state import FINISHED, TrialState
from trimtab.space import Internal, Space, check_name

VALUE: Final = "value"
"""The metric that a report without a name speaks of."""

_STEPS = 1 << 63


@dataclass(frozen=True, slots=True)
class Report:
    """Metrics of a running trial at one step.

    Attributes:
        step: At least 0.
        metrics: By name, floats (NaN and infinities are a fact about a run and are kept).
        checkpoint: Artifact id of the state saved at this step, if any.
    """

    step: int
    metrics: Mapping[str, float]
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        # Nearly always an int: to ask what else is one takes as long as all the rest.
        if type(self.step) is not int and (
            isinstance(self.step, bool) or not isinstance(self.step, numbers.Integral)
        ):
            raise InvalidType("step", "an integer", self.step)
        if self.step < 0:
            raise InvalidArgument("step", "an integer of at least 0", self.step)
        if self.step >= _STEPS:
            raise InvalidArgument("step", "an integer below 2**63", self.step)
        if self.checkpoint is not None:
            check_name("checkpoint", self.checkpoint)
        object.__setattr__(self, "step", int(self.step))
        clean: dict[str, float] = {}
        for name, metric in self.metrics.items():
            check_name("metric", name)
            clean[name] = as_float(name, metric)
        object.__setattr__(self, "metrics", clean)

    def merged(self, other: Report) -> Report:
        """This report with what a later one at the same step adds.

        A metric keeps its first value, and a checkpoint stays; this very report where ``other``
        adds nothing.
        """
        new = other.metrics.keys() - self.metrics.keys()
        if not new and (self.checkpoint is not None or other.checkpoint is None):
            return self
        added = {name: metric for name, metric in other.metrics.items() if name in new}
        checkpoint = other.checkpoint if self.checkpoint is None else self.checkpoint
        return Report(self.step, {**self.metrics, **added}, checkpoint)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: COMPLETE, PRUNED or FAIL.
        values: Objective means, one per direction, finite; None where there are none.
        sems: Standard errors of ``values``: 0.0 is noiseless, None unknown; at least 0.
        reason: Why it failed, for people.

    Raises:
        InvalidArgument: On a state that is not an end, on COMPLETE without values, on a value
            that is not finite or a standard error that is negative or not finite.
        InvalidType: On a value that is not a real number.
    """

    state: TrialState
    values: tuple[float, ...] | None = None
    sems: tuple[float | None, ...] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.state not in FINISHED:
            raise InvalidArgument("state", "COMPLETE, PRUNED or FAIL", self.state)
        values, sems = self.values, self.sems
        if values is None:
            if self.state is TrialState.COMPLETE:
                raise InvalidArgument("values", "values for a COMPLETE trial", None)
            if sems is not None:
                raise InvalidArgument("sems", "no standard errors where there are no values", sems)
            return
        values = tuple([as_value(value) for value in values])
        object.__setattr__(self, "values", values)
        if sems is not None:
            if len(sems) != len(values):
                raise InvalidArgument("sems", f"{len(values)} standard errors", sems)
            object.__setattr__(self, "sems", tuple([as_sem(sem) for sem in sems]))


def as_float(argument: str, value: Any) -> float:
    """``value`` as a float; strings, None, complex numbers and arrays are refused."""
    if type(value) is float:
        return value
    if isinstance(value, (str, bytes)) or value is None:
        raise InvalidType(argument, "a real number", value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidType(argument, "a real number", value) from error


def as_value(value: Any) -> float:
    """``value`` as an objective value: a finite float."""
    number = as_float("value", value)
    if not math.isfinite(number):
        raise InvalidArgument("value", "a finite number", value)
    return number


def as_sem(sem: Any) -> float | None:
    """``sem`` as a standard error: None, or a finite float of at least 0."""
    if sem is None:
        return None
    number = as_float("sem", sem)
    if not (math.isfinite(number) and number >= 0.0):
        raise InvalidArgument("sem", "None or a finite number of at least 0", sem)
    return number


@dataclass(frozen=True, slots=True)
class TrialUpdate:
    """What a running trial adds to its record; written all together or not at all.

    Attributes:
        space: Distributions of all parameters suggested so far (None: unchanged).
        point: Internal values in the order of ``space``.
        reports: New reports; what a step has already stays, see `Report.merged`.
        user_attrs: JSON values to set.
        system_attrs: JSON values to set.
        constraints: Values to set by name; at most 0 is feasible.
        expected: System attributes that must have these values (None: must not be there) when
            this is written; otherwise nothing is.
    """

    space: Space | None = None
    point: tuple[Internal, ...] = ()
    reports: tuple[Report, ...] = ()
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    system_attrs: Mapping[str, Any] = field(default_factory=dict)
    constraints: Mapping[str, float] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.space is not None and len(self.space) != len(self.point):
            raise InvalidArgument("point", f"{len(self.space)} values", self.point)
        for name, value in self.constraints.items():
            check_name("constraint", name)
            if math.isnan(as_float(name, value)):
                raise InvalidArgument(name, "a constraint value that is not NaN", value)

    def __bool__(self) -> bool:
        return bool(
            self.space is not None
            or self.reports
            or self.user_attrs
            or self.system_attrs
            or self.constraints
            or self.expected
        )
