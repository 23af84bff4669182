"""Points that were measured more than once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.records import History, TrialState
from trimtab.space import Floats

REPLICATE_OF = "replicate_of"
"""System attribute of a trial that measures another trial's point again: that trial's number."""


class Arms:
    """Which trials measure the point of which."""

    def __init__(self) -> None:
        self._replicates: dict[int, list[int]] = {}

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """See `trimtab.samplers.follow.Derived`."""
        del rows
        for number in finished:
            origin = history.system_attrs(number).get(REPLICATE_OF)
            if origin is not None and history.states[number] == TrialState.COMPLETE:
                self._replicates.setdefault(int(origin), []).append(number)

    def losses(self, history: History, rows: NDArray[np.int64]) -> Floats:
        """Shape (len(rows), m): losses of some trials, each the mean of its arm's measurements.

        Weighted by precision where every measurement's standard error is known and positive.
        """
        losses: Floats = history.values[rows] * history.signs
        if not self._replicates:
            return losses
        for i in [i for i, row in enumerate(rows.tolist()) if row in self._replicates]:
            arm = np.array([rows[i], *self._replicates[int(rows[i])]])
            weights = np.ones((len(arm), losses.shape[1]))
            sems = history.sems[arm]
            known = (sems > 0.0).all(axis=0)
            weights[:, known] = sems[:, known] ** -2.0
            losses[i] = np.average(history.values[arm] * history.signs, axis=0, weights=weights)
        return losses
