"""What a Gaussian process expects over two parameters, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import StudyDirection
from trimtab.space import Floats
from trimtab.visualization.axes import Panel, grid, param_axis
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    choose_params,
    most_telling_first,
)
from trimtab.visualization.figure import empty, make, thinning_note
from trimtab.visualization.model import modelled, nothing_to_say
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import ThemeName, colorbar, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, check_limit

_TITLE: Final = "Model over two parameters"
_PLACES: Final = 41


def plot_model_contour(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    target: int | str | None = None,
    target_name: str = DEFAULT_TARGET_NAME,
    around: int | None = None,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """Two panels over the same two parameters: the posterior mean, and its standard deviation.

    Args:
        study: Whose trials. Its own model is drawn where its sampler has one, else one is fitted.
        params: Two names; None: the two that tell most.
        target: An objective by index or metric name; None: the first.
        target_name: What it is called; a metric's name replaces the default.
        around: Number of the trial whose other parameters are held; None: the best one.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there are not two parameters, or no such objective or complete trial.
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    model = modelled(study, target, target_name, around)
    if model is None:
        return empty(_TITLE, theme, nothing_to_say(study))
    names = choose_params(model.trials, params)
    if params is None:
        names = most_telling_first(model.trials)[:2]
    elif len(names) != 2:
        raise InvalidArgument("params", "two different parameters", list(params))
    if len(names) < 2:
        return empty(_TITLE, theme, "The study has fewer than two parameters.")
    (x, x_units), (y, y_units) = (model.line(name, _PLACES) for name in names)
    columns, rows = np.meshgrid(x_units, y_units)
    points = np.tile(model.centre, (columns.size, 1))
    points[:, model.predictor.space.index(names[0])] = columns.ravel()
    points[:, model.predictor.space.index(names[1])] = rows.ravel()
    mean, sd = model.predict(points)
    colors = get_theme(theme)
    drawn = model.trials.thinned(limit, names)
    places = [param_axis(drawn, name).positions for name in names]
    maximize = model.trials.direction is StudyDirection.MAXIMIZE
    layout: dict[str, Any] = {"showlegend": False}
    traces: list[dict[str, Any]] = []
    surfaces = (
        (model.trials.name, mean, colors.colorscale(reverse=not maximize)),
        ("Standard deviation", sd, colors.colorscale()),
    )
    panels = grid(1, 2, 0.35, 0.0)[0]
    for (title, heights, scale), panel in zip(surfaces, panels, strict=True):
        traces.append(
            {
                "type": "contour",
                "name": plain(title),
                "x": x.positions,
                "y": y.positions,
                "z": heights.reshape(columns.shape),
                "xaxis": panel.x,
                "yaxis": panel.y,
                "colorscale": scale,
                "contours": {"coloring": "heatmap"},
                "line": {"width": 0.4},
                "colorbar": {
                    **colorbar(),
                    "x": panel.x_domain[1] + 0.01,
                    "xref": "paper",
                },
                "hovertemplate": "%{z:.6~g}<extra></extra>",
            }
        )
        traces.append(_markers(drawn.numbers, places, panel, colors.outline))
        layout[panel.xaxis] = {**x.layout(among=names), "domain": panel.x_domain, "anchor": panel.y}
        layout[panel.yaxis] = {**y.layout(among=names), "domain": panel.y_domain, "anchor": panel.x}
    # The two panels share it.
    layout[panels[1].yaxis] |= {"title": None, "showticklabels": False}
    notes = [
        *thinning_note(len(drawn), len(model.trials)),
        f"left: {plain(model.trials.name)}, expected; right: its standard deviation",
        f"other parameters as in trial {model.around}",
    ]
    return make(_TITLE, theme, traces, layout, notes)


def _markers(numbers: Any, places: list[Floats], panel: Panel, outline: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "Trial",
        "x": places[0],
        "y": places[1],
        "xaxis": panel.x,
        "yaxis": panel.y,
        "marker": {"size": 4, "color": outline, "opacity": 0.8},
        "customdata": numbers.astype(np.int32),
        "hovertemplate": "<b>Trial %{customdata}</b><extra></extra>",
    }
