"""The base class of samplers written for Optuna's interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from trimtab.records import FrozenTrial, TrialState
from trimtab.space import Distribution


class BaseSampler(ABC):
    """A sampler that is handed the study and answers with parameter values.

    For samplers that exist already; a study wraps them. New ones are simpler and faster as
    `trimtab.samplers.Sampler`.
    """

    @abstractmethod
    def infer_relative_search_space(
        self, study: Any, trial: FrozenTrial
    ) -> dict[str, Distribution]:
        """The parameters to be sampled jointly."""

    @abstractmethod
    def sample_relative(
        self, study: Any, trial: FrozenTrial, search_space: dict[str, Distribution]
    ) -> dict[str, Any]:
        """Values of the parameters of ``search_space``, or of some of them."""

    @abstractmethod
    def sample_independent(
        self,
        study: Any,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: Distribution,
    ) -> Any:
        """The value of a parameter that was not sampled jointly."""

    def before_trial(self, study: Any, trial: FrozenTrial) -> None:
        """Called before a trial's parameters are sampled."""

    def after_trial(
        self,
        study: Any,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Called before a trial's end is written."""

    def reseed_rng(self) -> None:
        """Called to make the sampler's random numbers differ from another copy's."""
