"""How well a Gaussian process predicts what it was not told."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from trimtab.samplers.gp.predict import LeaveOneOut
from trimtab.visualization.data import DEFAULT_TARGET_NAME, StudyLike
from trimtab.visualization.figure import empty, make, thinning_note
from trimtab.visualization.model import NORMAL_95, modelled, nothing_to_say
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import ThemeName, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, check_limit

_TITLE: Final = "Leave-one-out predictions"


def plot_leave_one_out(
    study: StudyLike,
    *,
    target: int | str | None = None,
    target_name: str = DEFAULT_TARGET_NAME,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """Each arm's measurement against what the model predicts of it from all the others.

    Bars hold a measurement with a probability of 95 %; a model that predicts well has its points
    along the diagonal, and 19 of 20 bars cross it. How likely the ranks go together so well by
    chance stands under the title.

    Args:
        study: Whose trials. Its own model is drawn where its sampler has one, else one is fitted.
        target: An objective by index or metric name; None: the first.
        target_name: What it is called; a metric's name replaces the default.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many arms to draw at most, evenly chosen.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there is no such objective.
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    model = modelled(study, target, target_name, None)
    if model is None:
        return empty(_TITLE, theme, nothing_to_say(study))
    left_out = model.predictor.leave_one_out(model.objective)
    p_value = left_out.p_value
    shown = np.unique(np.linspace(0, len(left_out.numbers) - 1, limit).astype(np.int64))
    left_out = LeaveOneOut(
        left_out.numbers[shown],
        left_out.observed[shown],
        left_out.means[shown],
        left_out.sds[shown],
    )
    colors = get_theme(theme)
    ends = [
        float(np.min([left_out.observed, left_out.means])),
        float(np.max([left_out.observed, left_out.means])),
    ]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Perfect",
            "x": ends,
            "y": ends,
            "line": {"color": colors.muted, "dash": "dot", "width": 1},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Arm",
            "x": left_out.observed,
            "y": left_out.means,
            "error_y": {"type": "data", "array": NORMAL_95 * left_out.sds, "thickness": 1},
            "marker": {"size": 6, "color": colors.accent},
            "customdata": left_out.numbers.astype(np.int32),
            "hovertemplate": (
                "<b>Trial %{customdata}</b><br>measured: %{x:.6~g}<br>"
                "predicted: %{y:.6~g}<extra></extra>"
            ),
        },
    ]
    name = plain(model.trials.name)
    layout = {
        "showlegend": False,
        "xaxis": {"title": {"text": f"{name}, measured"}},
        "yaxis": {"title": {"text": f"{name}, predicted from the others"}},
    }
    notes = [
        *thinning_note(len(shown), len(model.trials)),
        f"p = {p_value:.2g} that the ranks agree so well by chance",
    ]
    return make(_TITLE, theme, traces, layout, notes)
