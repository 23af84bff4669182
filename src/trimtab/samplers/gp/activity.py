"""Which parameters a trial has, learnt from those that were run.

Define-by-run spaces do not say under which value of another parameter one exists; trials show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.samplers.gp.grid import Grid
from trimtab.space import Floats

_MOST_LEVELS = 64


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether a column is there, by the value of another.

    Attributes:
        column: The one that comes and goes.
        decider: The one that decides.
        present: Shape (levels + 1,), by level of the decider; the last: where that is absent.
    """

    column: int
    decider: int
    present: NDArray[np.bool_]


class Activity:
    """The rules that all points seen follow.

    A column is ruled by the first discrete column each of whose values it was always or never
    together with. Where there is none it is taken to be always there.

    Args:
        points: Shape (n, d), NaN where a column was absent.
        grid: Of the columns.
    """

    def __init__(self, points: Floats, grid: Grid) -> None:
        self._grid = grid
        there = ~np.isnan(points)
        self.rules: list[Rule] = []
        often = there.any(axis=0) & ~there.all(axis=0)
        if not often.any():
            return
        deciders = [j for j in grid.discrete.tolist() if len(grid.levels[j]) <= _MOST_LEVELS]
        deciders.sort(key=lambda j: -int(there[:, j].sum()))  # those that decide others first
        levels = {c: self._level(points[:, c], c) for c in deciders}
        order = sorted(np.nonzero(often)[0].tolist(), key=lambda j: -int(there[:, j].sum()))
        for j in order:
            for c in deciders:
                if c == j:
                    continue
                n = len(grid.levels[c]) + 1
                on = np.bincount(levels[c][there[:, j]], minlength=n) > 0
                off = np.bincount(levels[c][~there[:, j]], minlength=n) > 0
                if not (on & off).any():
                    self.rules.append(Rule(j, c, ~off))
                    break

    def _level(self, column: Floats, j: int) -> NDArray[np.int64]:
        levels = self._grid.levels[j]
        index = np.searchsorted(levels, column - 1e-12)
        return np.where(np.isnan(column), len(levels), np.minimum(index, len(levels) - 1))

    def applied(self, points: Floats) -> Floats:
        """The points, shape (n, d), without what they cannot have; what they lack is put in."""
        if not self.rules:
            return points
        out = points.copy()
        middle = self._grid.snap(np.full((1, out.shape[1]), 0.5))[0]
        for rule in self.rules:
            present = rule.present[self._level(out[:, rule.decider], rule.decider)]
            column = out[:, rule.column]
            filled = np.where(np.isnan(column), middle[rule.column], column)
            out[:, rule.column] = np.where(present, filled, np.nan)
        return out
