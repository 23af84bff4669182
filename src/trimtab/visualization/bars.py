"""A bar for each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.space import Space
from trimtab.visualization.figure import HEIGHT, make
from trimtab.visualization.text import labels, plain
from trimtab.visualization.theme import ThemeName, get_theme

_BAR = 26  # pixels
_NAME = 24


def bars_of_parameters(
    title: str,
    axis: str,
    bars: Sequence[tuple[str, Mapping[str, float]]],
    space: Space,
    theme: ThemeName,
) -> Any:
    """A figure of shares, the largest on top.

    Args:
        title: Of the figure.
        axis: What the shares are.
        bars: Of each objective, by its name: the parameters' shares.
        space: Of the parameters.
        theme: Whose colours.
    """
    order = list(dict.fromkeys(name for _, found in bars for name in found))
    total = {name: sum(found.get(name, 0.0) for _, found in bars) for name in order}
    order.sort(key=total.__getitem__)  # Plotly stacks bars from below
    colors = get_theme(theme)
    traces: list[dict[str, Any]] = []
    for index, (objective, found) in enumerate(bars):
        shares = [found.get(name, 0.0) for name in order]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": plain(objective),
                "x": shares,
                # By place, not by label: two long names may look alike when shortened.
                "y": list(range(len(order))),
                "text": [f"{share:.2f}" if share >= 0.01 else "<0.01" for share in shares],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": colors.color(index)},
                "hovertext": [
                    f"<b>{plain(name)}</b> ({type(space[name]).__name__})" for name in order
                ],
                "meta": [plain(objective)],
                "hovertemplate": "%{hovertext}<br>%{meta[0]}: %{x:.4~g}<extra></extra>",
            }
        )
    top = max(share for trace in traces for share in trace["x"])
    height = 140 + _BAR * len(order) * len(bars)
    layout = {
        # Room to the right of the longest bar for its label.
        "xaxis": {
            "title": {"text": axis},
            "range": [0.0, top * 1.15 or 1.0],
        },
        "yaxis": {
            "tickvals": list(range(len(order))),
            "ticktext": labels(order, _NAME),
            "showgrid": False,
            "ticklabelstandoff": 6,
            "tickfont": {"color": colors.text},
            "range": [-0.6, len(order) - 0.4],
        },
        "barmode": "group",
        "showlegend": len(bars) > 1,
        "height": height if height > HEIGHT else None,
    }
    if len(bars) > 1:
        layout["legend"] = {"traceorder": "normal"}
    return make(title, theme, traces, layout)
