"""The lineage of a run: who went on from whom, and what its parameters were meanwhile."""

from typing import Any

import numpy as np
import pytest

from tests.unit.visualization.standin import StandIn, make_study, make_trial
from trimtab.records import TrialState
from trimtab.records.lineage import BEGAN, CONFIG, LINEAGE, descents_in, has_lineage
from trimtab.space import FloatDistribution
from trimtab.visualization import plot_parameter_paths, plot_population

RATE = {"lr": FloatDistribution(1e-3, 1.0, log=True)}


def member(
    losses: list[float], *, number: int, began: Any, lineage: list[Any] | None = None
) -> Any:
    reports = {step: {"loss": loss} for step, loss in enumerate(losses, start=1)}
    attrs: dict[str, Any] = {CONFIG: began}
    if lineage:
        attrs |= {BEGAN: began, LINEAGE: lineage, CONFIG: {"now": "another"}}
    trial = make_trial(losses[-1], {"lr": began["lr"]}, RATE, number=number, reports=reports)
    return trial.replace(system_attrs=attrs)


def run(**more: Any) -> StandIn:
    """Trial 0 goes on from trial 1 after its 2nd step, and again after its 3rd."""
    lineage = [[2, 1, 2, {"lr": 0.2, "opt": "sgd"}], [3, 1, 3, {"lr": 0.3}]]
    return make_study(metric_names=["loss"], **more).add(
        member([9.0, 8.0, 2.0, 1.0], number=0, began={"lr": 0.01, "opt": "adam"}, lineage=lineage),
        member([4.0, 3.0, 2.5], number=1, began={"lr": 0.1, "opt": "sgd"}),
    )


def note(figure: Any) -> str:
    return str(figure.layout.annotations[0].text)


def test_lines_of_values_and_an_arrow_at_each_exploit() -> None:
    bands, halo, links, heads = plot_population(run()).data
    values = bands.customdata[:, :, 1]
    assert values[0].tolist() == [9.0, 8.0, 2.0, 1.0]
    assert values[1, :3].tolist() == [4.0, 3.0, 2.5]
    assert np.isnan(values[1, 3])
    assert links.y == halo.y == (1, 0, None, 1, 0, None)  # from the donor's row to the copier's
    assert heads.x == (2.5, 3.5)
    assert "went on from <b>trial 1</b> (iteration 2)" in heads.hovertext[0]
    assert "lr: 0.01 → 0.2" in heads.hovertext[0]
    assert "opt: adam → sgd" in heads.hovertext[0]
    assert "lr: 0.2 → 0.3" in heads.hovertext[1]


def test_parameters_keep_their_values_until_an_exploit() -> None:
    figure = plot_parameter_paths(run())
    assert figure.layout.yaxis.title.text == "lr"
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis2.title.text == "opt"
    assert figure.layout.yaxis2.type == "category"
    lines = {(trace.yaxis, trace.name): trace for trace in figure.data}
    changed = lines["y", "Trial 0 (best)"]
    assert changed.line.shape == "hv"
    assert changed.x == (0, 2, 3, 4)
    assert changed.y == (0.01, 0.2, 0.3, 0.3)
    assert changed.marker.size == (0, 7, 7, 0)
    assert lines["y", "Trial 1"].y == (0.1, 0.1)
    assert lines["y2", "Trial 0 (best)"].y == ("adam", "sgd", "sgd", "sgd")


def test_chosen_parameters() -> None:
    assert len(plot_parameter_paths(run(), ["opt"]).data) == 2
    with pytest.raises(ValueError, match=r"params.*lr.*opt.*nope"):
        plot_parameter_paths(run(), ["nope"])


