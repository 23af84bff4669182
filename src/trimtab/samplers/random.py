"""Uniform draws."""

from __future__ import annotations

import numpy as np

from trimtab.records import History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.space import Space


class RandomSampler(Sampler):
    """Draws every column uniformly (log-uniformly where ``log``); choices are equally likely.

    Args:
        seed: Of all draws; None for fresh entropy.
    """

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A uniform point."""
        return Proposal(rng.random(len(space)))
