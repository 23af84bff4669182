"""What one trial reported, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.records import VALUE, Report
from trimtab.visualization.figure import empty, make
from trimtab.visualization.text import plain
from trimtab.visualization.theme import ThemeName
from trimtab.visualization.thinning import ends, extremes, thin

_TITLE = "Reports"
_MOST_POINTS = 2_000
_MOST_METRICS = 20
_CLOCKS = ("time_total_s", "timestamp", "training_iteration")
"""What a run adds to each report: beside these nothing else would be seen."""


def plot_reports(reports: Mapping[int, Report], *, theme: ThemeName = "light") -> Any:
    """A line for each metric that a trial reported.

    Args:
        reports: Of the trial, by step.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        A Plotly figure; at most 2,000 points a metric, the smallest and largest among them, and
        the first 20 metrics. The clocks that a run of `trimtab.tune` adds are left out.
    """
    lines: dict[str, list[tuple[int, float]]] = {}
    for step in sorted(reports):
        for name, value in reports[step].metrics.items():
            lines.setdefault(name, []).append((step, value))
    told = {name: line for name, line in lines.items() if name not in _CLOCKS}
    lines = told or lines
    if not lines:
        return empty(_TITLE, theme, "This trial has reported nothing.")
    shown = dict(list(lines.items())[:_MOST_METRICS])
    notes = [f"showing {len(shown)} of {len(lines)} metrics"] if len(shown) < len(lines) else []
    traces = [_trace(name, points) for name, points in shown.items()]
    layout = {
        "xaxis": {"title": {"text": "Step"}},
        "yaxis": {"title": {"text": plain(next(iter(shown))) if len(shown) == 1 else "Metric"}},
        "showlegend": len(shown) > 1,
    }
    return make(_TITLE, theme, traces, layout, notes)


def _trace(name: str, points: list[tuple[int, float]]) -> dict[str, Any]:
    steps = np.array([step for step, _ in points], dtype=np.float64)
    values = np.array([value for _, value in points], dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    kept = thin(len(steps), [ends(len(steps)), extremes([values])], _MOST_POINTS)
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(kept) <= 100 else "lines",
        "name": plain(name if name != VALUE else "value"),
        "x": steps[kept],
        "y": values[kept],
        "connectgaps": False,
        "hovertemplate": "step %{x}: %{y:.6~g}",
    }
