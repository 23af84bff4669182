"""Samplers and pruners of Optuna's interface that build upon ours, or are built upon by them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import trimtab as optuna
from trimtab.errors import InvalidType
from trimtab.records import FrozenTrial
from trimtab.space import Distribution
from trimtab.study import Study, Trial
from trimtab.trial import TrialState


def quadratic(trial: Trial) -> float:
    return trial.suggest_float("x", -5.0, 5.0) ** 2 + trial.suggest_int("k", 1, 4)


class Climber(optuna.samplers.BaseSampler):
    """Steps from the trial before, as Optuna's tutorial on samplers does."""

    def __init__(self) -> None:
        self.random = optuna.samplers.RandomSampler(seed=1)
        self.seen: list[int] = []
        self.told: list[int] = []

    def infer_relative_search_space(
        self, study: Any, trial: FrozenTrial
    ) -> dict[str, Distribution]:
        return optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False))

    def sample_relative(
        self, study: Any, trial: FrozenTrial, search_space: dict[str, Distribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        assert study.trials[-1].number == trial.number
        before = study.trials[-2]
        self.seen.append(before.number)
        return {"x": before.params["x"] / 2.0, "k": before.params["k"]}

    def sample_independent(
        self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Distribution
    ) -> Any:
        return self.random.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Any, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        self.told.append(trial.number)


def test_a_sampler_of_optunas_interface_sees_the_trial_it_samples_for_as_the_last() -> None:
    sampler = Climber()
    study = optuna.create_study(sampler=sampler)
    study.optimize(quadratic, n_trials=5)
    xs = [trial.params["x"] for trial in study.trials]
    assert xs[1:] == [x / 2.0 for x in xs[:-1]]
    assert (sampler.seen, sampler.told) == ([0, 1, 2, 3], [0, 1, 2, 3, 4])


def test_a_sampler_of_optunas_interface_may_be_partly_fixed() -> None:
    sampler = Climber()
    partial = optuna.samplers.PartialFixedSampler({"k": 3}, sampler)
    study = optuna.create_study(sampler=partial)
    study.optimize(quadratic, n_trials=3)
    assert [trial.params["k"] for trial in study.trials] == [3, 3, 3]
    assert sampler.told == [0, 1, 2]
    with pytest.raises(InvalidType, match="base_sampler"):
        optuna.samplers.PartialFixedSampler({}, None)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("name", ["RandomSampler", "TPESampler", "CmaEsSampler"])
def test_our_samplers_answer_optunas_calls(name: str) -> None:
    sampler = getattr(optuna.samplers, name)(seed=1)
    assert isinstance(sampler, optuna.samplers.BaseSampler)
    study = optuna.create_study(sampler=sampler)
    study.optimize(quadratic, n_trials=12)
    trial = study.ask()
    frozen = study.get_trial(trial.number)
    space = sampler.infer_relative_search_space(study, frozen)
    assert set(space) == {"x", "k"}
    params = sampler.sample_relative(study, frozen, space)
    x = optuna.FloatDistribution(0.0, 1.0)
    drawn = [sampler.sample_independent(study, frozen, "x", x) for _ in range(3)]
    assert all(space[n]._contains(space[n].to_internal_repr(v)) for n, v in params.items())
    assert len(set(drawn)) == 3, "a script that draws until it likes the value must come to an end"


def test_a_subclass_of_ours_with_optunas_methods_is_asked_by_them() -> None:
    class Rounded(optuna.samplers.TPESampler):
        def sample_relative(
            self, study: Any, trial: FrozenTrial, search_space: dict[str, Distribution]
        ) -> dict[str, Any]:
            params = super().sample_relative(study, trial, search_space)
            return {name: round(value) for name, value in params.items()}

        def sample_independent(
            self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Distribution
        ) -> Any:
            return round(super().sample_independent(study, trial, param_name, param_distribution))

    study = optuna.create_study(sampler=Rounded(seed=1, n_startup_trials=2))
    study.optimize(quadratic, n_trials=8)
    assert all(trial.params["x"] == round(trial.params["x"]) for trial in study.trials)


class Strict(optuna.pruners.BasePruner):
    """Ends every trial, once it knows the study."""

    def prune(self, study: Any, trial: FrozenTrial) -> bool:
        return bool(study.trials)


def reporting(trial: Trial) -> float:
    for step in range(10):
        trial.report(float(step), step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return 1.0


def test_patience_with_a_pruner_of_optunas_interface() -> None:
    study = optuna.create_study(pruner=optuna.pruners.PatientPruner(Strict(), patience=2))
    study.optimize(reporting, n_trials=2)
    assert [trial.last_step for trial in study.trials] == [3, 3]
    with pytest.raises(InvalidType, match="wrapped_pruner"):
        optuna.pruners.PatientPruner("median", patience=2)  # type: ignore[arg-type]  # wrong on purpose


def test_a_pruner_of_optunas_interface_may_ask_ours() -> None:
    class Both(optuna.pruners.BasePruner):
        def __init__(self) -> None:
            self.threshold = optuna.pruners.ThresholdPruner(upper=4.5)

        def prune(self, study: Any, trial: FrozenTrial) -> bool:
            return self.threshold.prune(study, trial)

    study = optuna.create_study(pruner=Both())
    study.optimize(reporting, n_trials=1)
    assert study.trials[0].last_step == 5


def test_the_shared_space_is_of_completed_trials() -> None:
    study = optuna.create_study()
    assert optuna.search_space.IntersectionSearchSpace().calculate(study) == {}
    study.optimize(quadratic, n_trials=1)

    def other(trial: Trial) -> float:
        trial.suggest_float("x", -1.0, 1.0)
        if trial.number == 2:
            raise optuna.TrialPruned
        return trial.suggest_float("a", 0.0, 1.0)

    study.optimize(other, n_trials=2)
    x = optuna.FloatDistribution(-1.0, 1.0)
    assert optuna.search_space.IntersectionSearchSpace().calculate(study) == {"x": x}
    assert optuna.search_space.intersection_search_space(study.trials, True) == {"x": x}


@pytest.mark.parametrize("again", [copy.deepcopy, lambda study: pickle.loads(pickle.dumps(study))])
def test_a_study_in_memory_can_be_copied_and_goes_on_alike(again: Any) -> None:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=3))
    study.optimize(quadratic, n_trials=12)
    copied: Study = again(study)
    for one in (study, copied):
        one.optimize(quadratic, n_trials=4)
    assert [t.params for t in copied.trials] == [t.params for t in study.trials]


def test_a_copied_study_does_not_mistake_one_distribution_for_another() -> None:
    study = optuna.create_study()
    study.optimize(quadratic, n_trials=1)
    copied: Study = pickle.loads(pickle.dumps(study))
    assert copied.asker is not study.asker
    assert not copied.asker.spaces._by_identity, "ids mean nothing in another process"
