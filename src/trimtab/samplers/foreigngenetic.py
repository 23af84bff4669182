"""The base class of genetic samplers written for Optuna's interface."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, TrialState
from trimtab.samplers.foreign import BaseSampler


class BaseGASampler(BaseSampler):
    """Keeps account of generations for a genetic sampler that is handed the study.

    For samplers that exist already: it looks through all trials whenever it is asked. New ones
    are simpler and faster as `trimtab.samplers.nsgaii.GeneticSampler`.

    A trial's generation is kept in its system attributes, the parents of a generation in the
    study's, under keys that begin with the class's name.

    Args:
        population_size: Completed trials that make a generation; None: to be set before a trial
            is sampled.
    """

    def __init__(self, population_size: int | None) -> None:
        self._population_size = population_size

    @property
    def population_size(self) -> int | None:
        """Completed trials that make a generation."""
        return self._population_size

    @population_size.setter
    def population_size(self, value: int) -> None:
        self._population_size = value

    @abstractmethod
    def select_parent(self, study: Any, generation: int) -> list[FrozenTrial]:
        """The parents of a generation; called once for each."""

    def get_trial_generation(self, study: Any, trial: FrozenTrial) -> int:
        """The generation of a trial; the current one where it has none yet.

        Raises:
            InvalidArgument: If there is no population size.
        """
        if self._population_size is None:
            raise InvalidArgument("population_size", "an integer", None)
        key = f"{type(self).__name__}:generation"
        known = trial.system_attrs.get(key)
        if known is not None:
            return int(known)
        generations = [
            int(t.system_attrs.get(key, -1)) for t in study.get_trials(states=[TrialState.COMPLETE])
        ]
        generation = max([0, *generations])
        if generations.count(generation) >= self._population_size:
            generation += 1
        # The trial is being made: what is set here is written with it.
        if isinstance(trial.system_attrs, dict):
            trial.system_attrs[key] = generation
        return generation

    def get_population(self, study: Any, generation: int) -> list[FrozenTrial]:
        """Completed trials of a generation."""
        key = f"{type(self).__name__}:generation"
        trials: list[FrozenTrial] = study.get_trials(states=[TrialState.COMPLETE])
        return [trial for trial in trials if trial.system_attrs.get(key) == generation]

    def get_parent_population(self, study: Any, generation: int) -> list[FrozenTrial]:
        """The parents of a generation, as `select_parent` chose them; none for generation 0."""
        if generation == 0:
            return []
        key = f"{type(self).__name__}:parent:{generation}"
        numbers = study.system_attrs.get(key)
        if numbers is None:
            parents = self.select_parent(study, generation)
            study.set_system_attr(key, [trial.number for trial in parents])
            return parents
        wanted = set(numbers)
        return [trial for trial in study.get_trials() if trial.number in wanted]
