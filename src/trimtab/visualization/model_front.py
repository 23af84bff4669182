"""The objectives against each other, as Gaussian processes see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.samplers.pareto import is_pareto
from trimtab.space import Floats
from trimtab.visualization.data import StudyLike, objective_name
from trimtab.visualization.figure import HEIGHT, empty, make, thinning_note
from trimtab.visualization.model import NORMAL_95, modelled, nothing_to_say
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import Theme, ThemeName, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, Indices, check_limit, thin

_TITLE: Final = "Pareto front by the model"


def plot_model_front(
    study: StudyLike, *, theme: ThemeName = "light", max_trials: int = MAX_TRIALS
) -> Any:
    """Feasible trials by the posterior means of two or three objectives, and where they were
    measured.

    Bars hold the true means of those on the front with a probability of 95 % each. Where they
    reach beyond a neighbour, another trial may be the one that is on the front.

    Args:
        study: With two or three objectives. Its own model is drawn where its sampler has one, else
            one is fitted.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most. The front goes first.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there are neither two nor three objectives.
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    m = len(study.directions)
    if m not in (2, 3):
        raise InvalidArgument("study", "a study of two or three objectives", m)
    model = modelled(study, 0, objective_name(study, 0), None)
    if model is None:
        return empty(_TITLE, theme, nothing_to_say(study))
    history = study.history
    columns = [model.predictor.at_trials(j) for j in range(m)]
    feasible = np.nonzero(history.violation[columns[0][0]] <= 0.0)[0]
    if not len(feasible):
        return empty(_TITLE, theme, "No trial is feasible yet.")
    numbers = columns[0][0][feasible]
    means: Floats = np.stack([mean[feasible] for _, mean, _ in columns], axis=1)
    sds: Floats = np.stack([sd[feasible] for _, _, sd in columns], axis=1)
    front = is_pareto(means * history.signs, np.zeros(len(numbers)))
    order = np.nonzero(front)[0]
    order = order[np.argsort(means[order, 0], kind="stable")]
    shown = thin(len(numbers), [order[thin(len(order), [], limit)]], limit)
    best = shown[front[shown]]
    colors = get_theme(theme)
    names = [plain(objective_name(study, j)) for j in range(m)]
    others = shown[~front[shown]]
    measured = history.values[numbers]
    traces = [
        _points("Measured", numbers[shown], measured[shown], colors.muted, symbol="circle-open"),
        _points("Expected", numbers[others], means[others], colors.color(0), opacity=0.5),
        {
            **_points("Expected, on the front", numbers[best], means[best], colors.accent, size=7),
            **_bars(sds[best], colors),
        },
    ]
    axes = [{"title": {"text": name}} for name in names]
    layout: dict[str, Any] = {"showlegend": True}
    if m == 2:
        layout |= {"xaxis": axes[0], "yaxis": axes[1]}
    else:
        layout["scene"] = {
            **{f"{key}axis": axis for key, axis in zip("xyz", axes, strict=True)},
            "aspectmode": "cube",
            "camera": {"eye": {"x": 1.6, "y": 1.6, "z": 1.0}, "center": {"z": -0.15}},
        }
        layout["height"] = HEIGHT + 100
    notes = [
        *thinning_note(len(shown), len(numbers)),
        "bars hold the true means with 95 % each",
    ]
    return make(_TITLE, theme, traces, layout, notes)


def _points(
    name: str,
    numbers: Indices,
    places: Floats,
    color: str,
    *,
    symbol: str = "circle",
    size: int = 5,
    opacity: float = 1.0,
) -> dict[str, Any]:
    m = places.shape[1]
    lines = "".join(f"<br>%{{{key}:.6~g}}" for key in "xyz"[:m])
    return {
        "type": "scatter" if m == 2 else "scatter3d",
        "mode": "markers",
        "name": name,
        **{key: places[:, j] for j, key in enumerate("xyz"[:m])},
        "customdata": numbers.astype(np.int32),
        "hovertemplate": f"<b>Trial %{{customdata}}</b>, {name.lower()}{lines}<extra></extra>",
        "marker": {
            "size": size if m == 2 else max(size - 2, 2),
            "symbol": symbol,
            "color": color,
            "opacity": opacity,
        },
    }


def _bars(sds: Floats, theme: Theme) -> Mapping[str, Any]:
    style = {"type": "data", "thickness": 1, "width": 0, "color": theme.accent}
    keys = ("error_x", "error_y", "error_z")[: sds.shape[1]]
    return {key: {**style, "array": NORMAL_95 * sds[:, j]} for j, key in enumerate(keys)}
