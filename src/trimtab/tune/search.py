"""How configs are chosen, by the names of Ray Tune; any of `trimtab.samplers` will do as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History
from trimtab.samplers import Proposal, RandomSampler, Sampler
from trimtab.samplers.foreign import BaseSampler
from trimtab.samplers.wrapper import WrapperSampler
from trimtab.space import Distribution, Space
from trimtab.space.checks import check_count
from trimtab.space.paths import flattened


class BasicVariantGenerator(RandomSampler):
    """Random configs, after some that are given.

    Args:
        points_to_evaluate: Configs to begin with, nested as the ``param_space`` is; what one of
            them leaves out is drawn. They count among ``num_samples``.
        max_concurrent: How many trials run at one time at most; 0: no bound.
        random_state: Seed; None: that of the `TuneConfig`.

    Raises:
        InvalidArgument: If ``max_concurrent`` is negative; in a run, if a given config has a
            parameter that is not drawn for every trial, or a value that its domain does not hold.
    """

    def __init__(
        self,
        points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
        max_concurrent: int = 0,
        random_state: int | None = None,
    ) -> None:
        super().__init__(random_state)
        self.max_concurrent = check_count("max_concurrent", max_concurrent, 0) or None
        self._points = [flattened(point) for point in points_to_evaluate or ()]

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A given config, or a random one."""
        proposal = super().propose(history, space, number, rng)
        if number >= len(self._points):
            return proposal
        for name, value in self._points[number].items():
            if name not in space:
                raise InvalidArgument("points_to_evaluate", f"one of {list(space)}", name)
            if not _holds(space[name], value):
                raise InvalidArgument("points_to_evaluate", f"`{name}` in {space[name]}", value)
        return Proposal(proposal.point, proposal.state, self._points[number])


class ConcurrencyLimiter(WrapperSampler):
    """A sampler for fewer trials at one time: one that proposes better the more have ended.

    Args:
        searcher: The sampler.
        max_concurrent: How many trials run at one time at most.

    Raises:
        InvalidType: If ``searcher`` is no sampler.
        InvalidArgument: If ``max_concurrent`` is below 1.
    """

    def __init__(self, searcher: BaseSampler, max_concurrent: int) -> None:
        super().__init__(searcher, "searcher")
        self.max_concurrent = check_count("max_concurrent", max_concurrent, 1)


class Repeater(WrapperSampler):
    """A sampler for noisy trainables: each of its configs is run several times.

    The trials of a config are replicates of one arm, of which samplers see the mean and its
    standard error. The best trial is the luckiest one: `ResultGrid` has all.

    Args:
        searcher: The sampler.
        repeat: How often each config is run; ``num_samples`` counts the runs.

    Raises:
        InvalidType: If ``searcher`` is no sampler.
        InvalidArgument: If ``repeat`` is below 1.
    """

    def __init__(self, searcher: BaseSampler, repeat: int = 1) -> None:
        super().__init__(searcher, "searcher")
        self._repeat = check_count("repeat", repeat, 1)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The config of the trial before, or a new one."""
        origin = number - number % self._repeat
        if origin == number:
            return super().propose(history, space, number, rng)
        return Proposal(np.full(len(space), np.nan), params=history.trial(origin).params)


def _holds(distribution: Distribution, value: Any) -> bool:
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def concurrency_of(sampler: Sampler | None, bound: int | None) -> int | None:
    """How many trials run at one time at most, by a run's configuration and its sampler's."""
    bounds = [bound, getattr(sampler, "max_concurrent", None)]
    return min((each for each in bounds if each is not None), default=None)


__all__ = ["BasicVariantGenerator", "ConcurrencyLimiter", "Repeater"]
