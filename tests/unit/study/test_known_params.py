"""Whether parameters were tried before: read from columns, answered as trials would."""

from __future__ import annotations

import math
from typing import Any

import pytest

import trimtab
from trimtab.space import Distribution
from trimtab.study import Study
from trimtab.study.known import is_known

SPACE: dict[str, Distribution] = {
    "x": trimtab.FloatDistribution(0.0, 1.0),
    "n": trimtab.IntDistribution(0, 2**62),
    "c": trimtab.CategoricalDistribution(("a", None, 2, math.nan, True)),
}


@pytest.fixture
def study() -> Study:
    study = trimtab.create_study()
    for number, c in enumerate(("a", None, 2, math.nan, True)):
        params = {"x": 0.25, "n": 2**53 + 1 + 2 * number, "c": c}
        study.add_trial(trimtab.create_trial(value=0.0, params=params, distributions=SPACE))
    study.add_trial(
        trimtab.create_trial(
            value=0.0, params={"x": 0.5}, distributions={"x": trimtab.FloatDistribution(0.0, 1.0)}
        )
    )
    study.enqueue_trial({"x": 0.125, "y": "later"})
    return study


@pytest.mark.parametrize(
    ("params", "known"),
    [
        ({"x": 0.25, "n": 2**53 + 1, "c": "a"}, True),
        ({"x": 0.25, "n": 2**53, "c": "a"}, False),
        ({"x": 0.25, "n": 2**53 + 3, "c": None}, True),
        ({"x": 0.25, "n": 2**53 + 5, "c": 2.0}, True),
        ({"x": 0.25, "n": 2**53 + 7, "c": math.nan}, True),
        ({"x": 0.25, "n": 2**53 + 9, "c": True}, True),
        ({"x": 0.25, "n": 2**53 + 9, "c": (1, 2)}, False),
        ({"x": 0.25, "n": 10**400, "c": "a"}, False),
        ({"x": 0.25, "n": "many", "c": "a"}, False),
        ({"x": 0.5}, True),
        ({"x": 0.25}, False),
        ({"y": 0.5}, False),
        ({"x": 0.125, "y": "later"}, True),
        ({"x": 0.125}, False),
        ({}, False),
    ],
)
def test_known(study: Study, params: dict[str, Any], known: bool) -> None:
    assert is_known(study.history, params) is known
    study.archive_trials(range(7))
    assert not is_known(study.history, params)


def test_a_queued_trial_counts_by_what_was_fixed(study: Study) -> None:
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    trial.suggest_float("z", 0.0, 1.0)
    study.tell(trial, 1.0)
    assert is_known(study.history, {"x": 0.125, "y": "later"})
    assert not is_known(study.history, trial.params)


def test_a_trial_without_parameters(study: Study) -> None:
    study.tell(study.ask(), 1.0)
    assert not is_known(study.history, {})  # it was the queued one
    study.tell(study.ask(), 1.0)
    assert is_known(study.history, {})
