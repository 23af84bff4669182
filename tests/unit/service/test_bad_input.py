"""What a client refuses, and that nothing is changed by it."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.errors import (
    DuplicateStudy,
    InvalidArgument,
    InvalidType,
    MissingMetric,
    TrialFinished,
    TrimtabError,
    UnknownStudy,
    UnknownTrial,
    WrongStatus,
)
from trimtab.experiment import TrialStatus
from trimtab.service import Client, ObjectiveProperties

X = {"name": "x", "type": "range", "bounds": [0.0, 1.0]}
Y = {"name": "y", "type": "range", "bounds": [0.0, 1.0]}
LOSS = {"loss": ObjectiveProperties(minimize=True)}


@pytest.fixture
def made() -> Client:
    client = Client(random_seed=1)
    client.create_experiment(
        [X, Y],
        "lab",
        objectives=LOSS,
        outcome_constraints=["cost <= 3"],
        tracking_metric_names=["t"],
    )
    client.get_next_trial()
    return client


@pytest.mark.parametrize(
    ("raw_data", "error", "says"),
    [
        ("1.0", InvalidType, "does not conform to the expected structure"),
        (None, InvalidType, "does not conform"),
        ((1.0, 2.0, 3.0), InvalidType, "does not conform"),
        ({"loss": ("a", 0.0), "cost": 1.0}, InvalidType, r"raw_data\['loss'\]"),
        ({"loss": 1j, "cost": 1.0}, InvalidType, "does not conform"),
        ({"loss": (1.0, -0.1), "cost": 1.0}, InvalidArgument, "standard error of None or a finite"),
        ({"loss": (1.0, float("nan")), "cost": 1.0}, InvalidArgument, "standard error"),
        ({"loss": (1.0, float("inf")), "cost": 1.0}, InvalidArgument, "standard error"),
        ({"loss": float("nan"), "cost": 1.0}, InvalidArgument, "log_trial_failure"),
        ({"loss": (float("inf"), 0.0), "cost": 1.0}, InvalidArgument, "finite mean"),
        ({"loss": 1.0, "cost": 1.0, "lost": 1.0}, InvalidArgument, r"\['lost'\]"),
        ({}, InvalidArgument, "at least one metric"),
        ({1: 1.0}, InvalidType, "names that are text"),
        (1.0, MissingMetric, "still running"),
        ({"cost": 1.0}, MissingMetric, r"\['loss', 'cost'\], got \['cost'\]"),
        ([(0.5, 1.0)], InvalidType, "whole numbers"),
        ([(-1, {"loss": 1.0, "cost": 1.0})], InvalidArgument, "at least 0"),
        ([(1, 2, 3)], InvalidType, r"\(step, data\)"),
    ],
)
def test_a_bad_result_leaves_the_trial_running(
    made: Client, raw_data: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        made.complete_trial(0, raw_data)
    assert made.experiment.trial(0).status is TrialStatus.RUNNING
    made.complete_trial(0, {"loss": 1.0, "cost": 1.0})
    assert made.experiment.study.trials[0].values == (1.0,)


def test_the_missing_metrics_are_told(made: Client) -> None:
    with pytest.raises(MissingMetric) as error:
        made.complete_trial(0, {"t": 1.0})
    assert error.value.missing == ("loss", "cost")


def test_completing_twice_changes_nothing(made: Client) -> None:
    made.complete_trial(0, {"loss": 1.0, "cost": 1.0})
    for value in (1.0, 2.0):
        with pytest.raises(TrialFinished, match="completed already"):
            made.complete_trial(0, {"loss": value, "cost": 1.0})
    assert made.experiment.study.trials[0].values == (1.0,)
    for end in (made.log_trial_failure, made.abandon_trial, made.stop_trial_early):
        with pytest.raises(WrongStatus, match="Trial 0 is COMPLETED"):
            end(0)


@pytest.mark.parametrize("end", ["log_trial_failure", "abandon_trial"])
def test_what_has_ended_no_longer_expects_data(made: Client, end: str) -> None:
    getattr(made, end)(0)
    with pytest.raises(TrialFinished, match="no longer expects data"):
        made.complete_trial(0, {"loss": 1.0, "cost": 1.0})
    with pytest.raises(TrialFinished, match="no longer expects data"):
        made.update_running_trial_with_intermediate_data(0, [(0, 1.0)])


@pytest.mark.parametrize("index", [1, -1, 10**9])
def test_an_unknown_trial_is_named(made: Client, index: int) -> None:
    for call in (
        lambda: made.complete_trial(index, 1.0),
        lambda: made.log_trial_failure(index),
        lambda: made.abandon_trial(index),
        lambda: made.stop_trial_early(index),
        lambda: made.get_trial(index),
        lambda: made.get_trial_parameters(index),
        lambda: made.should_stop_trials_early([index]),
        lambda: made.update_running_trial_with_intermediate_data(index, [(0, 1.0)]),
    ):
        with pytest.raises(UnknownTrial, match=str(index)):
            call()


@pytest.mark.parametrize("index", ["0", None, 0.0, True])
def test_an_index_is_an_integer(made: Client, index: Any) -> None:
    with pytest.raises(InvalidType, match="trial_index"):
        made.complete_trial(index, 1.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"parameters": []}, "at least one parameter"),
        ({"parameters": X}, "a list of parameters"),
        ({"parameters": ["x"]}, "a dictionary"),
        ({"parameters": [{"type": "range", "bounds": [0, 1]}]}, "`name`"),
        ({"parameters": [{"name": "x", "type": "rnge", "bounds": [0, 1]}]}, "'rnge'"),
        ({"parameters": [{"name": "x", "type": "range"}]}, "with `bounds`"),
        ({"parameters": [{"name": "x", "type": "range", "bounds": [0, 1, 2]}]}, "a lower and an"),
        ({"parameters": [{"name": "x", "type": "range", "bounds": [1.0, 0.0]}]}, r"x\.bounds"),
        ({"parameters": [{**X, "value_type": "double"}]}, "'double'"),
        ({"parameters": [{**X, "log": True}]}, r"got \['log'\]"),
        ({"parameters": [{**X, "is_fidelity": True}]}, r"got \['is_fidelity'\]"),
        ({"parameters": [{"name": "x", "type": "choice", "values": []}]}, "a list of values"),
        ({"parameters": [{"name": "x", "type": "choice", "values": [1, "a"]}]}, "one type"),
        ({"parameters": [{"name": "x", "type": "fixed"}]}, "with `value`"),
        ({"parameter_constraints": ["x + z <= 1"]}, "'x', 'y'"),
        ({"parameter_constraints": ["x +"]}, "at character"),
        ({"parameter_constraints": ["x = y"]}, "equalities"),
        ({"parameter_constraints": ["x + y >= 2.5"]}, "some point within the bounds"),
        ({"parameter_constraints": "x <= y"}, "a list of constraints"),
        ({"outcome_constraints": ["cost < 3"]}, "'<=' or '>='"),
        ({"outcome_constraints": ["cost <= three"]}, "'cost <= three'"),
        ({"outcome_constraints": ["loss <= 3"]}, "threshold"),
        ({"outcome_constraints": ["cost <= 3", "cost <= 3.0"]}, "different constraints"),
        ({"outcome_constraints": ["cost >= -5%"]}, "relative to it"),
        ({"status_quo": {"x": 2.0, "y": 0.0}}, r"status_quo\.x"),
        ({"status_quo": {"x": 0.5}}, "`y`"),
        ({"objectives": {}}, "at least one objective"),
        ({"objectives": {"loss": "minimize"}}, "ObjectiveProperties"),
        ({"objective_name": "loss"}, "not both"),
        ({"choose_generation_strategy_kwargs": {"typo": 1}}, r"\['typo'\]"),
        ({"name": ""}, "name"),
        ({"tracking_metric_names": [""]}, "metric"),
    ],
)
def test_an_impossible_experiment_is_refused(options: dict[str, Any], says: str) -> None:
    client = Client()
    given = {"parameters": [X, Y], "objectives": LOSS, "name": "lab"} | options
    with pytest.raises((InvalidArgument, InvalidType), match=says):
        client.create_experiment(**given)
    client.create_experiment([X, Y], "lab", objectives=LOSS)  # nothing was left behind


def test_there_is_one_experiment(made: Client) -> None:
    with pytest.raises(WrongStatus, match="create_experiment"):
        Client().get_next_trial()
    with pytest.raises(DuplicateStudy):
        Client(storage=made.experiment.study.storage).create_experiment([X], "lab")
    with pytest.raises(WrongStatus, match="another client"):
        made.create_experiment([X], "other", objectives=LOSS)
    with pytest.raises(WrongStatus, match="another client"):
        made.load_experiment("lab")
    with pytest.raises(UnknownStudy):
        Client().load_experiment("lab")
    made.create_experiment([X], "lab", objectives=LOSS, overwrite_existing_experiment=True)
    assert made.experiment.trials == {}


@pytest.mark.parametrize(
    "parameters", [{"x": 0.5}, {"x": 0.5, "y": 1.5}, {"x": 0.5, "y": 0.5, "z": 1}, None, {"x": "a"}]
)
def test_an_attached_trial_is_in_the_space(made: Client, parameters: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        made.attach_trial(parameters)
    assert len(made.experiment.trials) == 1


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "1"])
def test_how_many_trials(made: Client, number: Any) -> None:
    with pytest.raises(TrimtabError, match="max_trials"):
        made.get_next_trials(number)


@pytest.mark.parametrize("seconds", [0, -1.0])
def test_a_trial_lives_for_some_time(made: Client, seconds: float) -> None:
    with pytest.raises(InvalidArgument, match="seconds"):
        made.get_next_trial(ttl_seconds=seconds)
