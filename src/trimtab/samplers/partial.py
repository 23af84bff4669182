"""Some parameters held fixed, the others left to another sampler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.records import History
from trimtab.samplers.base import Proposal
from trimtab.samplers.foreign import BaseSampler
from trimtab.samplers.wrapper import WrapperSampler
from trimtab.space import Distribution, Internal, Space


class PartialFixedSampler(WrapperSampler):
    """Holds some parameters fixed and leaves the others to another sampler.

    `BruteForceSampler` as the other one counts points that differ in a fixed parameter as not yet
    tried and does not come to an end: say how many trials to run.

    Args:
        fixed_params: Values by name. One that its distribution does not hold is used
            nevertheless, with a warning from the study.
        base_sampler: Samples the other parameters; its seed is this sampler's.

    Raises:
        InvalidType: If ``base_sampler`` is not a sampler.
    """

    def __init__(self, fixed_params: Mapping[str, Any], base_sampler: BaseSampler) -> None:
        super().__init__(base_sampler, "base_sampler")
        self._fixed = dict(fixed_params)

    def search_space(self, history: History) -> Space:
        """What the other sampler proposes jointly, without the fixed parameters."""
        space = super().search_space(history)
        if self._fixed.keys().isdisjoint(space):
            return space
        return space.subset(tuple(name for name in space if name not in self._fixed))

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The other sampler's point, and the fixed values."""
        proposal = super().propose(history, space, number, rng)
        return Proposal(proposal.point, proposal.state, {**proposal.params, **self._fixed})

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """The fixed value, else what the other sampler proposes."""
        (name,) = space.names
        if name in self._fixed:
            return Proposal(np.array([np.nan]), params={name: self._fixed[name]})
        return super().propose_one(history, space, number, rng, given)
