"""The sweeper's keys: both worlds' names, checked at the door."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hydra_plugins.trimtab_sweeper._settings import Settings
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import StudyDirection


def test_defaults() -> None:
    settings = Settings.of({})
    assert (settings.max_trials, settings.n_jobs, settings.sampler) == (20, 1, "tpe")
    assert (settings.minimum, settings.maximum) == (1, 1)
    assert settings.seconds == math.inf
    assert settings.directions == (StudyDirection.MINIMIZE,)


@pytest.mark.parametrize("key", ["max_trials", "n_trials"])
def test_both_names_of_the_total(key: str) -> None:
    assert Settings.of({key: 8}).max_trials == 8


def test_one_name_of_the_total_at_a_time() -> None:
    assert Settings.of({"n_trials": 8, "max_trials": 8}).max_trials == 8
    with pytest.raises(InvalidArgument, match="not both"):
        Settings.of({"n_trials": 8, "max_trials": 9})


def test_the_maximum_follows_the_minimum() -> None:
    settings = Settings.of({"min_trials_per_param": 3})
    assert (settings.minimum, settings.maximum) == (3, 3)


def test_several_directions_get_the_minimum_only() -> None:
    keys = {"direction": ["minimize", "maximize"], "max_trials_per_param": 5}
    settings = Settings.of(keys)
    assert settings.directions == (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
    assert settings.maximum == 1


def test_minutes_are_seconds() -> None:
    assert Settings.of({"max_duration_minutes": 0.5}).seconds == 30.0


def test_the_samplers_seed_is_that_of_the_runs_too() -> None:
    sampler = {"_target_": "trimtab.samplers.TPESampler", "seed": 3}
    assert Settings.of({"sampler": sampler}).seed == 3
    assert Settings.of({"sampler": sampler, "seed": 4}).seed == 4


@pytest.mark.parametrize(
    ("key", "near"),
    [("max_trails", "max_trials"), ("njobs", "n_jobs"), ("searchspace", "search_space")],
)
def test_an_unknown_key_is_named_with_the_nearest(key: str, near: str) -> None:
    with pytest.raises(InvalidArgument, match=f"`{near}`.*got '{key}'"):
        Settings.of({key: 1})


@pytest.mark.parametrize(
    ("keys", "error", "says"),
    [
        ({"n_jobs": 0}, InvalidArgument, "`n_jobs`: expected at least 1, got 0"),
        ({"n_jobs": "two"}, InvalidType, "`n_jobs`: expected an integer"),
        ({"n_jobs": True}, InvalidType, "`n_jobs`"),
        ({"max_trials": 0}, InvalidArgument, "`max_trials`: expected at least 1"),
        ({"min_trials_per_param": 0}, InvalidArgument, "`min_trials_per_param`"),
        (
            {"min_trials_per_param": 4, "max_trials_per_param": 3},
            InvalidArgument,
            "at least `min_trials_per_param`, 4, got 3",
        ),
        ({"direction": "upwards"}, InvalidArgument, "'minimize' or 'maximize', got 'upwards'"),
        ({"direction": []}, InvalidArgument, "at least one direction"),
        ({"max_failure_rate": 1.5}, InvalidArgument, "from 0 to 1"),
        ({"max_failure_rate": "often"}, InvalidType, "a number"),
        ({"max_duration_minutes": 0}, InvalidArgument, "above 0"),
        ({"max_duration_minutes": math.nan}, InvalidArgument, "above 0"),
        ({"search_space": ["x"]}, InvalidType, "entries by parameter"),
        ({"study_name": 3}, InvalidType, "`study_name`: expected text"),
        ({"metric": ["a", "b"]}, InvalidArgument, "1 names"),
        ({"constraints": [1]}, InvalidType, "text, or a list of it"),
        ({"sampler": 3}, InvalidType, "a name, or a mapping"),
        ({"retries": -1}, InvalidArgument, "`retries`: expected at least 0"),
        ({"figures": "no"}, InvalidType, "true or false"),
        ({"seed": -1}, InvalidArgument, "`seed`"),
    ],
)
def test_bad_values(keys: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Settings.of(keys)
