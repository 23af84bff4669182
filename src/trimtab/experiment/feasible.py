"""Points that satisfy the constraints of a search space."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    Floats,
    IntDistribution,
    Internal,
    LinearConstraint,
    Space,
    constraint_arrays,
    feasible_point,
    grid_value,
)

_MOST_LISTED: Final = 20_000
"""Points of a finite space up to which it is listed, to know when all have been tried."""
_DRAWS: Final = 4096


class Region(Protocol):
    """A space and linear constraints in it, such as a `SearchSpace`."""

    @property
    def space(self) -> Space:
        """All parameters."""

    @property
    def roots(self) -> Space:
        """The parameters that every point has."""

    @property
    def parameter_constraints(self) -> Sequence[LinearConstraint]:
        """Between the latter."""


class Feasible:
    """The feasible points of a search space with some values held fixed.

    Args:
        search_space: The space.
        fixed: Values by parameter name.

    Raises:
        InvalidArgument: If a name is unknown, a value is out of bounds, or no feasible point
            has these values.
    """

    def __init__(self, search_space: Region, fixed: Mapping[str, Any]) -> None:
        self._constraints = search_space.parameter_constraints
        self._fixed: dict[str, Internal] = {}
        for name, value in fixed.items():
            if name not in search_space.space:
                raise InvalidArgument("fixed_features", f"names of {[*search_space.space]}", name)
            distribution = search_space.space[name]
            internal = distribution.to_internal_repr(value)
            if not distribution._contains(internal):
                raise InvalidArgument(f"fixed_features.{name}", f"a value of {distribution}", value)
            self._fixed[name] = internal
        roots = search_space.roots
        pinned = {
            name: pin(distribution, self._fixed[name]) if name in self._fixed else distribution
            for name, distribution in roots.items()
        }
        self._some = feasible_point(self._constraints, pinned)
        if self._some is None:
            raise InvalidArgument(
                "fixed_features", "values that some feasible point has", dict(fixed)
            )
        self._listed: tuple[Space, tuple[tuple[Internal, ...], ...] | None] | None = None

    def holds(self, space: Space, point: tuple[Internal, ...]) -> bool:
        """Whether a point satisfies all constraints, exactly."""
        if not self._constraints:
            return True
        params = space.external(point)
        return all(constraint.holds(params) for constraint in self._constraints)

    def finite(self, space: Space) -> tuple[tuple[Internal, ...], ...] | None:
        """All feasible points, or None where they are too many to list."""
        if self._listed is None or self._listed[0] is not space:
            self._listed = (space, self._list(space))
        return self._listed[1]

    def _list(self, space: Space) -> tuple[tuple[Internal, ...], ...] | None:
        levels = [1 if name in self._fixed else space[name].levels for name in space]
        if not all(levels) or math.prod(levels) > _MOST_LISTED:
            return None
        columns = [
            [self._fixed[name]] if name in self._fixed else _values(space[name]) for name in space
        ]
        points = itertools.product(*columns)
        return tuple(point for point in points if self.holds(space, point))

    def near(
        self, space: Space, point: tuple[Internal, ...], rng: np.random.Generator
    ) -> tuple[Internal, ...]:
        """A feasible point: the last one on the way from a feasible one towards ``point``.

        The feasible one is drawn: uniformly by rejection, or where that finds none among 4096,
        between vertices of the polytope (each the optimum of a random linear goal).
        """
        start = self._drawn(space, rng)
        if start is None:
            start = self._between_vertices(space, rng)
        a, b = space.encode(start), space.encode(point)
        low, high = 0.0, 1.0
        best = start
        for _ in range(30):
            middle = (low + high) / 2.0
            found = self.pinned(space, space.decode((a + middle * (b - a)).tolist()))
            if self.holds(space, found):
                low, best = middle, found
            else:
                high = middle
        return best

    def pinned(self, space: Space, point: tuple[Internal, ...]) -> tuple[Internal, ...]:
        """A point with the fixed values put in."""
        return tuple(
            self._fixed.get(name, internal) for name, internal in zip(space, point, strict=True)
        )

    def _drawn(self, space: Space, rng: np.random.Generator) -> tuple[Internal, ...] | None:
        for units in rng.random((_DRAWS, len(space))):
            point = self.pinned(space, space.decode(units.tolist()))
            if self.holds(space, point):
                return point
        return None

    def _between_vertices(self, space: Space, rng: np.random.Generator) -> tuple[Internal, ...]:
        """A point between vertices, where rejection is hopeless; else the one found at first."""
        from scipy.optimize import linprog

        names = [n for n in space if not isinstance(space[n], CategoricalDistribution)]
        A, b = constraint_arrays(self._constraints, names)
        bounds = [self._bounds(name, space[name]) for name in names]
        vertices: list[Floats] = []
        for _ in range(2 * len(names) + 2):
            found = linprog(rng.standard_normal(len(names)), A, b, bounds=bounds)
            if found.x is not None:
                vertices.append(found.x)
        for _ in range(32 if vertices else 0):
            x = rng.dirichlet(np.ones(len(vertices))) @ np.array(vertices)
            point = self._completed(space, dict(zip(names, x.tolist(), strict=True)), rng)
            if self.holds(space, point):
                return point
        return self._completed(space, self._some or {}, rng)

    def _bounds(self, name: str, distribution: Distribution) -> tuple[float, float]:
        if name in self._fixed:
            return float(self._fixed[name]), float(self._fixed[name])
        if isinstance(distribution, CategoricalDistribution):
            raise InvalidArgument(name, "a parameter that is a number", distribution)
        return float(distribution.low), float(distribution.high)

    def _completed(
        self, space: Space, numbers: Mapping[str, float], rng: np.random.Generator
    ) -> tuple[Internal, ...]:
        point: list[Internal] = []
        for name, distribution in space.items():
            if name in self._fixed:
                point.append(self._fixed[name])
            elif isinstance(distribution, CategoricalDistribution):
                point.append(int(rng.integers(distribution.levels)))
            else:
                point.append(nearest(distribution, numbers[name]))
        return tuple(point)


def pin(distribution: Distribution, internal: Internal) -> Distribution:
    """The distribution with one value only."""
    value = distribution.to_external_repr(internal)
    if isinstance(distribution, CategoricalDistribution):
        return CategoricalDistribution((value,))
    if isinstance(distribution, IntDistribution):
        return IntDistribution(int(internal), int(internal))
    return FloatDistribution(float(internal), float(internal))


def nearest(distribution: FloatDistribution | IntDistribution, x: float) -> Internal:
    """The admissible value nearest to a number."""
    x = min(max(x, distribution.low), distribution.high)
    if isinstance(distribution, IntDistribution):
        return (
            distribution.low + round((x - distribution.low) / distribution.step) * distribution.step
        )
    if distribution.step is None:
        return float(x)
    return grid_value(distribution, round((x - distribution.low) / distribution.step))


def _values(distribution: Distribution) -> list[Internal]:
    if isinstance(distribution, CategoricalDistribution):
        return list(range(distribution.levels))
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    return [grid_value(distribution, index) for index in range(distribution.levels)]
