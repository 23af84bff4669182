"""How much each parameter matters to a Gaussian process."""

from __future__ import annotations

from typing import Any, Final

from trimtab.visualization.bars import bars_of_parameters
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    objective_index,
    objective_name,
)
from trimtab.visualization.figure import empty
from trimtab.visualization.model import modelled, nothing_to_say
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.theme import ThemeName

_TITLE: Final = "Sensitivity of the model"


def plot_model_sensitivity(
    study: StudyLike,
    *,
    target: int | str | None = None,
    target_name: str = DEFAULT_TARGET_NAME,
    theme: ThemeName = "light",
) -> Any:
    """How fast an objective changes with each parameter, by the model: shares of 1.

    They are in proportion to the inverse length scales of the process, along the whole range of
    each parameter. `plot_param_importances` asks instead how much of the variation of the measured
    values a parameter explains.

    Args:
        study: Whose trials. Its own model is drawn where its sampler has one, else one is fitted.
        target: An objective by index or metric name; None: all of them.
        target_name: What it is called in the legend; a metric's name replaces the default.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there is no such objective.
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    model = modelled(study, target, target_name, None)
    if model is None:
        return empty(_TITLE, theme, nothing_to_say(study))
    m = len(study.directions)
    chosen = range(m) if target is None else [objective_index(study, target)]
    named = target_name != DEFAULT_TARGET_NAME and len(chosen) == 1
    shares = [
        (
            target_name if named else objective_name(study, j),
            {
                name: share
                for name, share in model.predictor.sensitivities(j).items()
                if not model.predictor.space[name].single()
            },
        )
        for j in chosen
    ]
    if not shares[0][1]:
        return empty(_TITLE, theme, "No parameters to compare.")
    axis = "Share of the objective's rate of change"
    return bars_of_parameters(_TITLE, axis, shares, model.predictor.space, theme)
