"""What trials reported on their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.records import VALUE, History, TrialState
from trimtab.space import Floats
from trimtab.visualization.data import StudyLike
from trimtab.visualization.figure import empty, make, thinning_note, value_axis
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import Theme, ThemeName, get_theme
from trimtab.visualization.thinning import (
    Indices,
    check_limit,
    ends,
    extremes,
    smallest,
    thin,
)

_TITLE = "Intermediate Values Plot"
_MAX_LINES = 300
_MAX_POINTS = 30_000
_STATES = (TrialState.PRUNED, TrialState.COMPLETE, TrialState.RUNNING, TrialState.PAUSED)


def plot_intermediate_values(
    study: StudyLike,
    *,
    metric: str = VALUE,
    log: bool = False,
    theme: ThemeName = "light",
    max_trials: int = _MAX_LINES,
) -> Any:
    """A line for each trial through what it reported, step by step.

    Lines are coloured by the trial's state; the best trial of a single-objective study is drawn
    strong, infeasible ones grey. A report that is not finite is a gap.

    Args:
        study: Whose trials.
        metric: Which of the reported metrics; the default is the one without a name, or where
            none reported that, the one that is called as the objective.
        log: Whether the metric's axis is logarithmic.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many lines to draw at most (running trials and the best go first), with
            30,000 points in all; of a longer line the ends, the smallest and the largest value
            are kept, and a stratified sample.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    history = study.history
    reported = np.array(list(history.reported()), dtype=np.int64)
    everything = np.intersect1d(history.usable(*_STATES), reported)
    if not len(everything):
        message = "No trial has reported anything yet." if len(history) else "No trials yet."
        hint = "<i>trial.report(value, step)</i> draws lines here."
        return empty(_TITLE, theme, f"{message}\n{hint}")
    numbers = _choose(history, everything, limit)
    each = max(_MAX_POINTS // len(numbers), 20)
    lines = {int(n): _line(history, int(n), metric, each) for n in numbers}
    lines = {n: line for n, line in lines.items() if len(line[0])}
    if not lines and metric == VALUE and study.metric_names and study.metric_names[0] != VALUE:
        # Reports that have names: the objective's, as a run of `trimtab.tune` has it.
        metric = study.metric_names[0]
        lines = {int(n): _line(history, int(n), metric, each) for n in numbers}
        lines = {n: line for n, line in lines.items() if len(line[0])}
    if not lines:
        reports = (report for n in numbers for report in history.reports(int(n)).values())
        known = ", ".join(sorted({name for report in reports for name in report.metrics}))
        message = f"No trial reported “{plain(metric)}”.\nThere is: {plain(known)}"
        return empty(_TITLE, theme, message)
    traces = _traces(history, lines, get_theme(theme))
    name = "Intermediate Value" if metric == VALUE else metric
    y_axis, notes = value_axis(name, [y for _, y in lines.values()], log)
    layout = {"xaxis": {"title": {"text": "Step"}}, "yaxis": y_axis, "showlegend": True}
    return make(
        _TITLE, theme, traces, layout, [*thinning_note(len(numbers), len(everything)), *notes]
    )


def _choose(history: History, numbers: Indices, limit: int) -> Indices:
    if len(numbers) <= limit:
        return numbers
    states = history.states[numbers]
    live = np.isin(states, (TrialState.RUNNING, TrialState.PAUSED))
    marks = [np.nonzero(live)[0], ends(len(numbers))]
    if history.n_objectives == 1:
        done = states == TrialState.COMPLETE
        losses = np.where(done, history.losses[numbers, 0], np.inf)
        marks = [marks[0], smallest(losses, limit // 10), marks[1], extremes([losses])]
    return numbers[thin(len(numbers), marks, limit)]


def _line(history: History, trial: int, metric: str, limit: int) -> tuple[Indices, Floats]:
    """Steps and values of one trial; a value that is not finite is NaN."""
    reports = dict(history.reports(trial))
    pairs = [(s, r.metrics[metric]) for s, r in reports.items() if metric in r.metrics]
    steps = np.array([s for s, _ in pairs], dtype=np.int64)
    values = np.array([v for _, v in pairs], dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    kept = thin(len(steps), [ends(len(steps)), extremes([values])], limit)
    return steps[kept], values[kept]


def _traces(
    history: History, lines: dict[int, tuple[Indices, Floats]], theme: Theme
) -> list[dict[str, Any]]:
    """Lines of one kind are one trace, with gaps between them; the best lies on top."""
    numbers = np.array(list(lines), dtype=np.int64)
    states = history.states[numbers]
    feasible = history.violation[numbers] <= 0.0
    best = np.zeros(len(numbers), dtype=bool)
    good = (states == TrialState.COMPLETE) & feasible
    if history.n_objectives == 1 and good.any():
        best[np.argmin(np.where(good, history.losses[numbers, 0], np.inf))] = True
    groups: list[tuple[str, Any, str, float]] = [("Infeasible", ~feasible, theme.infeasible, 1.0)]
    for state in _STATES:
        mask = (states == state) & feasible & ~best
        groups.append((state.name.capitalize(), mask, theme.states[state], 1.2))
    groups.append(("Best", best, theme.text, 2.5))
    opacity = 0.8 if len(numbers) <= 30 else 0.4
    traces = []
    for label, mask, color, width in groups:
        chosen = numbers[mask].tolist()
        if not chosen:
            continue
        xs, ys, ids = _joined(chosen, lines)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(xs) <= 1_000 else "lines",
                "name": f"Best (trial {chosen[0]})" if label == "Best" else label,
                "x": xs,
                "y": ys,
                "customdata": ids,
                "connectgaps": False,
                "line": {"color": color, "width": width},
                "marker": {"size": 4},
                "opacity": 1.0 if label == "Best" else opacity,
                "hovertemplate": (
                    f"<b>Trial %{{customdata}}</b> ({label.lower()})<br>"
                    "step %{x}: %{y:.6~g}<extra></extra>"
                ),
            }
        )
    return traces


def _joined(
    chosen: Sequence[int], lines: dict[int, tuple[Indices, Floats]]
) -> tuple[Floats, Floats, Indices]:
    gap = np.array([np.nan])
    xs = [part for n in chosen for part in (lines[n][0].astype(np.float64), gap)]
    ys = [part for n in chosen for part in (lines[n][1], gap)]
    ids = np.repeat(np.array(chosen), [len(lines[n][0]) + 1 for n in chosen])
    return np.concatenate(xs), np.concatenate(ys), ids.astype(np.int32)
