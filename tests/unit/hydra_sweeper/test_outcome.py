"""What jobs may return, and what becomes of a trial that returns something else."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hydra_plugins.trimtab_sweeper._outcome import told
from trimtab.records import TrialState


@pytest.mark.parametrize(
    ("value", "values", "sems"),
    [
        (0.5, (0.5,), None),
        (3, (3.0,), None),
        ([0.5, 0.1], (0.5,), (0.1,)),
        ([0.5, None], (0.5,), None),
        ([0.5, 0.0], (0.5,), (0.0,)),
        ([0.5, 20, "run-1"], (0.5,), None),
        ([[0.5, 0.1], 20, "run-1"], (0.5,), (0.1,)),
        ({"score": 0.5}, (0.5,), None),
        ({"score": [0.5, 0.1]}, (0.5,), (0.1,)),
    ],
)
def test_one_objective(value: Any, values: Any, sems: Any) -> None:
    outcome = told(value, (), 1).outcome
    assert (outcome.state, outcome.values, outcome.sems) == (TrialState.COMPLETE, values, sems)


def test_what_else_was_told_is_kept() -> None:
    assert told([0.5, 20, "run-1"], (), 1).attrs == {"n_epochs": 20, "run_id": "run-1"}
    assert told({"a": 1, "b": 2}, ("b",), 1).attrs == {"metrics": {"a": 1, "b": 2}}


def test_the_objective_of_several_metrics_is_named() -> None:
    assert told({"a": 1, "b": 2}, ("b",), 1).outcome.values == (2.0,)


@pytest.mark.parametrize(
    ("value", "metrics", "values", "sems"),
    [
        ([1.0, 2.0], (), (1.0, 2.0), None),
        ([[1.0, 0.1], 2.0], (), (1.0, 2.0), (0.1, None)),
        ({"a": 1, "b": 2, "c": 3}, ("c", "a"), (3.0, 1.0), None),
        ({"a": 1, "b": 2}, (), (1.0, 2.0), None),
    ],
)
def test_several_objectives(value: Any, metrics: Any, values: Any, sems: Any) -> None:
    outcome = told(value, metrics, 2).outcome
    assert (outcome.values, outcome.sems) == (values, sems)


@pytest.mark.parametrize(
    ("value", "metrics", "n", "says"),
    [
        (None, (), 1, "expected a number.* got None"),
        (math.nan, (), 1, "nan is not acceptable"),
        (math.inf, (), 1, "inf is not acceptable"),
        ("good", (), 1, "got 'good'"),
        (True, (), 1, "got True"),
        ([], (), 1, r"got \[\]"),
        ([1, 2, 3, 4], (), 1, r"got \[1, 2, 3, 4\]"),
        ([0.5, -0.1], (), 1, "sem"),
        ([0.5, math.nan], (), 1, "sem"),
        ([None, 20, "run-1"], (), 1, "got None"),
        ([math.nan, 20, "run-1"], (), 1, "nan is not acceptable"),
        ({"a": 1, "b": 2}, (), 1, "hydra.sweeper.metric"),
        ({}, (), 1, "hydra.sweeper.metric"),
        ({"a": 1}, ("b",), 1, "a metric named 'b'"),
        ({"a": None}, (), 1, "got None"),
        ([1.0], (), 2, "did not match"),
        (1.0, (), 2, "did not match"),
        ([1.0, 2.0, 3.0], (), 2, "did not match"),
    ],
)
def test_a_wrong_value_fails_the_run_and_says_why(
    value: Any, metrics: Any, n: int, says: str
) -> None:
    outcome = told(value, metrics, n).outcome
    assert outcome.state is TrialState.FAIL
    with pytest.raises(ValueError, match=says):
        raise ValueError(outcome.reason)
