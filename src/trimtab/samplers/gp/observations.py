"""What a history says to a Gaussian process: finished trials as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.records import History, TrialState
from trimtab.space import Floats, Space

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observations:
    """Complete trials in the order in which they finished.

    Attributes:
        numbers: Shape (n,), the trials.
        points: Shape (n, d), in the unit cube, NaN where a parameter was absent.
        losses: Shape (n, m), smaller is better.
        sems: Shape (n, m), standard errors, NaN where unknown.
        violation: Shape (n,), 0 where feasible.
        constraints: Shape (n, c), at most 0 where one holds, NaN where it was not told.
    """

    numbers: Indices
    points: Floats
    losses: Floats
    sems: Floats
    violation: Floats
    constraints: Floats

    @classmethod
    def of(cls, history: History, space: Space) -> Observations:
        """Those of a study, as columns of ``space``."""
        order = history.finished
        states, values = history.states, history.values
        kept = (states[order] == TrialState.COMPLETE) & ~history.archived[order]
        kept &= np.isfinite(values[order]).all(axis=1)
        numbers = order[kept]
        names = history.constraint_names
        constraints = np.empty((len(numbers), len(names)))
        for j, name in enumerate(names):
            constraints[:, j] = history.constraint(name)[numbers]
        return cls(
            numbers,
            history.unit(space)[numbers],
            values[numbers] * history.signs,
            history.sems[numbers],
            history.violation[numbers],
            constraints,
        )

    def __len__(self) -> int:
        return len(self.numbers)


def pending_points(history: History, space: Space, number: int, most: int) -> Floats:
    """Points of running trials, shape (k, d); those of which nothing is known are left out."""
    running = sorted(other for other in history.running if other != number)[-most:]
    points = history.unit_rows(space, np.array(running, dtype=np.int64))
    return points[~np.isnan(points).all(axis=1)] if len(points) else points
