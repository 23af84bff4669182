"""The reported values."""

from typing import Any

import numpy as np

from tests.unit.visualization.standin import make_study, make_trial
from trimtab.records import TrialState
from trimtab.visualization import plot_intermediate_values


def by_name(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def without_gaps(trace: Any) -> list[tuple[int, float, float]]:
    rows = zip(trace.customdata.tolist(), trace.x.tolist(), trace.y.tolist(), strict=True)
    return [row for row in rows if not np.isnan(row[1])]


def test_lines_by_state_with_gaps_between_trials() -> None:
    study = make_study().add(
        make_trial(1.0, reports={0: 3.0, 2: 1.0}),
        make_trial(2.0, reports={0: 4.0, 1: 2.0}),
        make_trial(3.0, reports={0: 5.0}),
        make_trial(9.0, state=TrialState.PRUNED, reports={0: 9.0}),
        make_trial(reports={0: 7.0}),
        make_trial(0.1, reports={0: 6.0}, constraints={"c": 1.0}),
        make_trial(state=TrialState.FAIL, reports={0: 8.0}),
        make_trial(4.0),
    )
    lines = by_name(plot_intermediate_values(study))
    assert set(lines) == {"Best (trial 0)", "Complete", "Pruned", "Running", "Infeasible"}
    assert without_gaps(lines["Best (trial 0)"]) == [(0, 0.0, 3.0), (0, 2.0, 1.0)]
    assert without_gaps(lines["Complete"]) == [(1, 0.0, 4.0), (1, 1.0, 2.0), (2, 0.0, 5.0)]
    assert np.isnan(lines["Complete"].x[2])
    assert without_gaps(lines["Pruned"]) == [(3, 0.0, 9.0)]
    assert without_gaps(lines["Infeasible"]) == [(5, 0.0, 6.0)]


def test_named_metrics_and_values_that_are_not_finite() -> None:
    reports = {0: {"loss": 2.0}, 1: {"loss": np.inf}, 2: {"loss": 1.0, "lr": 0.1}}
    study = make_study().add(make_trial(1.0, reports=reports))
    figure = plot_intermediate_values(study, metric="loss", log=True)
    (line,) = figure.data
    assert line.x.tolist()[:3] == [0.0, 1.0, 2.0]
    assert np.isnan(line.y[1])
    assert figure.layout.yaxis.title.text == "loss"
    assert figure.layout.yaxis.type == "log"
    text = plot_intermediate_values(study).layout.annotations[0].text
    assert "No trial reported “value”" in text
    assert "loss, lr" in text


def test_nothing_reported() -> None:
    text = plot_intermediate_values(make_study().add(make_trial(1.0))).layout.annotations[0].text
    assert text.startswith("No trial has reported anything yet.")


def test_thinning_keeps_running_trials_the_best_and_the_turns_of_a_line() -> None:
    study = make_study()
    study.add(*(make_trial(float(k), reports={0: 1.0, 1: 2.0}) for k in range(100, 0, -1)))
    study.add(make_trial(reports={0: 5.0}))
    study.add(*(make_trial(200.0, reports={0: 9.0}) for _ in range(50)))
    lines = by_name(plot_intermediate_values(study, max_trials=20))
    assert "Best (trial 99)" in lines
    assert without_gaps(lines["Running"]) == [(100, 0.0, 5.0)]
    drawn = {row[0] for line in lines.values() for row in without_gaps(line)}
    assert len(drawn) == 20

    long = dict.fromkeys(range(40_000), 0.0) | {12_345: 7.0, 23_456: -7.0}
    (line,) = plot_intermediate_values(make_study().add(make_trial(1.0, reports=long))).data
    assert len(without_gaps(line)) == 30_000
    assert {0.0, 12_345.0, 23_456.0, 39_999.0} <= set(line.x.tolist())


def test_reports_that_are_called_as_the_objective() -> None:
    study = make_study(metric_names=["loss"]).add(make_trial(1.0, reports={1: {"loss": 2.0}}))
    figure = plot_intermediate_values(study)
    assert without_gaps(figure.data[0]) == [(0, 1.0, 2.0)]
    assert figure.layout.yaxis.title.text == "loss"
