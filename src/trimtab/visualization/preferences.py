"""Who beat whom, in layers: what nothing beat stands at the top."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from trimtab.preferential.graph import PreferenceGraph, PreferenceNode, preference_graph
from trimtab.visualization.data import StudyLike
from trimtab.visualization.figure import empty, make
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import hover
from trimtab.visualization.theme import Theme, ThemeName, get_theme
from trimtab.visualization.thinning import check_limit

_TITLE: Final = "Preferences"
_MAX_NODES: Final = 60
_SWEEPS: Final = 6
_ROW: Final = 46  # pixels between two layers
_ASIDE: Final = 0.3
_SIZE: Final = 26  # pixels of a node


def plot_preference_graph(
    study: StudyLike, *, theme: ThemeName = "light", max_trials: int = _MAX_NODES
) -> Any:
    """An arrow from each trial to those that it beat; trials that lost to none stand at the top.

    A pair that follows from others (one beat another, which beat a third) is not drawn, unless
    the judgements contradict each other: the arrows of a contradiction are drawn in full, in the
    accent colour.

    Args:
        study: Of `trimtab.preferential`, or any study of comparisons.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most: those of the top layers, the latest first.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    history = study.history
    graph = preference_graph(history)
    if not graph.nodes:
        return empty(_TITLE, theme, "Nothing was compared yet.")
    nodes = sorted(graph.nodes, key=lambda node: (node.level, -node.number))[:limit]
    kept = {node.number for node in nodes}
    edges = [(better, worse) for better, worse, _ in graph.edges if {better, worse} <= kept]
    in_cycle = {
        (better, worse)
        for group in graph.cycles
        for better, worse in edges
        if better in group and worse in group
    }
    drawn = _reduced([edge for edge in edges if edge not in in_cycle])
    places = _places(nodes, drawn, {number for group in graph.cycles for number in group})
    notes = []
    if len(nodes) < len(graph.nodes):
        notes.append(f"showing {len(nodes):,} of {len(graph.nodes):,} trials")
    if len(drawn) + len(in_cycle) < len(edges):
        notes.append("pairs that follow from others are not drawn")
    if graph.cycles:
        shown = ["–".join(map(str, group)) for group in graph.cycles[:3]]
        more = f" and {len(graph.cycles) - 3} more" if len(graph.cycles) > 3 else ""
        notes.append(f"contradictions: {', '.join(shown)}{more}")
    colors = get_theme(theme)
    numbers = np.array([node.number for node in nodes], dtype=np.int64)
    lines = [
        ("beat", [str(node.wins) for node in nodes]),
        ("lost", [str(node.losses) for node in nodes]),
        ("", ["skipped" if node.skipped else "" for node in nodes]),
    ]
    traces = [
        _arrows(drawn, places, colors.muted, 1.0),
        _arrows(sorted(in_cycle), places, colors.accent, 1.6),
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [places[node.number][0] for node in nodes],
            "y": [places[node.number][1] for node in nodes],
            "text": [str(node.number) for node in nodes],
            "textfont": {"size": 11, "color": [_ink(node, graph, colors) for node in nodes]},
            "hovertext": hover(history, numbers, lines),
            "hovertemplate": "%{hovertext}<extra></extra>",
            "customdata": numbers.astype(np.int32),
            "marker": {
                "size": _SIZE,
                "color": [_fill(node, graph, colors) for node in nodes],
                "line": {"width": 1.2, "color": [_rim(node, graph, colors) for node in nodes]},
            },
        },
    ]
    hidden = {"visible": False, "fixedrange": False}
    levels = 1 + max(node.level for node in nodes)
    layout = {
        "showlegend": False,
        "xaxis": {**hidden, "range": [-0.06, 1.06]},
        "yaxis": {**hidden, "range": [-levels + 0.4, 0.6]},
        "height": max(320, 110 + _ROW * levels),
    }
    return make(_TITLE, theme, [trace for trace in traces if trace["x"]], layout, notes)


def _fill(node: PreferenceNode, graph: PreferenceGraph, colors: Theme) -> str:
    del graph
    return colors.color(0) if not node.losses and not node.skipped else colors.paper


def _rim(node: PreferenceNode, graph: PreferenceGraph, colors: Theme) -> str:
    if any(node.number in group for group in graph.cycles):
        return colors.accent
    return colors.infeasible if node.skipped else colors.color(0)


def _ink(node: PreferenceNode, graph: PreferenceGraph, colors: Theme) -> str:
    if node.skipped:
        return colors.muted
    return colors.paper if _fill(node, graph, colors) != colors.paper else colors.text


def _arrows(
    edges: list[tuple[int, int]], places: dict[int, tuple[float, float]], color: str, width: float
) -> dict[str, Any]:
    """One trace of all arrows: each is two points and a gap."""
    x: list[float | None] = []
    y: list[float | None] = []
    for better, worse in edges:
        x += [places[better][0], places[worse][0], None]
        y += [places[better][1], places[worse][1], None]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "hoverinfo": "skip",
        "line": {"width": width, "color": color},
        "marker": {
            "symbol": "arrow",
            "angleref": "previous",
            "size": [0, 9, 0] * len(edges),
            "standoff": _SIZE // 2 + 1,
            "color": color,
            "line": {"width": 0},
        },
    }


def _reduced(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Edges without those that follow from others (the transitive reduction, if acyclic)."""
    beats: dict[int, list[int]] = {}
    for better, worse in edges:
        beats.setdefault(better, []).append(worse)

    def reached(start: int) -> set[int]:
        """What ``start`` beat by way of another."""
        found: set[int] = set()
        todo = [two for one in beats[start] for two in beats.get(one, ())]
        while todo:
            node = todo.pop()
            if node not in found:
                found.add(node)
                todo.extend(beats.get(node, ()))
        return found

    around = {better: reached(better) for better in beats}
    return [(better, worse) for better, worse in edges if worse not in around[better]]


def _places(
    nodes: list[PreferenceNode], edges: list[tuple[int, int]], in_cycle: set[int]
) -> dict[int, tuple[float, float]]:
    """x in [0, 1] and y near -level, with neighbours near each other (barycentre heuristic)."""
    layers: dict[int, list[int]] = {}
    for node in nodes:
        layers.setdefault(node.level, []).append(node.number)
    near: dict[int, list[int]] = {node.number: [] for node in nodes}
    for better, worse in edges:
        near[better].append(worse)
        near[worse].append(better)
    x = {n: (i + 1.0) / (len(row) + 1.0) for row in layers.values() for i, n in enumerate(row)}
    for sweep in range(_SWEEPS):
        for level in sorted(layers, reverse=bool(sweep % 2)):
            row = layers[level]
            middle = {n: float(np.mean([x[m] for m in near[n]] or [x[n]])) for n in row}
            row.sort(key=lambda n: (middle[n], n))
            if len(row) == 1:
                x[row[0]] = min(max(middle[row[0]], 0.05), 0.95)
            else:
                x.update({n: (i + 0.5) / len(row) for i, n in enumerate(row)})
    places = {}
    for level, row in layers.items():
        for i, n in enumerate(row):
            # Arrows between neighbours of one layer would lie on each other.
            aside = _ASIDE * (-1.0) ** i if n in in_cycle else 0.0
            places[n] = x[n], aside - level
    return places
