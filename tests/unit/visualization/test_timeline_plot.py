"""The timeline."""

import datetime
from typing import Any

import numpy as np
import pytest

from tests.unit.visualization.standin import EPOCH, make_study, make_trial
from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.visualization import plot_timeline


def by_name(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """Ten seconds after trial 0 of a stand-in starts."""
    seconds = EPOCH / 1e6 + 10.0
    monkeypatch.setattr("trimtab.visualization.timeline.time.time", lambda: seconds)
    return seconds


def test_bars(now: float) -> None:
    study = make_study().add(
        make_trial(1.0, number=0, seconds=3.0),
        make_trial(2.0, number=1, seconds=2.5, constraints={"c": 1.0}),
        make_trial(state=TrialState.FAIL, number=2),
        make_trial(3.0, state=TrialState.PRUNED, number=3),
        make_trial(number=4),
        make_trial(state=TrialState.PAUSED, number=5),
        make_trial(state=TrialState.WAITING),
    )
    figure = plot_timeline(study)
    bars = by_name(figure)
    assert set(bars) == {"Complete", "Infeasible", "Fail", "Pruned", "Running", "Paused"}
    assert bars["Complete"].x.tolist() == [3_000.0]
    assert bars["Complete"].y.tolist() == [0]
    start = datetime.datetime.fromtimestamp(EPOCH / 1e6)  # noqa: DTZ006 - local, as figures are
    assert np.datetime64(bars["Complete"].base[0], "ms") == np.datetime64(start, "ms")
    assert bars["Infeasible"].x.tolist() == [2_500.0]
    assert bars["Running"].x.tolist() == [6_000.0]  # from second 4 to now
    assert bars["Paused"].x.tolist() == [5_000.0]
    assert "took: 3 s" in bars["Complete"].hovertext[0]
    assert figure.layout.title.subtitle.text == "1 waiting"


def test_the_shortest_trial_is_seen_too(now: float) -> None:
    study = make_study().add(
        make_trial(1.0, number=0, seconds=0.0), make_trial(2.0, number=1, seconds=9.0)
    )
    complete = by_name(plot_timeline(study))["Complete"]
    assert complete.x.tolist() == [20.0, 9_000.0]
    assert "took: 0 s" in complete.hovertext[0]


def test_a_trial_that_seems_dead_ends_with_the_last_one(now: float) -> None:
    study = make_study().add(make_trial(number=0), make_trial(1.0, number=1, seconds=0.5))
    assert by_name(plot_timeline(study))["Running"].x.tolist() == [1_500.0]
    alone = make_study().add(make_trial(number=0))
    assert by_name(plot_timeline(alone))["Running"].x.tolist() == [10_000.0]


def test_recent_trials() -> None:
    study = make_study().add(*(make_trial(1.0, number=k) for k in range(30)))
    assert by_name(plot_timeline(study, 4))["Complete"].y.tolist() == [26, 27, 28, 29]
    assert by_name(plot_timeline(study, n_recent_trials=99))["Complete"].y.tolist() == [*range(30)]
    for wrong in (0, -1):
        with pytest.raises(InvalidArgument, match="n_recent_trials"):
            plot_timeline(study, wrong)


def test_unfinished_and_failed_trials_survive_thinning() -> None:
    study = make_study().add(*(make_trial(1.0, number=k) for k in range(400)))
    study.add(
        make_trial(state=TrialState.FAIL, number=400),
        make_trial(number=401),
        *(make_trial(1.0, number=k) for k in range(402, 800)),
    )
    figure = plot_timeline(study, max_trials=50)
    bars = by_name(figure)
    assert bars["Fail"].y.tolist() == [400]
    assert bars["Running"].y.tolist() == [401]
    assert len(bars["Complete"].y) == 48
    assert bars["Complete"].width == pytest.approx(7.99)


def test_nothing_has_started() -> None:
    waiting = make_study().add(make_trial(state=TrialState.WAITING))
    assert plot_timeline(waiting).layout.annotations[0].text == "No trial has started yet."
