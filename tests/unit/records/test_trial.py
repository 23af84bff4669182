"""Records reject what cannot be, and do not change."""

from __future__ import annotations

import copy
import datetime
import math
import pickle
from typing import Any

import pytest

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import (
    FrozenTrial,
    Outcome,
    Report,
    TrialState,
    TrialUpdate,
    from_micros,
    to_micros,
)
from trimtab.space import FloatDistribution, IntDistribution, Space

NOW = datetime.datetime(2026, 5, 4, 3, 2, 1, 123456)  # noqa: DTZ001 - as scripts write it
X = FloatDistribution(0.0, 1.0)


def frozen(**changes: Any) -> FrozenTrial:
    """A complete trial, some arguments replaced."""
    arguments: dict[str, Any] = {
        "number": 3,
        "state": TrialState.COMPLETE,
        "value": 0.5,
        "datetime_start": NOW,
        "datetime_complete": NOW + datetime.timedelta(seconds=2),
        "params": {"x": 0.25},
        "distributions": {"x": X},
        "user_attrs": {"a": 1},
        "system_attrs": {},
        "intermediate_values": {1: 0.1, 0: 0.9},
    }
    return FrozenTrial(**(arguments | changes))


def test_a_trial_shows_what_it_was_made_of() -> None:
    trial = frozen(constraints={"c": -1.0}, sems=[0.1])
    assert trial.params == {"x": 0.25}
    assert trial.distributions == {"x": X}
    assert (trial.value, trial.values, trial.sems) == (0.5, (0.5,), (0.1,))
    assert list(trial.intermediate_values.items()) == [(0, 0.9), (1, 0.1)]
    assert trial.last_step == 1
    assert trial.duration == datetime.timedelta(seconds=2)
    assert trial.datetime_start == NOW
    assert trial.is_feasible


@pytest.mark.parametrize(
    "changes",
    [
        {"value": None},
        {"value": math.nan},
        {"value": math.inf},
        {"values": [1.0]},
        {"datetime_start": None},
        {"datetime_complete": None},
        {"state": TrialState.RUNNING},
        {"params": {"x": 2.0}},
        {"params": {"y": 0.2}},
        {"sems": [0.1, 0.2]},
        {"sems": [-0.1]},
        {"constraints": {"c": math.nan}},
    ],
)
def test_trials_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        frozen(**changes)


def test_a_trial_does_not_change() -> None:
    trial = frozen()
    with pytest.raises(AttributeError):
        trial.number = 4
    with pytest.raises(AttributeError):
        del trial.state
    assert trial.replace(number=4).number == 4
    assert trial.number == 3


def test_copies_are_equal_and_apart() -> None:
    trial = frozen()
    deep = copy.deepcopy(trial)
    assert deep == trial
    assert deep.user_attrs is not trial.user_attrs
    assert pickle.loads(pickle.dumps(trial)) == trial
    assert hash(deep) == hash(trial)


def test_trials_are_ordered_by_number() -> None:
    assert frozen(number=1) < frozen(number=2) <= frozen(number=2)


def test_several_values() -> None:
    trial = frozen(value=None, values=[1.0, 2.0])
    assert trial.values == (1.0, 2.0)
    with pytest.raises(RuntimeError, match="multi-objective"):
        _ = trial.value


def test_a_frozen_trial_can_be_given_to_an_objective() -> None:
    trial = frozen(params={"x": 0.25, "k": 3}, distributions={"x": X, "k": IntDistribution(0, 9)})
    assert trial.suggest_float("x", 0.0, 1.0) == 0.25
    assert trial.suggest_int("k", 0, 5) == 3
    assert not trial.should_prune()
    with pytest.warns(UserWarning, match="out of the range"):
        assert trial.suggest_float("x", 0.5, 1.0) == 0.25
    with pytest.raises(InvalidArgument):
        trial.suggest_float("other", 0.0, 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_outcomes_have_finite_values(bad: float) -> None:
    with pytest.raises(InvalidArgument):
        Outcome(TrialState.COMPLETE, (bad,))


@pytest.mark.parametrize("bad", [None, "1", b"1", 1 + 2j, [1.0], object()])
def test_outcomes_have_real_values(bad: Any) -> None:
    with pytest.raises(InvalidType):
        Outcome(TrialState.COMPLETE, (bad,))


def test_an_outcome_is_an_end() -> None:
    with pytest.raises(InvalidArgument):
        Outcome(TrialState.RUNNING)
    with pytest.raises(InvalidArgument):
        Outcome(TrialState.COMPLETE)
    with pytest.raises(InvalidArgument):
        Outcome(TrialState.FAIL, None, (0.1,))
    assert Outcome(TrialState.FAIL, reason="why").values is None


def test_reports() -> None:
    assert Report(3, {"value": 1}).metrics == {"value": 1.0}
    assert math.isnan(Report(0, {"value": math.nan}).metrics["value"])
    with pytest.raises(InvalidArgument):
        Report(-1, {"value": 1.0})
    with pytest.raises(InvalidType):
        Report(1.5, {"value": 1.0})  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidType):
        Report(1, {"value": "high"})  # type: ignore[dict-item]  # wrong on purpose
    with pytest.raises(InvalidArgument):
        Report(1, {"": 1.0})


def test_updates() -> None:
    assert not TrialUpdate()
    assert TrialUpdate(user_attrs={"a": 1})
    with pytest.raises(InvalidArgument):
        TrialUpdate(Space({"x": X}), ())
    with pytest.raises(InvalidArgument):
        TrialUpdate(constraints={"c": math.nan})


def test_times_are_kept_to_the_microsecond_whatever_the_zone() -> None:
    assert from_micros(to_micros(NOW)) == NOW
    zone = datetime.timezone(datetime.timedelta(hours=5))
    aware = datetime.datetime(2026, 1, 1, 5, tzinfo=zone)
    assert to_micros(aware) == to_micros(aware.astimezone(datetime.UTC))
    assert to_micros(None) is None
    assert from_micros(None) is None
