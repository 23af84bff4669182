"""A sampler that leaves most of its work to another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.records import History
from trimtab.samplers.adapter import as_sampler
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.foreign import BaseSampler
from trimtab.space import Distribution, Internal, Space


class WrapperSampler(Sampler):
    """Passes everything on; a subclass does some of it otherwise.

    Args:
        base: Does the work; its seed is this sampler's.
        argument: What a subclass calls ``base``, for messages.

    Raises:
        InvalidType: If ``base`` is not a sampler.
    """

    def __init__(self, base: BaseSampler, argument: str) -> None:
        self._base = as_sampler(base, argument)
        super().__init__(self._base.seed)
        self.streams = self._base.streams
        self.constraints_func = self._base.constraints_func
        self.foreign = self._base.foreign

    def bind(self, study: Any) -> None:
        """Hand this study to the other sampler."""
        self._base.bind(study)

    def search_space(self, history: History) -> Space:
        """What the other sampler proposes jointly."""
        return self._base.search_space(history)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The other sampler's point."""
        return self._base.propose(history, space, number, rng)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """What the other sampler proposes."""
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
