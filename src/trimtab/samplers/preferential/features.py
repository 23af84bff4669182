"""Points of the unit cube as features of the kernel, and points to choose from.

A number is one feature. A choice is one-hot, scaled so that any two choices are at distance 1. A
parameter that some trials lack (a conditional one) has one more feature, which says whether it is
there; where it is not, it stands at the middle. All features of a parameter share a length scale.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trimtab.space import CategoricalDistribution, Floats, Space
from trimtab.space.transform import is_log

_GRID = 64  # parameters of at most so many values are searched value by value


class Encoder:
    """Features of a space.

    Args:
        space: d columns.
        units: Shape (n, d): the points of the trials met so far, NaN where a parameter is absent.

    Attributes:
        group: Shape (f,): the column of each feature.
    """

    def __init__(self, space: Space, units: Floats) -> None:
        absent = np.isnan(units)
        self._choices = [
            len(distribution.choices) if isinstance(distribution, CategoricalDistribution) else 0
            for distribution in space.distributions
        ]
        self._optional: NDArray[np.bool_] = np.any(absent, axis=0)
        self.group = np.array(
            [
                j
                for j, (choices, optional) in enumerate(
                    zip(self._choices, self._optional, strict=True)
                )
                for _ in range((choices or 1) + bool(optional))
            ],
            dtype=np.int64,
        )
        self._cells = np.array([_cells(space, j) for j in range(len(space))], dtype=np.float64)
        # Which parameters a point has is foretold by its choices: as in the latest trial that
        # chose the same.
        deciding = [
            j
            for j, cells in enumerate(self._cells.tolist())
            if cells and not self._optional[j] and cells <= _GRID
        ]
        self._deciding = np.array(deciding, dtype=np.int64)
        self._layouts: dict[tuple[int, ...], NDArray[np.bool_]] = {}
        if self._optional.any():
            for key, row in zip(self._keys(units), absent, strict=True):
                self._layouts[key] = row

    def features(self, units: Floats) -> Floats:
        """Shape (a, f), of points of shape (a, d)."""
        columns: list[Floats] = []
        for j, choices in enumerate(self._choices):
            column = units[:, j]
            there = ~np.isnan(column)
            if choices:
                index = np.where(there, column * choices, -1.0).astype(np.int64)
                hot = index[:, None] == np.arange(choices)
                columns.extend(hot.T / math.sqrt(2.0))
            else:
                columns.append(np.where(there, column, 0.5))
            if self._optional[j]:
                columns.append(there.astype(np.float64))
        return np.column_stack(columns)

    def snapped(self, units: Floats) -> Floats:
        """Points moved to the middle of the cell of their value, where values have cells."""
        cells = np.where(self._cells > 0.0, self._cells, 1.0)
        middle = (np.minimum(np.floor(units * cells), cells - 1.0) + 0.5) / cells
        out: Floats = np.where(self._cells > 0.0, middle, units)
        return out

    def foretold(self, units: Floats) -> Floats:
        """Points with NaN where a trial that begins so is expected to lack a parameter."""
        if not self._layouts:
            return units
        everything = np.zeros(units.shape[1], dtype=bool)
        absent = np.array([self._layouts.get(key, everything) for key in self._keys(units)])
        return np.where(absent, np.nan, units)

    def moved(self, units: Floats, size: float, rng: np.random.Generator) -> Floats:
        """Points near others, shape (a, d): numbers by about ``size``, choices drawn anew.

        Each coordinate moves with probability 1/2, and one of them surely does.
        """
        n, d = units.shape
        moves = rng.random((n, d)) < 0.5
        moves[np.arange(n), rng.integers(d, size=n)] = True
        numbers = units + size * rng.standard_normal((n, d))
        numbers = np.abs(numbers)
        numbers = np.clip(np.where(numbers > 1.0, 2.0 - numbers, numbers), 0.0, 1.0)
        # A step smaller than a cell would go nowhere.
        small = (self._cells > 0.0) & (self._cells * size < 1.0)
        numbers = np.where(
            small,
            np.clip(units + rng.choice((-1.0, 1.0), (n, d)) / np.maximum(self._cells, 1.0), 0, 1),
            numbers,
        )
        choice = np.array([bool(choices) for choices in self._choices])
        switch = choice & (rng.random((n, d)) < max(size, 0.1) * 2.0)
        new = np.where(choice, np.where(switch, rng.random((n, d)), units), numbers)
        return self.snapped(np.where(moves, new, units))

    def _keys(self, units: Floats) -> list[tuple[int, ...]]:
        part = units[:, self._deciding]
        index = np.floor(part * self._cells[self._deciding]).astype(np.int64)
        return [tuple(row) for row in index.tolist()]


def _cells(space: Space, j: int) -> int:
    """How many equal cells a column is cut into; 0: values are as good as continuous."""
    distribution = space.distributions[j]
    levels = distribution.levels
    if isinstance(distribution, CategoricalDistribution):
        return levels
    return levels if 0 < levels <= _GRID and not is_log(distribution) else 0
