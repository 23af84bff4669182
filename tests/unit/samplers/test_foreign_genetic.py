"""A genetic sampler written for Optuna's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, StudyDirection
from trimtab.samplers import BaseGASampler
from trimtab.samplers.adapter import as_sampler
from trimtab.schedulers import NopPruner
from trimtab.space import Distribution
from trimtab.storage import InMemoryStorage
from trimtab.study import Study


class Halving(BaseGASampler):
    """Children lie half way between a parent and 0."""

    def __init__(self, population_size: int | None = 4) -> None:
        super().__init__(population_size)
        self.rng = np.random.default_rng(0)
        self.selections: list[int] = []

    def infer_relative_search_space(
        self, study: Any, trial: FrozenTrial
    ) -> dict[str, Distribution]:
        return {}

    def select_parent(self, study: Any, generation: int) -> list[FrozenTrial]:
        self.selections.append(generation)
        pool = self.get_population(study, generation - 1)
        pool += self.get_parent_population(study, generation - 1)
        return sorted(pool, key=lambda trial: trial.value or 0.0)[:2]

    def sample_relative(
        self, study: Any, trial: FrozenTrial, search_space: dict[str, Distribution]
    ) -> dict[str, Any]:
        generation = self.get_trial_generation(study, trial)
        parents = self.get_parent_population(study, generation)
        if not parents:
            return {}
        return {"x": parents[int(self.rng.integers(len(parents)))].params["x"] / 2.0}

    def sample_independent(
        self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Distribution
    ) -> Any:
        return float(self.rng.random())


def test_generations_follow_each_other() -> None:
    storage = InMemoryStorage()
    storage.create_study("s", (StudyDirection.MINIMIZE,))
    sampler = Halving()
    study = Study("s", storage, as_sampler(sampler), NopPruner())
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=20)
    generations = [trial.system_attrs["Halving:generation"] for trial in study.trials]
    assert generations == [n // 4 for n in range(20)]
    assert sampler.selections == [1, 2, 3, 4]
    assert study.best_value < 1.0 / 8.0
    assert {t.number for t in sampler.get_parent_population(study, 4)} <= set(range(16))


def test_a_population_needs_a_size() -> None:
    sampler = Halving(None)
    assert sampler.population_size is None
    storage = InMemoryStorage()
    storage.create_study("s", (StudyDirection.MINIMIZE,))
    study = Study("s", storage, as_sampler(sampler), NopPruner())
    with pytest.raises(InvalidArgument, match="population_size"):
        study.ask()
    sampler.population_size = 3
    study.ask()
