"""Contour and rank plots."""

from typing import Any

import numpy as np
import pytest

from tests.unit.visualization.standin import StandIn, make_study, make_trial
from trimtab.errors import InvalidArgument
from trimtab.space import CategoricalDistribution, Distribution, FloatDistribution, IntDistribution
from trimtab.visualization import plot_contour, plot_rank
from trimtab.visualization.data import average_ranks, explained, select

GRID: dict[str, Distribution] = {
    "x": IntDistribution(0, 2),
    "y": FloatDistribution(0.01, 1.0, log=True),
    "c": CategoricalDistribution(("a", "b")),
}


def of_kind(figure: Any, kind: str) -> list[Any]:
    return [trace for trace in figure.data if trace.type == kind]


def test_contour_holds_the_best_of_each_node() -> None:
    points = [(0, 0.01, 4.0), (2, 0.01, 3.0), (2, 0.1, 2.0), (0, 0.1, 1.0), (0, 0.1, 9.0)]
    trials = [make_trial(v, {"x": x, "y": y}, GRID) for x, y, v in points]
    for direction, corner in (("minimize", 1.0), ("maximize", 9.0)):
        figure = plot_contour(make_study(direction).add(*trials))
        (surface,) = of_kind(figure, "contour")
        assert surface.x.tolist() == [0.0, 2.0]
        assert np.allclose(surface.y, [0.01, 0.1])
        assert surface.z.tolist() == [[4.0, 3.0], [corner, 2.0]]
        assert figure.layout.yaxis.type == "log"
    average = plot_contour(
        make_study().add(*trials), target=lambda t: t.value or 0.0, target_name="v"
    )
    assert of_kind(average, "contour")[0].z.tolist() == [[4.0, 3.0], [5.0, 2.0]]


def test_strong_colours_are_better() -> None:
    trials = [make_trial(v, {"x": v % 3, "c": "ab"[v % 2]}, GRID) for v in range(1, 7)]
    strongest = {}
    for direction in ("minimize", "maximize"):
        scale = plot_contour(make_study(direction).add(*trials)).layout.coloraxis.colorscale
        strongest[direction] = scale[0 if direction == "minimize" else -1][1]
    assert strongest["minimize"] == strongest["maximize"] == "#440154"


def test_contour_of_categories_and_of_what_is_not_everywhere() -> None:
    study = make_study().add(
        make_trial(1.0, {"x": 0, "c": "b"}, GRID),
        make_trial(2.0, {"x": 1, "c": "a"}, GRID),
        make_trial(3.0, {"x": 2}, GRID, constraints={"k": 1.0}),
        make_trial(4.0, {"x": 2, "c": "a"}, GRID, constraints={"k": 1.0}),
    )
    figure = plot_contour(study, ["c", "x"])
    (surface,) = of_kind(figure, "contour")
    expected = [[np.nan, 1.0], [2.0, np.nan], [4.0, np.nan]]
    assert np.array_equal(surface.z, expected, equal_nan=True)
    assert list(figure.layout.xaxis.ticktext) == ["a", "b"]
    marks = {trace.name: trace for trace in of_kind(figure, "scatter")}
    assert marks["Feasible Trial"].customdata.tolist() == [0, 1]
    assert marks["Infeasible Trial"].customdata.tolist() == [3]
    assert list(marks["Feasible Trial"].text) == ["b", "a"]


def test_contour_on_a_log_scale() -> None:
    trials = [make_trial(10.0**k, {"x": k, "y": 0.1 if k else 0.2}, GRID) for k in range(3)]
    negative = make_trial(-1.0, {"x": 1, "y": 0.5}, GRID)
    figure = plot_contour(make_study().add(*trials, negative), log=True)
    (surface,) = of_kind(figure, "contour")
    assert sorted(surface.z[~np.isnan(surface.z)]) == [0.0, 1.0, 2.0]
    assert list(figure.layout.coloraxis.colorbar.ticktext) == ["1", "10", "100"]
    assert list(figure.layout.meta["notes"]) == ["1 not above 0 cannot be shown on a log scale"]


