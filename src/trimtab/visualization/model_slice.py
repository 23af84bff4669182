"""What a Gaussian process expects along each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.visualization.axes import Panel, ParamAxis, grid, param_axis
from trimtab.visualization.data import DEFAULT_TARGET_NAME, StudyLike, choose_params
from trimtab.visualization.figure import empty, make, thinning_note, value_axis
from trimtab.visualization.model import NORMAL_95, Modelled, modelled, nothing_to_say
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import Theme, ThemeName, faint, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, check_limit, shared_limit

_TITLE: Final = "Model along each parameter"
_PLACES: Final = 101
_ROW: Final = 260  # pixels


def plot_model_slice(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    target: int | str | None = None,
    target_name: str = DEFAULT_TARGET_NAME,
    around: int | None = None,
    columns: int = 3,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """One panel per parameter: what a Gaussian process expects of it, with what was measured.

    The line is the posterior mean while the other parameters are those of one trial; the band
    holds the true mean with a probability of 95 %.

    Args:
        study: Whose trials. Its own model is drawn where its sampler has one, else one is fitted.
        params: Names, in the order of the panels; None: all.
        target: An objective by index or metric name; None: the first.
        target_name: What it is called on the axis; a metric's name replaces the default.
        around: Number of the trial whose other parameters are held; None: the best one.
        columns: Panels side by side.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there is no such objective, parameter or complete trial.
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    if columns < 1:
        raise InvalidArgument("columns", "at least 1", columns)
    limit = check_limit(max_trials)
    model = modelled(study, target, target_name, around)
    if model is None:
        return empty(_TITLE, theme, nothing_to_say(study))
    names = choose_params(model.trials, params)
    if not names:
        return empty(_TITLE, theme, "No parameters to draw.")
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    panels = [panel for row in grid(rows, columns, 0.12, 0.42) for panel in row]
    drawn = model.trials.thinned(shared_limit(limit, len(names)), names)
    colors = get_theme(theme)
    y_axis, _ = value_axis(model.trials.name, [drawn.values], log=False)
    height = None if rows == 1 else _ROW * rows + 90
    layout: dict[str, Any] = {"showlegend": False, "height": height}
    traces: list[dict[str, Any]] = []
    for index, (name, panel) in enumerate(zip(names, panels, strict=False)):
        axis, units = model.line(name, _PLACES)
        traces += _expected(model, axis, units, panel, colors)
        measured = param_axis(drawn, name)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "Trial",
                "x": measured.positions,
                "y": drawn.values,
                "xaxis": panel.x,
                "yaxis": panel.y,
                "marker": {"size": 5, "opacity": 0.7, "color": colors.text},
                "customdata": drawn.numbers.astype(np.int32),
                "hovertemplate": "<b>Trial %{customdata}</b><br>%{y:.6~g}<extra></extra>",
            }
        )
        layout[panel.xaxis] = {
            **axis.layout(narrow=columns > 1, among=names),
            "domain": panel.x_domain,
            "anchor": panel.y,
        }
        layout[panel.yaxis] = {
            **y_axis,
            "domain": panel.y_domain,
            "anchor": panel.x,
            "matches": "y" if index else None,
            "showticklabels": index % columns == 0,
            "title": y_axis["title"] if index % columns == 0 else None,
        }
    notes = [
        *thinning_note(len(drawn), len(model.trials)),
        f"other parameters as in trial {model.around}",
        "the band holds the true mean with 95 %",
    ]
    return make(_TITLE, theme, traces, layout, notes)


def _expected(
    model: Modelled, axis: ParamAxis, units: Any, panel: Panel, theme: Theme
) -> list[dict[str, Any]]:
    points = np.tile(model.centre, (len(units), 1))
    points[:, model.predictor.space.index(axis.name)] = units
    mean, sd = model.predict(points)
    low, high = mean - NORMAL_95 * sd, mean + NORMAL_95 * sd
    place = {"type": "scatter", "xaxis": panel.x, "yaxis": panel.y}
    if axis.labels is not None:
        bars = {"type": "data", "array": high - mean, "arrayminus": mean - low}
        style = {"size": 9, "symbol": "line-ew-open", "color": theme.accent}
        return [
            {
                **place,
                "mode": "markers",
                "name": "Expected",
                "x": axis.positions,
                "y": mean,
                "error_y": bars,
                "marker": style,
                "hovertemplate": "expected: %{y:.6~g}<extra></extra>",
            }
        ]
    edge = {**place, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        {**edge, "name": "Lower", "x": axis.positions, "y": low},
        {
            **edge,
            "name": "95 %",
            "x": axis.positions,
            "y": high,
            "fill": "tonexty",
            "fillcolor": faint(theme.accent),
        },
        {
            **place,
            "mode": "lines",
            "name": "Expected",
            "x": axis.positions,
            "y": mean,
            "line": {"color": theme.accent, "width": 2},
            "meta": [plain(axis.name)],
            "hovertemplate": "%{meta[0]}: %{x:.6~g}<br>expected: %{y:.6~g}<extra></extra>",
        },
    ]