def test_colours_are_strong_where_values_are_good_and_ignore_who_diverged() -> None:
    study = run()
    lost = member([1e12] * 3, number=2, began={"lr": 1.0, "opt": "sgd"})
    axis = plot_population(study.add(lost)).layout.coloraxis
    assert axis.cmin == 1.0
    many = make_study(metric_names=["loss"])
    steps = [float(k) for k in range(200, 100, -1)]
    many.add(member(steps, number=0, began={"lr": 0.1}, lineage=[[5, 1, 5, {"lr": 0.2}]]))
    many.add(member([*steps[:-1], 1e12], number=1, began={"lr": 0.1}))
    axis = plot_population(many).layout.coloraxis
    assert axis.cmax < 201.0
    low_is_good = axis.colorscale
    axis = plot_population(run_upwards()).layout.coloraxis
    assert [color for _, color in axis.colorscale] == [color for _, color in low_is_good][::-1]


def run_upwards() -> StandIn:
    study = make_study("maximize", metric_names=["loss"])
    lineage = [[1, 1, 1, {"lr": 0.2}]]
    study.add(member([1.0, 2.0], number=0, began={"lr": 0.1}, lineage=lineage))
    return study.add(member([3.0], number=1, began={"lr": 0.1}))


def test_a_logarithmic_colour_only_of_what_is_above_zero() -> None:
    assert plot_population(run(), log=True).data[0].z[0].tolist() == pytest.approx(
        np.log10([9.0, 8.0, 2.0, 1.0]), rel=0.02
    )
    study = run().add(member([-1.0], number=2, began={"lr": 0.1}))
    assert plot_population(study, log=True).layout.meta["notes"] == [
        "linear colours, as not all values are above 0"
    ]


@pytest.mark.parametrize("plot", [plot_population, plot_parameter_paths])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_draw(plot: Any, theme: Any) -> None:
    assert note(plot(make_study(), theme=theme)) == "No trials yet."
    alone = make_study().add(make_trial(1.0), make_trial(state=TrialState.WAITING))
    assert note(plot(alone, theme=theme)).startswith("No trial has gone on from another.")


def test_another_metric() -> None:
    assert plot_population(run(), metric="loss").layout.coloraxis.colorbar.title.text == "loss"
    assert note(plot_population(run(), metric="accuracy")) == "No trial reported “accuracy”."


def test_members_that_took_part_are_drawn_first_and_long_runs_are_binned() -> None:
    study = make_study(metric_names=["loss"])
    for number in range(60):
        lineage = [[2, 50, 2, {"lr": 0.5}]] if number == 40 else None
        study.add(member([1.0, 2.0, 3.0], number=number, began={"lr": 0.1}, lineage=lineage))
    figure = plot_population(study, max_trials=10)
    assert figure.layout.meta["notes"] == ["showing 10 of 60 trials"]
    assert {"40", "50"} <= set(figure.layout.yaxis.ticktext)
    assert {trace.name for trace in plot_parameter_paths(study, max_trials=10).data} == {
        "Trial 0 (best)",
        "Others",
    }
    long = make_study(metric_names=["loss"])
    lineage = [[step, 1, step, {"lr": step / 1e5}] for step in range(1, 5_000)]
    long.add(member([1.0] * 5_000, number=0, began={"lr": 0.1}, lineage=lineage))
    long.add(member([2.0] * 5_000, number=1, began={"lr": 0.1}))
    figure = plot_population(long)
    assert figure.data[0].z.shape == (2, 500)
    assert len(figure.data[-1].x) == 2_000
    assert figure.layout.meta["notes"] == ["showing 2,000 of 4,999 exploits"]


def test_what_is_no_lineage_is_left_out() -> None:
    nonsense = [None, [1], [1, 2, 3, "x"], [True, 0, 0, {}], [-1, 0, 0, {}], [4, 0, 4, {"lr": 1}]]
    attrs = {CONFIG: {"lr": 2}, LINEAGE: nonsense}
    (only,) = descents_in(7, attrs)
    assert (only.trial, only.step, only.donor, only.changed) == (7, 4, 0, {"lr": (2, 1)})
    assert descents_in(7, {LINEAGE: "no list"}) == []
    assert has_lineage(run().history)
    assert not has_lineage(make_study().add(make_trial(1.0)).history)
