"""The objective against each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import StudyDirection
from trimtab.visualization.axes import Panel, ParamAxis, grid, param_axis
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    Trials,
    check_target,
    choose_params,
    select,
)
from trimtab.visualization.figure import (
    empty,
    jitter,
    make,
    nothing_complete,
    thinning_note,
    value_axis,
)
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import SHORT_BAR, Theme, ThemeName, colorbar, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, check_limit, shared_limit

_TITLE = "Slice Plot"
_ROW = 260  # pixels
_JITTER = 0.5  # of the distance between two categories


def plot_slice(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    log: bool = False,
    columns: int = 3,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """One panel per parameter: its value and the objective of every complete trial.

    Trials without the parameter are left out of its panel. Infeasible trials are grey crosses; the
    best trial is a star.

    Args:
        study: Whose trials.
        params: Names, in the order of the panels; None: all.
        target: A function of a `FrozenTrial`, or an objective by index or metric name. Needed
            where there are several objectives.
        target_name: What it is called on the axis.
        log: Whether the objective's axis is logarithmic.
        columns: Panels side by side; 1 suits a phone.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most; with many panels fewer, so that the whole
            figure has at most three times as many markers.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If a target is needed and missing, or no trial has a parameter (a
            ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    check_target([study], target, target_name)
    if columns < 1:
        raise InvalidArgument("columns", "at least 1", columns)
    limit = check_limit(max_trials)
    trials = select(study, target, target_name)
    if not len(trials):
        return empty(_TITLE, theme, nothing_complete(study.history))
    names = choose_params(trials, params)
    if not names:
        return empty(_TITLE, theme, "No parameters to draw.")
    drawn = trials.thinned(shared_limit(limit, len(names)), names)
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    panels = [panel for row in grid(rows, columns, 0.12, 0.42) for panel in row]
    y_axis, notes = value_axis(trials.name, [drawn.values], log)
    colors = get_theme(theme)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "coloraxis": {
            "colorscale": colors.colorscale(),
            "colorbar": colorbar("Trial", tickformat=",d", **(SHORT_BAR if rows > 1 else {})),
        },
        "showlegend": False,
        "height": None if rows == 1 else _ROW * rows + 90,
    }
    for index, (name, panel) in enumerate(zip(names, panels, strict=False)):
        axis = param_axis(drawn, name)
        traces += _markers(drawn, axis, panel, colors)
        first = index % columns == 0
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
            "showticklabels": first,
            "title": y_axis["title"] if first else None,
        }
    notes = [*thinning_note(len(drawn), len(trials)), *notes]
    return make(_TITLE, theme, traces, layout, notes)


def _markers(trials: Trials, axis: ParamAxis, panel: Panel, theme: Theme) -> list[dict[str, Any]]:
    present = ~np.isnan(axis.positions)
    places = axis.positions.copy()
    if axis.labels is not None:
        places[present] += jitter(int(present.sum()), _JITTER)
    crowded = len(trials) > 1_000
    marker = {"size": 4 if crowded else 6, "opacity": 0.7}
    good = present & trials.feasible
    groups: list[tuple[str, Any, dict[str, Any]]] = [
        (
            "Infeasible Trial",
            present & ~trials.feasible,
            {**marker, "color": theme.infeasible, "symbol": "x"},
        ),
        (
            "Feasible Trial",
            good,
            {**marker, "color": trials.numbers[good].astype(np.int32), "coloraxis": "coloraxis"},
        ),
    ]
    if trials.direction is not StudyDirection.NOT_SET and trials.feasible.any():
        best = np.zeros(len(trials), dtype=bool)
        best[np.argmin(np.where(trials.feasible, trials.losses, np.inf))] = True
        star = {"size": 13, "symbol": "star", "color": theme.accent}
        star["line"] = {"width": 1, "color": theme.outline}
        groups.append(("Best Trial", best & present, star))
    out = []
    for label, mask, style in groups:
        if not mask.any() and label != "Feasible Trial":
            continue
        trace = {
            "type": "scatter",
            "mode": "markers",
            "name": label,
            "x": places[mask],
            "y": trials.values[mask],
            "xaxis": panel.x,
            "yaxis": panel.y,
            "marker": style,
            "customdata": trials.numbers[mask].astype(np.int32),
            "meta": [plain(axis.name), plain(trials.name)],
            "hovertemplate": (
                "<b>Trial %{customdata}</b><br>%{meta[0]}: "
                + ("%{text}" if axis.labels is not None else "%{x:.6~g}")
                + "<br>%{meta[1]}: %{y:.6~g}<extra></extra>"
            ),
        }
        if axis.labels is not None:
            trace["text"] = axis.texts(mask)
        out.append(trace)
    return out
