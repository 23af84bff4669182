"""The maximum of an acquisition over a mixed space.

Candidates from everywhere and from around the best arms are screened; from the most promising the
continuous columns climb by gradients and the others by trying their values, in turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.samplers.gp.acquisition import Acquisition
from trimtab.samplers.gp.domain import Domain
from trimtab.samplers.gp.kernel import Encoding
from trimtab.space import Floats

_MOST_ENUMERATED = 4096
_BATCH = 512
_ALL_VALUES = 24
"""A column of more values is searched in steps of growing size."""
_TURNS = 4
_MOVED_COLUMNS = 10
"""How many columns of a good arm are changed at once, about, where there are many."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How hard to search.

    Attributes:
        everywhere: Candidates from the whole space.
        around: Candidates from around good arms.
        starts: Local searches.
        rounds: Most steps of one.
    """

    everywhere: int = 384
    around: int = 128
    starts: int = 6
    rounds: int = 18


class Search:
    """Maximizes an acquisition.

    Args:
        acquisition: Of features.
        encoding: Of points.
        domain: Those that are admissible.
        lengths: Shape (d,), over which the acquisition changes.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        encoding: Encoding,
        domain: Domain,
        lengths: Floats,
    ) -> None:
        self._acquisition = acquisition
        self._encoding = encoding
        self._domain = domain
        self._lengths = np.minimum(lengths, 1.0)

    def value(self, points: Floats) -> Floats:
        """Shape (n,), of points of shape (n, d)."""
        out = np.empty(len(points))
        for start in range(0, len(points), _BATCH):
            rows = slice(start, start + _BATCH)
            out[rows] = self._acquisition.value(self._encoding.features(points[rows]))
        return out

    def best(self, good: Floats, budget: Budget, rng: np.random.Generator) -> Iterator[Floats]:
        """Points, shape (d,), the most promising first.

        Args:
            good: Shape (g, d), arms to search around, the best first.
            budget: How hard.
            rng: Draws the candidates.
        """
        if 0 < self._domain.size <= _MOST_ENUMERATED:
            points = self._domain.every()
            values = self.value(points)
        else:
            points = self._domain.admitted(self._candidates(good, budget, rng), rng)
            values = self.value(points)
            starts = _chosen(values, budget, rng)
            climbed, reached = self._climb(points[starts], values[starts], budget)
            points = np.concatenate([climbed, points])
            values = np.concatenate([reached, values])
        for index in np.argsort(-values, kind="stable").tolist():
            yield points[index]

    def _candidates(self, good: Floats, budget: Budget, rng: np.random.Generator) -> Floats:
        d = self._encoding.d
        everywhere = self._domain.grid.draw(budget.everywhere, rng)
        if not len(good):
            return everywhere
        centre = good[np.arange(budget.around) % len(good)]
        missing = np.isnan(centre)
        centre = np.where(missing, rng.random(centre.shape), centre)
        # Of several sizes, as the way to the optimum may be far or near.
        size = 10.0 ** rng.uniform(-3.0, -0.3, (budget.around, 1))
        moved = rng.random(centre.shape) < max(min(_MOVED_COLUMNS / d, 1.0), 1.0 / d)
        moved[np.arange(budget.around), rng.integers(d, size=budget.around)] = True
        near = centre + size * rng.standard_normal(centre.shape) * np.sqrt(self._lengths)
        near = np.abs(near)
        near = np.clip(np.where(near > 1.0, 2.0 - near, near), 0.0, 1.0)
        near = self._domain.grid.snap(np.where(moved, near, centre))
        self._change_choices(near, moved, rng)
        return np.concatenate([np.where(np.isnan(good), 0.5, good), near, everywhere])

    def _change_choices(
        self, points: Floats, moved: NDArray[np.bool_], rng: np.random.Generator
    ) -> None:
        """Draw unordered columns anew where they are to move, one or two of a point."""
        columns = self._encoding.unordered
        if not len(columns):
            return
        chance = min(1.5 / len(columns), 0.5)
        drawn = self._domain.grid.draw(len(points), rng)
        change = moved[:, columns] & (rng.random((len(points), len(columns))) < chance)
        points[:, columns] = np.where(change, drawn[:, columns], points[:, columns])

    def _climb(self, points: Floats, values: Floats, budget: Budget) -> tuple[Floats, Floats]:
        for turn in range(_TURNS):
            before = values
            if len(self._domain.continuous):
                points, values = self._climb_gradients(points, values, budget)
            if not len(self._domain.discrete):
                break
            points, values = self._try_values(points, values)
            if turn and not (values > before + 1e-3).any():
                break
        return points, values

    def _climb_gradients(
        self, points: Floats, values: Floats, budget: Budget
    ) -> tuple[Floats, Floats]:
        columns = self._domain.continuous
        encoding, acquisition = self._encoding, self._acquisition
        features = np.searchsorted(encoding.numeric, columns)
        absent = np.isnan(points[:, columns])
        searching = absent.any()
        fixed = np.broadcast_to(points, points.shape)

        def function(x: Floats, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
            whole = fixed[rows].copy()
            whole[:, columns] = np.where(absent[rows], np.nan, x) if searching else x
            value, gradient = acquisition.gradient(encoding.features(whole))
            gradient = gradient[:, features]
            if searching:
                gradient[absent[rows]] = 0.0
            return value, gradient

        x, found = self._domain.ascend(
            function, points, columns, self._lengths[columns], budget.rounds
        )
        out = points.copy()
        out[:, columns] = np.where(absent, np.nan, x)
        better = found >= values
        return np.where(better[:, None], out, points), np.where(better, found, values)

    def _try_values(self, points: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Every start moves to its best neighbour while that is better."""
        points, values = points.copy(), values.copy()
        for _ in range(2 * len(self._domain.discrete) + 2):
            owners, neighbours = self._neighbours(points)
            if not len(owners):
                break
            inside = self._domain.inside(neighbours)
            owners, neighbours = owners[inside], self._domain.changed(neighbours[inside])
            if not len(owners):
                break
            found = self.value(neighbours)
            moved = False
            for r in range(len(points)):
                mine = np.nonzero(owners == r)[0]
                if not len(mine):
                    continue
                top = mine[np.argmax(found[mine])]
                if found[top] > values[r] + 1e-9:
                    points[r], values[r] = neighbours[top], found[top]
                    moved = True
            if not moved:
                break
        return points, values

    def _neighbours(self, points: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Points that differ in one discrete column, and whose neighbours they are."""
        owners, out = [], []
        for j in self._domain.discrete.tolist():
            levels = self._domain.grid.levels[j]
            n = len(levels)
            for r in range(len(points)):
                if points[r, j] != points[r, j] or n == 1:
                    continue
                here = int(np.searchsorted(levels, points[r, j] - 1e-12))
                if n <= _ALL_VALUES:
                    others = [k for k in range(n) if k != here]
                else:
                    jumps = [s * 2**e for e in range(10) for s in (-1, 1)]
                    others = [here + k for k in jumps if 0 <= here + k < n]
                block = np.repeat(points[r][None], len(others), axis=0)
                block[:, j] = levels[others]
                out.append(block)
                owners.append(np.full(len(others), r))
        if not out:
            return np.empty(0, dtype=np.int64), points[:0]
        return np.concatenate(owners), np.concatenate(out)


def _chosen(values: Floats, budget: Budget, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which candidates to climb from: the best, and others by chance, better ones more likely."""
    order = np.argsort(-values, kind="stable")
    if len(order) <= budget.starts:
        return order
    first = order[: (budget.starts + 1) // 2]
    rest = order[len(first) :]
    usual = values[order[: max(len(order) // 4, 2)]]
    spread = float(usual.std()) or 1.0
    # Gumbel's trick: a draw without replacement, with chances proportional to exp(value / spread).
    keys = values[rest] / spread + rng.gumbel(size=len(rest))
    more = rest[np.argsort(-keys, kind="stable")[: budget.starts - len(first)]]
    return np.concatenate([first, more])
