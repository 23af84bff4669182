"""Many trials at once, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records.state import TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, Floats, Space

EXACT = 1 << 53
"""Up to here, floats are exact on integers."""

_MOST_ATTEMPTS = np.iinfo(np.int32).max
_STATES = np.array([int(state) for state in TrialState])


@dataclass(frozen=True, slots=True)
class Block:
    """k trials of one space on their way into a history; see `History.extend`.

    Attributes:
        space: Distributions of their parameters, d of them.
        numbers: Shape (k,).
        states: Shape (k,), `TrialState` values.
        attempts: Shape (k,), from 1.
        started: Shape (k,), microseconds since the epoch, 0 where not started.
        finished: Shape (k,), likewise.
        archived: Shape (k,).
        points: Shape (k, d), internal values; integers below 2**53.
        means: Shape (k, m), NaN where there are none.
        sems: Shape (k, m), NaN where unknown.
        user_attrs: By number, of those that have any.
        system_attrs: By number, likewise.
        constraints: By number, likewise.

    Raises:
        InvalidArgument: If one of the trials could not exist.
    """

    space: Space
    numbers: NDArray[np.integer[Any]]
    states: NDArray[np.integer[Any]]
    attempts: NDArray[np.integer[Any]]
    started: NDArray[np.integer[Any]]
    finished: NDArray[np.integer[Any]]
    archived: NDArray[np.bool_]
    points: Floats
    means: Floats
    sems: Floats
    user_attrs: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    system_attrs: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    constraints: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        attempts = self.attempts
        if (self.numbers < 0).any() or (attempts < 1).any() or (attempts > _MOST_ATTEMPTS).any():
            got = (self.numbers, attempts)
            raise InvalidArgument("numbers, attempts", "numbers from 0, from 1 up", got)
        unknown = np.isnan(self.means).any(axis=1)
        is_complete = self.states == TrialState.COMPLETE
        if not np.isin(self.states, _STATES).all() or (unknown & is_complete).any():
            expected = "states of trials, and values of COMPLETE ones"
            raise InvalidArgument("states", expected, self.states)
        if np.isinf(self.means).any() or np.isinf(self.sems).any():
            raise InvalidArgument("means, sems", "finite numbers", (self.means, self.sems))
        if self.points.shape != (len(self.numbers), len(self.space)) or np.isnan(self.points).any():
            raise InvalidArgument("points", f"{len(self.space)} values each", self.points)
        for name, distribution, values in zip(
            self.space.names, self.space.distributions, self.points.T, strict=True
        ):
            if isinstance(distribution, FloatDistribution):
                continue
            if (np.abs(values) >= EXACT).any() or (values % 1.0).any():
                raise InvalidArgument(name, "integers below 2**53", values)
            if (
                isinstance(distribution, CategoricalDistribution)
                and not ((values >= 0) & (values < len(distribution.choices))).all()
            ):
                raise InvalidArgument(name, f"indices of {distribution}", values)
