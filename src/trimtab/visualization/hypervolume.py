"""How much of the objective space has been won."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import TrialState, as_float
from trimtab.samplers.pareto import hypervolume, is_pareto
from trimtab.space import Floats
from trimtab.visualization.data import StudyLike
from trimtab.visualization.figure import empty, make, nothing_complete, trial_axis, value_axis
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import short
from trimtab.visualization.theme import ThemeName, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, Indices, thin

_TITLE = "Hypervolume History Plot"
_BLOCK = 512


def plot_hypervolume_history(
    study: StudyLike,
    reference_point: Sequence[float] | None = None,
    *,
    log: bool = False,
    theme: ThemeName = "light",
) -> Any:
    """The hypervolume of all trials up to each, as steps.

    Complete and feasible trials that are better than the reference point in every objective count.
    The cost grows with the front: with more than four objectives, and fronts of thousands, it is
    long.

    Args:
        study: With at least two objectives.
        reference_point: One value per objective, in the objectives' own directions. None: see
            `default_reference_point`; the figure says which it is.
        log: Whether the hypervolume's axis is logarithmic.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If the study has one objective, or the reference point another length (a
            ValueError).
        InvalidType: If the reference point holds something that is no number (a TypeError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    m = len(study.directions)
    if m < 2:
        raise InvalidArgument(
            "study",
            "several objectives (for one there is plot_optimization_history)",
            study.study_name,
        )
    if reference_point is not None and len(reference_point) != m:
        raise InvalidArgument("reference_point", f"{m} values, one per objective", reference_point)
    history = study.history
    numbers = history.usable(TrialState.COMPLETE)
    if not len(numbers):
        return empty(_TITLE, theme, nothing_complete(history))
    feasible = numbers[history.violation[numbers] <= 0.0]
    if not len(feasible):
        return empty(_TITLE, theme, "No trial is feasible yet.")
    losses, signs = history.losses[feasible], history.signs
    if reference_point is None:
        reference = default_reference_point(losses)
    else:
        reference = np.array([as_float("reference_point", v) for v in reference_point]) * signs
    rows, volumes = hypervolume_steps(losses, reference)
    # 0 up to the first step, and level from the last step to the last trial.
    x = np.concatenate([numbers[:1], feasible[rows], numbers[-1:]])
    y = np.concatenate([[0.0], volumes, volumes[-1:] if len(volumes) else [0.0]])
    if len(rows) and feasible[rows[0]] == numbers[0]:
        x, y = x[1:], y[1:]
    kept = thin(len(x), [np.array([0, len(x) - 1])], MAX_TRIALS)
    colors = get_theme(theme)
    trace = {
        "type": "scatter",
        "mode": "lines+markers" if len(kept) <= 200 else "lines",
        "name": "Hypervolume",
        "x": x[kept].astype(np.int32),
        "y": y[kept],
        "line": {"color": colors.color(0), "width": 2, "shape": "hv"},
        "marker": {"size": 5},
        "hovertemplate": "trial %{x:d}: %{y:.6~g}<extra></extra>",
    }
    y_axis, notes = value_axis("Hypervolume", [y], log)
    if reference_point is None:
        notes = [f"reference point ({', '.join(map(short, (reference * signs).tolist()))})", *notes]
    if not len(rows):
        notes = [*notes, "no trial is better than the reference point in every objective"]
    layout = {"xaxis": trial_axis(numbers), "yaxis": y_axis}
    return make(_TITLE, theme, [trace], layout, notes)


def default_reference_point(losses: Floats) -> Floats:
    """A reference point for trials that nobody chose one for.

    The worst value of each objective on the Pareto front, and a tenth of the front's range beyond
    it, so that the ends of the front count as well (Ishibuchi, Imada, Setoguchi and Nojima, "How to
    specify a reference point in hypervolume calculation for fair performance comparison",
    Evolutionary Computation 26(3), 2018; a tenth as in BoTorch's ``infer_reference_point``). Where
    the front is one value wide, the worst value of all points takes the part of its far end. It
    moves while the front does.

    Args:
        losses: Shape (n, m), n at least 1, smaller is better.

    Returns:
        Shape (m,).
    """
    front = losses[is_pareto(losses)]
    ideal, worst = front.min(axis=0), front.max(axis=0)
    worst = np.where(worst > ideal, worst, losses.max(axis=0))
    span = worst - ideal
    point: Floats = worst + 0.1 * np.where(span > 0.0, span, np.maximum(np.abs(worst), 1.0))
    return point


def hypervolume_steps(losses: Floats, reference: Floats) -> tuple[Indices, Floats]:
    """The hypervolume dominated by the points up to each, wherever it grows.

    A point adds its box, less what the points before it dominate inside that box (the exclusive
    hypervolume of While, Bradstreet and Barone, "A fast way of calculating exact hypervolumes",
    IEEE TEVC 16(1), 2012, section III).

    Args:
        losses: Shape (n, m), smaller is better.
        reference: Shape (m,). A point that is not better in every objective adds nothing.

    Returns:
        The rows at which it grows, ascending, and its value from there on.
    """
    rows: list[int] = []
    volumes: list[float] = []
    total = 0.0
    front = np.empty((0, losses.shape[1]))
    inside = np.nonzero((losses < reference).all(axis=1))[0]
    for start in range(0, len(inside), _BLOCK):
        block = inside[start : start + _BLOCK]
        # Most points are dominated by the front as it was before the block: they go all at once.
        for row in block[~_covered(losses[block], front)].tolist():
            point = losses[row]
            if (front <= point).all(axis=1).any():
                continue
            hidden = hypervolume(np.maximum(front, point), reference)
            total += float(np.prod(reference - point)) - hidden
            front = np.concatenate([front[(front < point).any(axis=1)], point[None]])
            rows.append(row)
            volumes.append(total)
    return np.array(rows, dtype=np.int64), np.array(volumes)


def _covered(points: Floats, front: Floats) -> NDArray[np.bool_]:
    """Shape (len(points),): whether one of ``front`` is nowhere worse."""
    covered = np.ones((len(points), len(front)), dtype=bool)
    for j in range(points.shape[1]):
        covered &= front[:, j] <= points[:, j, None]
    return np.asarray(covered.any(axis=1))
