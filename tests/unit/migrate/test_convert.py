"""What of a trial is set aside, renamed or merged."""

import json
import math
from typing import Any

import pytest

from trimtab.migrate.convert import Converter, legal_name
from trimtab.migrate.raw import RawStudy, RawTrial
from trimtab.records import TrialState


def converter(**study: Any) -> Converter:
    return Converter(
        RawStudy("s", study.pop("directions", ["MINIMIZE"]), lambda: iter(()), **study)
    )


def raw(number: int = 0, **fields: Any) -> RawTrial:
    trial = RawTrial(number, number, fields.pop("state", "COMPLETE"), started=1, finished=2)
    trial.values = {0: 0.5}
    for name, field in fields.items():
        setattr(trial, name, field)
    return trial


def choices(*given: Any) -> str:
    return json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": given}})


def number(log: bool = False) -> str:
    fields = {"low": 1, "high": 9, "log": log, "step": None}
    return json.dumps({"name": "FloatDistribution", "attributes": fields})


def test_choices_that_optuna_takes_for_equal_stay_one_parameter() -> None:
    conv = converter()
    first = conv.trial(raw(0, params={"x": (0.0, choices(1, 2))}), 0)
    second = conv.trial(raw(1, params={"x": (1.0, choices(1.0, 2.0))}), 1)
    assert first.space is second.space
    assert second.params == {"x": 2}
    assert conv.problems == []


@pytest.mark.parametrize("other", [choices("a"), number(log=True), "broken"])
def test_a_parameter_of_another_kind_is_set_aside(other: str) -> None:
    conv = converter()
    conv.trial(raw(0, params={"x": (1.0, number())}), 0)
    trial = conv.trial(raw(1, params={"x": (0.0, other), "y": (1.0, number())}), 1)
    assert trial.params == {"y": 1.0}
    assert trial.system_attrs["optuna:set_aside"] == {"x": {"internal": 0.0, "distribution": other}}
    (problem,) = conv.problems
    assert problem.startswith("trial 1: parameter 'x' was set aside: ")


@pytest.mark.parametrize("internal", [None, math.nan, math.inf, 2.0, -1.0])
def test_a_choice_that_is_not_there(internal: float | None) -> None:
    conv = converter()
    assert conv.trial(raw(params={"x": (internal, choices("a", "b"))}), 0).params == {}
    assert len(conv.problems) == 1


@pytest.mark.parametrize(
    ("state", "values", "expected", "n_problems"),
    [
        ("COMPLETE", {0: 1.0}, (TrialState.COMPLETE, (1.0,)), 0),
        ("COMPLETE", {}, (TrialState.FAIL, None), 1),
        ("COMPLETE", {0: None}, (TrialState.FAIL, None), 1),
        ("COMPLETE", {0: -math.inf}, (TrialState.FAIL, None), 1),
        ("COMPLETE", {0: 1.0, 1: 2.0}, (TrialState.FAIL, None), 1),
        ("PRUNED", {0: 1.0}, (TrialState.PRUNED, (1.0,)), 0),
        ("PRUNED", {}, (TrialState.PRUNED, None), 0),
        ("PRUNED", {0: None}, (TrialState.PRUNED, None), 1),
        ("FAIL", {0: math.inf}, (TrialState.FAIL, None), 1),
        ("RUNNING", {0: 1.0}, (TrialState.RUNNING, None), 1),
        ("WAITING", {}, (TrialState.WAITING, None), 0),
    ],
)
def test_values(
    state: str, values: dict[int, float | None], expected: tuple[Any, ...], n_problems: int
) -> None:
    conv = converter()
    trial = conv.trial(raw(state=state, values=values), 0)
    assert (trial.state, trial.values) == expected
    assert len(conv.problems) == n_problems
    assert ("optuna:values" in trial.system_attrs) == bool(n_problems)


def test_constraints_of_both_versions() -> None:
    conv = converter()
    attrs = {"constraints": [1.0, -2.0], "constraints:cost": 3.0, "constraints:bad": math.nan}
    trial = conv.trial(raw(system_attrs=attrs), 0)
    assert trial.constraints == {"0": 1.0, "1": -2.0, "cost": 3.0}
    assert trial.system_attrs == {}
    assert conv.problems == ["trial 0: constraint 'bad' was nan and was left out"]


def test_a_study_without_direction_and_with_nulls() -> None:
    conv = converter(directions=["NOT_SET"], user_attrs={"a": None, "b": 0})
    assert [direction.name for direction in conv.directions] == ["MINIMIZE"]
    assert conv.user_attrs == {"b": 0}
    assert len(conv.problems) == 2


def test_reports_before_the_first_step() -> None:
    conv = converter()
    trial = conv.trial(raw(reports={-1: 1.0, 3: 2.0, 2: None}), 0)
    assert list(trial.reports) == [2, 3]
    assert math.isnan(trial.intermediate_values[2])
    assert len(conv.problems) == 1


def test_times_that_are_missing() -> None:
    trial = converter().trial(raw(started=None, finished=7), 0)
    assert (trial.started, trial.finished) == (7, 7)
    trial = converter().trial(raw(state="RUNNING", values={}, finished=7), 0)
    assert (trial.started, trial.finished) == (1, None)


def test_names() -> None:
    assert legal_name("a b") == "a b"
    names = ["e\u0301", "\u00e9", "a\n", "a\t", "", "x" * 256, "x" * 257, "\ud800"]
    legal = [legal_name(name) for name in names]
    assert len(set(legal)) == len(names)
    assert all(0 < len(name) <= 255 and name.isprintable() for name in legal)
