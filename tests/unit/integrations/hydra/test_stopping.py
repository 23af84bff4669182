"""A run ends when its last evaluations are good enough."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument, InvalidType, MissingMetric
from trimtab.integrations.hydra import EarlyStopping, hyperopt_score


def told(stopping: EarlyStopping, *values: float) -> list[bool]:
    return [stopping.update(value) for value in values]


def test_the_mean_of_the_last_evaluations_decides() -> None:
    assert told(EarlyStopping("m", 0.6, 2), 0.0, 0.5, 0.7, 0.0) == [False, False, True, False]


def test_one_lucky_evaluation_does_not() -> None:
    assert told(EarlyStopping("m", 0.6, 3), 1.0, 1.0, 1.0) == [False, False, True]


def test_a_loss_is_good_enough_below_its_threshold() -> None:
    stopping = EarlyStopping("loss", 0.1, 2, direction="minimize")
    assert told(stopping, 0.3, 0.1, 0.1) == [False, False, True]
    assert stopping.is_good_enough


def test_without_a_threshold_it_never_stops() -> None:
    assert not any(told(EarlyStopping("m", None, 1), 1.0, 1e9))


def test_the_metric_is_found_by_its_name() -> None:
    stopping = EarlyStopping("eval/success_rate", 0.6, 1)
    assert stopping.update({"eval/success_rate": np.float32(0.75), "train/reward": math.nan})
    assert stopping.history == [0.75]
    with pytest.raises(MissingMetric, match=r"eval/success_rate.*train/reward"):
        stopping.update({"train/reward": 1.0})


def test_its_history_can_be_scored() -> None:
    stopping = EarlyStopping("m", 0.9, 2)
    told(stopping, 0.0, 1.0, 1.0)
    assert hyperopt_score(stopping.history, 2, 3) == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_run_that_diverged_is_told_so(value: float) -> None:
    with pytest.raises(InvalidArgument, match="m"):
        EarlyStopping("m", 0.5, 1).update(value)


@pytest.mark.parametrize("value", ["1", None, True])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(InvalidType, match="m"):
        EarlyStopping("m", 0.5, 1).update(value)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"threshold": math.nan}, "threshold"),
        ({"last_n": 0}, "last_n"),
        ({"direction": "up"}, "direction"),
    ],
)
def test_impossible_arguments_are_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        EarlyStopping(**{"metric": "m", "threshold": 0.5, **arguments})
