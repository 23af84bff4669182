"""What a run is told that cannot be: refused, or the trial fails that it is about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.tune import ResultGrid, schedulers

Fit = Callable[..., ResultGrid]
ITERATIONS: dict[str, Any] = {"time_attr": "training_iteration", "metric": "score", "mode": "max"}


def pbt(**given: Any) -> schedulers.PopulationBasedTraining:
    mutations = {"x": tune.uniform(0, 1)}
    kept = {"perturbation_interval": 2, "quantile_fraction": 0.5, "hyperparam_mutations": mutations}
    return schedulers.PopulationBasedTraining(**ITERATIONS, **{**kept, **given})


def steps(config: dict[str, Any]) -> None:
    folder = Path(tune.get_context().get_trial_dir(), "mine")
    folder.mkdir(exist_ok=True)
    for count in range(1, 7):
        score = count * float(config.get("x", 1.0))
        tune.report({"score": score}, checkpoint=tune.Checkpoint.from_directory(folder))


# ---------------------------------------------------------------- what is not reported


COMPARING = [
    pbt(),
    pbt(synch=True),
    schedulers.PB2(**ITERATIONS, perturbation_interval=2, hyperparam_bounds={"x": [0.0, 1.0]}),
    schedulers.ASHAScheduler(**ITERATIONS, max_t=6),
    schedulers.PromotingASHA(**ITERATIONS, max_t=6),
    schedulers.HyperBandScheduler(**ITERATIONS, max_t=6),
    schedulers.MedianStoppingRule(**ITERATIONS, grace_period=1),
]


@pytest.mark.parametrize("scheduler", COMPARING, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("told", [{"other": 1.0}, {"score": "high"}, {"score": float("nan")}])
def test_a_scheduler_that_has_nothing_to_go_by(
    fit: Fit, scheduler: Any, told: dict[str, Any]
) -> None:
    """Every trial ends, and says what it lacks; none waits for the others."""

    def trainable(config: dict[str, Any]) -> None:
        for _ in range(4):
            tune.report(told)

    results = fit(trainable, {"x": tune.uniform(0, 1)}, num_samples=3, scheduler=scheduler)
    ends = {result.state for result in results}
    assert ends <= {TrialState.FAIL, TrialState.PRUNED}
    for result in results:
        if result.state is TrialState.FAIL:
            assert "score" in str(result.error)


def test_one_that_reports_nothing_to_go_by_does_not_keep_the_others(fit: Fit) -> None:
    def trainable(config: dict[str, Any]) -> None:
        if config["bad"]:
            tune.report({"other": 1.0})
            tune.report({"other": 1.0})
        steps(config)

    space = {"bad": tune.grid_search([False, True, False]), "x": tune.uniform(0, 1)}
    results = fit(trainable, space, scheduler=pbt(synch=True))
    assert [result.state.name for result in results] == ["COMPLETE", "FAIL", "COMPLETE"]
    assert "`metrics`: expected 'score' in every report of trial 1" in str(results[1].error)


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ({"loss": 1.0}, "`stop`: expected metrics that are reported: ['note', 'score', "),
        ({"note": 1.0}, "`stop`: expected a number as 'note', got 'text'"),
        (lambda trial, result: result["loss"] > 1, "'loss'"),
    ],
)
def test_a_stop_condition_on_what_is_not_reported(fit: Fit, stop: Any, expected: str) -> None:
    (result,) = fit(lambda config: {"score": 1.0, "note": "text"}, stop=stop)
    assert result.state is TrialState.FAIL
    assert expected in str(result.error)


def test_iterations_are_what_is_reported_whatever_it_says_of_them(fit: Fit) -> None:
    def trainable(config: dict[str, Any]) -> None:
        for _ in range(9):
            tune.report({"training_iteration": 1, "score": 1.0})

    results = fit(
        trainable,
        {"x": tune.uniform(0, 1)},
        num_samples=2,
        scheduler=pbt(),
        stop={"training_iteration": 6},
    )
    for result in results:
        assert [report["training_iteration"] for report in result.reports] == [1, 2, 3, 4, 5, 6]


# ---------------------------------------------------------------- what mutates


def test_mutations_of_what_no_config_has_are_drawn_for_all(fit: Fit) -> None:
    mutations = {"new": tune.uniform(0, 1), "deep": {"new": [1, 2]}}
    scheduler = pbt(hyperparam_mutations=mutations)
    results = fit(steps, {"x": 1.0, "deep": {"old": 0}}, num_samples=3, scheduler=scheduler)
    for result in results:
        assert 0 <= result.config["new"] <= 1
        assert result.config["deep"]["new"] in (1, 2)
        assert result.config["deep"]["old"] == 0


def test_mutations_within_what_is_no_dictionary_are_refused(fit: Fit) -> None:
    scheduler = pbt(hyperparam_mutations={"deep": {"new": tune.uniform(0, 1)}})
    with pytest.raises(InvalidArgument) as raised:
        fit(steps, {"deep": "flat"}, num_samples=3, scheduler=scheduler)
    assert str(raised.value) == (
        "`hyperparam_mutations`: expected parameters of the config, in which 'deep' is 'flat', "
        "got 'deep/new'."
    )


def raises(config: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("momentum")


@pytest.mark.parametrize(
    ("function", "expected"),
    [(raises, "momentum"), (lambda config: None, "`custom_explore_fn`: expected a dictionary")],
)
@pytest.mark.parametrize("synch", [True, False])
def test_an_explore_function_that_fails(
    fit: Fit, function: Any, expected: str, synch: bool
) -> None:
    """So does the member that was to go on with what it makes; the others go on."""
    space = {"x": tune.grid_search([0.1, 0.5, 0.9])}
    results = fit(steps, space, scheduler=pbt(custom_explore_fn=function, synch=synch))
    failed = [result for result in results if result.state is TrialState.FAIL]
    assert 1 <= len(failed) <= 2
    assert all(expected in str(result.error) for result in failed)
    assert results.num_terminated == 3 - len(failed)
