"""Rungs and brackets."""

import math

import numpy as np
import pytest

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import StudyDirection, TrialState
from trimtab.schedulers import (
    CONTINUE,
    Continue,
    HyperbandPruner,
    Stop,
    SuccessiveHalvingPruner,
)
from trimtab.schedulers.hyperband import Brackets, count_brackets
from trimtab.testing.schedulers import Race, curves_for, reloaded


def test_rungs_are_kept_under_the_names_optuna_uses() -> None:
    race = Race(SuccessiveHalvingPruner(min_resource=1, reduction_factor=2))
    race.start(0)
    assert not race.report(0, 4, 0.5), "alone it is the best"
    kept = race.history.system_attrs(0)
    assert kept == {"completed_rung_0": 0.5, "completed_rung_1": 0.5, "completed_rung_2": 0.5}
    race.start(1)
    assert race.report(1, 4, 0.7)
    assert race.history.system_attrs(1) == {"completed_rung_0": 0.7}


def test_a_named_metric_has_rungs_of_its_own() -> None:
    race = Race(SuccessiveHalvingPruner(1, metric="loss"), metric="loss")
    race.start(0)
    race.report(0, 1, 0.5)
    assert race.history.system_attrs(0) == {"completed_rung_0:loss": 0.5}


def test_running_trials_compete() -> None:
    race = Race(SuccessiveHalvingPruner(1))
    race.start(0)
    race.start(1)
    assert not race.report(0, 1, 0.5)
    assert race.report(1, 1, 0.6)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinite_values_complete_rungs(value: float) -> None:
    race = Race(SuccessiveHalvingPruner(1))
    race.start(0)
    assert not race.report(0, 1, value)
    race.finish(0, TrialState.COMPLETE, 0.0)
    race.history = reloaded(race.history)
    race.start(1)
    assert race.report(1, 1, 0.0) is (value < 0)


def test_auto_is_a_hundredth_of_the_first_completed_trial() -> None:
    race = Race(SuccessiveHalvingPruner())
    race.start(0)
    assert race.decide(0) == CONTINUE
    assert race.decide(0) is CONTINUE
    race.report(0, 500, 1.0)
    race.finish(0, TrialState.COMPLETE, 1.0)
    race.start(1)
    race.report(1, 4, 1.0)
    assert not race.history.system_attrs(1), "the first rung is at step 5"
    race.report(1, 5, 1.0)
    assert race.history.system_attrs(1) == {"completed_rung_0": 1.0}
    race.report(1, 90000, 1.0)
    race.finish(1, TrialState.COMPLETE, 1.0)
    race.start(2)
    race.report(2, 5, 0.5)
    assert "completed_rung_0" in race.history.system_attrs(2), "and stays there"


def test_nan_at_a_rung_stops_and_is_not_kept() -> None:
    race = Race(SuccessiveHalvingPruner(2))
    race.start(0)
    assert not race.report(0, 1, math.nan)
    assert race.report(0, 2, math.nan)
    assert not race.history.system_attrs(0)


def test_decisions_carry_the_state() -> None:
    race = Race(SuccessiveHalvingPruner(min_resource=1, bootstrap_count=1))
    race.start(0)
    assert race.report(0, 1, 0.5), "the first one is stopped: one must have been there before"
    fresh = Race(SuccessiveHalvingPruner(min_resource=1))
    fresh.start(0)
    fresh.scheduler, scheduler = None, fresh.scheduler
    fresh.report(0, 1, 0.5)
    fresh.scheduler = scheduler
    assert fresh.decide(0) == Continue({"completed_rung_0": 0.5})
    fresh.scheduler = SuccessiveHalvingPruner(min_resource=1, bootstrap_count=1)
    assert fresh.decide(0) == Stop({"completed_rung_0": 0.5})


@pytest.mark.parametrize(
    ("low", "high", "factor", "count"),
    # log(243, 3) is 4.999... in floating point.
    [(1, 243, 3, 6), (1, 242, 3, 5), (1, 1, 3, 1), (2, 7, 2, 2), (5, 4, 2, 0), (1, 1000, 10, 4)],
)
def test_brackets_are_counted_exactly(low: int, high: int, factor: int, count: int) -> None:
    assert count_brackets(low, high, factor) == count


def test_brackets_get_their_share() -> None:
    brackets = Brackets(4, 3)
    drawn = np.bincount([brackets.of(number) for number in range(6000)], minlength=4)
    shares = np.array([27, 12, 6, 4]) / 49
    assert drawn / 6000 == pytest.approx(shares, abs=0.02)


def test_trials_compete_within_their_bracket() -> None:
    pruner = HyperbandPruner(1, 4, 2)
    brackets = Brackets(3, 2)
    eager = [number for number in range(100) if brackets.of(number) == 0][:2]
    patient = next(number for number in range(100) if brackets.of(number) == 2)
    race = Race(pruner)
    for number in range(100):
        race.start(number)
    assert not race.report(patient, 3, 0.0)
    assert not race.report(eager[0], 1, 0.5), "better values in another bracket do not count"
    assert race.report(eager[1], 1, 0.6)
    assert not race.report(patient, 4, 9.0), "alone in its bracket"


def test_nothing_is_stopped_where_no_rung_fits() -> None:
    race = Race(HyperbandPruner(min_resource=50))
    assert not any(stop for _, _, stop in race.run(curves_for(0)))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"min_resource": 0}, InvalidArgument),
        ({"min_resource": 1.5}, InvalidType),
        ({"max_resource": 2, "min_resource": 3}, InvalidArgument),
        ({"reduction_factor": 1}, InvalidArgument),
        ({"bootstrap_count": -1}, InvalidArgument),
        ({"max_resource": None}, InvalidType),
    ],
)
def test_hyperband_is_checked_when_it_is_made(
    options: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error, match="expected"):
        HyperbandPruner(**options)  # type: ignore[arg-type]  # arguments of any type


def test_maximize_keeps_the_largest() -> None:
    race = Race(SuccessiveHalvingPruner(1), StudyDirection.MAXIMIZE)
    for number, value in enumerate([0.5, 0.4, 0.6]):
        race.start(number)
        assert race.report(number, 1, value) is (value == 0.4)
