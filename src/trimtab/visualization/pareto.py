"""The objectives against each other."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History, TrialState
from trimtab.samplers.pareto import is_pareto
from trimtab.space import Floats
from trimtab.visualization.data import StudyLike, objective_name
from trimtab.visualization.figure import (
    HEIGHT,
    empty,
    make,
    nothing_complete,
    thinning_note,
    value_axis,
)
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import hover, plain, with_sems
from trimtab.visualization.theme import Theme, ThemeName, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, Indices, check_limit, extremes, thin

Mask: TypeAlias = NDArray[np.bool_]

_TITLE = "Pareto-front Plot"


@dataclass(frozen=True, slots=True)
class _Points:
    """k trials: numbers (k,), coordinates (k, 2 or 3), sems alike, and the group of each."""

    numbers: Indices
    coordinates: Floats
    sems: Floats
    front: Mask
    feasible: Mask

    def take(self, rows: Any) -> _Points:
        return _Points(
            self.numbers[rows],
            self.coordinates[rows],
            self.sems[rows],
            self.front[rows],
            self.feasible[rows],
        )


def plot_pareto_front(
    study: StudyLike,
    *,
    target_names: Sequence[str] | None = None,
    include_dominated_trials: bool = True,
    constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    targets: Callable[[FrozenTrial], Sequence[float]] | None = None,
    log: bool = False,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """Complete trials by two or three objectives; those that no feasible one dominates stand out.

    Standard errors are drawn, in two dimensions, where they are known and not 0.

    Args:
        study: With two or three objectives, unless ``targets`` is given.
        target_names: Titles of the axes; None: the metrics' names.
        include_dominated_trials: Whether to draw the feasible trials that are not on the front.
        constraints_func: Deprecated: values at most 0 are feasible. Constraints that trials set
            with ``set_constraint`` are known without it.
        targets: Two or three numbers to draw instead, of a `FrozenTrial`. The front is still that
            of the objectives.
        log: Whether the axes are logarithmic.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many trials to draw at most. The front goes first.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If there are neither two nor three values to draw, or as many names as
            values (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    if constraints_func is not None:
        warnings.warn(
            "`constraints_func` is deprecated; let trials call `set_constraint`.",
            FutureWarning,
            stacklevel=2,
        )
    limit = check_limit(max_trials)
    m = len(study.directions)
    if targets is None and m not in (2, 3):
        raise InvalidArgument("targets", f"two or three targets chosen of {m} objectives", None)
    history = study.history
    numbers = history.usable(TrialState.COMPLETE)
    feasible = _feasible(history, numbers, constraints_func)
    front = is_pareto(history.losses[numbers], (~feasible).astype(np.float64))
    if not include_dominated_trials:
        kept = front | ~feasible
        numbers, feasible, front = numbers[kept], feasible[kept], front[kept]
    coordinates, sems = _coordinates(history, numbers, targets)
    names = _names(study, coordinates.shape[1], target_names, targets, len(numbers))
    if not len(numbers):
        return empty(_TITLE, theme, nothing_complete(history))
    points = _Points(numbers, coordinates, sems, front, feasible)
    fronts = np.nonzero(front)[0]
    along = fronts[np.argsort(coordinates[fronts, 0], kind="stable")]
    marks = [along[thin(len(along), [], limit)], extremes(coordinates.T)]
    drawn = points.take(thin(len(numbers), marks, limit))
    colors = get_theme(theme)
    traces = _traces(history, drawn, names, colors)
    columns = [drawn.coordinates[:, j] for j in range(len(names))]
    axes = [value_axis(name, [column], log) for name, column in zip(names, columns, strict=True)]
    notes = [
        *thinning_note(len(drawn.numbers), len(numbers)),
        *dict.fromkeys(note for _, several in axes for note in several),
    ]
    layout: dict[str, Any] = {"showlegend": True}
    if len(names) == 2:
        layout |= {"xaxis": axes[0][0], "yaxis": axes[1][0]}
    else:
        layout["scene"] = {
            **{f"{key}axis": axis for key, (axis, _) in zip("xyz", axes, strict=True)},
            "aspectmode": "cube",
            "camera": {"eye": {"x": 1.6, "y": 1.6, "z": 1.0}, "center": {"z": -0.15}},
        }
        layout["height"] = HEIGHT + 100
    return make(_TITLE, theme, traces, layout, notes)


def _feasible(
    history: History,
    numbers: Indices,
    constraints_func: Callable[[FrozenTrial], Sequence[float]] | None,
) -> Mask:
    if constraints_func is None:
        return history.violation[numbers] <= 0.0
    return np.array(
        [all(c <= 0.0 for c in constraints_func(history.trial(int(n)))) for n in numbers],
        dtype=bool,
    )


def _coordinates(
    history: History, numbers: Indices, targets: Callable[[FrozenTrial], Sequence[float]] | None
) -> tuple[Floats, Floats]:
    if targets is None:
        return history.values[numbers], history.sems[numbers]
    rows = []
    for n in numbers:
        row = targets(history.trial(int(n)))
        if isinstance(row, str) or not isinstance(row, Sequence):
            raise InvalidArgument("targets", "a function that returns a sequence of numbers", row)
        rows.append(list(row))
    if len({len(row) for row in rows}) > 1:
        raise InvalidArgument("targets", "a function that returns equally many numbers", rows[0])
    try:
        coordinates = np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else 0)
    except (TypeError, ValueError) as error:
        raise InvalidType("targets", "a function that returns numbers", rows[0]) from error
    return coordinates, np.full_like(coordinates, np.nan)


