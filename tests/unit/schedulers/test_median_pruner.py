"""Percentiles, and that a decision does not read all trials again."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, Report, StudyDirection, TrialState
from trimtab.schedulers import MedianPruner, PercentilePruner
from trimtab.schedulers.median import percentile_of
from trimtab.testing.schedulers import Race


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.floats(0, 100))
def test_percentile_is_numpys(values: list[float], percentile: float) -> None:
    assert percentile_of(sorted(values), percentile) == np.nanpercentile(values, percentile)


@pytest.mark.parametrize(
    ("values", "percentile", "expected"),
    [
        ([-math.inf, 1.0, math.inf], 50, 1.0),
        ([math.inf, math.inf], 30, math.inf),
        ([1.0, math.inf], 50, math.inf),
        ([-math.inf, 1.0], 50, -math.inf),
    ],
)
def test_percentile_among_infinities(
    values: list[float], percentile: float, expected: float
) -> None:
    assert percentile_of(values, percentile) == expected


def test_an_infinite_report_does_not_switch_pruning_off() -> None:
    race = Race(MedianPruner(n_startup_trials=0))
    for number, value in enumerate([1.0, 2.0, math.inf]):
        race.start(number)
        race.report(number, 0, value)
        race.finish(number, TrialState.COMPLETE, 0.0)
    race.start(3)
    assert race.report(3, 0, 3.0)
    race.start(4)
    assert not race.report(4, 0, 2.0)


def test_finished_reports_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 2000
    race = Race(MedianPruner())
    history = race.history
    rng = np.random.default_rng(0)
    for number in range(n):
        report = {0: Report(0, {"value": float(rng.normal())})}
        history.apply(
            FrozenTrial.build(
                number,
                TrialState.COMPLETE,
                values=(0.0,),
                started=1,
                finished=number + 1,
                reports=report,
            )
        )
    read: list[int] = []
    original = history.reports

    def spy(number: int) -> Mapping[int, Report]:
        read.append(number)
        return original(number)

    monkeypatch.setattr(history, "reports", spy)
    for number in range(n, n + 50):
        race.start(number)
        race.report(number, 0, 0.1)
        race.finish(number, TrialState.COMPLETE, 0.0)
    assert len(read) == n + 49, "each finished trial once"


def test_late_reports_are_judged_at_the_largest_step() -> None:
    race = Race(MedianPruner(n_startup_trials=1))
    race.start(0)
    for step, value in ((1, 1.0), (5, 2.0)):
        race.report(0, step, value)
    race.finish(0, TrialState.COMPLETE, 0.0)
    race.start(1)
    assert not race.report(1, 5, 1.5)
    assert not race.report(1, 1, 9.0), "1.5 at step 5 is still its best, and step 5 its last"


@pytest.mark.parametrize("bad", ["5", None, True])
def test_a_number_is_wanted(bad: object) -> None:
    with pytest.raises(InvalidType, match="n_startup_trials"):
        MedianPruner(n_startup_trials=bad)  # type: ignore[arg-type]  # wrong on purpose


def test_bounds_are_named() -> None:
    with pytest.raises(InvalidArgument, match="`percentile`: expected a number from"):
        PercentilePruner(math.nan)


def test_direction_is_parsed() -> None:
    assert MedianPruner(direction="maximize").direction is StudyDirection.MAXIMIZE
    with pytest.raises(InvalidArgument, match="direction"):
        MedianPruner(direction="up")
