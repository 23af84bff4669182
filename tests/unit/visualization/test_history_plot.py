"""The optimization history."""

import datetime
import logging
from typing import Any

import numpy as np
import pytest

from tests.unit.visualization.standin import EPOCH, StandIn, make_study, make_trial
from trimtab.records import TrialState
from trimtab.visualization import plot_optimization_history


def trace(figure: Any, name: str) -> Any:
    (found,) = [one for one in figure.data if one.name == name]
    return found


def study_of(*values: float, direction: str = "minimize", name: str = "study") -> StandIn:
    study = make_study(direction, name=name)
    return study.add(*(make_trial(value, number=i) for i, value in enumerate(values)))


def test_values_and_the_best_so_far() -> None:
    figure = plot_optimization_history(study_of(3.0, 5.0, 1.0, 2.0))
    points = trace(figure, "Objective Value")
    assert points.x.tolist() == [0, 1, 2, 3]
    assert points.y.tolist() == [3.0, 5.0, 1.0, 2.0]
    best = trace(figure, "Best Value")
    assert best.x.tolist() == [0, 2, 3]
    assert best.y.tolist() == [3.0, 1.0, 1.0]
    assert best.line.shape == "hv"
    assert figure.layout.yaxis.title.text == "Objective Value"


def test_no_trial_has_its_number_twice_along_the_axis() -> None:
    few = plot_optimization_history(study_of(3.0, 5.0, 1.0))
    assert (few.layout.xaxis.tickformat, few.layout.xaxis.dtick) == (",d", 1)
    many = plot_optimization_history(study_of(*map(float, range(30))))
    assert (many.layout.xaxis.tickformat, many.layout.xaxis.dtick) == (",d", None)


def test_maximize() -> None:
    figure = plot_optimization_history(study_of(3.0, 5.0, 1.0, direction="maximize"))
    assert trace(figure, "Best Value").y.tolist() == [3.0, 5.0, 5.0]


def test_infeasible_and_pruned_trials_stand_apart_and_never_are_best() -> None:
    study = make_study().add(
        make_trial(3.0),
        make_trial(0.5, constraints={"c": 1.0}),
        make_trial(0.1, state=TrialState.PRUNED),
        make_trial(2.0, constraints={"c": 0.0}),
        make_trial(state=TrialState.FAIL),
        make_trial(),
    )
    figure = plot_optimization_history(study)
    assert trace(figure, "Objective Value").y.tolist() == [3.0, 2.0]
    assert trace(figure, "Infeasible Trial").x.tolist() == [1]
    assert trace(figure, "Best Value").y.tolist() == [3.0, 2.0, 2.0]
    assert {one.name for one in figure.data} == {
        "Objective Value",
        "Infeasible Trial",
        "Best Value",
    }
    with_pruned = plot_optimization_history(study, include_pruned=True)
    assert trace(with_pruned, "Pruned Trial").y.tolist() == [0.1]
    assert trace(with_pruned, "Best Value").y.tolist() == [3.0, 2.0, 2.0]


def test_standard_errors_are_error_bars() -> None:
    study = make_study().add(
        make_trial(1.0, sems=[0.25]), make_trial(2.0), make_trial(3.0, sems=[0.0])
    )
    points = trace(plot_optimization_history(study), "Objective Value")
    assert points.error_y.array.tolist() == [0.25, 0.0, 0.0]
    assert "1 ± 0.25" in points.hovertext[0]
    assert trace(plot_optimization_history(study_of(1.0)), "Objective Value").error_y.array is None


def test_by_time_the_best_follows_the_order_of_finishing() -> None:
    study = make_study().add(
        make_trial(1.0, number=0, seconds=100.0), make_trial(2.0, number=1, seconds=1.0)
    )
    best = trace(plot_optimization_history(study, x="time"), "Best Value")
    assert list(best.y) == [2.0, 1.0, 1.0]
    first = datetime.datetime.fromtimestamp(EPOCH / 1e6 + 2.0)  # noqa: DTZ006 - local, as figures are
    assert np.datetime64(best.x[0], "ms") == np.datetime64(first, "ms")


