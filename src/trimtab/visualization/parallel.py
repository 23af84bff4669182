"""Objectives and parameters side by side, a line for every trial."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.records import StudyDirection
from trimtab.samplers.pareto import is_pareto
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    Trials,
    check_target,
    choose_params,
    select,
)
from trimtab.visualization.figure import color_axis, empty, make, nothing_complete, thinning_note
from trimtab.visualization.parallel_axes import NOT_THERE, Axis, axes_of
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import labels, plain
from trimtab.visualization.theme import Theme, ThemeName, colorbar, get_theme
from trimtab.visualization.thinning import Indices, check_limit

Mask: TypeAlias = NDArray[np.bool_]

_TITLE = "Parallel Coordinate Plot"
_MAX_LINES = 1_000
_SHADES = 12
_LONGEST_NAME, _NAMES = 20, 110  # characters, of one name and of all side by side
_MANY_AXES = 9
_ROOM_FOR_FIRST = 44  # pixels, to the left of the first axis
_ROOM_FOR_NAME, _ROOM_FOR_TICKS = 70, 45  # pixels, to the right of the last axis


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines of one style: rows of the trials, what they look like, and whether they stand back."""

    rows: Indices
    line: dict[str, Any]
    opacity: float
    label: str | None
    is_faint: bool = False


