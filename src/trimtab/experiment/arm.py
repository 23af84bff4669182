"""Arms, and what a generator hands over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import as_float


@dataclass(frozen=True)
class Arm:
    """A point of the search space, with the name it has in its trial.

    Attributes:
        parameters: Values by parameter name.
        name: ``"{trial}_{place}"``, ``"status_quo"``, or one that was given; None before it is
            part of a trial.
    """

    parameters: Mapping[str, Any]
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.parameters, Mapping):
            raise InvalidType("parameters", "values by parameter name", self.parameters)
        object.__setattr__(self, "parameters", dict(self.parameters))

    @property
    def has_name(self) -> bool:
        """Whether it is part of a trial."""
        return self.name is not None


@dataclass(frozen=True)
class GeneratorRun:
    """Arms that were proposed together.

    Attributes:
        arms: At least none.
        weights: One each, positive: how much of what there is to spend an arm shall have.
        generator: Name of the sampler that proposed them; empty: a person did.
        states: One each: what the sampler keeps in the records of its arms.
        best_arm_predictions: The best arm so far with its means and covariances as the model
            sees them, or None.
    """

    arms: Sequence[Arm]
    weights: Sequence[float] | None = None
    generator: str = ""
    states: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    best_arm_predictions: (
        tuple[Arm, tuple[dict[str, float], dict[str, dict[str, float]]]] | None
    ) = None

    def __post_init__(self) -> None:
        arms = tuple(self.arms)
        for arm in arms:
            if not isinstance(arm, Arm):
                raise InvalidType("arms", "arms", arm)
        weights = (1.0,) * len(arms) if self.weights is None else tuple(self.weights)
        if len(weights) != len(arms):
            raise InvalidArgument("weights", f"{len(arms)} weights, one per arm", weights)
        object.__setattr__(self, "arms", arms)
        object.__setattr__(self, "weights", tuple(check_weight(weight) for weight in weights))
        object.__setattr__(self, "states", tuple(self.states) or tuple({} for _ in arms))

    @property
    def arm_weights(self) -> dict[int, float]:
        """Weights by place."""
        return dict(enumerate(self.weights or ()))

    @property
    def param_df(self) -> Any:
        """The arms' parameters as a pandas DataFrame; needs the extra ``pandas``."""
        import pandas as pd

        return pd.DataFrame([dict(arm.parameters) for arm in self.arms])


def check_weight(weight: Any) -> float:
    """A weight: a positive finite number.

    Raises:
        InvalidType: If it is no number.
        InvalidArgument: If it is not positive and finite.
    """
    number = as_float("weight", weight)
    if not (math.isfinite(number) and number > 0.0):
        raise InvalidArgument("weight", "a positive finite number", weight)
    return number
