"""PartialFixedSampler: some parameters fixed, the rest searched."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.errors import InvalidType
from trimtab.records import StudyDirection
from trimtab.samplers import CmaEsSampler, GridSampler, PartialFixedSampler, RandomSampler, Sampler
from trimtab.schedulers import NopPruner
from trimtab.storage import InMemoryStorage
from trimtab.study import Study, Trial


def study_of(sampler: Sampler) -> Study:
    storage = InMemoryStorage()
    storage.create_study("s", (StudyDirection.MINIMIZE,))
    return Study("s", storage, sampler, NopPruner())


def objective(trial: Trial) -> float:
    x = trial.suggest_float("x", -5.0, 5.0)
    y = trial.suggest_float("y", -5.0, 5.0)
    return (x - 1.0) ** 2 + (y - x) ** 2


def test_the_fixed_value_is_exact_and_the_rest_is_searched() -> None:
    study = study_of(PartialFixedSampler({"y": 0.1 + 0.2}, CmaEsSampler(seed=1)))
    study.optimize(objective, n_trials=120)
    assert {trial.params["y"] for trial in study.trials} == {0.1 + 0.2}
    assert study.best_params["x"] == pytest.approx(0.65, abs=0.02)


def test_other_parameters_are_those_of_the_base_sampler() -> None:
    plain = study_of(RandomSampler(seed=3))
    fixed = study_of(PartialFixedSampler({"z": 1.0}, RandomSampler(seed=3)))
    for study in (plain, fixed):
        study.optimize(objective, n_trials=5)
    assert [t.params for t in plain.trials] == [t.params for t in fixed.trials]


def test_a_value_outside_the_distribution_is_used_with_a_warning() -> None:
    study = study_of(PartialFixedSampler({"x": 9.0}, RandomSampler(seed=3)))
    trial = study.ask()
    with pytest.warns(UserWarning, match="out of range"):
        assert trial.suggest_float("x", 0.0, 1.0) == 9.0


def test_the_base_sampler_ends_the_study() -> None:
    study = study_of(PartialFixedSampler({"y": 0.0}, GridSampler({"x": [1.0, 2.0]}, seed=0)))
    study.optimize(objective)
    assert sorted(trial.params["x"] for trial in study.trials) == [1.0, 2.0]


@pytest.mark.parametrize("base", [None, RandomSampler, "random"])
def test_the_base_must_be_a_sampler(base: Any) -> None:
    with pytest.raises(InvalidType, match="base_sampler"):
        PartialFixedSampler({}, base)
