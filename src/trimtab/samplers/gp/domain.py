"""Where an acquisition is maximized: the admissible points of a space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from trimtab.samplers.gp.activity import Activity
from trimtab.samplers.gp.ascent import Rows, ascend
from trimtab.samplers.gp.grid import Grid
from trimtab.samplers.gp.region import Region
from trimtab.space import Floats

_MOST_CONSTRAINED_STARTS = 4


class Domain:
    """Points on the grid, with fixed columns, conditional ones and linear constraints.

    Args:
        grid: The values of each column.
        fixed: Shape (d,), coordinates that are held, NaN where a column is free; None: all are.
        activity: Which columns a point has; None: all.
        region: Linear constraints; None: there are none.

    Attributes:
        free: Shape (d,), which columns may change.
        size: How many points there are, at most; 0 where they are not finitely many.
    """

    def __init__(
        self,
        grid: Grid,
        fixed: Floats | None = None,
        activity: Activity | None = None,
        region: Region | None = None,
    ) -> None:
        self.grid = grid
        d = len(grid.levels)
        self._fixed = np.full(d, np.nan) if fixed is None else fixed
        self.free: NDArray[np.bool_] = np.isnan(self._fixed)
        self._activity = activity if activity is not None and activity.rules else None
        self._region = region
        sizes = [len(grid.levels[j]) for j in np.nonzero(self.free)[0].tolist()]
        total = float(np.prod(np.array(sizes, dtype=np.float64)))
        self.size = int(total) if total < 2.0**53 else 0

    @property
    def discrete(self) -> NDArray[np.int64]:
        """Free columns of finitely many values."""
        return self.grid.discrete[self.free[self.grid.discrete]]

    @property
    def continuous(self) -> NDArray[np.int64]:
        """The other free columns."""
        return self.grid.continuous[self.free[self.grid.continuous]]

    def every(self) -> Floats:
        """All points, shape (at most size, d)."""
        columns = [
            levels if free else np.array([value])
            for levels, free, value in zip(self.grid.levels, self.free, self._fixed, strict=True)
        ]
        mesh = np.meshgrid(*columns, indexing="ij")
        points = np.stack([column.reshape(-1) for column in mesh], axis=1)
        if self._activity is not None:
            points = self._activity.applied(points)
            points = np.array(list({row.tobytes(): row for row in points}.values()))
        return points[self.inside(points)]

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Random points, shape (n, d)."""
        return self.admitted(self.grid.draw(n, rng), rng)

    def admitted(self, points: Floats, rng: np.random.Generator) -> Floats:
        """Points near some others, shape (n, d), that are admissible."""
        out = np.where(self.free, self.grid.snap(points), self._fixed)
        if self._region is not None:
            out = self._region.repaired(out, rng, self.free)
        return out if self._activity is None else self._activity.applied(out)

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Which of some points on the grid satisfy the constraints, shape (n,)."""
        if self._region is None or not len(points):
            return np.ones(len(points), dtype=bool)
        return self._region.inside(points)

    def changed(self, points: Floats) -> Floats:
        """Points one of whose columns was changed, with the columns that they then have."""
        return points if self._activity is None else self._activity.applied(points)

    def settled(self, point: Floats) -> Floats | None:
        """The point, shape (d,), or one beside it, such that what is decoded is admissible.

        None where there is no such point.
        """
        return point if self._region is None else self._region.settled(point)

    def ascend(
        self,
        function: Callable[[Floats, Rows], tuple[Floats, Floats]],
        points: Floats,
        columns: NDArray[np.int64],
        scale: Floats,
        rounds: int,
    ) -> tuple[Floats, Floats]:
        """Local maxima over some continuous columns; see `ascend`.

        Args:
            function: Of these columns.
            points: Shape (r, d), where the searches begin, inside.
            columns: Shape (c,), of those that change.
            scale: Shape (c,).
            rounds: Most calls of the function, for every search.

        Returns:
            The columns, shape (r, c), and the values; -inf for a search that was left out.
        """
        starts = np.where(np.isnan(points[:, columns]), 0.5, points[:, columns])
        if self._region is None or not self._region.concerns(columns):
            return ascend(function, starts, scale, rounds)
        out, values = starts.copy(), np.full(len(starts), -np.inf)
        for r in range(min(len(starts), _MOST_CONSTRAINED_STARTS)):
            out[r], values[r] = self._climb_within(
                self._region, function, r, points[r], columns, rounds
            )
        return out, values

    def _climb_within(
        self,
        region: Region,
        function: Callable[[Floats, Rows], tuple[Floats, Floats]],
        r: int,
        point: Floats,
        columns: NDArray[np.int64],
        rounds: int,
    ) -> tuple[Floats, float]:
        """One search by sequential quadratic programming (Kraft 1988)."""
        row = np.array([r])

        def whole(x: Any) -> Floats:
            out = point.copy()
            out[columns] = x
            return out[None]

        def loss(x: Any) -> tuple[float, Floats]:
            value, gradient = function(x[None], row)
            return -float(value[0]), -gradient[0]

        start = np.where(np.isnan(point[columns]), 0.5, point[columns])
        best = (-loss(start)[0], start)
        within: Any = {
            "type": "ineq",
            "fun": lambda x: -region.excess(whole(x))[0],
            "jac": lambda x: -region.slopes(whole(x))[0][:, columns],
        }
        found: Any = minimize(
            loss,
            start,
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * len(columns),
            constraints=within,
            options={"maxiter": rounds, "ftol": 1e-4},
        )
        x = np.clip(found.x, 0.0, 1.0)
        if np.isfinite(x).all():
            inside = region.drawn_back(whole(x)[0], point)[columns]
            value = -loss(inside)[0]
            if value > best[0]:
                return inside, value
        return best[1], best[0]