def test_log_axis() -> None:
    figure = plot_optimization_history(study_of(1e-3, 10.0, -1.0), log=True)
    assert figure.layout.yaxis.type == "log"
    assert "1 not above 0 cannot be shown on a log scale" in figure.layout.title.subtitle.text
    negative = plot_optimization_history(study_of(-1.0, 0.0), log=True)
    assert negative.layout.yaxis.type != "log"
    assert "linear scale" in negative.layout.title.subtitle.text


def test_several_studies() -> None:
    figure = plot_optimization_history([study_of(2.0, 1.0, name="a"), study_of(4.0, name="b")])
    assert [one.name for one in figure.data] == [
        "Objective Value of a",
        "Best Value of a",
        "Objective Value of b",
        "Best Value of b",
    ]
    assert plot_optimization_history([]).layout.annotations[0].text == "No studies were given."


def test_error_bar_is_over_studies() -> None:
    studies = [study_of(2.0, 4.0, 1.0), study_of(4.0, 2.0)]
    figure = plot_optimization_history(studies, error_bar=True)
    points = trace(figure, "Objective Value")
    assert points.x.tolist() == [0, 1, 2]
    assert points.y.tolist() == [3.0, 3.0, 1.0]
    assert points.error_y.array.tolist() == [1.0, 1.0, 0.0]
    # Best so far: (2, 2, 1) and (4, 2, 2).
    assert trace(figure, "Best Value").y.tolist() == [3.0, 2.0, 1.5]
    infeasible = make_study().add(make_trial(1.0, constraints={"c": 1.0}))
    empty = plot_optimization_history(infeasible, error_bar=True)
    assert empty.layout.annotations[0].text == "No trial is feasible yet."


def test_targets() -> None:
    study = make_study("minimize", "maximize", metric_names=["loss", "accuracy"])
    study.add(make_trial([1.0, 0.5]), make_trial([2.0, 0.75]))
    for target in (1, "accuracy"):
        figure = plot_optimization_history(study, target=target)
        assert trace(figure, "accuracy").y.tolist() == [0.5, 0.75]
        assert trace(figure, "Best Value").y.tolist() == [0.5, 0.75, 0.75]
    figure = plot_optimization_history(
        study, target=lambda t: (t.values or ())[0] * 10.0, target_name="ten"
    )
    assert trace(figure, "ten").y.tolist() == [10.0, 20.0]
    assert len(figure.data) == 1  # nobody knows what is best


def test_targets_that_are_not_finite_are_left_out_with_a_word(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("trimtab"), "propagate", True)
    caplog.set_level(logging.WARNING, logger="trimtab")
    figure = plot_optimization_history(
        study_of(1.0, 2.0),
        target=lambda t: float("nan") if t.number else 1.0,
        target_name="maybe",
    )
    assert trace(figure, "maybe").x.tolist() == [0]
    assert "trials are left out" in caplog.text
    assert "trial 1" in caplog.text


def test_thinning_keeps_the_best_and_says_so() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(3_000)
    values[1_234], values[2_345] = -1.0, 7.0
    figure = plot_optimization_history(study_of(*values), max_trials=200)
    points = trace(figure, "Objective Value")
    assert len(points.x) == 200
    assert {0, 1_234, 2_345, 2_999} <= set(points.x.tolist())
    assert set(np.argsort(values)[:20]) <= set(points.x.tolist())
    best = trace(figure, "Best Value")
    expected = np.minimum.accumulate(values)
    assert best.y.tolist() == expected[best.x].tolist()
    assert set(np.flatnonzero(np.diff(expected, prepend=np.inf)).tolist()) <= set(best.x.tolist())
    assert figure.layout.title.subtitle.text == "showing 200 of 3,000 trials"
    assert list(figure.layout.meta["notes"]) == ["showing 200 of 3,000 trials"]
