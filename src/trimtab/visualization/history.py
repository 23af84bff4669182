"""How the objective developed over the trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History, StudyDirection, TrialState, from_micros
from trimtab.space import Floats
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    Trials,
    as_studies,
    check_target,
    select,
)
from trimtab.visualization.figure import (
    empty,
    make,
    nothing_complete,
    thinning_note,
    trial_axis,
    value_axis,
)
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import hover, number, plain, with_sems
from trimtab.visualization.theme import Theme, ThemeName, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, Indices, check_limit, incumbents, thin

_TITLE = "Optimization History Plot"
_X_AXES: Mapping[str, Mapping[str, Any]] = {
    "number": {},  # depends on how many there are
    "time": {"title": {"text": "Time"}},
    "elapsed": {"title": {"text": "Hours since the first trial began"}},
}
_HOUR = 3.6e9  # microseconds


def plot_optimization_history(
    study: StudyLike | Iterable[StudyLike],
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    error_bar: bool = False,
    log: bool = False,
    x: Literal["number", "time", "elapsed"] = "number",
    include_pruned: bool = False,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """Objective values of all trials, and the best so far.

    Standard errors are drawn where they are known and not 0. The best so far is drawn as steps,
    of feasible trials only, unless ``target`` is a function, of which nobody knows whether it is
    to be small or large.

    Args:
        study: A study, or several to compare.
        target: A function of a `FrozenTrial`, or an objective by index or metric name. Needed
            where there are several objectives. A function is called on every trial, which takes
            seconds at 100,000 of them; an index or a name does not.
        target_name: What it is called on the axis.
        error_bar: Instead of every study, draw the mean over the studies at each trial number,
            and the standard deviation around it.
        log: Whether the objective's axis is logarithmic.
        x: Order the trials by number, by the time at which they finished, or by the hours that
            had then elapsed since their study's first trial began.
        include_pruned: Draw the last value of pruned trials too.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most, all studies together; see
            `trimtab.visualization.thinning` for which.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If a target is needed and missing (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    studies = as_studies(study)
    check_target(studies, target, target_name)
    if x not in _X_AXES:
        raise InvalidArgument("x", f"one of {', '.join(_X_AXES)}", x)
    limit = max(check_limit(max_trials) // max(len(studies), 1), 10)
    states = (TrialState.COMPLETE, *((TrialState.PRUNED,) if include_pruned else ()))
    found = [select(one, target, target_name, states) for one in studies]
    if not any(map(len, found)):
        return empty(_TITLE, theme, _why_empty(studies))
    name = found[0].name
    if error_bar:
        return _mean_figure(found, name, theme, log, limit * len(studies))
    colors = get_theme(theme)
    traces: list[dict[str, Any]] = []
    shown = 0
    for index, (one, trials) in enumerate(zip(studies, found, strict=True)):
        if not len(trials):
            continue
        of = f" of {plain(one.study_name)}" if len(studies) > 1 else ""
        color = colors.color(index)
        drawn = trials.thinned(limit)
        shown += len(drawn)
        traces += _points(drawn, f"{plain(name)}{of}", color, colors, x)
        if trials.direction is not StudyDirection.NOT_SET:
            line_color = color if of else colors.accent
            traces += _best_line(trials, f"Best Value{of}", line_color, x, limit)
    y_axis, notes = value_axis(name, [trials.values for trials in found], log)
    layout = {
        "xaxis": _X_AXES[x] or trial_axis(*(trials.numbers for trials in found)),
        "yaxis": y_axis,
        "showlegend": True,
    }
    notes = [*thinning_note(shown, sum(map(len, found))), *notes]
    return make(_TITLE, theme, traces, layout, notes)


def _why_empty(studies: Sequence[StudyLike]) -> str:
    if not studies:
        return "No studies were given."
    return nothing_complete(*(study.history for study in studies))


def _points(trials: Trials, name: str, color: str, theme: Theme, x: str) -> list[dict[str, Any]]:
    pruned = trials.history.states[trials.numbers] == TrialState.PRUNED
    amber, good = theme.states[TrialState.PRUNED], trials.feasible & ~pruned
    groups = [
        (good, name, {"color": color, "symbol": "circle"}),
        (pruned, "Pruned Trial", {"color": amber, "symbol": "triangle-down"}),
        (~good & ~pruned, "Infeasible Trial", {"color": theme.infeasible, "symbol": "x"}),
    ]
    # Many markers lie on one another: they are small then, and let through what is under them.
    crowded = len(trials) > 1_000
    size, opacity = (4, 0.45) if crowded else (6, 0.75)
    out = []
    for mask, label, marker in groups:
        rows = trials.take(mask)
        if not len(rows) and label != name:
            continue
        lines = [(plain(trials.name), with_sems(rows.values, rows.sems))]
        trace = {
            "type": "scatter",
            "mode": "markers",
            "name": label,
            "x": _places(rows.history, rows.numbers, x),
            "y": rows.values,
            "customdata": rows.numbers.astype(np.int32),
            "hovertext": hover(rows.history, rows.numbers, lines),
            "hovertemplate": "%{hovertext}<extra></extra>",
            "marker": {**marker, "size": size, "opacity": opacity},
        }
        if np.any(rows.sems > 0.0):
            trace["error_y"] = {
                "type": "data",
                "array": np.nan_to_num(rows.sems),
                "thickness": 1,
                "width": 0 if crowded else 2,
                "color": marker["color"],
            }
        out.append(trace)
    return out


def _best_line(trials: Trials, name: str, color: str, x: str, limit: int) -> list[dict[str, Any]]:
    order = np.arange(len(trials))
    if x != "number":
        order = np.argsort(trials.history.finished_at[trials.numbers], kind="stable")
    complete = trials.history.states[trials.numbers] == TrialState.COMPLETE
    losses = np.where(trials.feasible & complete, trials.losses, np.inf)[order]
    steps = incumbents(losses)
    if not len(steps):
        return []
    steps = steps[thin(len(steps), [np.array([0, len(steps) - 1])], limit)]
    rows = order[steps]
    values, numbers = trials.values[rows], trials.numbers[rows]
    texts = [
        f"<b>Best so far</b><br>{plain(trials.name)}: {number(value)}<br>since trial {trial}"
        for value, trial in zip(values.tolist(), numbers.tolist(), strict=True)
    ]
    last = trials.numbers[order[-1:]]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            # The line goes on to the last trial, at the height of the last step.
            "x": _places(trials.history, np.concatenate([numbers, last]), x),
            "y": np.concatenate([values, values[-1:]]),
            "line": {"color": color, "width": 2, "shape": "hv"},
            "hovertext": [*texts, texts[-1]],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    ]


def _places(history: History, numbers: Indices, x: str) -> Any:
    if x == "number":
        return numbers.astype(np.int32)
    if x == "elapsed":
        begun = history.started[history.started > 0]
        first = begun.min() if len(begun) else 0
        return (history.finished_at[numbers] - first) / _HOUR
    return [from_micros(int(micros)) for micros in history.finished_at[numbers]]


def _mean_figure(found: list[Trials], name: str, theme: ThemeName, log: bool, limit: int) -> Any:
    """Mean and standard deviation over studies, by trial number."""
    n = max(int(trials.numbers[-1]) + 1 for trials in found if len(trials))
    values = np.full((len(found), n), np.nan)
    best = np.full((len(found), n), np.nan)
    for row, trials in enumerate(found):
        kept = trials.take(trials.feasible)
        values[row, kept.numbers] = kept.values
        losses = np.full(n, np.inf)
        losses[kept.numbers] = kept.losses
        running = np.minimum.accumulate(losses)
        sign = -1.0 if trials.direction is StudyDirection.MAXIMIZE else 1.0
        best[row] = np.where(np.isfinite(running), sign * running, np.nan)
    there = np.nonzero(~np.isnan(values).all(axis=0))[0]
    if not len(there):
        return empty(_TITLE, theme, "No trial is feasible yet.")
    mean, deviation = _moments(values[:, there])
    colors = get_theme(theme)
    rows = thin(len(there), [np.array([0, len(there) - 1, mean.argmin(), mean.argmax()])], limit)
    marks = {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name),
        "x": there[rows],
        "y": mean[rows],
        "error_y": {"type": "data", "array": deviation[rows], "thickness": 1, "width": 2},
        "marker": {"color": colors.color(0), "size": 6},
        "hovertemplate": "trial %{x:d}: %{y:.6~g} ± %{error_y.array:.4~g}<extra></extra>",
    }
    traces: list[dict[str, Any]] = [marks]
    if found[0].direction is not StudyDirection.NOT_SET:
        centre, spread = _moments(best[:, there][:, rows])
        band = {"type": "scatter", "x": there[rows], "showlegend": False, "hoverinfo": "skip"}
        line = {"color": colors.accent, "width": 2}
        traces += [
            {**band, "mode": "lines", "y": centre + spread, "line": {"width": 0}},
            {
                **band,
                "mode": "lines",
                "y": centre - spread,
                "line": {"width": 0},
                "fill": "tonexty",
                "fillcolor": _translucent(colors.accent),
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "Best Value",
                "x": there[rows],
                "y": centre,
                "line": line,
                "hovertemplate": "best so far: %{y:.6~g}<extra></extra>",
            },
        ]
    y_axis, notes = value_axis(name, [mean], log)
    layout = {"xaxis": trial_axis(there), "yaxis": y_axis, "showlegend": True}
    notes = [f"mean ± standard deviation of {len(found)} studies", *notes]
    return make(_TITLE, theme, traces, layout, [*thinning_note(len(rows), len(there)), *notes])


def _moments(columns: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column without its NaNs; NaN if it has nothing else."""
    known = ~np.isnan(columns)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, columns, 0.0).sum(axis=0) / count
    square = np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / count
    nothing = ~known.any(axis=0)
    return np.where(nothing, np.nan, mean), np.where(nothing, np.nan, np.sqrt(square))


def _translucent(color: str, alpha: float = 0.2) -> str:
    r, g, b = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha})"
