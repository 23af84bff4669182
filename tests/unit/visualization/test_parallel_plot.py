"""The parallel coordinate plot."""

from typing import Any

import numpy as np
import pytest

from tests.unit.visualization.standin import StandIn, make_study, make_trial
from trimtab.space import CategoricalDistribution, Distribution, FloatDistribution
from trimtab.visualization import plot_parallel_coordinate

SPACE: dict[str, Distribution] = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "opt": CategoricalDistribution(("sgd", "adam", "lion")),
}


def lines(figure: Any) -> dict[int, list[float]]:
    """Heights on the axes by trial number."""
    out: dict[int, list[float]] = {}
    for trace in figure.data:
        if trace.mode != "lines":
            continue
        for x, y, trial in zip(trace.x, trace.y, trace.customdata, strict=True):
            if not np.isnan(y):
                assert len(out.setdefault(int(trial), [])) == x
                out[int(trial)].append(float(y))
    return out


def simple() -> StandIn:
    return make_study().add(
        make_trial(0.0, {"lr": 1e-4, "opt": "lion"}, SPACE),
        make_trial(2.0, {"lr": 1e-2, "opt": "sgd"}, SPACE),
        make_trial(4.0, {"lr": 1.0}, SPACE, constraints={"c": 1.0}),
    )


def test_heights() -> None:
    figure = plot_parallel_coordinate(simple())
    heights = lines(figure)
    assert list(figure.layout.xaxis.ticktext) == ["Objective Value", "lr", "opt"]
    assert heights[0] == pytest.approx([0.0, 0.0, 1.0])
    assert heights[1] == pytest.approx([0.5, 0.5, 0.0])
    assert heights[2] == pytest.approx([1.0, 1.0, -0.12])  # absent: below the axis
    texts = [text for trace in figure.data for text in (trace.hovertext or ()) if text]
    assert "<b>Trial 2</b><br>opt: absent" in texts
    assert "<b>Trial 0</b><br>opt: lion" in texts


def test_the_best_lie_on_top_and_infeasible_are_dotted() -> None:
    drawn = [t for t in plot_parallel_coordinate(simple()).data if t.mode == "lines"]
    assert [t.customdata[0] for t in drawn] == [2, 1, 0]
    assert [t.line.dash for t in drawn] == ["dot", "solid", "solid"]
    upside = make_study("maximize").add(*simple().history.trials())
    drawn = [t for t in plot_parallel_coordinate(upside).data if t.mode == "lines"]
    assert [t.customdata[0] for t in drawn] == [0, 1, 2]


def test_a_log_objective() -> None:
    study = make_study().add(*(make_trial(10.0**k, {"lr": 0.1}, SPACE) for k in range(3)))
    assert lines(plot_parallel_coordinate(study, log=True))[1][0] == pytest.approx(0.5)
    assert lines(plot_parallel_coordinate(study))[1][0] == pytest.approx(9 / 99)


def test_several_objectives_show_the_front() -> None:
    study = make_study("minimize", "maximize", metric_names=["loss", "speed"]).add(
        make_trial([0.0, 0.0], {"lr": 0.1}, SPACE),
        make_trial([1.0, 1.0], {"lr": 0.2}, SPACE),
        make_trial([1.0, 0.5], {"lr": 0.3}, SPACE),
        make_trial([-9.0, 9.0], {"lr": 0.4}, SPACE, constraints={"c": 1.0}),
    )
    figure = plot_parallel_coordinate(study)
    assert list(figure.layout.xaxis.ticktext) == ["loss", "speed", "lr"]
    drawn = {t.name: sorted(set(t.customdata.tolist())) for t in figure.data}
    assert drawn == {"Infeasible": [3], "Dominated": [2], "Pareto front": [0, 1]}
    one = plot_parallel_coordinate(study, target="speed")
    assert list(one.layout.xaxis.ticktext) == ["speed", "lr"]


def test_the_front_survives_thinning() -> None:
    rng = np.random.default_rng(0)
    study = make_study("minimize", "minimize")
    angles = rng.random(30) * np.pi / 2.0
    study.add(*(make_trial([1 - np.cos(a), 1 - np.sin(a)], {"lr": 0.1}, SPACE) for a in angles))
    rest = 2.0 + rng.random((500, 2))
    study.add(*(make_trial(row, {"lr": 0.2}, SPACE) for row in rest.tolist()))
    figure = plot_parallel_coordinate(study, max_trials=100)
    drawn = {t.name: set(t.customdata.tolist()) for t in figure.data}
    assert drawn["Pareto front"] == set(range(30))
    assert len(drawn["Dominated"]) == 70
