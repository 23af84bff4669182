"""Asking and telling: what a study promises whoever drives it by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

import trimtab
from trimtab.errors import (
    IncompatibleDistribution,
    InvalidArgument,
    InvalidType,
    StaleAttempt,
    TrialFinished,
    UnknownTrial,
)
from trimtab.samplers import RandomSampler
from trimtab.storage import InMemoryStorage
from trimtab.study import Study
from trimtab.trial import TrialState

X = trimtab.FloatDistribution(0.0, 1.0)


@pytest.fixture
def study() -> Study:
    return trimtab.create_study(sampler=RandomSampler(seed=1))


def test_numbers_are_dense_from_zero(study: Study) -> None:
    assert [study.ask().number for _ in range(3)] == [0, 1, 2]
    assert [t.state for t in study.trials] == [TrialState.RUNNING] * 3


def test_what_is_suggested_by_hand_is_seen_by_others_at_once(study: Study) -> None:
    trial = study.ask()
    x = trial.suggest_float("x", 0.0, 1.0)
    assert study.get_trial(0).params == {"x": x}
    kind = trial.suggest_categorical("kind", ["a", "b"])
    assert study.get_trial(0).params == {"x": x, "kind": kind}


def test_a_foreseen_parameter_is_written_with_the_ask(study: Study) -> None:
    study.optimize(lambda t: t.suggest_float("x", 0.0, 1.0), n_trials=1)
    trial = study.ask()
    written = study.get_trial(1).params
    assert written == {"x": trial.suggest_float("x", 0.0, 1.0)}


def test_a_parameter_that_was_foreseen_but_not_asked_for_is_no_parameter(study: Study) -> None:
    study.optimize(lambda t: t.suggest_float("x", 0.0, 1.0), n_trials=1)
    trial = study.ask()
    assert study.tell(trial, 1.0).params == {}


def test_fixed_distributions_are_suggested_and_written_at_once(study: Study) -> None:
    trial = study.ask({"x": X, "k": trimtab.IntDistribution(1, 3)})
    assert set(trial.params) == {"x", "k"}
    assert study.get_trial(0).params == trial.params
    with pytest.raises(InvalidType):
        study.ask([X])  # type: ignore[arg-type]  # wrong on purpose


def test_the_same_name_gives_the_same_value(study: Study) -> None:
    trial = study.ask()
    x = trial.suggest_float("x", 0.0, 1.0)
    assert trial.suggest_float("x", 0.0, 1.0) == x
    with pytest.warns(RuntimeWarning, match="ignored"):
        assert trial.suggest_float("x", 0.0, 2.0) == x


def test_a_widened_range_is_fine_and_another_kind_is_not(study: Study) -> None:
    study.optimize(lambda t: t.suggest_float("x", 0.0, 1.0), n_trials=2)
    study.optimize(lambda t: t.suggest_float("x", 0.0, 100.0), n_trials=2)
    trial = study.ask()
    with pytest.raises(IncompatibleDistribution):
        trial.suggest_int("x", 0, 1)
    trial.suggest_categorical("c", ["a", "b"])
    with pytest.raises(IncompatibleDistribution):
        study.ask().suggest_categorical("c", ["a", "b", "c"])


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 10_000, 3])
def test_impossible_names(study: Study, name: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        study.ask().suggest_float(name, 0.0, 1.0)


def test_tell_by_handle_and_by_number(study: Study) -> None:
    assert study.tell(study.ask(), 0.5).value == 0.5
    study.ask()
    told = study.tell(1, [0.25], sems=[0.1])
    assert (told.values, told.sems) == ((0.25,), (0.1,))
    assert study.best_trial.number == 1


def test_a_measurement_carries_its_error(study: Study) -> None:
    assert study.tell(study.ask(), trimtab.Measurement(0.5, sem=0.0)).sems == (0.0,)
    with pytest.raises(InvalidArgument):
        trimtab.Measurement(0.5, sem=-1.0)


@pytest.mark.parametrize(
    "bad", [None, math.nan, math.inf, -math.inf, "high", 1j, [1.0, 2.0], [], object()]
)
def test_what_cannot_be_a_value_fails_the_trial_and_says_why(study: Study, bad: Any) -> None:
    with pytest.warns(UserWarning, match="Trial 0 fails"):
        trial = study.tell(study.ask(), bad)
    assert trial.state is TrialState.FAIL
    assert trial.system_attrs["fail_reason"]


@pytest.mark.parametrize(
    ("state", "values"),
    [
        (TrialState.COMPLETE, None),
        (TrialState.COMPLETE, math.nan),
        (TrialState.COMPLETE, [1.0, 2.0]),
        (TrialState.PRUNED, 1.0),
        (TrialState.FAIL, 1.0),
        (TrialState.RUNNING, None),
        (TrialState.WAITING, None),
    ],
)
def test_states_that_do_not_go_with_their_values(
    study: Study, state: TrialState, values: Any
) -> None:
    trial = study.ask()
    with pytest.raises(InvalidArgument):
        study.tell(trial, values, state=state)
    assert study.get_trial(0).state is TrialState.RUNNING


def test_a_pruned_trial_takes_its_last_report(study: Study) -> None:
    trial = study.ask()
    trial.report(3.0, 0)
    trial.report(2.0, 7)
    assert study.tell(trial, state=TrialState.PRUNED).value == 2.0
    trial = study.ask()
    trial.report(math.nan, 0)
    assert study.tell(trial, state=TrialState.PRUNED).value is None


def test_the_first_tell_wins(study: Study) -> None:
    trial = study.ask()
    first = study.tell(trial, 1.0)
    assert study.tell(trial, 1.0) == first
    with pytest.raises(TrialFinished):
        study.tell(trial, 2.0)
    assert study.tell(trial, 2.0, skip_if_finished=True) == first
    assert study.get_trial(0) == first


def test_tells_that_speak_of_no_running_trial(study: Study) -> None:
    with pytest.raises(UnknownTrial):
        study.tell(0, 1.0)
    study.enqueue_trial({"x": 0.5})
    with pytest.raises(TrialFinished, match="WAITING"):
        study.tell(0, 1.0)
    with pytest.raises(InvalidType):
        study.tell("0", 1.0)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidType):
        study.tell(True, 1.0)


def test_a_trial_that_outlived_its_lease_is_not_believed() -> None:
    now = [100.0]
    storage = InMemoryStorage(clock=lambda: now[0])
    study = trimtab.create_study(storage=storage, sampler=RandomSampler(seed=0))
    late = study.ask({"x": X}, lease=5.0)
    now[0] += 6.0
    again = study.ask(lease=5.0)
    assert (again.number, again.attempt) == (late.number, 2)
    assert again.suggest_float("x", 0.0, 1.0) == late.params["x"]
    with pytest.raises(StaleAttempt):
        study.tell(late, 1.0)
    assert study.tell(again, 2.0).value == 2.0


def test_enqueued_trials_come_first_and_keep_what_they_fix(study: Study) -> None:
    study.enqueue_trial({"x": 0.125, "c": "b"}, user_attrs={"why": "guess"})
    study.enqueue_trial({"x": 0.25})
    for expected in (0.125, 0.25):
        trial = study.ask()
        assert trial.suggest_float("x", 0.0, 1.0) == expected
        trial.suggest_categorical("c", ["a", "b"])
    assert study.get_trial(0).params == {"x": 0.125, "c": "b"}
    assert study.get_trial(0).user_attrs == {"why": "guess"}


def test_an_enqueued_value_out_of_range_is_used_with_a_warning(study: Study) -> None:
    study.enqueue_trial({"x": 7.0})
    trial = study.ask()
    with pytest.warns(UserWarning, match="out of range"):
        assert trial.suggest_float("x", 0.0, 1.0) == 7.0
    assert study.tell(trial, 1.0).params == {"x": 7.0}


def test_skip_if_exists(study: Study) -> None:
    study.enqueue_trial({"x": 0.5})
    study.enqueue_trial({"x": 0.5}, skip_if_exists=True)
    study.enqueue_trial({"x": 0.75}, skip_if_exists=True)
    assert len(study.trials) == 2


@pytest.mark.parametrize("params", [[], "x", None, {"x": object()}, {3: 1.0}])
def test_what_cannot_be_enqueued(study: Study, params: Any) -> None:
    with pytest.raises(InvalidType):
        study.enqueue_trial(params)


def test_constraints(study: Study) -> None:
    for value, constraint in ((1.0, 1.0), (2.0, 0.0), (0.5, 3.0)):
        trial = study.ask()
        trial.set_constraint("c", constraint)
        study.tell(trial, value)
    assert study.best_trial.number == 1
    assert study.best_trial.constraints == {"c": 0.0}
    trial = study.ask()
    trial.set_constraint("c", 1.0)
    with pytest.warns(UserWarning, match="set already"):
        trial.set_constraint("c", 2.0)
    assert trial.constraints == {"c": 1.0}
    with pytest.raises(InvalidArgument):
        trial.set_constraint("d", math.nan)
    with pytest.raises(InvalidType):
        trial.set_constraint("d", "x")  # type: ignore[arg-type]  # wrong on purpose


def test_no_best_trial(study: Study) -> None:
    with pytest.raises(ValueError, match="No trials are completed yet"):
        _ = study.best_trial
    trial = study.ask()
    trial.set_constraint("c", 1.0)
    study.tell(trial, 0.0)
    with pytest.raises(ValueError, match="No feasible trials"):
        _ = study.best_value


def test_user_attributes_come_back_as_they_were(study: Study) -> None:
    value = {"t": (1, 2.5), "n": None, "f": math.inf, "l": [True, "ü"]}
    trial = study.ask()
    trial.set_user_attr("k", value)
    trial.set_user_attr("none", None)
    study.set_user_attr("s", value)
    assert trial.user_attrs == {"k": value, "none": None}
    assert study.get_trial(0).user_attrs == {"k": value, "none": None}
    assert study.user_attrs == {"s": value}
    with pytest.raises(InvalidType):
        trial.set_user_attr("k", {1, 2})
    with pytest.raises(InvalidType):
        study.set_user_attr("k", object())


def test_reports(study: Study) -> None:
    trial = study.ask()
    trial.report(1.0, 0)
    with pytest.warns(UserWarning, match="already reported"):
        trial.report(2.0, 0)
    with pytest.raises(InvalidType):
        trial.report("x", 1)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidType):
        trial.report(1.0, "first")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidArgument):
        trial.report(1.0, -1)
    assert study.get_trial(0).intermediate_values == {0: 1.0}


def test_several_objectives_report_by_name() -> None:
    study = trimtab.create_study(directions=["minimize", "maximize"])
    trial = study.ask()
    with pytest.raises(NotImplementedError):
        trial.report(1.0, 0)
    trial.report(1.0, 0, metric="loss")
    trial.report(0.9, 0, metric="acc")
    with pytest.warns(UserWarning, match="value of 'loss' is ignored because step 0 is already"):
        trial.report({"loss": 0.5, "f1": 0.8}, 0)
    trial.report({"loss": 0.5, "acc": 0.9}, 1)
    with pytest.raises(NotImplementedError):
        trial.should_prune()
    assert study.get_trial(0).reports[0].metrics == {"loss": 1.0, "acc": 0.9, "f1": 0.8}
    assert study.get_trial(0).reports[1].metrics == {"loss": 0.5, "acc": 0.9}
    assert study.tell(trial, (1.0, 2.0)).values == (1.0, 2.0)
    with pytest.raises(RuntimeError, match="one objective"):
        _ = study.best_trial
    assert [t.number for t in study.best_trials] == [0]


def test_archived_and_deleted_trials(study: Study) -> None:
    for value in (3.0, 1.0, 2.0):
        study.tell(study.ask(), value)
    study.archive_trials([1])
    assert study.best_trial.number == 2
    assert [t.number for t in study.trials] == [0, 2]
    assert study.get_trial(1).archived
    study.archive_trials([1], archived=False)
    assert study.best_trial.number == 1
    study.delete_trials([1])
    assert study.best_trial.number == 2
    with pytest.raises(UnknownTrial):
        study.get_trial(1)
    with pytest.raises(UnknownTrial):
        study.delete_trials([0, 1])
    assert [t.number for t in study.trials] == [0, 2]
    assert study.ask().number == 3


def test_metric_names(study: Study) -> None:
    assert study.metric_names is None
    study.set_metric_names(["loss"])
    assert study.metric_names == ["loss"]
    with pytest.raises(ValueError, match="one per objective"):
        study.set_metric_names(["a", "b"])
