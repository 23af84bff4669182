"""Arguments of `Study.optimize` that cannot be, and some that can."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

import trimtab
from trimtab.errors import InvalidArgument, InvalidType


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"timeout": "3"}, InvalidType),
        ({"timeout": datetime.timedelta(seconds=1)}, InvalidType),
        ({"timeout": float("nan")}, InvalidArgument),
        ({"trial_timeout": -1}, InvalidArgument),
        ({"n_trials": 2.5}, InvalidType),
        ({"n_trials": -1}, InvalidArgument),
        ({"replicates": 0}, InvalidArgument),
        ({"replicates": "2"}, InvalidType),
        ({"max_retries": 0.5}, InvalidType),
        ({"lease": 0}, InvalidArgument),
        ({"lease": "60"}, InvalidType),
        ({"n_jobs": 0}, InvalidArgument),
        ({"n_jobs": 1.0}, InvalidType),
        ({"callbacks": print}, InvalidType),
        ({"callbacks": [3]}, InvalidType),
        ({"func": 3}, InvalidType),
    ],
)
def test_what_cannot_be_is_named_and_no_trial_begins(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    study = trimtab.create_study()
    (name,) = arguments
    with pytest.raises(error, match=f"`{name}`"):
        study.optimize(**{"func": lambda trial: 1.0, "n_trials": 1, **arguments})
    assert study.trials == []


def test_integers_of_numpy_are_integers() -> None:
    study = trimtab.create_study()
    study.optimize(lambda trial: 1.0, n_trials=np.int64(2), n_jobs=np.int64(1))  # type: ignore[arg-type]  # NumPy's integers are taken, too
    assert study.get_trial(np.int64(1)).number == 1  # type: ignore[arg-type]  # NumPy's integers are taken, too


@pytest.mark.parametrize("number", ["0", 0.5, None])
def test_a_trial_is_got_by_an_integer(number: Any) -> None:
    study = trimtab.create_study()
    study.ask()
    with pytest.raises(InvalidType, match="`number`"):
        study.get_trial(number)
