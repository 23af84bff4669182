"""Generators: what proposes arms in the developer API, by the names that Ax's users know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.experiment.arm import Arm, GeneratorRun
from trimtab.experiment.data import Data
from trimtab.experiment.sampling import ExperimentSampler, Generation, fresh_seed
from trimtab.experiment.space import SearchSpace
from trimtab.records import FrozenTrial, parse_directions
from trimtab.samplers.base import EXPECTED
from trimtab.schedulers import NopPruner
from trimtab.storage import InMemoryStorage
from trimtab.study import Study
from trimtab.study.best import NoBestTrial
from trimtab.study.origin import SAMPLER, name_of

if TYPE_CHECKING:
    from trimtab.experiment.experiment import Experiment

ONLY_MODEL = 1
"""Arms of the sequence before a model that was asked for by name: it needs something to fit."""
_COPY = "copy"


class Generator:
    """Proposes arms from what is known now; it holds a copy, which is thrown away.

    Args:
        study: The copy; arms that were proposed are running trials of it.
        sampler: Proposes them.
        search_space: Where.
        experiment: Whose; None for a generator of a space alone.
    """

    def __init__(
        self,
        study: Study,
        sampler: ExperimentSampler,
        search_space: SearchSpace,
        experiment: Experiment | None = None,
    ) -> None:
        self._study = study
        self._sampler = sampler
        self._space = search_space
        self._experiment = experiment

    def gen(self, n: int = 1, *, fixed_features: Mapping[str, Any] | None = None) -> GeneratorRun:
        """Arms, each proposed with the others in sight.

        Args:
            n: How many, at least 1.
            fixed_features: Values that they are to have.

        Raises:
            InvalidArgument: If ``n`` or a value is impossible.
            SpaceExhausted: If a finite space has not so many points left.
        """
        if isinstance(n, bool) or not isinstance(n, int):
            raise InvalidType("n", "a whole number", n)
        if n < 1:
            raise InvalidArgument("n", "at least 1", n)
        sampler = self._sampler.variant(fixed_features)
        self._study.sampler = sampler
        rows = [self._ask() for _ in range(n)]
        told = (SAMPLER, EXPECTED)
        states = [{k: row.system_attrs[k] for k in told if k in row.system_attrs} for row in rows]
        return GeneratorRun(
            [Arm(row.params) for row in rows],
            generator=str(states[0][SAMPLER]),
            states=states,
            best_arm_predictions=self._best(),
        )

    def _ask(self) -> FrozenTrial:
        handle = self._study.ask(self._space.roots)
        params: dict[str, Any] = {}
        for name in self._space.active(params):
            params[name] = handle._suggest(name, self._space.space[name])
        return self._study.get_trial(handle.number)

    def _best(self) -> tuple[Arm, tuple[dict[str, float], dict[str, dict[str, float]]]] | None:
        from trimtab.experiment.best import best_by_model

        if self._experiment is None or len(self._study.directions) > 1:
            return None
        try:
            _, arm, predicted = best_by_model(self._experiment)
        except NoBestTrial:
            return None
        return arm, predicted


def sobol(
    search_space: SearchSpace | None = None,
    seed: int | None = None,
    *,
    experiment: Experiment | None = None,
) -> Generator:
    """A scrambled Sobol' sequence, which goes on from one `gen` to the next.

    Args:
        search_space: Where; None: that of the experiment.
        seed: Of the scrambling; None: the experiment's, or fresh entropy.
        experiment: Whose trials are not to be proposed again.
    """
    return _made(experiment, search_space, Generation("sobol"), seed)


def gaussian_process(
    experiment: Experiment,
    data: Data | None = None,
    search_space: SearchSpace | None = None,
    seed: int | None = None,
) -> Generator:
    """A model of what was measured so far.

    Args:
        experiment: Whose trials it learns from.
        data: Measurements, as `Experiment.fetch_data` returns them; what the experiment has not
            stored yet is stored. None: what is stored.
        search_space: Where to propose; None: the experiment's.
        seed: None: the experiment's.
    """
    if data is not None:
        if not isinstance(data, Data):
            raise InvalidType("data", "Data", data)
        experiment.attach_data(data)
    return _made(experiment, search_space, Generation("auto", ONLY_MODEL), seed)


def of_experiment(experiment: Experiment) -> Generator:
    """What the experiment's own sampler would propose now."""
    return _made(experiment, None, experiment.generation, None)


def _made(
    experiment: Experiment | None,
    search_space: SearchSpace | None,
    generation: Generation,
    seed: int | None,
) -> Generator:
    if search_space is None:
        if experiment is None:
            raise InvalidArgument("search_space", "a SearchSpace, or an experiment", None)
        search_space = experiment.search_space
    if not isinstance(search_space, SearchSpace):
        raise InvalidType("search_space", "a SearchSpace", search_space)
    if seed is None and experiment is not None:
        seed = experiment.seed
    thresholds = None
    if experiment is not None and len(experiment.config.objectives) > 1:
        thresholds = [objective.threshold for objective in experiment.config.objectives]
    sampler = ExperimentSampler(
        search_space, generation, fresh_seed() if seed is None else seed, thresholds
    )
    directions = parse_directions("minimize" if experiment is None else experiment.study.directions)
    storage = InMemoryStorage()
    made = storage.create_study(_COPY, directions)
    storage.set_study_attrs(made.id, system={SAMPLER: name_of(sampler)})  # arms name their own
    study = Study(_COPY, storage, sampler, NopPruner())
    if experiment is not None:
        with experiment.study.storage.lock:
            rows = list(experiment.study.history.trials(archived=True))
        if rows:
            study.add_trials(rows)
    return Generator(study, sampler, search_space, experiment)


class Generators:
    """By the names of Ax's registry; `Models` is the same."""

    SOBOL = staticmethod(sobol)
    GPEI = staticmethod(gaussian_process)
    BOTORCH_MODULAR = staticmethod(gaussian_process)


Models = Generators
