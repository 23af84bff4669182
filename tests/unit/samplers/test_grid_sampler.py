"""GridSampler: every combination once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.records import StudyDirection, TrialState
from trimtab.samplers import GridSampler
from trimtab.schedulers import NopPruner
from trimtab.storage import InMemoryStorage
from trimtab.study import Study, Trial

GRID: dict[str, Sequence[Any]] = {"x": [0.1, 0.30000000000000004, 0.7], "kind": ["a", None]}


def study_of(sampler: GridSampler, storage: InMemoryStorage | None = None) -> Study:
    storage = storage or InMemoryStorage()
    if not storage.studies():
        storage.create_study("s", (StudyDirection.MINIMIZE,))
    return Study("s", storage, sampler, NopPruner())


def objective(trial: Trial) -> float:
    trial.suggest_categorical("kind", ["a", "b", None])
    return trial.suggest_float("x", 0.0, 1.0)


def visits(study: Study) -> Counter[tuple[Any, ...]]:
    return Counter((trial.params["x"], trial.params["kind"]) for trial in study.trials)


def test_every_combination_once_bit_for_bit_and_then_the_study_stops() -> None:
    sampler = GridSampler(GRID, seed=1)
    study = study_of(sampler)
    assert not sampler.is_exhausted(study)
    study.optimize(objective)
    assert visits(study) == Counter({(x, k): 1 for x in GRID["x"] for k in GRID["kind"]})
    assert sampler.is_exhausted(study)
    assert [trial.system_attrs["grid:id"] for trial in study.trials] != list(range(6))


def test_running_trials_hold_their_combinations() -> None:
    sampler = GridSampler(GRID, seed=1)
    study = study_of(sampler)
    trials = [study.ask() for _ in range(6)]
    assert sampler.exhausted(study.history, study.history.space)
    assert not sampler.is_exhausted(study)
    for trial in trials:
        study.tell(trial, objective(trial))
    assert set(visits(study).values()) == {1}


def test_failed_trials_count_and_deleted_and_archived_ones_do_not() -> None:
    sampler = GridSampler(GRID, seed=1)
    study = study_of(sampler)
    for _ in range(6):
        trial = study.ask()
        objective(trial)
        study.tell(trial, state=TrialState.FAIL)
    assert sampler.is_exhausted(study)
    first, second = study.trials[:2]
    study.delete_trials([0])
    study.archive_trials([1])
    assert not sampler.is_exhausted(study)
    again = [study.ask() for _ in range(2)]
    for trial in again:
        objective(trial)
    wanted = {tuple(sorted(t.params.items(), key=str)) for t in (first, second)}
    assert {tuple(sorted(t.params.items(), key=str)) for t in again} == wanted


def test_a_deleted_running_trial_gives_its_combination_back() -> None:
    study = study_of(GridSampler({"x": [1, 2]}, seed=0))
    trials = [study.ask() for _ in range(2)]
    assert study.sampler.exhausted(study.history, study.history.space)
    study.delete_trials([trials[0].number])
    assert not study.sampler.exhausted(study.history, study.history.space)


def test_a_spent_grid_is_tried_again_with_a_warning() -> None:
    study = study_of(GridSampler({"x": [0.5]}, seed=0))
    study.tell(study.ask(), 0.0)
    with pytest.warns(UserWarning, match="tries a combination again"):
        trial = study.ask()
    assert trial.suggest_float("x", 0.0, 1.0) == 0.5


def test_another_grid_begins_anew() -> None:
    storage = InMemoryStorage()
    study_of(GridSampler(GRID, seed=1), storage).optimize(objective)
    sampler = GridSampler({"x": [0.2, 0.4], "kind": ["a"]}, seed=1)
    study = study_of(sampler, storage)
    assert not sampler.is_exhausted(study)
    study.optimize(objective)
    assert len(study.trials) == 8


def test_a_value_outside_the_distribution_is_used_with_a_warning() -> None:
    study = study_of(GridSampler({"x": [-0.5, 0.5]}, seed=0))
    seen = set()
    for _ in range(2):
        trial = study.ask()
        with pytest.warns(UserWarning, match="out of range"):
            seen.add(trial.suggest_float("x", -1.0, 1.0, step=1.0))
        study.tell(trial, 0.0)
    assert seen == {-0.5, 0.5}


def test_a_parameter_that_is_not_in_the_grid_is_refused() -> None:
    trial = study_of(GridSampler(GRID, seed=0)).ask()
    with pytest.raises(InvalidArgument, match="a parameter of the grid"):
        trial.suggest_float("y", 0.0, 1.0)


def test_bad_grids_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="search_space"):
        GridSampler({"x": []})
    with pytest.warns(UserWarning, match="should hold None"):
        GridSampler({"x": [(1, 2)]})


@pytest.mark.parametrize("size", [97, 4096])
def test_large_grids_are_walked_to_the_end(size: int) -> None:
    sampler = GridSampler({"x": list(range(size))}, seed=3)
    rng = np.random.default_rng(0)
    done: set[int] = set()
    for _ in range(size):
        done.add(sampler._pick(done, set(), rng))
    assert done == set(range(size))
