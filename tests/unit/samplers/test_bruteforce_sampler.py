"""BruteForceSampler: all of a space that is found while it is searched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument
from trimtab.records import StudyDirection, TrialState
from trimtab.samplers import BruteForceSampler
from trimtab.schedulers import NopPruner
from trimtab.storage import InMemoryStorage
from trimtab.study import Study, Trial

Tree = dict[int, Any] | None


def study_of(sampler: BruteForceSampler) -> Study:
    storage = InMemoryStorage()
    storage.create_study("s", (StudyDirection.MINIMIZE,))
    return Study("s", storage, sampler, NopPruner())


def branching(trial: Trial) -> float:
    if trial.suggest_categorical("kind", ["float", "int"]) == "float":
        return trial.suggest_float("x", 1.0, 3.0, step=0.5)
    low = trial.suggest_int("low", 1, 3)
    return low + trial.suggest_int("high", low, 3)


def paths(study: Study) -> list[tuple[Any, ...]]:
    return [tuple(trial.params.items()) for trial in study.trials]


@pytest.mark.parametrize("seed", range(5))
def test_a_conditional_space_is_searched_once(seed: int) -> None:
    study = study_of(BruteForceSampler(seed=seed))
    study.optimize(branching)
    assert len(paths(study)) == len(set(paths(study))) == 11


trees: st.SearchStrategy[Tree] = st.recursive(
    st.none(),
    lambda below: st.lists(below, min_size=1, max_size=4).map(lambda t: dict(enumerate(t))),
    max_leaves=15,
)


def leaves(tree: Tree) -> int:
    return 1 if tree is None else sum(leaves(branch) for branch in tree.values())


@settings(max_examples=25, deadline=None)
@given(trees, st.integers(0, 9), st.booleans())
def test_any_tree_is_searched_once(tree: Tree, seed: int, patient: bool) -> None:
    def objective(trial: Trial) -> float:
        node, name = tree, "root"
        while node is not None:
            value = trial.suggest_int(name, 0, len(node) - 1)
            node, name = node[value], f"{name}.{value}"
        return 0.0

    study = study_of(BruteForceSampler(seed, patient))
    study.optimize(objective)
    assert len(paths(study)) == len(set(paths(study))) == leaves(tree)


def test_known_ends_are_handed_to_one_trial_each() -> None:
    study = study_of(BruteForceSampler(seed=0))
    study.optimize(lambda trial: float(trial.suggest_int("n", 0, 9)), n_trials=1)
    trials = [study.ask() for _ in range(9)]
    values = [trial.suggest_int("n", 0, 9) for trial in trials]
    assert sorted([*values, study.trials[0].params["n"]]) == list(range(10))
    assert study.sampler.exhausted(study.history, study.history.space)


def test_a_patient_search_does_not_end_while_trials_run() -> None:
    for patient in (False, True):
        study = study_of(BruteForceSampler(seed=0, avoid_premature_stop=patient))
        study.optimize(lambda trial: float(trial.suggest_int("n", 0, 1)), n_trials=1)
        trial = study.ask()
        assert study.sampler.exhausted(study.history, study.history.space) is not patient
        study.tell(trial, float(trial.suggest_int("n", 0, 1)))
        assert study.sampler.exhausted(study.history, study.history.space)


def test_failed_trials_count() -> None:
    study = study_of(BruteForceSampler(seed=0))
    for _ in range(3):
        trial = study.ask()
        trial.suggest_int("n", 0, 2)
        study.tell(trial, state=TrialState.FAIL)
    assert study.sampler.exhausted(study.history, study.history.space)
    assert len(set(paths(study))) == 3


def test_a_wider_range_is_searched_too() -> None:
    study = study_of(BruteForceSampler(seed=0))
    study.optimize(lambda trial: float(trial.suggest_int("n", 0, 2)))
    trial = study.ask()
    study.tell(trial, float(trial.suggest_int("n", 0, 5)))
    study.optimize(lambda trial: float(trial.suggest_int("n", 0, 5)))
    assert {trial.params["n"] for trial in study.trials} == set(range(6))


def test_a_continuum_is_refused() -> None:
    trial = study_of(BruteForceSampler()).ask()
    with pytest.raises(InvalidArgument, match="finite"):
        trial.suggest_float("x", 0.0, 1.0)


def test_an_order_that_depends_on_chance_is_named() -> None:
    study = study_of(BruteForceSampler(seed=0))
    for name in ("a", "b"):
        trial = study.ask()
        study.tell(trial, float(trial.suggest_int(name, 0, 5)))
    with pytest.raises(InvalidArgument, match="order that depends on those values only"):
        study.ask()


def test_a_trial_without_parameters_ends_the_search() -> None:
    study = study_of(BruteForceSampler(seed=0))
    study.optimize(lambda trial: 0.0)
    assert len(study.trials) == 1


def test_the_search_is_fast() -> None:
    study = study_of(BruteForceSampler(seed=0))
    study.optimize(
        lambda trial: float(trial.suggest_int("a", 0, 39) + trial.suggest_int("b", 0, 49))
    )
    assert len(set(paths(study))) == len(study.trials) == 2000


def test_trials_in_the_unknown_do_not_end_the_search() -> None:
    study = study_of(BruteForceSampler(seed=0))
    first, second = study.ask(), study.ask()
    value = first.suggest_int("n", 0, 1)
    study.tell(first, float(value))
    assert not study.sampler.exhausted(study.history, study.history.space)
    assert study.ask().suggest_int("n", 0, 1) == 1 - value
    assert study.sampler.exhausted(study.history, study.history.space)
    assert second.suggest_int("n", 0, 1) in (0, 1)
