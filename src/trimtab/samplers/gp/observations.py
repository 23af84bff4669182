"""What a history says to a Gaussian process: finished trials as rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.records import History, TrialState
from trimtab.space import Floats, Space

Indices = NDArray[np.int64]

_MOST_PRUNED = 128
_AUGMENTATION = 0.05


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
        failed: Shape (f, d), points of the trials that failed, in the order in which they did.
        pruned: Shape (k, d), points of the latest trials that were pruned.
        partial: Shape (k,), the losses that these last reported; NaN where they did not, and where
            there are several objectives.
    """

    numbers: Indices
    points: Floats
    losses: Floats
    sems: Floats
    violation: Floats
    constraints: Floats
    failed: Floats
    pruned: Floats
    partial: Floats

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
        failed = _placed(history, space, TrialState.FAIL)
        pruned = _placed(history, space, TrialState.PRUNED)[-_MOST_PRUNED:]
        partial = np.full(len(pruned), np.nan)
        if history.n_objectives == 1:
            for i, number in enumerate(pruned.tolist()):
                last = history.last_value(number)
                if last is not None:
                    partial[i] = last[1] * history.signs[0]
        return cls(
            numbers,
            history.unit(space)[numbers],
            values[numbers] * history.signs,
            history.sems[numbers],
            history.violation[numbers],
            constraints,
            history.unit_rows(space, failed),
            history.unit_rows(space, pruned),
            np.where(np.isfinite(partial), partial, np.nan),
        )

    def scalarized(self, rng: np.random.Generator) -> Observations:
        """The same with one objective: an augmented Chebyshev norm with random weights.

        Knowles, "ParEGO", IEEE TEVC 10(1), 2006, section II.B.
        """
        low, high = self.losses.min(axis=0), self.losses.max(axis=0)
        width = high / 2.0 - low / 2.0  # halves: the width itself may be no float
        shares = (self.losses / 2.0 - low / 2.0) / np.where(width > 0.0, width, 1.0)
        weighted = shares * rng.dirichlet(np.ones(len(low)))
        loss = weighted.max(axis=1) + _AUGMENTATION * weighted.sum(axis=1)
        unknown = np.full((len(loss), 1), np.nan)
        return replace(self, losses=loss[:, None], sems=unknown)

    def __len__(self) -> int:
        return len(self.numbers)


def _placed(history: History, space: Space, state: TrialState) -> Indices:
    """Trials that ended in a state and of whose points something is known, in order of ending."""
    order = history.finished
    numbers: Indices = order[(history.states[order] == state) & ~history.archived[order]]
    if not len(numbers):
        return numbers
    known = ~np.isnan(history.unit_rows(space, numbers)).all(axis=1)
    return np.asarray(numbers[known])


def pending_points(history: History, space: Space, number: int, most: int) -> Floats:
    """Points of running trials, shape (k, d); those of which nothing is known are left out."""
    running = sorted(other for other in history.running if other != number)[-most:]
    points = history.unit_rows(space, np.array(running, dtype=np.int64))
    return points[~np.isnan(points).all(axis=1)] if len(points) else points
