"""What contour and rank plots share: a panel for every pair of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.visualization.axes import Panel, ParamAxis, grid
from trimtab.visualization.data import Trials, choose_params, most_telling_first
from trimtab.visualization.figure import HEIGHT, jitter
from trimtab.visualization.text import plain, with_sems
from trimtab.visualization.thinning import Indices

MAX_PARAMS = 5
"""How many parameters are paired unless they are named."""

_ROW = 170  # pixels

PanelTraces = Callable[[ParamAxis, ParamAxis, Panel], list[dict[str, Any]]]


def pair_params(trials: Trials, params: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The parameters to pair, and a note if they are not all there are.

    Without ``params`` and with more than five, those that explain most of the objective's ranks
    are taken (`trimtab.visualization.data.explained`).
    """
    names = choose_params(trials, params)
    if params is not None or len(names) <= MAX_PARAMS:
        return names, []
    telling = most_telling_first(trials)[:MAX_PARAMS]
    note = f"{MAX_PARAMS} of {len(names)} parameters, the most telling; `params` chooses others"
    return [name for name in names if name in telling], [note]


def n_pairs(params: int) -> int:
    """How many panels so many parameters make."""
    return max(params * (params - 1) // 2, 1)


def pair_panels(
    axes: Mapping[str, ParamAxis], draw: PanelTraces
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Traces and layout of the panels.

    Two parameters make one panel, the first of them across. More make a triangle: every pair
    once, the same parameter along each row and each column.
    """
    names = list(axes)
    across, down = names[:-1], names[1:]
    if len(names) == 2:
        (panel,) = grid(1, 1, 0.0, 0.0)[0]
        x, y = axes.values()
        return draw(x, y, panel), {"xaxis": x.layout(), "yaxis": y.layout()}
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": max(HEIGHT, _ROW * len(down) + 110)}
    panels = grid(len(down), len(across), 0.08, 0.08)
    for r, y_name in enumerate(down):
        for c, x_name in enumerate(across[: r + 1]):
            panel = panels[r][c]
            bottom, left = r == len(down) - 1, c == 0
            traces += draw(axes[x_name], axes[y_name], panel)
            layout[panel.xaxis] = {
                **axes[x_name].layout(titled=bottom, narrow=True, among=axes),
                "domain": panel.x_domain,
                "anchor": panel.y,
                "showticklabels": bottom,
                "matches": None if r == c else panels[c][c].x,
            }
            layout[panel.yaxis] = {
                **axes[y_name].layout(titled=left, narrow=True, among=axes),
                "domain": panel.y_domain,
                "anchor": panel.x,
                "showticklabels": left,
                "matches": None if left else panels[r][0].y,
            }
    return traces, layout


def pair_markers(
    label: str,
    trials: Trials,
    x: ParamAxis,
    y: ParamAxis,
    panel: Panel,
    rows: Indices,
    marker: Mapping[str, Any],
    *,
    spread: float = 0.0,
) -> dict[str, Any]:
    """A trace of the trials of some rows that have both parameters.

    Args:
        label: Its name.
        trials: k of them.
        x: Their axis across.
        y: Their axis upwards.
        panel: Where.
        rows: Indices into ``trials``.
        marker: Its ``color``, if it is an array, has shape (k,).
        spread: How far to part the markers of one category.
    """
    rows = rows[~np.isnan(x.positions[rows]) & ~np.isnan(y.positions[rows])]
    kept = trials.take(rows)
    places = []
    for axis, turn in ((x, 1), (y, -1)):
        offsets = jitter(len(rows), spread)[::turn] if axis.labels is not None else 0.0
        places.append(axis.positions[rows] + offsets)
    color = marker.get("color")
    # A number is written from its coordinate, a category from `text`: names of thousands of points
    # would otherwise be most of the figure.
    x_text, y_text = "%{x:.6~g}", "%{y:.6~g}"
    text: list[str] | None = None
    if x.labels is not None and y.labels is not None:
        x_text, y_text = "%{text}", ""
        pairs = zip(x.texts(rows), y.texts(rows), strict=True)
        text = [f"{a}<br>{plain(y.name)}: {b}" for a, b in pairs]
    elif x.labels is not None:
        x_text, text = "%{text}", x.texts(rows)
    elif y.labels is not None:
        y_text, text = "%{text}", y.texts(rows)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": label,
        "x": places[0],
        "y": places[1],
        "xaxis": panel.x,
        "yaxis": panel.y,
        "customdata": kept.numbers.astype(np.int32),
        "text": text,
        "hovertext": with_sems(kept.values, kept.sems),
        "meta": [plain(x.name), plain(y.name), plain(trials.name)],
        "hovertemplate": (
            f"<b>Trial %{{customdata}}</b><br>%{{meta[0]}}: {x_text}<br>"
            + (f"%{{meta[1]}}: {y_text}<br>" if y_text else "")
            + "%{meta[2]}: %{hovertext}<extra></extra>"
        ),
        "marker": {**marker, "color": color[rows] if isinstance(color, np.ndarray) else color},
    }
