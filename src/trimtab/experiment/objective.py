"""What an experiment is to improve, and what must hold meanwhile."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.experiment.metric import Metric
from trimtab.space import check_name


@dataclass(frozen=True)
class Objective:
    """A metric to be made small or large.

    Args:
        metric: The metric, or its name where nobody has to fetch it.
        minimize: Whether small is good; None: as the metric says (``lower_is_better``), else no.
        threshold: A value that is not worth having anything worse than; with several objectives
            the reference point of the hypervolume.

    Raises:
        InvalidArgument: If the threshold is not finite.
    """

    metric: Metric | str
    minimize: bool | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        metric = Metric(self.metric) if isinstance(self.metric, str) else self.metric
        if not isinstance(metric, Metric):
            raise InvalidType("metric", "a Metric or its name", metric)
        object.__setattr__(self, "metric", metric)
        if self.minimize is None:
            object.__setattr__(self, "minimize", bool(metric.lower_is_better))
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise InvalidArgument("threshold", "a finite number", self.threshold)

    @property
    def name(self) -> str:
        """Of its metric."""
        return self.metric if isinstance(self.metric, str) else self.metric.name


@dataclass(frozen=True)
class MultiObjective:
    """Several metrics, of which the best compromises are wanted.

    Args:
        objectives: At least two, with different metrics.
    """

    objectives: Sequence[Objective]

    def __post_init__(self) -> None:
        object.__setattr__(self, "objectives", tuple(self.objectives))
        names = [objective.name for objective in self.objectives]
        if len(names) < 2 or len(set(names)) < len(names):
            raise InvalidArgument("objectives", "two or more, of different metrics", names)


_TEXT: Final = re.compile(r"\s*(.+?)\s*(<=|>=)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(%?)\s*")


class ComparisonOp(enum.StrEnum):
    """How a metric is compared with a bound."""

    GEQ = ">="
    LEQ = "<="


@dataclass(frozen=True)
class OutcomeConstraint:
    """A metric is at most, or at least, a bound.

    Args:
        metric: The metric, or its name.
        op: ``"<="`` or ``">="``, or a `ComparisonOp`.
        bound: Finite. Where relative, in percent of what the status quo comes to.
        relative: Whether the bound is relative to the status quo: with -5, ``>=`` means that no
            more than 5 % are lost.

    Raises:
        InvalidArgument: If the bound is not finite or the comparison is another.
    """

    metric: Metric | str
    op: str
    bound: float
    relative: bool = False

    def __post_init__(self) -> None:
        metric = Metric(self.metric) if isinstance(self.metric, str) else self.metric
        if not isinstance(metric, Metric):
            raise InvalidType("metric", "a Metric or its name", metric)
        object.__setattr__(self, "metric", metric)
        if self.op not in ("<=", ">="):
            raise InvalidArgument("op", "'<=' or '>='", self.op)
        object.__setattr__(self, "op", str(self.op))
        bound = float(self.bound)
        if not math.isfinite(bound):
            raise InvalidArgument("bound", "a finite number", bound)
        object.__setattr__(self, "bound", bound)

    @property
    def name(self) -> str:
        """Of its metric."""
        return self.metric if isinstance(self.metric, str) else self.metric.name

    @classmethod
    def parse(cls, text: str) -> OutcomeConstraint:
        """The constraint that a text states: ``"l2norm <= 1.25"``, ``"clicks >= -5%"``.

        Raises:
            InvalidType: If it is no text.
            InvalidArgument: If it cannot be read.
        """
        if not isinstance(text, str):
            raise InvalidType("outcome_constraints", "a constraint as text", text)
        match = _TEXT.fullmatch(text)
        try:
            if match:
                bound = float(match[3])
                return cls(
                    check_name("outcome_constraints", match[1]), match[2], bound, bool(match[4])
                )
        except ValueError as error:
            raise _unreadable(text) from error
        raise _unreadable(text)

    def excess(self, mean: float, status_quo: float | None) -> float | None:
        """By how much a mean violates the constraint: at most 0 where it holds.

        Args:
            mean: Of the metric.
            status_quo: Its mean for the status quo, or None where it is not known yet.

        Returns:
            In the metric's unit; None where the bound is relative to what is not known.
        """
        bound = self.bound
        if self.relative:
            if status_quo is None:
                return None
            bound = status_quo + abs(status_quo) * self.bound / 100.0
        return mean - bound if self.op == "<=" else bound - mean

    def __str__(self) -> str:
        return f"{self.name} {self.op} {self.bound:g}{'%' if self.relative else ''}"


def _unreadable(text: str) -> InvalidArgument:
    return InvalidArgument(
        "outcome_constraints",
        "a metric, '<=' or '>=', and a number that may end in '%' (such as 'l2norm <= 1.25')",
        text,
    )


class OptimizationConfig:
    """What to improve, and what must hold.

    Args:
        objective: One, or several.
        outcome_constraints: As objects or as text.

    Raises:
        InvalidArgument: If a constraint is on an objective (with several objectives, give the
            objective a threshold) or two constraints say the same.
    """

    def __init__(
        self,
        objective: Objective | MultiObjective,
        outcome_constraints: Sequence[OutcomeConstraint | str] | None = None,
    ) -> None:
        if not isinstance(objective, (Objective, MultiObjective)):
            raise InvalidType("objective", "an Objective or a MultiObjective", objective)
        self.objective = objective
        self.outcome_constraints = tuple(
            c if isinstance(c, OutcomeConstraint) else OutcomeConstraint.parse(c)
            for c in outcome_constraints or ()
        )
        names = [objective.name for objective in self.objectives]
        for constraint in self.outcome_constraints:
            if constraint.name in names:
                raise InvalidArgument(
                    "outcome_constraints",
                    "metrics that are no objectives (an objective takes a `threshold`)",
                    str(constraint),
                )
        texts = [str(constraint) for constraint in self.outcome_constraints]
        if len(set(texts)) < len(texts):
            raise InvalidArgument("outcome_constraints", "different constraints", texts)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """One or several, in order."""
        objective = self.objective
        return (objective,) if isinstance(objective, Objective) else tuple(objective.objectives)

    @property
    def metrics(self) -> dict[str, Metric]:
        """All that a complete measurement has, by name: the objectives' first."""
        parts: list[Objective | OutcomeConstraint] = [*self.objectives, *self.outcome_constraints]
        found: dict[str, Metric] = {}
        for part in parts:
            if isinstance(part.metric, Metric):
                found.setdefault(part.name, part.metric)
        return found

    def to_json(self) -> dict[str, Any]:
        """A JSON object; metrics are kept by name."""
        return {
            "objectives": [
                {"name": o.name, "minimize": o.minimize, "threshold": o.threshold}
                for o in self.objectives
            ],
            "outcome_constraints": [
                {"name": c.name, "op": c.op, "bound": c.bound, "relative": c.relative}
                for c in self.outcome_constraints
            ],
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], metrics: Mapping[str, Metric]
    ) -> OptimizationConfig:
        """What `to_json` wrote.

        Args:
            data: The JSON object.
            metrics: Those that can be fetched, by name; any other is a bare `Metric`.
        """
        objectives = [
            Objective(metrics.get(o["name"], o["name"]), o["minimize"], o["threshold"])
            for o in data["objectives"]
        ]
        constraints = [
            OutcomeConstraint(metrics.get(c["name"], c["name"]), c["op"], c["bound"], c["relative"])
            for c in data["outcome_constraints"]
        ]
        return cls(
            objectives[0] if len(objectives) == 1 else MultiObjective(objectives), constraints
        )
