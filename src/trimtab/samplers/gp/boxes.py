"""The part of the objective space that no point of a front dominates, cut into boxes."""

from __future__ import annotations

import numpy as np

from trimtab.samplers.pareto import is_pareto
from trimtab.space import Floats


def undominated_boxes(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Disjoint boxes that fill what lies below a reference point and is not dominated.

    The hypervolume that a further point adds is the sum of what it dominates of each box (Yang et
    al., "Efficient computation of expected hypervolume improvement", J. Global Optim. 75, 2019,
    section 4). They are found by slicing along the last objective: about k**(m - 1) of them.

    Args:
        front: Shape (k, m), smaller is better; k may be 0.
        reference: Shape (m,).

    Returns:
        Lower corners, with -inf, and upper ones; shape (b, m) each.
    """
    inside = front[(front < reference).all(axis=1)]
    front = np.unique(inside[is_pareto(inside)], axis=0) if len(inside) else inside
    lower, upper = _boxes(front, reference)
    return lower, upper


def _boxes(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    m = len(reference)
    if m == 1:
        least = min(float(front.min(initial=np.inf)), float(reference[0]))
        return np.array([[-np.inf]]), np.array([[least]])
    order = np.argsort(front[:, -1], kind="stable")
    heights = front[order, -1]
    bounds = np.concatenate([[-np.inf], heights, reference[-1:]])
    lowers, uppers = [], []
    for i in range(len(bounds) - 1):
        low, high = bounds[i], bounds[i + 1]
        if not high > low:
            continue
        below = front[order[:i], :-1]  # what dominates within this slice
        if len(below) > 1 and m > 2:
            below = below[is_pareto(below)]
        lower, upper = _boxes(below, reference[:-1])
        lowers.append(np.column_stack([lower, np.full(len(lower), low)]))
        uppers.append(np.column_stack([upper, np.full(len(upper), high)]))
    return np.concatenate(lowers), np.concatenate(uppers)
