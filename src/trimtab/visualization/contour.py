"""The objective over pairs of parameters, as a surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.records import StudyDirection
from trimtab.space import Floats
from trimtab.visualization.axes import Panel, ParamAxis, param_axis
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    Trials,
    check_target,
    select,
)
from trimtab.visualization.figure import (
    color_axis,
    empty,
    make,
    nothing_complete,
    thinning_note,
)
from trimtab.visualization.pairs import n_pairs, pair_markers, pair_panels, pair_params
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.theme import SHORT_BAR, Theme, ThemeName, colorbar, get_theme
from trimtab.visualization.thinning import Indices, check_limit, thin

_TITLE = "Contour Plot"
_MAX_MARKERS, _LEAST_MARKERS = 1_000, 50
_LEVELS = 25  # with at most so many distinct values, each gets a grid line of its own
_FEWEST, _MOST = 8, 40  # grid lines otherwise


def plot_contour(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    log: bool = False,
    theme: ThemeName = "light",
    max_trials: int = _MAX_MARKERS,
) -> Any:
    """The best objective near each point of two parameters, for every pair of them.

    A grid is laid over each pair (a line per value if there are at most 25, otherwise the square
    root of the number of trials, 8 to 40 lines, even on the axis). A node holds the best value of
    the trials nearest to it (their mean, if ``target`` is a function), all trials, not only those
    drawn; between nodes without a trial it is interpolated. Strong colours are better.

    Args:
        study: Whose trials.
        params: Names, at least two; None: all, or of more than five those that tell most.
        target: A function of a `FrozenTrial`, or an objective by index or metric name. Needed
            where there are several objectives.
        target_name: What it is called beside the colours.
        log: Whether the objective is coloured by its logarithm; values not above 0 are left out.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw as points at most, shared by the panels.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If a target is needed and missing, or no trial has a parameter (a
            ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    check_target([study], target, target_name)
    limit = check_limit(max_trials)
    trials = select(study, target, target_name)
    if not len(trials):
        return empty(_TITLE, theme, nothing_complete(study.history))
    names, notes = pair_params(trials, params)
    if len(names) < 2:
        return empty(_TITLE, theme, "A contour plot needs two parameters.")
    if log and not np.all(trials.values > 0.0):
        hidden = int(np.count_nonzero(trials.values <= 0.0))
        trials = trials.take(trials.values > 0.0)
        if not len(trials):
            return empty(_TITLE, theme, "No value is above 0, as a log scale needs.")
        notes = [*notes, f"{hidden:,} not above 0 cannot be shown on a log scale"]
    z = np.log10(trials.values) if log else trials.values
    colors = get_theme(theme)
    marks = thin(len(trials), [], max(limit // n_pairs(len(names)), _LEAST_MARKERS))

    axes = {name: param_axis(trials, name) for name in names}
    lines = {name: _grid_lines(axis) for name, axis in axes.items()}

    def draw(x: ParamAxis, y: ParamAxis, panel: Panel) -> list[dict[str, Any]]:
        surface = _surface(trials.direction, z, lines[x.name], lines[y.name], panel)
        return [*surface, *_markers(trials, x, y, panel, marks, colors)]

    traces, layout = pair_panels(axes, draw)
    drawn = [trace["z"] for trace in traces if trace["type"] == "contour"]
    if not drawn:
        return empty(_TITLE, theme, "No trial has two of the parameters with different values.")
    heights = np.concatenate([surface.ravel() for surface in drawn])
    layout["coloraxis"] = color_axis(
        trials.name,
        heights[~np.isnan(heights)],
        colors.colorscale(reverse=trials.direction is not StudyDirection.MAXIMIZE),
        log,
        colorbar(**(SHORT_BAR if len(names) > 2 else {})),
    )
    layout["showlegend"] = False
    notes = [*thinning_note(len(marks), len(trials)), *notes]
    return make(_TITLE, theme, traces, layout, notes)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The grid lines along an axis, as places on it, and the line nearest to each trial, or -1."""

    places: Floats
    nearest: Indices


def _grid_lines(axis: ParamAxis) -> _Lines:
    scaled = axis.scaled
    present = ~np.isnan(scaled)
    nearest = np.full(len(scaled), -1, dtype=np.int64)
    if axis.labels is not None:
        nearest[present] = scaled[present].astype(np.int64)
        return _Lines(np.arange(float(len(axis.labels))), nearest)
    lines, nearest[present] = np.unique(scaled[present], return_inverse=True)
    if len(lines) > _LEVELS:
        count = int(np.clip(np.sqrt(present.sum()), _FEWEST, _MOST))
        lines = np.linspace(lines[0], lines[-1], count)
        nearest[present] = np.rint((scaled[present] - lines[0]) / (lines[1] - lines[0]))
    return _Lines(10.0**lines if axis.is_log else lines, nearest)


def _surface(
    direction: StudyDirection, z: Floats, x: _Lines, y: _Lines, panel: Panel
) -> list[dict[str, Any]]:
    both = (x.nearest >= 0) & (y.nearest >= 0)
    shape = (len(y.places), len(x.places))
    if min(shape) < 2 or not both.any():
        return []
    return [
        {
            "type": "contour",
            "x": x.places,
            "y": y.places,
            "z": _heights(direction, z[both], shape, y.nearest[both], x.nearest[both]),
            "xaxis": panel.x,
            "yaxis": panel.y,
            "coloraxis": "coloraxis",
            "connectgaps": True,
            "contours": {"coloring": "heatmap"},
            "line": {"smoothing": 1.0, "width": 0.4},
            "hoverinfo": "skip",
        }
    ]


def _heights(
    direction: StudyDirection, z: Floats, shape: tuple[int, int], rows: Indices, columns: Indices
) -> Floats:
    """Shape ``shape``: the best (or, without a direction, the mean) of each node, NaN if empty."""
    cells = rows * shape[1] + columns
    size = shape[0] * shape[1]
    counts = np.bincount(cells, minlength=size)
    if direction is StudyDirection.NOT_SET:
        out = np.bincount(cells, z, minlength=size) / np.maximum(counts, 1)
    elif direction is StudyDirection.MAXIMIZE:
        out = np.full(size, -np.inf)
        np.maximum.at(out, cells, z)
    else:
        out = np.full(size, np.inf)
        np.minimum.at(out, cells, z)
    out[counts == 0] = np.nan
    return out.reshape(shape)


def _markers(
    trials: Trials, x: ParamAxis, y: ParamAxis, panel: Panel, rows: Indices, theme: Theme
) -> list[dict[str, Any]]:
    style = {
        "size": 4 if len(rows) > 200 else 5,
        "opacity": 0.75,
        "line": {"width": 0.8, "color": theme.outline},
    }
    good = trials.feasible[rows]
    groups = (
        ("Feasible Trial", rows[good], {**style, "color": theme.text}),
        ("Infeasible Trial", rows[~good], {**style, "color": theme.infeasible, "symbol": "x"}),
    )
    traces = (pair_markers(label, trials, x, y, panel, of, marker) for label, of, marker in groups)
    return [trace for trace in traces if len(trace["x"])]
