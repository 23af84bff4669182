"""The best trials where there are several objectives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.samplers.pareto import hypervolume, nondominated_rank
from trimtab.space import Floats


def best_of_several(losses: Floats, wanted: int) -> NDArray[np.bool_]:
    """Whole Pareto fronts, the last one thinned to fit.

    Args:
        losses: Shape (n, m), smaller is better, finite.
        wanted: How many, at most n.

    Returns:
        Shape (n,), ``wanted`` of them true. Fewer form a subset of more.
    """
    ranks = nondominated_rank(losses)
    chosen = np.zeros(len(losses), dtype=bool)
    front = 0
    while chosen.sum() < wanted:
        members = np.flatnonzero(ranks == front)
        room = wanted - int(chosen.sum())
        if len(members) > room:
            members = members[widest(losses[members], room)]
        chosen[members] = True
        front += 1
    return chosen


def widest(front: Floats, wanted: int) -> NDArray[np.int64]:
    """A greedy choice of points with a large hypervolume.

    Guerreiro, Fonseca and Paquete (2016), "Greedy Hypervolume Subset Selection in Low Dimensions":
    at least 1 - 1/e of the best choice's. A gain can only shrink, so that old gains are bounds
    and most need not be computed again. Equal points are chosen last.

    Args:
        front: Shape (n, m).
        wanted: How many, at most n.

    Returns:
        Shape (wanted,), indices in the order of choice.
    """
    unique, first = np.unique(front, axis=0, return_index=True)
    worst = unique.max(axis=0)
    # Beyond the worst of each objective, so that the ends of the front have a volume too.
    reference = np.maximum(1.1 * worst, 0.9 * worst)
    reference[reference == 0.0] = np.finfo(np.float64).eps
    gains = np.prod(reference - unique, axis=1)
    chosen: list[int] = []
    volume = 0.0
    for _ in range(min(wanted, len(unique))):
        best, bound = -1, -np.inf
        for i in np.argsort(-gains, kind="stable").tolist():
            if gains[i] <= bound:
                break
            if chosen:
                gains[i] = hypervolume(unique[[*chosen, i]], reference) - volume
            if gains[i] > bound:
                best, bound = i, gains[i]
        chosen.append(best)
        volume += gains[best]
        gains[best] = -np.inf
    copies = np.setdiff1d(np.arange(len(front)), first)
    return np.concatenate([first[chosen], copies])[:wanted]