def test_contour_grids_stay_small() -> None:
    rng = np.random.default_rng(0)
    space = dict.fromkeys("xy", FloatDistribution(0.0, 1.0))
    points = rng.random((2_000, 2))
    study = make_study().add(
        *(make_trial(float(x**2 + y**2), {"x": x, "y": y}, space) for x, y in points.tolist())
    )
    figure = plot_contour(study)
    (surface,) = of_kind(figure, "contour")
    assert surface.z.shape == (40, 40)
    assert (surface.x[0], surface.x[-1]) == (points[:, 0].min(), points[:, 0].max())
    there = ~np.isnan(surface.z)
    truth = surface.x[None] ** 2 + surface.y[:, None] ** 2
    # Each node has the best of a cell of 1/39 x 1/39 around it.
    assert np.abs(surface.z - truth)[there].max() < 4.0 / 39.0
    assert len(of_kind(figure, "scatter")[0].x) == 1_000


@pytest.mark.parametrize("plot", [plot_contour, plot_rank])
def test_too_little_to_pair(plot: Any) -> None:
    study = make_study().add(make_trial(1.0, {"x": 0}, GRID), make_trial(2.0, {"c": "a"}, GRID))
    assert "needs two parameters" in plot(study, ["x"]).layout.annotations[0].text
    with pytest.raises(InvalidArgument, match="params"):
        plot(study, ["x", "z"])
    with pytest.raises(InvalidArgument, match="params"):
        plot(study, ["x", "y"])  # in the space of no trial


def wide_study(params: int, n: int = 60) -> StandIn:
    rng = np.random.default_rng(3)
    space = {f"p{k}": FloatDistribution(0.0, 1.0) for k in range(params)}
    study = make_study()
    for row in rng.random((n, params)).tolist():
        point = dict(zip(space, row, strict=True))
        study.add(make_trial(5.0 * row[2] + row[5] - 3.0 * row[6], point, space))
    return study


@pytest.mark.parametrize("plot", [plot_contour, plot_rank])
def test_of_many_parameters_the_most_telling_are_paired(plot: Any) -> None:
    study = wide_study(8, 400)
    figure = plot(study)
    axes = [key for key in figure.layout.to_plotly_json() if key.startswith(("xaxis", "yaxis"))]
    titles = {figure.layout[key].title.text for key in axes}
    assert {"p2", "p5", "p6"} <= titles
    assert len(titles - {None}) == 5
    assert "5 of 8 parameters" in figure.layout.title.subtitle.text
    everything = plot(study, [f"p{k}" for k in range(6)])
    assert len({trace.xaxis for trace in everything.data}) == 15


def test_a_triangle_shares_its_axes() -> None:
    figure = plot_rank(wide_study(8), ["p0", "p1", "p2"])
    layout = figure.layout
    # Rows p1, p2; columns p0, p1; the panel at the upper right stays away.
    assert {trace.xaxis for trace in figure.data} == {"x", "x3", "x4"}
    assert (layout.yaxis.title.text, layout.yaxis3.title.text) == ("p1", "p2")
    assert (layout.xaxis3.title.text, layout.xaxis4.title.text) == ("p0", "p1")
    assert (layout.xaxis3.matches, layout.yaxis4.matches) == ("x", "y3")


def test_rank_colours() -> None:
    values = [5.0, 1.0, 3.0, 3.0, 9.0]
    points = [(0, 0.1), (1, 0.1), (2, 0.2), (0, 0.3), (1, 0.4)]
    study = make_study().add(
        *(make_trial(v, {"x": x, "y": y}, GRID) for v, (x, y) in zip(values, points, strict=True))
    )
    figure = plot_rank(study)
    (trace,) = figure.data
    assert trace.x.tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]
    assert trace.y.tolist() == [0.1, 0.1, 0.2, 0.3, 0.4]
    assert trace.marker.color.tolist() == [0.75, 0.0, 0.375, 0.375, 1.0]
    assert list(trace.hovertext) == ["5", "1", "3", "3", "9"]
    labels = list(figure.layout.coloraxis.colorbar.ticktext)
    assert labels == ["min. (1)", "25% (3)", "50% (3)", "75% (5)", "max. (9)"]


def test_ranks_with_ties() -> None:
    assert average_ranks(np.array([2.0, 1.0, 2.0, 0.0])).tolist() == [2.5, 1.0, 2.5, 0.0]


def test_explained_variance() -> None:
    trials = select(wide_study(8, 400), None, "Objective Value")
    shares = {name: explained(trials, name) for name in trials.parameters()}
    assert shares["p2"] > shares["p6"] > shares["p5"]
    assert shares["p2"] > 0.5
    assert max(shares["p0"], shares["p1"], shares["p3"]) < 0.05
    constant = make_study().add(*(make_trial(1.0, {"x": k}, GRID) for k in range(3)))
    assert explained(select(constant, None, "v"), "x") == 0.0
