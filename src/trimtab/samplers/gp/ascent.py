"""Several local searches in a box at once.

Every start has a quasi-Newton search of its own (BFGS; Nocedal and Wright, "Numerical
optimization", 2006, chapter 6) projected to the box, and one call evaluates the next point of all:
a call for eight points costs hardly more than one for a single point.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trimtab.space import Floats

Rows = NDArray[np.int64]

_ARMIJO = 1e-4
_FIRST_STEP = 0.1
_SMALLEST_STEP = 1e-6


def ascend(
    function: Callable[[Floats, Rows], tuple[Floats, Floats]],
    starts: Floats,
    scale: Floats,
    rounds: int,
    tolerance: float = 3e-3,
) -> tuple[Floats, Floats]:
    """Local maxima in the unit cube.

    Args:
        function: Values, shape (k,), and gradients, shape (k, c), at points of shape (k, c), the
            second argument saying of which k of the r searches these are.
        starts: Shape (r, c), in the unit cube.
        scale: Shape (c,) or (r, c): lengths over which the function changes; 0 holds a
            coordinate.
        rounds: Most calls of ``function``.
        tolerance: A search ends where the last step promised less.

    Returns:
        The best points met, and their values.
    """
    r, c = starts.shape
    x = starts.copy()
    value, gradient = function(x, np.arange(r))
    squared = np.broadcast_to(scale * scale, (r, c))
    inverse = np.zeros((r, c, c))
    inverse[:, np.arange(c), np.arange(c)] = squared
    direction, slope = _direction(x, gradient, inverse, squared)
    longest = np.abs(direction / np.where(scale > 0.0, scale, 1.0)).max(axis=1, initial=0.0)
    step = np.minimum(1.0, _FIRST_STEP * 3.0 / np.maximum(longest, 1e-300))
    active = slope * step > tolerance
    fresh = np.ones(r, dtype=bool)
    for _ in range(rounds - 1):
        rows = np.nonzero(active)[0]
        if not len(rows):
            break
        new = np.clip(x[rows] + step[rows, None] * direction[rows], 0.0, 1.0)
        found, slopes = function(new, rows)
        moved = new - x[rows]
        promised = np.einsum("ij,ij->i", gradient[rows], moved)
        kept = (found >= value[rows] + _ARMIJO * promised) & np.isfinite(found)
        good, bad = rows[kept], rows[~kept]
        step[bad] *= 0.25
        active[bad] &= (step[bad] > _SMALLEST_STEP) & (slope[bad] * step[bad] > tolerance)
        if not len(good):
            continue
        s, y = moved[kept], gradient[good] - slopes[kept]
        _update(inverse, good, s, y, fresh)
        gain = found[kept] - value[good]
        x[good], value[good], gradient[good] = new[kept], found[kept], slopes[kept]
        step[good] = 1.0
        direction[good], slope[good] = _direction(
            x[good], gradient[good], inverse[good], squared[good]
        )
        active[good] = (slope[good] > tolerance) | (gain > tolerance)
        active[good] &= slope[good] > 0.1 * tolerance
    return x, value


def _direction(
    x: Floats, gradient: Floats, inverse: Floats, squared: Floats
) -> tuple[Floats, Floats]:
    """Directions of ascent, shape (r, c), and the slopes along them."""
    held = ((x <= 0.0) & (gradient < 0.0)) | ((x >= 1.0) & (gradient > 0.0))
    free = np.where(held, 0.0, gradient)
    direction = np.einsum("ijk,ik->ij", inverse, free)
    direction[held] = 0.0
    slope = np.einsum("ij,ij->i", direction, gradient)
    lost = slope <= 0.0
    if lost.any():
        direction[lost] = (squared * free)[lost]
        slope[lost] = np.einsum("ij,ij->i", direction[lost], gradient[lost])
    return direction, slope


def _update(inverse: Floats, rows: Rows, s: Floats, y: Floats, fresh: NDArray[np.bool_]) -> None:
    """The BFGS update of the inverse Hessians (Nocedal and Wright, eq. 6.17), where it is sound."""
    curvature = np.einsum("ij,ij->i", s, y)
    sound = curvature > 1e-12
    rows, s, y, curvature = rows[sound], s[sound], y[sound], curvature[sound]
    if not len(rows):
        return
    h = inverse[rows]
    hy = np.einsum("ijk,ik->ij", h, y)
    yhy = np.einsum("ij,ij->i", y, hy)
    first = fresh[rows]
    if first.any():  # scaled to the curvature met (eq. 6.20)
        ratio = np.where(first, curvature / np.maximum(yhy, 1e-300), 1.0)
        h *= ratio[:, None, None]
        hy *= ratio[:, None]
        yhy *= ratio
        fresh[rows] = False
    factor = ((curvature + yhy) / curvature**2)[:, None, None]
    h += factor * (s[:, :, None] * s[:, None, :])
    cross = hy[:, :, None] * s[:, None, :]
    h -= (cross + cross.transpose(0, 2, 1)) / curvature[:, None, None]
    inverse[rows] = h