def _names(
    study: StudyLike,
    drawn: int,
    target_names: Sequence[str] | None,
    targets: object,
    n: int,
) -> list[str]:
    """Titles of the axes; there are as many as there are values to draw."""
    if not n:
        if targets is None:
            drawn = len(study.directions)
        elif target_names is None:
            raise InvalidArgument(
                "target_names", "names, as there are `targets` and no trial to count them by", None
            )
        else:
            drawn = len(target_names)
    if drawn not in (2, 3):
        raise InvalidArgument("targets", "a function that returns two or three numbers", drawn)
    if target_names is not None:
        if len(target_names) != drawn:
            raise InvalidArgument("target_names", f"{drawn} names", target_names)
        return list(target_names)
    if targets is None or len(study.metric_names or ()) == drawn:
        return [objective_name(study, j) for j in range(drawn)]
    return [f"Objective {j}" for j in range(drawn)]


def _traces(
    history: History, points: _Points, names: Sequence[str], theme: Theme
) -> list[dict[str, Any]]:
    flat = len(names) == 2
    many = len(points.numbers) > 1_000
    groups = [
        ("Infeasible Trial", ~points.feasible, theme.infeasible, "x", 4 if many else 6, 0.7),
        ("Trial", points.feasible & ~points.front, theme.color(0), "circle", 4 if many else 6, 0.5),
        ("Best Trial", points.front, theme.accent, "circle", 7, 1.0),
    ]
    traces = []
    for label, mask, color, symbol, size, opacity in groups:
        rows = points.take(mask)
        if not len(rows.numbers):
            continue
        lines = [
            (plain(name), with_sems(rows.coordinates[:, j], rows.sems[:, j]))
            for j, name in enumerate(names)
        ]
        trace: dict[str, Any] = {
            "type": "scatter" if flat else "scatter3d",
            "mode": "markers",
            "name": label,
            **{key: rows.coordinates[:, j] for j, key in enumerate("xyz"[: len(names)])},
            "customdata": rows.numbers.astype(np.int32),
            "hovertext": hover(history, rows.numbers, lines),
            "hovertemplate": "%{hovertext}<extra></extra>",
            "marker": {
                "color": color,
                "symbol": symbol if flat else "circle",
                "size": size if flat else max(size - 2, 2),
                "opacity": opacity,
                "line": {"width": 0.5 if flat else 0, "color": theme.outline},
            },
        }
        for j, key in enumerate(("error_x", "error_y") if flat else ()):
            if np.any(rows.sems[:, j] > 0.0):
                trace[key] = {
                    "type": "data",
                    "array": np.nan_to_num(rows.sems[:, j]),
                    "thickness": 1,
                    "width": 0,
                    "color": color,
                }
        traces.append(trace)
    return traces
