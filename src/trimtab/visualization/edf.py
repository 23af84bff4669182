"""The empirical distribution of objective values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    as_studies,
    check_target,
    select,
)
from trimtab.visualization.figure import empty, make, nothing_complete, value_axis
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import ThemeName, get_theme
from trimtab.visualization.thinning import Indices

_TITLE = "Empirical Distribution Function Plot"
_MAX_STEPS = 1_000


def plot_edf(
    study: StudyLike | Iterable[StudyLike],
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    log: bool = False,
    theme: ThemeName = "light",
) -> Any:
    """The share of complete trials whose objective is at most x, as steps.

    How to read it: Radosavovic et al., "Designing Network Design Spaces", CVPR 2020, section 3.
    The steps are exact; of more than 1,000 trials, every one of 1,000 evenly spaced ranks is drawn.

    Args:
        study: A study, or several to compare.
        target: A function of a `FrozenTrial`, or an objective by index or metric name. Needed
            where there are several objectives.
        target_name: What it is called on the axis.
        log: Whether the objective's axis is logarithmic.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If a target is needed and missing (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    studies = as_studies(study)
    check_target(studies, target, target_name)
    colors = get_theme(theme)
    found = [select(one, target, target_name) for one in studies]
    if not studies:
        return empty(_TITLE, theme, "No studies were given.")
    if not any(map(len, found)):
        return empty(_TITLE, theme, nothing_complete(*(one.history for one in studies)))
    everything = np.concatenate([trials.values for trials in found])
    low, high = everything.min(), everything.max()
    traces = []
    for index, (one, trials) in enumerate(zip(studies, found, strict=True)):
        if not len(trials):
            continue
        values = np.sort(trials.values)
        ranks = _ranks(len(values))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": plain(one.study_name),
                # From 0 at the smallest value of all studies to 1 at the largest.
                "x": np.concatenate([[low], values[ranks], [high]]),
                "y": np.concatenate([[0.0], (ranks + 1.0) / len(values), [1.0]]),
                "line": {"color": colors.color(index), "width": 2, "shape": "hv"},
                "hovertemplate": "%{y:.1%} at most %{x:.6~g}",
            }
        )
    x_axis, notes = value_axis(found[0].name, [everything], log)
    layout = {
        "xaxis": x_axis,
        "yaxis": {"title": {"text": "Cumulative Probability"}, "range": [0.0, 1.02]},
        "showlegend": len(traces) > 1,
    }
    return make(_TITLE, theme, traces, layout, notes)


def _ranks(n: int) -> Indices:
    if n <= _MAX_STEPS:
        return np.arange(n)
    return np.linspace(0, n - 1, _MAX_STEPS).round().astype(np.int64)
