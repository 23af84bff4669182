"""Samplers written for Optuna's interface, at work in a study of ours."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from trimtab.errors import InvalidType
from trimtab.records import FrozenTrial, History, TrialState
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.foreign import BaseSampler
from trimtab.space import Distribution, Internal, Space


class _Seen:
    """A study as a sampler of Optuna's interface expects it: the trial being made is its last.

    Args:
        study: All else is this one's.
        trial: The trial being made.
    """

    def __init__(self, study: Any, trial: FrozenTrial) -> None:
        self._study = study
        self._trial = trial

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, and the one being made."""
        return self.get_trials()

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Trials in some states; see `Study.get_trials`."""
        trials: list[FrozenTrial] = self._study.get_trials(deepcopy, states)
        if states is None or TrialState.RUNNING in states:
            trials.append(self._trial)
        return trials


_INTERFACE = (
    "after_trial",
    "before_trial",
    "infer_relative_search_space",
    "sample_independent",
    "sample_relative",
)


class ForeignSampler(Sampler):
    """A `BaseSampler` as a `Sampler`.

    Args:
        wrapped: Answers with values, which reach the objective as they are.
    """

    def __init__(self, wrapped: BaseSampler) -> None:
        super().__init__()
        self.foreign: BaseSampler = wrapped
        self._study: Any = None
        if isinstance(wrapped, Sampler):  # one of ours, subclassed with Optuna's methods
            self.seed, self.streams = wrapped.seed, wrapped.streams
            self.constraints_func = wrapped.constraints_func

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """What the wrapped sampler samples jointly."""
        trial = FrozenTrial.build(number, TrialState.RUNNING)
        study = _Seen(self._study, trial)
        self.foreign.before_trial(study, trial)
        relative = self.foreign.infer_relative_search_space(study, trial)
        params = self.foreign.sample_relative(study, trial, relative)
        state = dict(trial.system_attrs)  # what the sampler set on the trial that is being made
        return Proposal(np.full(len(space), np.nan), state, params)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """What the wrapped sampler samples for one parameter."""
        trial = FrozenTrial.build(
            number,
            TrialState.RUNNING,
            space=Space({name: distribution for name, (distribution, _) in given.items()}),
            point=tuple(internal for _, internal in given.values()),
        )
        (name,) = space
        value = self.foreign.sample_independent(self._study, trial, name, space[name])
        return Proposal(np.full(1, np.nan), params={name: value})

    def bind(self, study: Any) -> None:
        """Hand this study to the wrapped sampler from now on."""
        self._study = study

    def exhausted(self, history: History, space: Space) -> bool:
        """Whether the wrapped sampler, if it is one of ours, has no point left."""
        wrapped = self.foreign
        return isinstance(wrapped, Sampler) and wrapped.exhausted(history, space)

    def reseed_rng(self) -> None:
        """Reseed both."""
        super().reseed_rng()
        self.foreign.reseed_rng()


def as_sampler(sampler: Any, argument: str = "sampler") -> Sampler:
    """``sampler``, wrapped if it was written for Optuna's interface.

    Raises:
        InvalidType: If it is no sampler.
    """
    if isinstance(sampler, Sampler) and not _overrides(type(sampler)):
        return sampler
    if isinstance(sampler, BaseSampler):
        return ForeignSampler(sampler)
    raise InvalidType(argument, "a trimtab.samplers.Sampler or BaseSampler", sampler)


def _overrides(kind: type[Sampler]) -> bool:
    """Whether a sampler of ours was subclassed with methods of Optuna's interface."""
    return any(getattr(kind, name) is not getattr(Sampler, name) for name in _INTERFACE)
