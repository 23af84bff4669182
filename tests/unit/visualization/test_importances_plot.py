"""The importances."""

from typing import Any

import pytest

from tests.unit.visualization.standin import make_study, make_trial
from trimtab.errors import TrimtabWarning
from trimtab.importance import BaseImportanceEvaluator
from trimtab.space import FloatDistribution
from trimtab.visualization import plot_param_importances

SPACE = {"x": FloatDistribution(0.0, 1.0), "long<b>name": FloatDistribution(0.0, 1.0)}


def trials(m: int) -> list[Any]:
    points = [(k / 40.0, (k * 7 % 40) / 40.0) for k in range(40)]
    return [
        make_trial([(x - 0.5) ** 2 + 0.01 * y, y][:m], {"x": x, "long<b>name": y}, SPACE)
        for x, y in points
    ]


def test_bars_of_one_objective() -> None:
    figure = plot_param_importances(make_study(metric_names=["loss"]).add(*trials(1)))
    (bars,) = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["long&lt;b&gt;name", "x"]  # the largest on top
    assert sum(bars.x) == pytest.approx(1.0)
    assert bars.x[1] > 0.8
    assert bars.name == "loss"
    assert bars.text[1] == f"{bars.x[1]:.2f}"
    assert bars.hovertext[1] == "<b>x</b> (FloatDistribution)"


def test_bars_of_several_objectives() -> None:
    study = make_study("minimize", "minimize").add(*trials(2))
    figure = plot_param_importances(study)
    assert [bars.name for bars in figure.data] == ["Objective 0", "Objective 1"]
    order = list(figure.layout.yaxis.ticktext)
    first, second = (dict(zip(order, bars.x, strict=True)) for bars in figure.data)
    assert first["x"] > 0.8
    assert second["long&lt;b&gt;name"] > 0.8
    (one,) = plot_param_importances(study, target=1).data
    assert one.name == "Objective 1"
    with pytest.warns(TrimtabWarning, match="negate it"):
        figure = plot_param_importances(
            study, target=lambda t: (t.values or ())[1], target_name="second"
        )
    (own,) = figure.data
    assert own.name == "second"
    assert list(own.x) == list(one.x)


def test_a_maximized_objective_is_not_turned_over() -> None:
    up = make_study("maximize", "maximize").add(*trials(2))
    down = make_study("minimize", "minimize").add(*trials(2))
    shares = [plot_param_importances(study, target=0).data[0].x for study in (up, down)]
    (alone,) = plot_param_importances(make_study("maximize").add(*trials(1))).data
    assert list(shares[0]) == list(alone.x)
    assert list(shares[0]) != list(shares[1])


class OfOptunasMaking(BaseImportanceEvaluator):
    """Knows only functions of a trial."""

    def evaluate(
        self, study: Any, params: list[str] | None = None, *, target: Any = None
    ) -> dict[str, float]:
        return {"x": target(study.history.trial(0))}


def test_an_evaluator_of_ones_own() -> None:
    study = make_study("minimize", "minimize").add(*trials(2))
    values = study.history.values[0]
    figure = plot_param_importances(study, OfOptunasMaking(), target=0)
    assert values[0] == 0.25
    assert list(figure.data[0].x) == [1.0]


def test_parameters_can_be_chosen() -> None:
    study = make_study().add(*trials(1))
    (bars,) = plot_param_importances(study, params=["x"]).data
    assert list(bars.x) == [1.0]
    with pytest.raises(ValueError, match="nope"):
        plot_param_importances(study, params=["nope"])
    nothing = plot_param_importances(study, params=[])
    assert nothing.layout.annotations[0].text == "No parameters to compare."


def test_long_names_that_would_look_alike_show_where_they_differ() -> None:
    names = [f"model.encoder.layers.{k}.self_attention.dropout" for k in (7, 11)]
    space = {name: FloatDistribution(0.0, 1.0) for name in names}
    study = make_study().add(
        *(make_trial([k / 9], dict.fromkeys(names, k / 9), space) for k in range(9))
    )
    shown = plot_param_importances(study).layout.yaxis.ticktext
    assert all(len(label) <= 24 for label in shown)
    assert sorted(label.split("layers.")[1][:2] for label in shown) == ["11", "7."]
