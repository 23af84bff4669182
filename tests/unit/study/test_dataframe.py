"""The data frame, made of columns, says of every trial what the trial says."""

from __future__ import annotations

import math
from typing import Any

import pytest

import trimtab
from trimtab.records import FrozenTrial, Report, TrialState
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Space,
)
from trimtab.study import Study
from trimtab.study.dataframe import _ALLOWED as ATTRS

pd = pytest.importorskip("pandas")

SPACES = (
    Space({"x": FloatDistribution(0.0, 1.0), "c": CategoricalDistribution(("a", None, 1.5))}),
    Space({"x": FloatDistribution(0.0, 2.0), "n": IntDistribution(0, 2**62)}),
    Space({"m": IntDistribution(0, 9)}),
    Space(),
)
POINTS: tuple[tuple[float | int, ...], ...] = ((0.25, 1), (1.5, 2**50), (7,), ())


def study_of(objectives: int = 1, trials: int = 40) -> Study:
    study = trimtab.create_study(directions=["minimize"] * objectives)
    study.add_trials(make(k, objectives) for k in range(trials))
    study.archive_trials([3, 4])
    study.delete_trials([5])
    return study


def make(k: int, objectives: int) -> FrozenTrial:
    state = list(TrialState)[k % 6]
    values = tuple(k + 0.5 * j for j in range(objectives))
    has = state is TrialState.COMPLETE or (state is TrialState.PRUNED and k % 4 == 0)
    return FrozenTrial.build(
        0,
        state,
        values=values if has else None,
        sems=(0.1,) * objectives if has and k % 5 == 0 else None,
        space=SPACES[k % 4],
        point=POINTS[k % 4],
        started=None if state is TrialState.WAITING else 10**15 + k,
        finished=10**15 + 10**6 * k if state.is_finished() else None,
        reports={s: Report(s, {"value": float(s)} if k % 3 else {"m": 1.0}) for s in range(k % 4)},
        constraints={f"c{k % 2}": -1.0 * k} if k % 3 == 0 else None,
        user_attrs={f"u{k % 3}": k, "list": [k]} if k % 2 else None,
        system_attrs={"s": "t"} if k % 7 == 0 else None,
        attempt=1 + k % 2,
    )


def cell(trial: FrozenTrial, attr: str, key: str, names: list[str]) -> Any:
    """What the frame is to say in one column of a trial."""
    field = getattr(trial, attr)
    if attr == "state":
        return field.name
    if not key:
        return field
    if attr in ("values", "sems"):
        return None if field is None else field[names.index(key)]
    return {str(name): item for name, item in dict(field).items()}.get(key)


def same(found: Any, expected: Any) -> bool:
    if expected is None:
        return found is None or bool(pd.isna(found))
    return bool(found == expected) and not (isinstance(found, float) and math.isnan(found))


@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize("names", [None, ["loss", "cost"]])
def test_every_cell_is_what_the_trial_says(objectives: int, names: list[str] | None) -> None:
    study = study_of(objectives)
    if names is not None:
        study.set_metric_names(names[:objectives])
    attrs = tuple(attr for attr in ATTRS if attr != ("value" if objectives > 1 else "values"))
    frame = study.trials_dataframe(attrs, multi_index=True)
    trials = study.trials
    assert len(frame) == len(trials) == 37
    keys = (names or ["0", "1"])[:objectives]
    columns = [(str(label[0]), str(label[1])) for label in frame.columns]
    for attr, key in columns:
        place = "" if attr == "value" else key
        for found, trial in zip(frame[attr, key], trials, strict=True):
            if attr == "params" and key == "n" and trial.number % 4 != 1:
                assert pd.isna(found)
                continue
            assert same(found, cell(trial, attr, place, keys)), (attr, key, trial.number)
    expected = {
        "params": {"x", "c", "n", "m"},
        "distributions": {"x", "c", "n", "m"},
        "constraints": {"c0", "c1"},
        "user_attrs": {"u0", "u1", "u2", "list"},
        "system_attrs": {"s"},
        "intermediate_values": {"0", "1", "2"},
        "sems": set(keys),
        ("value" if objectives == 1 else "values"): {names[0] if names else ""}
        if objectives == 1
        else set(keys),
    }
    for attr, found in expected.items():
        assert {key for kind, key in columns if kind == attr} == found, attr


def test_columns_that_no_trial_has_are_not_there() -> None:
    study = trimtab.create_study()
    study.enqueue_trial({"x": 1.0})
    frame = study.trials_dataframe(("number", "value", "values", "sems", "params", "user_attrs"))
    assert list(frame.columns) == ["number", "value"]
    assert frame["value"].tolist() == [None]


def test_integers_too_large_for_a_float_are_exact() -> None:
    study = trimtab.create_study()
    space: dict[str, Distribution] = {"n": IntDistribution(0, 2**62)}
    for n in (2**53 + 1, 2**61 + 1, 3):
        study.add_trial(trimtab.create_trial(value=0.0, params={"n": n}, distributions=space))
    assert study.trials_dataframe()["params_n"].tolist() == [2**53 + 1, 2**61 + 1, 3]
