"""New parameterizations only, within the constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hydra_plugins.trimtab_sweeper._arms import Point, point_of
from trimtab.errors import InvalidArgument, SpaceExhausted
from trimtab.experiment.feasible import Feasible
from trimtab.records import History
from trimtab.samplers import Proposal, Sampler
from trimtab.samplers.wrapper import WrapperSampler
from trimtab.space import (
    Internal,
    LinearConstraint,
    Space,
    check_constraints,
    feasible_point,
    parse_constraint,
)

_REDRAW: Final = 3 << 32
"""Lane of the draws that replace a point which is not allowed."""
_TRIES: Final = 8
"""Draws of the sampler itself before another point is taken for one that it repeats."""
_DRAWS: Final = 256


@dataclass(frozen=True, slots=True)
class Region:
    """Where a sweep may search.

    Attributes:
        space: All parameters.
        parameter_constraints: Linear ones between them.
    """

    space: Space
    parameter_constraints: tuple[LinearConstraint, ...] = ()

    @property
    def roots(self) -> Space:
        """The parameters that every point has: all."""
        return self.space

    @classmethod
    def of(cls, space: Space, constraints: Sequence[str]) -> Region:
        """The region of constraints as text.

        Raises:
            InvalidArgument: If one cannot be read, names a parameter that is no number, or no
                point satisfies all of them.
        """
        parsed = tuple(parse_constraint(text, space.names) for text in constraints)
        check_constraints(parsed, space)
        if feasible_point(parsed, space) is None:
            raise InvalidArgument(
                "constraints", "constraints that some point of the space satisfies", constraints
            )
        return cls(space, parsed)


class NewPoints(WrapperSampler):
    """Proposes what another sampler does, but no point twice and none beyond the constraints.

    Where a custom search space adds parameters, it cannot know what a point will become, and all is
    left to the other sampler.

    Args:
        base: The other sampler.
        region: Where it may search.
        is_tried: Whether a point, by parameter name, was proposed before.
    """

    def __init__(self, base: Sampler, region: Region, is_tried: Callable[[Point], bool]) -> None:
        super().__init__(base, "sampler")
        self._space = region.space
        self._feasible = Feasible(region, {})
        self._is_tried = is_tried

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A new point of the region.

        Raises:
            SpaceExhausted: If the space is finite and no new point is left.
        """
        if space.columns.keys() != self._space.columns.keys():  # a custom search space adds others
            return super().propose(history, space, number, rng)
        for lane in range(_TRIES):
            proposal = self._base.propose(history, space, number, rng)
            point = self._allowed(space, proposal, number)
            if not self._tried(space, point):
                break
            rng = self.streams.at(number, _REDRAW + 1 + lane)
        else:
            point = self._nearest_new(space, point, number)
        return Proposal(space.encode(point), proposal.state, space.external(point))

    def exhausted(self, history: History, space: Space) -> bool:
        """Whether all points of a finite space were tried."""
        free = self._feasible.finite(self._space)
        return free is not None and all(self._tried(self._space, point) for point in free)

    def _tried(self, space: Space, point: tuple[Internal, ...]) -> bool:
        return self._is_tried(point_of(space, point))

    def _allowed(self, space: Space, proposal: Proposal, number: int) -> tuple[Internal, ...]:
        """The proposed point, or the last allowed one on the way to it."""
        units = proposal.point.copy()
        silent = np.isnan(units)
        units[silent] = self.streams.at(number, _REDRAW).random(int(silent.sum()))
        point = list(space.decode(units.tolist()))
        for name, value in proposal.params.items():
            if name in space:
                point[space.index(name)] = space[name].to_internal_repr(value)
        if self._feasible.holds(space, tuple(point)):
            return tuple(point)
        return self._feasible.near(space, tuple(point), self.streams.at(number, _REDRAW))

    def _nearest_new(
        self, space: Space, point: tuple[Internal, ...], number: int
    ) -> tuple[Internal, ...]:
        free = self._feasible.finite(space)
        if free is None:  # very many, of which few were tried
            rng = self.streams.at(number, _REDRAW)
            for units in rng.random((_DRAWS, len(space))):
                other = space.decode(units.tolist())
                if self._feasible.holds(space, other) and not self._tried(space, other):
                    return other
            return point
        left = [other for other in free if not self._tried(space, other)]
        if not left:
            raise SpaceExhausted(f"All {len(free)} points of the search space have been tried.")
        away = np.abs(np.array([space.encode(other) for other in left]) - space.encode(point))
        away[:, space.is_categorical] = away[:, space.is_categorical] > 0
        return left[int(np.argmin(away.sum(axis=1)))]
