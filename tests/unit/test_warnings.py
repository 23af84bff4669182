"""A warning names the line of the user's that brought it about."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import trimtab

SPACE = trimtab.FloatDistribution(0.0, 1.0)


def queued(params: dict[str, Any]) -> trimtab.Study:
    study = trimtab.create_study()
    study.enqueue_trial(params)
    return study


def twice(trial: trimtab.Trial) -> None:
    trial.report(1.0, 0)
    trial.report(2.0, 0)


def constrained(trial: trimtab.Trial) -> None:
    trial.set_constraint("h", 0.0)
    trial.set_constraint("h", 1.0)


CASES: dict[str, Callable[[trimtab.Trial], object]] = {
    "step": lambda trial: trial.suggest_float("a", 0.0, 1.1, step=0.3),
    "int step": lambda trial: trial.suggest_int("b", 0, 11, step=3),
    "distribution": lambda trial: trimtab.IntDistribution(0, 13, step=3),
    "choices": lambda trial: trial.suggest_categorical("c", [(1,), (2,)]),
    "again": lambda trial: (trial.suggest_int("d", 0, 1), trial.suggest_int("d", 0, 2)),
    "fixed at the ask": lambda trial: queued({"e": 3.0}).ask({"e": SPACE}),
    "fixed": lambda trial: queued({"e": 7.0}).ask().suggest_float("e", 0.0, 1.0),
    "fixed trial": lambda trial: trimtab.trial.FixedTrial({"f": 3}).suggest_int("f", 0, 1),
    "old name": lambda trial: trial.suggest_uniform("g", 0.0, 1.0),
    "report": twice,
    "constraint": constrained,
    "tell": lambda trial: trial.study.tell(trial, None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_warning_points_here(case: str) -> None:
    trial = trimtab.create_study().ask()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CASES[case](trial)
    assert {warning.filename for warning in caught} == {__file__}
