"""The admissible values of the columns of a space, as coordinates of the unit cube."""

from __future__ import annotations

import numpy as np

from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    Floats,
    Space,
    column_to_unit,
    grid_value,
)

_MOST_LEVELS = 1024


class Grid:
    """Rounds points of the unit cube to admissible ones.

    Args:
        space: d columns. One with more than 1,024 levels is taken as a continuum, whose points are
            rounded when they are decoded.

    Attributes:
        levels: For every column the coordinates of its values, ascending; empty for a continuum.
        discrete: Indices of the columns with levels.
        continuous: Indices of the others.
        size: How many points there are; 0 where they are not finitely many (or more than 2**53).
    """

    def __init__(self, space: Space) -> None:
        self.levels = [_levels(distribution) for distribution in space.distributions]
        sizes = np.array([len(levels) for levels in self.levels], dtype=np.int64)
        self.discrete = np.nonzero(sizes > 0)[0]
        self.continuous = np.nonzero(sizes == 0)[0]
        total = float(np.prod(sizes.astype(np.float64)))
        self.size = int(total) if total < 2.0**53 else 0
        self._middles = [(levels[1:] + levels[:-1]) / 2.0 for levels in self.levels]

    def snap(self, points: Floats) -> Floats:
        """The nearest admissible points, shape (n, d); a copy. NaN stays NaN."""
        out = np.clip(points, 0.0, 1.0)
        for j in self.discrete.tolist():
            index = np.searchsorted(self._middles[j], out[:, j], side="right")
            out[:, j] = np.where(np.isnan(points[:, j]), np.nan, self.levels[j][index])
        return out

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Uniform admissible points, shape (n, d)."""
        return self.snap(rng.random((n, len(self.levels))))

    def every(self) -> Floats:
        """All points, shape (size, d), the last column changing fastest."""
        columns = np.meshgrid(*self.levels, indexing="ij")
        return np.stack([column.reshape(-1) for column in columns], axis=1)


def _levels(distribution: Distribution) -> Floats:
    n = distribution.levels
    if not 0 < n <= _MOST_LEVELS:
        return np.empty(0)
    if isinstance(distribution, CategoricalDistribution):
        internal = np.arange(n, dtype=np.float64)
    elif isinstance(distribution, FloatDistribution):
        if distribution.step is None:
            internal = np.array([distribution.low])
        else:
            internal = np.array([grid_value(distribution, k) for k in range(n)])
    else:
        internal = np.array([float(distribution.low + k * distribution.step) for k in range(n)])
    return column_to_unit(distribution, internal)
