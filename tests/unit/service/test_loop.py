"""The whole loop in one call."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.errors import InvalidArgument, InvalidType, TrimtabWarning
from trimtab.experiment import BatchTrial, TrialStatus
from trimtab.service import optimize

X = {"name": "x", "type": "range", "bounds": [-1.0, 1.0]}
FINITE = [{"name": "n", "type": "range", "bounds": [1, 4]}]


def test_it_finds_the_best() -> None:
    best, (means, _), experiment, model = optimize(
        [X], lambda p: -((p["x"] - 0.3) ** 2), total_trials=15, random_seed=0
    )
    assert best["x"] == pytest.approx(0.3, abs=0.05)
    assert means["objective"] == pytest.approx(0.0, abs=0.01)
    assert len(experiment.trials) == 15
    assert model is None


def test_metrics_that_are_no_objective_are_tracked() -> None:
    _, (means, covariances), experiment, _ = optimize(
        [X],
        lambda p: {"loss": (p["x"], 0.0), "cost": p["x"] ** 2, "more": (1.0, None)},
        objective_name="loss",
        minimize=True,
        outcome_constraints=["cost <= 0.25"],
        total_trials=8,
        random_seed=0,
    )
    assert list(experiment.metrics) == ["loss", "cost", "more"]
    assert means["cost"] <= 0.25
    assert covariances["loss"] == {"loss": 0.0}


@pytest.mark.parametrize("arms", [1, 3])
def test_an_exhausted_space_ends_it(arms: int) -> None:
    best, _, experiment, _ = optimize(
        FINITE, lambda p: p["n"], minimize=True, arms_per_trial=arms, random_seed=0
    )
    assert best == {"n": 1}
    assert len(experiment.study.trials) == 4 - 4 % arms


def test_batches_are_weighted() -> None:
    seen: list[Any] = []

    def evaluate(parameters: dict[str, float], weight: float | None = None) -> float:
        seen.append(weight)
        return parameters["x"]

    _, _, experiment, _ = optimize([X], evaluate, total_trials=3, arms_per_trial=2, random_seed=0)
    assert seen == [0.5] * 6
    assert all(isinstance(trial, BatchTrial) for trial in experiment.trials.values())


def test_a_function_that_raises_ends_it_with_the_best_so_far() -> None:
    calls = iter([0.5, 0.25, None, 0.1])

    def evaluate(parameters: dict[str, float]) -> float:
        value = next(calls)
        if value is None:
            raise OSError("the lab is on fire")
        return value

    _, (means, _), experiment, _ = optimize([X], evaluate, minimize=True, random_seed=0)
    assert means["objective"] == pytest.approx(0.25, abs=0.05)
    statuses = [trial.status for trial in experiment.trials.values()]
    assert statuses == [TrialStatus.COMPLETED, TrialStatus.COMPLETED, TrialStatus.FAILED]
    assert "the lab is on fire" in str(experiment.trials[2].failed_reason)


def test_a_function_that_never_works_is_heard() -> None:
    def evaluate(parameters: dict[str, float]) -> float:
        raise OSError("the lab is on fire")

    with pytest.raises(OSError, match="the lab is on fire"):
        optimize([X], evaluate)


def test_where_nothing_is_feasible_the_least_bad_is_returned() -> None:
    with pytest.warns(TrimtabWarning, match="least"):
        best, (means, _), experiment, _ = optimize(
            FINITE,
            lambda p: {"objective": 1.0, "cost": p["n"]},
            outcome_constraints=["cost <= 0"],
            random_seed=0,
        )
    assert best == {"n": 1}
    assert means == {"objective": 1.0, "cost": 1.0}
    assert len(experiment.trials) == 4


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda: 1.0, {}),
        (lambda a, b, c: 1.0, {}),
        ("function", {}),
        (lambda p: 1.0, {"total_trials": 0}),
        (lambda p: 1.0, {"arms_per_trial": 1.5}),
    ],
)
def test_impossible_loops_are_refused(function: Any, options: dict[str, Any]) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        optimize([X], function, **options)
