"""How much people like each trial, by the model of their comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from trimtab.preferential.graph import preference_graph
from trimtab.preferential.utilities import Utility, utilities_of
from trimtab.visualization.data import StudyLike
from trimtab.visualization.figure import empty, make, thinning_note
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import hover
from trimtab.visualization.theme import ThemeName, get_theme
from trimtab.visualization.thinning import check_limit, ends, extremes, incumbents, thin

_TITLE: Final = "Utility by the model"
_MAX_TRIALS: Final = 2_000
_CROWDED: Final = 200


def plot_utilities(
    study: StudyLike, *, theme: ThemeName = "light", max_trials: int = _MAX_TRIALS
) -> Any:
    """How much each trial is liked, and how sure that is, by the model of the comparisons.

    The subtitle says with how many of the pairs that people judged the model agrees.

    Args:
        study: Of `trimtab.preferential`, or any study of comparisons.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most.

    Returns:
        A ``plotly.graph_objects.Figure``. Utilities are in units of the judges' noise, with bars
        of one standard deviation; trials that nobody judged are hollow.

    Raises:
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    history = study.history
    found = utilities_of(history)
    if not found:
        return empty(_TITLE, theme, "Nothing was compared yet.")
    graph = preference_graph(history)
    nodes = {node.number: node for node in graph.nodes}
    numbers = np.array(sorted(found), dtype=np.int64)
    means = np.array([found[number].mean for number in numbers.tolist()])
    best = incumbents(-means)
    kept = thin(len(numbers), [ends(len(numbers)), extremes([means]), best], limit)
    shown = numbers[kept]
    deviations = np.array([found[number].deviation for number in shown.tolist()])
    judged = [nodes.get(number) for number in shown.tolist()]
    colors = get_theme(theme)
    lines = [
        (
            "utility",
            [f"{m:.3g} ± {d:.2g}" for m, d in zip(means[kept], deviations, strict=True)],
        ),
        ("beat", [str(node.wins if node else 0) for node in judged]),
        ("lost", [str(node.losses if node else 0) for node in judged]),
        ("", ["" if node else "nobody judged it yet" for node in judged]),
    ]
    color = colors.color(0)
    pairs = [(_agrees(found, b, w), n) for b, w, n in graph.edges]
    total = sum(n for _, n in pairs)
    agreed = sum(n for agrees, n in pairs if agrees)
    notes = [f"the model agrees with {agreed:,} of {total:,} judged pairs"]
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "utility",
            "x": shown.astype(np.int32),
            "y": means[kept],
            "error_y": {
                "type": "data",
                "array": deviations,
                "thickness": 1,
                "width": 0 if len(kept) > _CROWDED else 2,
                "color": color,
            },
            "marker": {
                "size": 7,
                "color": [color if node else colors.paper for node in judged],
                "line": {"width": 1.2, "color": color},
            },
            "customdata": shown.astype(np.int32),
            "hovertext": hover(history, shown, lines),
            "hovertemplate": "%{hovertext}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": np.append(numbers[best], numbers[-1]).astype(np.int32),
            "y": np.append(means[best], means[best[-1]]),
            "line": {"color": colors.accent, "width": 2, "shape": "hv"},
            "hoverinfo": "skip",
        },
    ]
    layout = {"xaxis": {"title": {"text": "Trial"}}, "yaxis": {"title": {"text": "Utility"}}}
    return make(_TITLE, theme, traces, layout, [*thinning_note(len(kept), len(numbers)), *notes])


def _agrees(found: Mapping[int, Utility], better: int, worse: int) -> bool:
    known = better in found and worse in found
    return known and found[better].mean > found[worse].mean
