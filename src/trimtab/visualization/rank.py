"""Pairs of parameters, coloured by the rank of the objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.visualization.axes import Panel, ParamAxis, param_axis
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    average_ranks,
    check_target,
    select,
)
from trimtab.visualization.figure import empty, make, nothing_complete, thinning_note
from trimtab.visualization.pairs import n_pairs, pair_markers, pair_panels, pair_params
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import short
from trimtab.visualization.theme import SHORT_BAR, ThemeName, colorbar, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, check_limit, shared_limit

_TITLE = "Rank Plot"
_JITTER = 0.4
_QUARTERS = {0.0: "min.", 0.25: "25%", 0.5: "50%", 0.75: "75%", 1.0: "max."}
# ColorBrewer's RdYlBu (Brewer, 2003), which does without green, from the lowest rank up.
_SCALE = [
    [0.0, "#4575b4"], [0.25, "#91bfdb"], [0.5, "#f4e8a4"], [0.75, "#fc8d59"], [1.0, "#d73027"],
]  # fmt: skip


def plot_rank(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """Every pair of parameters, each trial coloured by the rank of its objective.

    The ranks are among all complete trials, equal values sharing their mean rank. A trial without
    one of the two parameters is left out of the panel; infeasible trials are grey crosses.

    Args:
        study: Whose trials.
        params: Names, at least two; None: all, or of more than five those that tell most.
        target: A function of a `FrozenTrial`, or an objective by index or metric name. Needed
            where there are several objectives.
        target_name: What it is called in the hover text.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most; with many panels fewer.

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
    everything = select(study, target, target_name)
    if not len(everything):
        return empty(_TITLE, theme, nothing_complete(study.history))
    names, notes = pair_params(everything, params)
    if len(names) < 2:
        return empty(_TITLE, theme, "A rank plot needs two parameters.")
    n = len(everything)
    ranks = average_ranks(everything.values) / (n - 1) if n > 1 else np.array([0.5])
    trials = everything.thinned(shared_limit(limit, n_pairs(len(names))), names)
    shades = ranks[np.searchsorted(everything.numbers, trials.numbers)]
    colors = get_theme(theme)
    style = {"size": 7 if len(names) == 2 else 5, "line": {"width": 0.5, "color": colors.outline}}
    grey = {**style, "color": colors.infeasible, "symbol": "x"}
    shaded = {**style, "color": shades, "coloraxis": "coloraxis"}
    groups = (
        ("Infeasible Trial", ~trials.feasible, grey),
        ("Feasible Trial", trials.feasible, shaded),
    )

    def draw(x: ParamAxis, y: ParamAxis, panel: Panel) -> list[dict[str, Any]]:
        traces = (
            pair_markers(label, trials, x, y, panel, np.nonzero(mask)[0], marker, spread=_JITTER)
            for label, mask, marker in groups
        )
        return [trace for trace in traces if len(trace["x"])]

    axes = {name: param_axis(trials, name) for name in names}
    traces, layout = pair_panels(axes, draw)
    quarters = np.quantile(everything.values, list(_QUARTERS)).tolist()
    layout["coloraxis"] = {
        "colorscale": _SCALE,
        "cmin": 0.0,
        "cmax": 1.0,
        "colorbar": colorbar(
            **(SHORT_BAR if len(names) > 2 else {}),
            tickvals=list(_QUARTERS),
            ticktext=[
                f"{label} ({short(value)})"
                for label, value in zip(_QUARTERS.values(), quarters, strict=True)
            ],
        ),
    }
    layout["showlegend"] = False
    return make(_TITLE, theme, traces, layout, [*thinning_note(len(trials), n), *notes])
