"""Where to look while there is no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trimtab.records import History
from trimtab.samplers.base import Proposal
from trimtab.samplers.sobol import SobolSampler
from trimtab.space import Distribution, Internal, Space

_FIRST, _FIRST_OF_SEVERAL = 5, 8


def begins(
    n_objectives: int, n_complete: int, n_running: int, n_startup_trials: int | None = None
) -> bool:
    """Whether too little is known for a model.

    Args:
        n_objectives: Of the study.
        n_complete: Trials that are complete.
        n_running: Trials that run, without the one that is to be proposed.
        n_startup_trials: So many trials come first, running ones among them; half of them at
            least are complete before the first model. None: 5, and with several objectives 8.
    """
    first = n_startup_trials
    if first is None:
        first = _FIRST if n_objectives == 1 else _FIRST_OF_SEVERAL
    return n_complete + n_running < first or 2 * n_complete < first


class CentredSequence(SobolSampler):
    """The middle of the space, then a scrambled Sobol' sequence.

    Bounds are set around what one expects, so that the middle is better than most points. Choices
    without an order have no middle: those of the first trial are the sequence's.

    Args:
        seed: Of the scrambling; None for fresh entropy.
        ordered: Names of the categorical parameters whose choices are in order.
    """

    def __init__(self, seed: int | None, ordered: frozenset[str] = frozenset()) -> None:
        super().__init__(seed)
        self._ordered = ordered

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The middle for trial 0, else point ``number`` of the sequence."""
        return self._centred(super().propose(history, space, number, rng), space, number)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """Likewise."""
        return self._centred(super().propose_one(history, space, number, rng, given), space, number)

    def _centred(self, proposal: Proposal, space: Space, number: int) -> Proposal:
        if number > 0:
            return proposal
        has_no_middle = np.array([name not in self._ordered for name in space], dtype=bool)
        unordered = space.is_categorical & has_no_middle
        return replace(proposal, point=np.where(unordered, proposal.point, 0.5))
