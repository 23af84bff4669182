"""Pareto fronts and hypervolumes."""

from typing import Any

import numpy as np
import pytest

from tests.unit.visualization.standin import StandIn, make_study, make_trial
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.samplers.pareto import hypervolume
from trimtab.visualization import plot_hypervolume_history, plot_pareto_front
from trimtab.visualization.hypervolume import hypervolume_steps


def by_name(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def two() -> StandIn:
    return make_study("minimize", "maximize").add(
        make_trial([1.0, 1.0]),
        make_trial([2.0, 3.0], sems=[0.5, None]),
        make_trial([2.0, 2.0]),
        make_trial([0.0, 9.0], constraints={"c": 0.1}),
        make_trial([1.0, 1.0]),
    )


def test_groups() -> None:
    traces = by_name(plot_pareto_front(two()))
    assert traces["Best Trial"].customdata.tolist() == [0, 1, 4]
    assert traces["Best Trial"].x.tolist() == [1.0, 2.0, 1.0]
    assert traces["Best Trial"].error_x.array.tolist() == [0.0, 0.5, 0.0]
    assert traces["Best Trial"].error_y.array is None
    assert traces["Trial"].customdata.tolist() == [2]
    assert traces["Infeasible Trial"].customdata.tolist() == [3]
    assert "Trial" not in by_name(plot_pareto_front(two(), include_dominated_trials=False))


def test_names_and_log_axes() -> None:
    study = two()
    study.metric_names = ["loss", "speed"]
    layout = plot_pareto_front(study, log=True).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("loss", "speed")
    assert (layout.xaxis.type, layout.yaxis.type) == ("log", "log")
    layout = plot_pareto_front(study, target_names=["a", "b"]).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("a", "b")


def test_three_dimensions_and_targets() -> None:
    study = make_study(*["minimize"] * 4).add(
        make_trial([1.0, 2.0, 3.0, 4.0]), make_trial([2.0, 3.0, 4.0, 5.0])
    )
    figure = plot_pareto_front(study, targets=lambda t: (t.values or ())[1:])
    best = by_name(figure)["Best Trial"]
    assert best.type == "scatter3d"
    assert [axis.tolist() for axis in (best.x, best.y, best.z)] == [[2.0], [3.0], [4.0]]
    with pytest.raises(InvalidArgument, match="targets"):
        plot_pareto_front(study)
    with pytest.raises(InvalidArgument, match="two or three"):
        plot_pareto_front(study, targets=lambda t: t.values or ())
    with pytest.raises(InvalidArgument, match="targets"):
        plot_pareto_front(study, targets=lambda t: 1.0)  # type: ignore[arg-type,return-value]  # wrong on purpose
    with pytest.raises(InvalidArgument, match="equally many"):
        plot_pareto_front(study, targets=lambda t: [1.0] * (2 + t.number))
    with pytest.raises(InvalidType, match="targets"):
        plot_pareto_front(study, targets=lambda t: ["a", None])  # type: ignore[list-item]  # wrong on purpose


def test_the_deprecated_constraints_func() -> None:
    with pytest.warns(FutureWarning, match="constraints_func"):
        figure = plot_pareto_front(two(), constraints_func=lambda t: [t.number - 2.5])
    assert by_name(figure)["Infeasible Trial"].customdata.tolist() == [3, 4]


def test_the_front_survives_thinning() -> None:
    rng = np.random.default_rng(0)
    study = make_study("minimize", "minimize")
    angles = rng.random(40) * np.pi / 2.0
    study.add(*(make_trial([1 - np.cos(a), 1 - np.sin(a)]) for a in angles))
    study.add(*(make_trial([1.0 + u, 1.0 + v]) for u, v in rng.random((900, 2))))
    figure = plot_pareto_front(study, max_trials=100)
    traces = by_name(figure)
    assert traces["Best Trial"].customdata.tolist() == list(range(40))
    assert len(traces["Trial"].x) == 60
    values = study.history.values
    assert int(np.argmax(values[:, 0])) in traces["Trial"].customdata
    assert "showing 100 of 940 trials" in figure.layout.title.subtitle.text


@pytest.mark.parametrize("m", [2, 3, 4])
def test_hypervolume_steps_agree_with_the_volume_from_scratch(m: int) -> None:
    losses = np.random.default_rng(m).random((60, m)) * 1.2
    losses[30] = losses[10]
    losses[40] = np.inf
    reference = np.ones(m)
    rows, volumes = hypervolume_steps(losses, reference)
    curve = np.zeros(len(losses))
    for row, volume in zip(rows, volumes, strict=True):
        curve[row:] = volume
    truth = [hypervolume(losses[: k + 1], reference) for k in range(len(losses))]
    assert np.allclose(curve, truth, rtol=1e-9)
    assert np.all(np.diff(volumes) > 0.0)


def test_hypervolume_history() -> None:
    study = make_study("minimize", "maximize").add(
        make_trial(),
        make_trial([9.0, 9.0]),  # worse than the reference point
        make_trial([1.0, 1.0]),
        make_trial([0.0, 5.0], constraints={"c": 1.0}),
        make_trial([1.0, 2.0]),
        make_trial([3.0, 0.5]),
    )
    (line,) = plot_hypervolume_history(study, [2.0, 0.0]).data
    assert line.x.tolist() == [1, 2, 4, 5]
    assert line.y.tolist() == [0.0, 1.0, 2.0, 2.0]
    assert line.line.shape == "hv"
    figure = plot_hypervolume_history(study, [-1.0, 9.0])
    assert figure.data[0].y.tolist() == [0.0, 0.0]
    assert "no trial is better than the reference point" in figure.layout.title.subtitle.text
    bad = make_study("minimize", "minimize").add(make_trial([1.0, 1.0], constraints={"c": 1.0}))
    assert "feasible" in plot_hypervolume_history(bad, [2, 2]).layout.annotations[0].text


def test_reference_points() -> None:
    with pytest.raises(InvalidArgument, match="several objectives"):
        plot_hypervolume_history(make_study(), [1.0])
    with pytest.raises(InvalidArgument, match=r"reference_point.*2 values"):
        plot_hypervolume_history(two(), [1.0])
    with pytest.raises(InvalidType, match="reference_point"):
        plot_hypervolume_history(two(), [1.0, "2"])  # type: ignore[list-item]  # wrong on purpose
