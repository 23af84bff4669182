"""How the best came to be found, as a Gaussian process sees it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from trimtab.records import StudyDirection, TrialState
from trimtab.visualization.data import DEFAULT_TARGET_NAME, StudyLike
from trimtab.visualization.figure import empty, make, thinning_note, trial_axis, value_axis
from trimtab.visualization.model import MOST_TRACED, NORMAL_95, modelled, nothing_to_say
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.theme import ThemeName, faint, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, check_limit, thin

_TITLE: Final = "Best by the model"
_PLACES: Final = 200


def plot_model_trace(
    study: StudyLike,
    *,
    target: int | str | None = None,
    target_name: str = DEFAULT_TARGET_NAME,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """What the best arm was worth after each trial: by the model, and as it was measured.

    Where measurements are noisy, the best one is in part luck, and the line of the best measured
    ones is below (above, if larger is better) what there is to be had. The model's best is the arm
    whose posterior mean is best, given what was measured by then; the band holds the true mean
    with a probability of 95 %. Hyperparameters are those of the study as it is now.

    Args:
        study: Whose trials. Its own model is drawn where its sampler has one, else one is fitted.
        target: An objective by index or metric name; None: the first.
        target_name: What it is called on the axis; a metric's name replaces the default.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there is no such objective.
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    if len(study.history.usable(TrialState.COMPLETE)) > MOST_TRACED:
        return empty(
            _TITLE, theme, f"The model's best is drawn\nof up to {MOST_TRACED:,} complete trials."
        )
    model = modelled(study, target, target_name, None)
    if model is None:
        return empty(_TITLE, theme, nothing_to_say(study))
    if not model.trials.feasible.any():
        return empty(_TITLE, theme, "No trial is feasible yet.")
    history = study.history
    numbers, _, _ = model.predictor.at_trials(model.objective)
    values = history.values[numbers, model.objective]
    maximize = model.trials.direction is StudyDirection.MAXIMIZE
    feasible = np.where(history.violation[numbers] <= 0.0, values, -np.inf if maximize else np.inf)
    best = np.maximum.accumulate(feasible) if maximize else np.minimum.accumulate(feasible)
    found = model.predictor.progress(model.objective, _PLACES)
    low, high = found.means - NORMAL_95 * found.sds, found.means + NORMAL_95 * found.sds
    counts = np.arange(1, len(numbers) + 1)
    shown = thin(len(numbers), [], limit)
    colors = get_theme(theme)
    edge: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": found.counts,
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Trial",
            "x": counts[shown],
            "y": values[shown],
            "marker": {"size": 5, "opacity": 0.5, "color": colors.color(0)},
            "customdata": numbers[shown].astype(np.int32),
            "hovertemplate": "<b>Trial %{customdata}</b><br>%{y:.6~g}<extra></extra>",
        },
        {**edge, "name": "Lower", "y": low},
        {
            **edge,
            "name": "95 %",
            "y": high,
            "fill": "tonexty",
            "fillcolor": faint(colors.accent),
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Best measured",
            "x": counts,
            "y": np.where(np.isfinite(best), best, np.nan),
            "line": {"shape": "hv", "dash": "dot", "width": 1.5, "color": colors.muted},
            "hovertemplate": "best measured: %{y:.6~g}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines+markers" if len(found.counts) == 1 else "lines",
            "name": "Best by the model",
            "x": found.counts,
            "y": found.means,
            "line": {"shape": "hv", "width": 2, "color": colors.accent},
            "customdata": found.numbers.astype(np.int32),
            "hovertemplate": "trial %{customdata}<br>expected: %{y:.6~g}<extra></extra>",
        },
    ]
    axis, _ = value_axis(model.trials.name, [values], log=False)
    layout = {
        "showlegend": True,
        "xaxis": {**trial_axis(counts), "title": {"text": "Complete trials"}},
        "yaxis": axis,
    }
    notes = [
        *thinning_note(len(shown), len(numbers)),
        "the band holds the true mean of the model's best with 95 %",
    ]
    return make(_TITLE, theme, traces, layout, notes)
