"""The slice plot."""

from typing import Any

import pytest

from tests.unit.visualization.standin import make_study, make_trial
from trimtab.errors import InvalidArgument
from trimtab.space import CategoricalDistribution, Distribution, FloatDistribution, IntDistribution
from trimtab.visualization import plot_slice

SPACE: dict[str, Distribution] = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "n": IntDistribution(0, 10, step=5),
    "opt": CategoricalDistribution(("sgd", "adam")),
    "width": CategoricalDistribution((64, 16, 32)),
}


def make_figure(**options: Any) -> Any:
    study = make_study().add(
        make_trial(3.0, {"lr": 1e-3, "n": 5, "opt": "adam", "width": 64}, SPACE),
        make_trial(1.0, {"lr": 1e-2, "n": 10, "opt": "sgd", "width": 16}, SPACE),
        make_trial(0.5, {"lr": 1e-1, "opt": "sgd"}, SPACE, constraints={"c": 1.0}),
    )
    return plot_slice(study, **options)


def on(figure: Any, axis: str, name: str) -> Any:
    (found,) = [one for one in figure.data if one.xaxis == axis and one.name == name]
    return found


def test_a_panel_per_parameter_with_its_own_kind_of_axis() -> None:
    figure = make_figure()
    assert [figure.layout[f"xaxis{k}"].title.text for k in ("", 2, 3, 4)] == [
        "lr",
        "n",
        "opt",
        "width",
    ]
    lr = on(figure, "x", "Feasible Trial")
    assert lr.x.tolist() == [1e-3, 1e-2]
    assert lr.y.tolist() == [3.0, 1.0]
    assert lr.marker.color.tolist() == [0, 1]
    assert figure.layout.xaxis.type == "log"
    assert on(figure, "x2", "Feasible Trial").x.tolist() == [5.0, 10.0]


def test_categories_stand_at_their_labels() -> None:
    figure = make_figure()
    opt = on(figure, "x3", "Feasible Trial")
    assert list(figure.layout.xaxis3.ticktext) == ["sgd", "adam"]
    assert [round(place) for place in opt.x] == [1, 0]
    assert list(opt.text) == ["adam", "sgd"]
    # Choices that are numbers stand in their order.
    width = on(figure, "x4", "Feasible Trial")
    assert list(figure.layout.xaxis4.ticktext) == ["16", "32", "64"]
    assert [round(place) for place in width.x] == [2, 0]
    assert list(width.text) == ["64", "16"]


def test_infeasible_absent_and_best() -> None:
    figure = make_figure()
    assert on(figure, "x", "Infeasible Trial").customdata.tolist() == [2]
    assert not [t for t in figure.data if t.xaxis == "x2" and t.name == "Infeasible Trial"]
    star = on(figure, "x", "Best Trial")
    assert (star.x.tolist(), star.y.tolist()) == ([1e-2], [1.0])


def test_chosen_parameters_keep_their_order() -> None:
    figure = make_figure(params=["opt", "lr", "opt"], columns=1)
    assert figure.layout.xaxis.title.text == "opt"
    assert figure.layout.xaxis2.title.text == "lr"
    assert figure.layout.xaxis.domain == figure.layout.xaxis2.domain == (0.0, 1.0)
    with pytest.raises(InvalidArgument, match=r"params.*'nope'"):
        make_figure(params=["nope"])
    with pytest.raises(InvalidArgument, match="columns"):
        make_figure(columns=0)
    assert make_figure(params=[]).layout.annotations[0].text == "No parameters to draw."


def test_choices_that_look_alike_are_told_apart() -> None:
    space = {"x": CategoricalDistribution(("1", 1, None, "<b>"))}
    study = make_study().add(*(make_trial(1.0, {"x": x}, space) for x in ("1", 1, None, "<b>")))
    figure = plot_slice(study)
    assert list(figure.layout.xaxis.ticktext) == ["'1'", "1", "None", "'&lt;b&gt;'"]