def plot_parallel_coordinate(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    log: bool = False,
    theme: ThemeName = "light",
    max_trials: int = _MAX_LINES,
    selected: Collection[int] | None = None,
) -> Any:
    """A line for every complete trial through its objective and its parameters.

    Strong colours are better. With several objectives, and no target, all of them have an axis and
    the trials of the Pareto front are drawn strong on the faint others. A line goes below an axis
    whose parameter the trial does not have. Infeasible trials are dotted.

    ``layout.meta["axes"]`` tells, axis by axis, how heights from 0 to 1 translate into values.

    Args:
        study: Whose trials.
        params: Names, in the order of the axes; None: all.
        target: A function of a `FrozenTrial`, or an objective by index or metric name.
        target_name: What it is called.
        log: Whether the axes of objectives are logarithmic (those whose values are all above 0).
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many lines to draw at most. Selected trials go first.
        selected: Numbers of the trials that stand out; the others are drawn faint. None: all.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If no trial has a parameter (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    if target is not None:
        check_target([study], target, target_name)
    several = target is None and len(study.directions) > 1
    everything = select(study, 0 if several else target, target_name)
    if not len(everything):
        return empty(_TITLE, theme, nothing_complete(study.history))
    names = choose_params(everything, params)
    if not names:
        return empty(_TITLE, theme, "No parameters to draw.")
    front = np.zeros(len(everything), dtype=bool)
    if several:
        history, chosen = everything.history, everything.numbers
        front = is_pareto(history.losses[chosen], history.violation[chosen])
    stand_out = np.ones(len(everything), dtype=bool)
    if selected is not None:
        stand_out = np.isin(everything.numbers, np.fromiter(selected, np.int64, len(selected)))
    rows = _thinned(everything, names, limit, stand_out, front)
    trials = everything.take(rows)
    axes = axes_of(study, everything, trials, names, several, log)
    colors = get_theme(theme)
    shade = None if several else _shades(everything, log)[rows]
    groups = _groups(trials, front[rows] if several else None, shade, stand_out[rows], colors)
    traces = _lines(trials, axes, groups)
    layout = _layout(axes, colors)
    if several:
        # The last name is written to the right of its axis, where otherwise the colour bar is.
        layout["margin"] |= {"r": _ROOM_FOR_NAME}
    else:
        traces.append({"type": "scatter", "x": [None], "y": [None], "mode": "markers",
                       "marker": {"color": [0.0], "coloraxis": "coloraxis"},
                       "showlegend": False, "hoverinfo": "skip"})  # fmt: skip
        layout["coloraxis"] = color_axis(
            everything.name,
            np.log10(everything.values) if axes[0].log else everything.values,
            colors.colorscale(reverse=_small_is_strong(everything)),
            axes[0].log,
            colorbar(xpad=_ROOM_FOR_TICKS),
        )
    notes = thinning_note(len(trials), len(everything))
    if selected is not None:
        notes.append(f"{int(stand_out.sum()):,} of {len(everything):,} complete trials stand out")
    layout["meta"] = {"notes": notes, "axes": [axis.meta() for axis in axes]}
    return make(_TITLE, theme, traces, layout, notes)


def _thinned(
    everything: Trials, names: list[str], limit: int, stand_out: Mask, front: Mask
) -> Indices:
    """The rows to draw: those that stand out before the others, the front before the dominated."""
    parts = [stand_out & front, stand_out & ~front, ~stand_out]
    parts = [part for part in parts if part.any()]
    room, kept = limit, np.zeros(len(everything), dtype=bool)
    for index, part in enumerate(parts):
        # Half of what is left is for those to come, unless they are fewer.
        rest = sum(int(other.sum()) for other in parts[index + 1 :])
        some = everything.take(part).thinned(max(room - rest, (room + 1) // 2), names)
        kept[np.searchsorted(everything.numbers, some.numbers)] = True
        room = limit - int(kept.sum())
    return np.nonzero(kept)[0]


def _small_is_strong(trials: Trials) -> bool:
    return trials.direction is not StudyDirection.MAXIMIZE


def _lines(trials: Trials, axes: list[Axis], groups: list[_Group]) -> list[dict[str, Any]]:
    """Lines of one colour are one trace, with gaps between them: few traces are drawn fast."""
    heights = np.stack([axis.heights for axis in axes], axis=1)
    heights[np.isnan(heights)] = NOT_THERE
    texts = [[f"{plain(axis.name)}: {text or 'absent'}" for text in axis.texts] for axis in axes]
    traces = []
    for group in groups:
        rows = group.rows
        n = len(rows)
        y = np.full((n, len(axes) + 1), np.nan)
        y[:, :-1] = heights[rows]
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines",
            "x": np.tile(np.arange(len(axes) + 1, dtype=np.float64), n),
            "y": y.ravel(),
            "connectgaps": False,
            "line": group.line,
            "opacity": group.opacity,
            "showlegend": group.label is not None,
            "name": group.label,
        }
        if group.is_faint:
            trace["hoverinfo"] = "skip"
        else:
            hovers: list[str] = []
            for row in rows.tolist():
                title = f"<b>Trial {trials.numbers[row]}</b><br>"
                hovers += [title + column[row] for column in texts]
                hovers.append("")
            numbers = np.repeat(trials.numbers[rows], len(axes) + 1).astype(np.int32)
            trace |= {
                "customdata": numbers,
                "hovertext": hovers,
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        traces.append(trace)
    return traces


def _shades(trials: Trials, log: bool) -> Indices:
    """Shape (k,): the shade of each trial, 0 the faintest; better is stronger."""
    values = np.log10(trials.values) if log and np.all(trials.values > 0.0) else trials.values
    span = float(np.ptp(values))
    share = (values - values.min()) / span if span else np.full(len(values), 0.5)
    if _small_is_strong(trials):
        share = 1.0 - share
    return np.minimum((share * _SHADES).astype(np.int64), _SHADES - 1)


def _groups(
    trials: Trials, front: Mask | None, shade: Indices | None, stand_out: Mask, theme: Theme
) -> list[_Group]:
    """Rows of one style, the best last, so that they lie on top."""
    out: list[_Group] = []

    def add(
        mask: Mask, color: str, width: float, opacity: float, label: str | None, dash: str
    ) -> None:
        rows = np.nonzero(mask & stand_out)[0]
        if len(rows):
            line = {"color": color, "width": width, "dash": dash}
            out.append(_Group(rows, line, opacity, label))

    others = np.nonzero(~stand_out)[0]
    if len(others):
        out.append(_Group(others, {"color": theme.infeasible, "width": 1.0}, 0.25, None, True))
    good = trials.feasible
    if front is not None:
        add(~good, theme.infeasible, 1.0, 0.5, "Infeasible", "dot")
        add(good & ~front, theme.color(0), 1.0, 0.25, "Dominated", "solid")
        add(front, theme.accent, 1.6, 0.9, "Pareto front", "solid")
        return out
    opacity = 0.75 if int(stand_out.sum()) <= 100 else 0.5
    for k in range(_SHADES):
        color = shade_of(theme, (k + 0.5) / _SHADES)
        add((shade == k) & ~good, color, 1.0, opacity, None, "dot")
        add((shade == k) & good, color, 1.2, opacity, None, "solid")
    return out


def shade_of(theme: Theme, share: float) -> str:
    """The colour at a share in [0, 1] of the way from faint to strong."""
    scale = theme.sequential
    place = share * (len(scale) - 1)
    left = min(int(place), len(scale) - 2)
    mixed = [
        round((1.0 - place + left) * int(scale[left][i : i + 2], 16)
              + (place - left) * int(scale[left + 1][i : i + 2], 16))
        for i in (1, 3, 5)
    ]  # fmt: skip
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def _layout(axes: list[Axis], theme: Theme) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    shapes = []
    missing = False
    for i, axis in enumerate(axes):
        shapes.append({"type": "line", "x0": i, "x1": i, "y0": 0.0, "y1": 1.0, "layer": "below",
                       "line": {"color": theme.muted, "width": 1}})  # fmt: skip
        # Where axes stand close together only the ends are labelled.
        ticks = axis.ticks if len(axes) <= _MANY_AXES else [axis.ticks[0], axis.ticks[-1]]
        ticks = list(dict.fromkeys(ticks))
        if len(ticks) > 12:
            ticks = ticks[:: -(-len(ticks) // 12)]
        annotations += [
            {
                "x": i,
                "y": height,
                "text": text,
                "showarrow": False,
                "xanchor": "left",
                "xshift": 3,
                "font": {"size": 10 if len(axes) <= _MANY_AXES else 9, "color": theme.text},
                "bgcolor": theme.paper,
                "borderpad": 1,
                "opacity": 0.85,
            }
            for height, text in ticks
        ]
        missing = missing or bool(np.isnan(axis.heights).any())
    if missing:
        annotations.append({"x": 0, "y": NOT_THERE, "text": "absent", "showarrow": False,
                            "xanchor": "left", "xshift": 3,
                            "font": {"size": 10, "color": theme.muted}})  # fmt: skip
    longest = min(max(_NAMES // len(axes), 8), _LONGEST_NAME)
    return {
        "xaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(axes))),
            "ticktext": labels([axis.name for axis in axes], longest),
            # Slanted names would run out of a low figure.
            "tickangle": 0,
            "tickfont": {"color": theme.text},
            # The first name is wider than the room to the left of its axis.
            "ticklabeloverflow": "allow",
            "range": [-0.08, len(axes) - 0.94],
            "showgrid": False,
        },
        "yaxis": {
            "range": [NOT_THERE - 0.05 if missing else -0.05, 1.05],
            "visible": False,
        },
        "annotations": annotations,
        "shapes": shapes,
        "margin": {"l": _ROOM_FOR_FIRST},
    }
