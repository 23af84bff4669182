"""Putting a figure together. Traces and layout are dicts, which Plotly checks once, at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.records import History, TrialState
from trimtab.space import Floats
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import number, plain, short
from trimtab.visualization.theme import ThemeName, get_theme
from trimtab.visualization.thinning import Indices

_FEW = 8  # trials whose numbers all fit along an axis

HEIGHT = 450
"""Pixels of a figure that leaves its height to Plotly, or to the page it is in."""

_TOP, _NOTE = 54, 15  # pixels, of the title and of each note


def make(
    title: str,
    theme: ThemeName,
    traces: Iterable[Mapping[str, Any]],
    layout: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> Any:
    """A figure.

    Args:
        title: In its upper left corner.
        theme: Whose template it gets.
        traces: Drawn in this order.
        layout: Added to the title and the template.
        notes: Short remarks under the title; they are also in ``layout.meta["notes"]``.
    """
    heading: dict[str, Any] = {"text": title}
    if notes:
        heading["subtitle"] = {"text": "<br>".join(notes)}
    full = {
        "template": get_theme(theme).template(),
        "title": heading,
        "meta": {"notes": list(notes)},
        **layout,
    }
    if notes:
        full["margin"] = {**layout.get("margin", {}), "t": _TOP + _NOTE * len(notes)}
    return graph_objects().Figure({"data": list(traces), "layout": full})


def empty(title: str, theme: ThemeName, message: str) -> Any:
    """A figure that says why there is nothing to see."""
    axis = {"visible": False, "fixedrange": True}
    note = {
        "text": message.replace("\n", "<br>"),
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "font": {"size": 14, "color": get_theme(theme).muted},
    }
    layout = {"xaxis": axis, "yaxis": axis, "annotations": [note]}
    return make(title, theme, [], layout)


def nothing_complete(*histories: History) -> str:
    """Why a figure of complete trials is empty."""
    states = np.concatenate([history.states[history.usable(*TrialState)] for history in histories])
    if not len(states):
        return "No trials yet."
    counts = [(state, np.count_nonzero(states == state)) for state in TrialState]
    others = ", ".join(f"{count:,} {state.name.lower()}" for state, count in counts if count)
    return f"No trial is complete yet.\n({others})"


def thinning_note(shown: int, total: int) -> list[str]:
    """The note that not all trials are shown, if so."""
    return [f"showing {shown:,} of {total:,} trials"] if shown < total else []


def trial_axis(*numbers: Indices) -> dict[str, Any]:
    """An axis along these numbers of trials: whole ones, each at most once."""
    drawn = np.concatenate([np.zeros(0, np.intp), *numbers])
    is_short = len(drawn) and drawn.max() - drawn.min() < _FEW
    return {"title": {"text": "Trial"}, "tickformat": ",d", "dtick": 1 if is_short else None}


def value_axis(name: str, values: Iterable[Floats], log: bool) -> tuple[dict[str, Any], list[str]]:
    """The axis of an objective, and a note if a logarithm cannot show all of it.

    Args:
        name: Its title.
        values: All that is to be drawn along it.
        log: Whether it is to be logarithmic; where no value is positive it is not.
    """
    axis: dict[str, Any] = {"title": {"text": plain(name)}}
    if not log:
        return axis, []
    drawn = np.concatenate([np.empty(0), *values])
    drawn = drawn[np.isfinite(drawn)]
    positive = drawn[drawn > 0.0]
    if not len(positive):
        return axis, ["linear scale, as no value is above 0"] if len(drawn) else []
    axis |= log_axis(float(positive.min()), float(positive.max()))
    hidden = len(drawn) - len(positive)
    return axis, [f"{hidden:,} not above 0 cannot be shown on a log scale"] if hidden else []


def log_axis(low: float, high: float, labels: int = 6) -> dict[str, Any]:
    """A log axis with some ``labels`` labels: powers of ten, where there are enough to show."""
    first, last = math.log10(low), math.log10(high)
    if last - first >= 1.5:
        # Plotly writes powers a quarter larger than other labels.
        return {
            "type": "log",
            "tickfont": {"size": 9},
            "dtick": math.ceil((last - first) / labels),
        }
    steps = (1, 2, 5) if labels > 3 else (1, 3)
    # A decade more on either side, so that one can zoom out.
    ticks = [
        step * 10.0**power
        for power in range(math.floor(first) - 1, math.ceil(last) + 1)
        for step in steps
    ]
    return {"type": "log", "tickvals": ticks, "ticktext": [short(tick) for tick in ticks]}


def color_axis(
    title: str, values: Floats, colorscale: list[list[Any]], log: bool, colorbar: dict[str, Any]
) -> dict[str, Any]:
    """A colour axis over ``values`` (their log10 if ``log``), labelled in their own unit."""
    axis: dict[str, Any] = {"colorscale": colorscale, "colorbar": colorbar}
    axis["colorbar"]["title"]["text"] = plain(title)
    if not len(values):
        return axis
    low, high = float(values.min()), float(values.max())
    axis |= {"cmin": low, "cmax": high}
    if log:
        ticks = log_ticks(low, high)
        axis["colorbar"] |= {"tickvals": ticks, "ticktext": [number(10.0**t) for t in ticks]}
    return axis


def log_ticks(low: float, high: float) -> list[float]:
    """Ticks, as powers of ten, between two logarithms; at least two."""
    step = max(1, math.ceil((high - low) / 6.0))
    whole = list(range(math.ceil(low), math.floor(high) + 1, step))
    return [float(t) for t in whole] if len(whole) >= 2 else [low, (low + high) / 2.0, high]


def jitter(n: int, width: float) -> Floats:
    """Offsets in [-width/2, width/2] that part markers of one category; the same every time."""
    # Multiples of the golden ratio fill the interval evenly at any length.
    offsets: Floats = (np.arange(n, dtype=np.float64) * 0.6180339887498949 % 1.0 - 0.5) * width
    return offsets
