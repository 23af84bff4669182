"""Some parameters held fixed, the others left to another sampler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.records import History
from trimtab.samplers.adapter import as_sampler
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.foreign import BaseSampler
from trimtab.space import Distribution, Internal, Space


class PartialFixedSampler(Sampler):
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
        base = as_sampler(base_sampler, "base_sampler")
        super().__init__(base.seed)
        self.streams = base.streams
        self.constraints_func = base.constraints_func
        self.foreign = base.foreign
        self._fixed = dict(fixed_params)
        self._base = base

    def bind(self, study: Any) -> None:
        """Hand this study to the other sampler."""
        self._base.bind(study)

    def search_space(self, history: History) -> Space:
        """What the other sampler proposes jointly, without the fixed parameters."""
        space = self._base.search_space(history)
        if self._fixed.keys().isdisjoint(space):
            return space
        return space.subset(tuple(name for name in space if name not in self._fixed))

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The other sampler's point, and the fixed values."""
        proposal = self._base.propose(history, space, number, rng)
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
        return self._base.propose_one(history, space, number, rng, given)

    def exhausted(self, history: History, space: Space) -> bool:
        """Whether the other sampler has no point left."""
        return self._base.exhausted(history, space)

    def best(self, history: History) -> int | None:
        """What the other sampler takes for the best."""
        return self._base.best(history)

    def reseed_rng(self) -> None:
        """Reseed the other sampler."""
        self._base.reseed_rng()
        self.seed, self.streams = self._base.seed, self._base.streams
