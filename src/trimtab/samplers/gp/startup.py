"""Where to look while there is no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trimtab.records import History
from trimtab.samplers.base import Proposal
from trimtab.samplers.qmc import QMCSampler
from trimtab.space import Distribution, Internal, Space


class CentredSequence(QMCSampler):
    """The middle of the space, then a scrambled Sobol' sequence.

    Bounds are set around what one expects, so that the middle is better than most points. Choices
    without an order have no middle: those of the first trial are the sequence's.

    Args:
        seed: Of the scrambling.
        ordered: Names of the categorical parameters whose choices are in order.
    """

    def __init__(self, seed: int | None, ordered: frozenset[str] = frozenset()) -> None:
        super().__init__(scramble=True, seed=seed, warn_asynchronous_seeding=False)
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
        unordered = space.is_categorical & [name not in self._ordered for name in space]
        return replace(proposal, point=np.where(unordered, proposal.point, 0.5))
