"""Dominance, fronts, crowding and hypervolume. Smaller is better in every column.

A NaN counts as +inf: a point without a value dominates nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.space import Floats

_BLOCK = 256


def nondominated_rank(losses: Floats, violation: Floats | None = None) -> NDArray[np.int64]:
    """The front every point belongs to; 0 is the Pareto front.

    Fronts are those of nondominated sorting (Deb et al., NSGA-II, IEEE TEVC 6(2), 2002, section
    III.A) under constrained domination (section VI): infeasible points come after all feasible
    ones, the less violating before the more violating.

    Args:
        losses: Shape (n, m).
        violation: Shape (n,), 0 where feasible; None: all are.

    Returns:
        Shape (n,), dense from 0. Equal points share a rank.

    Raises:
        InvalidArgument: If a shape is wrong.
    """
    losses = _points("losses", losses)
    if violation is None:
        return _rank(losses)
    feasible = _violation(violation, len(losses)) <= 0.0
    ranks = np.zeros(len(losses), dtype=np.int64)
    ranks[feasible] = _rank(losses[feasible])
    first = ranks[feasible].max() + 1 if feasible.any() else 0
    ranks[~feasible] = first + _rank(_points("violation", violation[~feasible, None]))
    return ranks


def is_pareto(losses: Floats, violation: Floats | None = None) -> NDArray[np.bool_]:
    """Which points are feasible and dominated by no feasible point.

    Args:
        losses: Shape (n, m).
        violation: Shape (n,), 0 where feasible; None: all are.

    Returns:
        Shape (n,). Equal points are all kept.

    Raises:
        InvalidArgument: If a shape is wrong.
    """
    losses = _points("losses", losses)
    if violation is None:
        return _front(losses)
    kept = _violation(violation, len(losses)) <= 0.0
    kept[kept] = _front(losses[kept])
    return kept


def crowding_distance(losses: Floats) -> Floats:
    """How far apart a point's neighbours on its front are (Deb et al. 2002, section III.B).

    Args:
        losses: Shape (n, m), one front.

    Returns:
        Shape (n,): per objective the distance between the two neighbours over the range, summed;
        +inf for the best and the worst of an objective. An objective without a range is left out.
    """
    losses = _points("losses", losses)
    n, m = losses.shape
    distance = np.zeros(n)
    for j in range(m):
        order = np.argsort(losses[:, j], kind="stable")
        column = losses[order, j]
        width = column[-1] - column[0] if n else 0.0
        if not width > 0.0:
            continue
        distance[order[[0, -1]]] = np.inf
        if np.isfinite(width):
            distance[order[1:-1]] += (column[2:] - column[:-2]) / width
    return distance


def hypervolume(points: Floats, reference: Floats) -> float:
    """The volume that points dominate, up to a reference point; exact in any dimension.

    A sweep in two and three dimensions; beyond, the slicing form of WFG (While, Bradstreet and
    Barone, "A fast way of calculating exact hypervolumes", IEEE TEVC 16(1), 2012).

    Args:
        points: Shape (n, m); need not be a front. Those not better than ``reference`` in every
            objective add nothing.
        reference: Shape (m,).

    Returns:
        At least 0.

    Raises:
        InvalidArgument: If a shape is wrong.
    """
    points, reference = _with_reference(points, reference)
    points = points[(points < reference).all(axis=1)]
    return _volume(points[_front(points)], reference) if len(points) else 0.0


def hypervolume_contributions(points: Floats, reference: Floats) -> Floats:
    """What the hypervolume would lose without each of the points.

    Args:
        points: Shape (n, m).
        reference: Shape (m,).

    Returns:
        Shape (n,), at least 0; 0 for dominated points and for one of several equal ones.

    Raises:
        InvalidArgument: If a shape is wrong.
    """
    points, reference = _with_reference(points, reference)
    contributions = np.zeros(len(points))
    inside = np.nonzero((points < reference).all(axis=1))[0]
    unique, first, count = np.unique(points[inside], axis=0, return_index=True, return_counts=True)
    on_front = _front(unique)
    single = np.nonzero(on_front & (count == 1))[0]
    if points.shape[1] == 2 and on_front.all() and len(unique):
        right = np.append(unique[1:, 0], reference[0])
        above = np.insert(unique[:-1, 1], 0, reference[1])
        alone = ((right - unique[:, 0]) * (above - unique[:, 1]))[single]
    else:
        alone = np.array([_alone(unique, i, reference) for i in single.tolist()])
    contributions[inside[first[single]]] = alone
    return contributions


def _alone(points: Floats, i: int, reference: Floats) -> float:
    """The volume that only point i dominates."""
    limited = np.maximum(np.delete(points, i, axis=0), points[i])
    volume = float(np.prod(reference - points[i]))
    return max(volume - hypervolume(limited, reference), 0.0)


def _points(argument: str, points: Floats) -> Floats:
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] < 1:
        raise InvalidArgument(argument, "shape (n, m) with m >= 1", points.shape)
    return np.where(np.isnan(points), np.inf, points)


def _violation(violation: Floats, n: int) -> Floats:
    violation = np.asarray(violation, dtype=np.float64)
    if violation.shape != (n,):
        raise InvalidArgument("violation", f"shape ({n},)", violation.shape)
    return np.where(np.isnan(violation), np.inf, violation)


def _with_reference(points: Floats, reference: Floats) -> tuple[Floats, Floats]:
    points = _points("points", points)
    reference = np.asarray(reference, dtype=np.float64)
    if reference.shape != (points.shape[1],):
        raise InvalidArgument("reference", f"shape ({points.shape[1]},)", reference.shape)
    return points, reference


def _rank(losses: Floats) -> NDArray[np.int64]:
    n, m = losses.shape
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    unique, inverse = np.unique(losses, axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    if m == 1:
        return inverse.astype(np.int64)
    ranks = _rank_2d(unique) if m == 2 else _rank_blocks(unique)
    return ranks[inverse]


def _rank_2d(points: Floats) -> NDArray[np.int64]:
    """Ranks of distinct points in lexicographic order, O(n log n).

    Of every front only the point met last, which has its smallest second objective, can dominate
    what comes later; these grow with the front's rank.
    """
    lowest: list[float] = []
    ranks = []
    for second in points[:, 1].tolist():
        rank = bisect_right(lowest, second)
        if rank == len(lowest):
            lowest.append(second)
        else:
            lowest[rank] = second
        ranks.append(rank)
    return np.array(ranks, dtype=np.int64)


def _rank_blocks(points: Floats) -> NDArray[np.int64]:
    """Ranks of distinct points in lexicographic order, O(n^2 m) without a Python loop over pairs.

    A point's rank is the length of the longest chain of points that dominate one another above
    it, and in lexicographic order nothing is dominated by what follows.
    """
    columns = np.ascontiguousarray(points.T[1:])  # the first objective is sorted
    n = len(points)
    ranks = np.zeros(n, dtype=np.int64)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        dominated = np.ones((stop - start, stop), dtype=bool)  # by each of the points before
        for column in columns:
            dominated &= column[None, :stop] <= column[start:stop, None]
        floor = np.where(dominated[:, :start], ranks[:start] + 1, 0).max(axis=1, initial=0)
        for i in range(stop - start):
            inside = ranks[start : start + i][dominated[i, start : start + i]]
            ranks[start + i] = max(int(floor[i]), int(inside.max(initial=-1)) + 1)
    return ranks


def _front(losses: Floats) -> NDArray[np.bool_]:
    n, m = losses.shape
    if n == 0:
        return np.zeros(0, dtype=bool)
    if m == 1:
        return np.asarray(losses[:, 0] == losses[:, 0].min())
    unique, inverse = np.unique(losses, axis=0, return_inverse=True)
    kept = _front_2d(unique) if m == 2 else _front_blocks(unique)
    return kept[inverse.reshape(-1)]


def _front_2d(points: Floats) -> NDArray[np.bool_]:
    kept = np.ones(len(points), dtype=bool)
    kept[1:] = points[1:, 1] < np.minimum.accumulate(points[:-1, 1])
    return kept


def _front_blocks(points: Floats) -> NDArray[np.bool_]:
    kept = np.zeros(len(points), dtype=bool)
    front = np.empty((points.shape[1], 0))
    for start in range(0, len(points), _BLOCK):
        block = np.ascontiguousarray(points[start : start + _BLOCK].T)
        rows = np.nonzero(~_covered(front, block).any(axis=0))[0]
        block = block[:, rows]
        inside = _covered(block, block)
        np.fill_diagonal(inside, False)
        alive = ~inside.any(axis=0)
        kept[start + rows[alive]] = True
        front = np.concatenate([front, block[:, alive]], axis=1)
    return kept


def _covered(front: Floats, block: Floats) -> NDArray[np.bool_]:
    """Shape (front, block): whether one column is nowhere worse than the other."""
    covered = np.ones((front.shape[1], block.shape[1]), dtype=bool)
    for a, b in zip(front, block, strict=True):
        covered &= a[:, None] <= b[None, :]
    return covered


def _volume(front: Floats, reference: Floats) -> float:
    """Hypervolume of a front whose points are all better than the reference."""
    m = len(reference)
    if m == 1:
        return float(reference[0] - front.min())
    if m == 2:
        front = np.unique(front, axis=0)
        widths = np.diff(front[:, 0], append=reference[0])
        return float(widths @ (reference[1] - front[:, 1]))
    if m == 3:
        return _volume_3d(front, reference)
    # While et al. 2012, section IV: sorted from worst to best in the last objective, a point adds
    # to those after it a slab whose base is a volume of one dimension less.
    order = np.argsort(-front[:, -1], kind="stable")
    height = reference[-1] - front[order, -1]
    base, corner = front[order, :-1], reference[:-1]
    total = 0.0
    for i in range(len(order)):
        limited = np.maximum(base[i + 1 :], base[i])
        hidden = _volume(limited[_front(limited)], corner) if len(limited) else 0.0
        total += float(height[i]) * (float(np.prod(corner - base[i])) - hidden)
    return total


def _volume_3d(front: Floats, reference: Floats) -> float:
    """A sweep along the third objective that keeps the staircase of the first two."""
    order = np.argsort(front[:, 2], kind="stable")
    right, top, back = reference.tolist()
    # The staircase: x ascending, y descending, between two sentinels.
    xs, ys = [-np.inf, right], [top, -np.inf]
    area = volume = 0.0
    level = 0.0
    for x, y, z in front[order].tolist():
        volume += area * (z - level)
        level = z
        i = bisect_left(xs, x)
        if ys[i - 1] <= y or (xs[i] == x and ys[i] <= y):
            continue
        j = i
        ceiling, left = ys[i - 1], x
        while ys[j] >= y:  # steps that the new point covers
            area += (xs[j] - left) * (ceiling - y)
            ceiling, left = ys[j], xs[j]
            j += 1
        area += (xs[j] - left) * (ceiling - y)
        xs[i:j], ys[i:j] = [x], [y]
    return float(volume + area * (back - level))
