"""Linear constraints between parameters, in the unit cube."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.samplers.gp.grid import Grid
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    Floats,
    IntDistribution,
    LinearConstraint,
    Space,
    check_constraints,
    constraint_arrays,
    edges,
    feasible_point,
    from_unit,
    to_unit,
)
from trimtab.space.transform import is_log

_SWEEPS = 12
"""Of a chain that forgets where it began."""
_CHAINS = 4
_BISECTIONS = 40


class Region:
    """The points of a space that satisfy linear constraints.

    Args:
        constraints: Between numerical columns, in the objective's units.
        space: d columns.
        grid: Of the space.

    Raises:
        InvalidArgument: If a constraint does not fit the space, or no point satisfies them all.
    """

    def __init__(self, constraints: Sequence[LinearConstraint], space: Space, grid: Grid) -> None:
        check_constraints(constraints, space)
        found = feasible_point(constraints, space)
        if found is None:
            raise InvalidArgument(
                "parameter_constraints",
                "constraints that some point of the space satisfies",
                [str(constraint) for constraint in constraints],
            )
        self._constraints = constraints
        self._space = space
        self._grid = grid
        self._A, self._b = constraint_arrays(constraints, space.names)
        self._used = np.nonzero((self._A != 0.0).any(axis=0))[0]
        self._maps = {j: _value_map(space.distributions[j]) for j in self._used.tolist()}
        self._tables = {
            j: self._maps[j](grid.levels[j]) for j in self._used.tolist() if len(grid.levels[j])
        }
        self._home = np.full(len(space), 0.5)
        for j, (name, distribution) in enumerate(space.items()):
            if name in found:
                self._home[j] = to_unit(distribution, distribution.to_internal_repr(found[name]))
        self._home = self._innermost(self._home)

    def holds(self, point: Floats) -> bool:
        """Whether a point, shape (d,), is decoded to parameters that satisfy all constraints."""
        if np.isnan(point[self._used]).any():
            return False
        params = {}
        for j in self._used.tolist():
            distribution = self._space.distributions[j]
            internal = from_unit(distribution, float(point[j]))
            params[self._space.names[j]] = distribution.to_external_repr(internal)
        return all(constraint.holds(params) for constraint in self._constraints)

    def concerns(self, columns: NDArray[np.int64]) -> bool:
        """Whether a constraint speaks of one of some columns."""
        return bool(np.isin(columns, self._used).any())

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Whether points, shape (n, d), satisfy all constraints, but for rounding."""
        return np.asarray((self.excess(points) <= self._slack).all(axis=1))

    def excess(self, points: Floats) -> Floats:
        """By how much each constraint is violated, shape (n, k)."""
        return self._values(points) @ self._A[:, self._used].T - self._b

    def slopes(self, points: Floats) -> Floats:
        """Derivatives of `excess` by the columns, shape (n, k, d), for continuous ones."""
        out = np.zeros((len(points), *self._A.shape))
        for j in self._used.tolist():
            out[:, :, j] = (
                self._A[:, j] * _slope(self._space.distributions[j], points[:, j])[:, None]
            )
        return out

    def repaired(
        self, points: Floats, rng: np.random.Generator, free: NDArray[np.bool_] | None = None
    ) -> Floats:
        """Points as they are where they are inside, near them where they are not.

        Args:
            points: Shape (n, d).
            rng: Draws a point where there is none near.
            free: Shape (d,), which columns may change; None: all.
        """
        outside = np.nonzero(~self.inside(points))[0]
        if not len(outside):
            return points
        movable = self._used if free is None else self._used[free[self._used]]
        out = points.copy()
        moved = out[outside]
        for _ in range(2):
            self._sweep(moved, None, movable, rng)
        still = np.nonzero(~self.inside(moved))[0]
        if len(still):
            # From a point that is known to be inside, along a chain that moves one column at a
            # time (Gibbs): nearer points there are none.
            chains = moved[still]
            chains[:, movable] = self._home[movable]
            for _ in range(_SWEEPS):
                self._sweep(chains, rng.random(chains.shape), movable, rng)
            moved[still] = chains
        out[outside] = moved
        return out

    def drawn_back(self, point: Floats, inner: Floats) -> Floats:
        """The last point on the way from ``inner``, which is inside, to another; shape (d,)."""
        if self.holds(point):
            return point
        low, high = 0.0, 1.0  # shares of the way back
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            if self.holds((1.0 - middle) * point + middle * inner):
                high = middle
            else:
                low = middle
        return np.asarray((1.0 - high) * point + high * inner)

    def settled(self, point: Floats) -> Floats | None:
        """The point, shape (d,), or one beside it, that is decoded to admissible parameters."""
        if self.holds(point):
            return point
        home = point.copy()
        home[self._used] = self._home[self._used]
        back: Floats = self._grid.snap(self.drawn_back(point, home)[None])[0]
        if self.holds(back):
            return back
        return home if self.holds(home) else None

    def _innermost(self, point: Floats) -> Floats:
        """Of a chain of points inside the one that is farthest from the bounds.

        A point on a bound may be outside once it is decoded.
        """
        rng = np.random.default_rng(0)
        chain = np.repeat(point[None], _CHAINS, axis=0)
        best, margin = point, -np.inf
        for _ in range(_SWEEPS):
            self._sweep(chain, rng.random(chain.shape), self._used, rng)
            middle = self._grid.snap(chain.mean(axis=0)[None])
            for candidate in (*chain, *middle):
                least = float((-self.excess(candidate[None])[0] / self._slack).min())
                if least > margin and self.holds(candidate):
                    best, margin = candidate.copy(), least
        return best

    @cached_property
    def _slack(self) -> Floats:
        size = np.abs(self._b) + np.abs(self._A).sum(axis=1)
        return np.asarray(1e-9 * size)

    def _values(self, points: Floats) -> Floats:
        columns = [self._maps[j](np.nan_to_num(points[:, j], nan=0.5)) for j in self._used.tolist()]
        return np.column_stack(columns)

    def _sweep(
        self,
        points: Floats,
        unit: Floats | None,
        columns: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """Move every column into what the others leave it: at random, or no further than needed.

        Args:
            points: Shape (n, d), changed in place.
            unit: Shape (n, d), where in the interval left; None: the nearest point of it.
            columns: Of the used ones, those that may move.
            rng: Draws the order of the columns.
        """
        values = self._values(points)
        for j in rng.permutation(columns).tolist():
            place = int(np.searchsorted(self._used, j))
            weights = self._A[:, j]
            rest = self._b - values @ self._A[:, self._used].T + values[:, [place]] * weights
            with np.errstate(divide="ignore", invalid="ignore"):
                limits = rest / weights
            high = np.where(weights > 0.0, limits, np.inf).min(axis=1)
            low = np.where(weights < 0.0, limits, -np.inf).max(axis=1)
            share = None if unit is None else unit[:, j]
            points[:, j] = self._moved(j, points[:, j], low, high, share)
            values[:, place] = self._maps[j](points[:, j])

    def _moved(
        self, j: int, now: Floats, low: Floats, high: Floats, share: Floats | None
    ) -> Floats:
        """One column with values in [low, high]; unchanged where there is none."""
        if j in self._tables:
            table, levels = self._tables[j], self._grid.levels[j]
            tiny = 1e-9 * np.maximum(np.abs(table).max(), 1.0)
            first = np.searchsorted(table, low - tiny, side="left")
            last = np.searchsorted(table, high + tiny, side="right") - 1
            here = np.searchsorted(levels, now - 1e-12)
            if share is None:
                index = np.clip(here, first, np.maximum(last, first))
            else:
                index = first + (share * (last - first + 1)).astype(np.int64)
            index = np.where(last >= first, index, here)
            return levels[np.clip(index, 0, len(levels) - 1)]
        start = _unit(self._space.distributions[j], low)
        stop = _unit(self._space.distributions[j], high)
        if share is None:
            moved = np.clip(now, start, np.maximum(stop, start))
        else:
            moved = start + share * (stop - start)
        return np.where(stop >= start, moved, now)


def _number(distribution: Distribution) -> FloatDistribution | IntDistribution:
    """The distribution, which `check_constraints` has found to be numerical."""
    if isinstance(distribution, CategoricalDistribution):
        raise InvalidArgument("parameter_constraints", "parameters that are numbers", distribution)
    return distribution


def _value_map(distribution: Distribution) -> Callable[[Floats], Floats]:
    """From unit coordinates to values, without rounding."""
    number = _number(distribution)
    low, high = edges(number)
    if is_log(number):
        return lambda unit: np.exp(low + unit * (high - low))
    return lambda unit: low * (1.0 - unit) + high * unit


def _slope(distribution: Distribution, unit: Floats) -> Floats:
    """Derivative of the value by the unit coordinate."""
    number = _number(distribution)
    low, high = edges(number)
    if is_log(number):
        return np.asarray(np.exp(low + unit * (high - low)) * (high - low))
    return np.full(len(unit), high - low)


def _unit(distribution: Distribution, value: Floats) -> Floats:
    """Unit coordinates of values, those beyond the bounds at the end."""
    number = _number(distribution)
    low, high = edges(number)
    if is_log(number):
        value = np.log(np.clip(value, float(number.low), float(number.high)))
    width = high - low
    return np.clip((value - low) / width if width > 0.0 else np.full(len(value), 0.5), 0.0, 1.0)
