"""Test functions of global optimization, to be minimized; noiseless, no state.

Called with one point, with rows of points, or with one argument a coordinate::

    hartmann6(np.full(6, 0.5))  # a float
    hartmann6(np.full((10, 6), 0.5))  # an array of shape (10,)
    branin(0.0, 5.0)  # a float
    branin(np.zeros(10), np.ones(10))  # an array of shape (10,)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.errors import InvalidArgument, InvalidType

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SyntheticFunction:
    """A function of d coordinates with a known minimum.

    Attributes:
        name: As one calls it.
        domain: Least and greatest value of each coordinate over which it is usually minimized;
            values outside are computed just the same.
        fmin: The smallest value on the domain.
        minimums: Where it is reached, each a point of d coordinates.
    """

    name: str
    domain: tuple[tuple[float, float], ...]
    fmin: float
    minimums: tuple[tuple[float, ...], ...]
    _values: Callable[[Array], Array]

    @overload
    def __call__(self, *x: float) -> float: ...

    @overload
    def __call__(self, *x: ArrayLike) -> Any: ...

    def __call__(self, *x: Any) -> Any:
        """The value at a point, or the values at many.

        Args:
            x: One array of shape ``(d,)`` or ``(..., d)``; or d arguments, one a coordinate,
                each a number or an array, which are broadcast against each other.

        Returns:
            A float for one point; else an array of shape ``(...,)``.

        Raises:
            InvalidArgument: If there are not d coordinates, or their shapes do not fit together.
            InvalidType: If something is no number; for instance None, for a parameter that was
                looked up by a name it does not have.
        """
        d = len(self.domain)
        if len(x) == 1:
            points = _numbers("x", x[0])
            if points.ndim == 0 or points.shape[-1] != d:
                raise InvalidArgument("x", f"an array of shape ({d},) or (n, {d})", x[0])
        elif len(x) == d:
            coordinates = [_numbers(f"x{i + 1}", value) for i, value in enumerate(x)]
            try:
                points = np.stack(np.broadcast_arrays(*coordinates), axis=-1)
            except ValueError as reason:
                shapes = tuple(c.shape for c in coordinates)
                raise InvalidArgument("x", "coordinates of one shape", shapes) from reason
        else:
            raise InvalidArgument("x", f"one array or {d} coordinates", x)
        values = self._values(points)
        return float(values) if points.ndim == 1 else values


def _numbers(argument: str, value: Any) -> Array:
    try:
        found = np.asarray(value)
    except ValueError as reason:  # rows of unequal length
        raise InvalidArgument(argument, "an array of numbers", value) from reason
    if found.dtype.kind not in "fiu":
        raise InvalidType(argument, "a number or an array of numbers", value)
    return found.astype(np.float64)


def _branin(x: Array) -> Array:
    """Dixon & Szegő 1978, with the usual constants."""
    first, second = x[..., 0], x[..., 1]
    slope = 5.1 / (4.0 * math.pi**2)
    valley = second - slope * first**2 + 5.0 / math.pi * first - 6.0
    value: Array = valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * math.pi)) * np.cos(first) + 10.0
    return value


# Dixon & Szegő 1978: heights, widths (4 x 6) and places (4 x 6) of the four wells.
_HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
_WIDTHS = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
_PLACES = 1e-4 * np.array(
    [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ]
)


def _hartmann6(x: Array) -> Array:
    """Minus the sum over the wells of height · exp(−Σ_j width_j (x_j − place_j)²)."""
    depths = np.exp(-np.sum(_WIDTHS * (x[..., None, :] - _PLACES) ** 2, axis=-1))
    value: Array = -(depths @ _HEIGHTS)
    return value


branin = SyntheticFunction(
    name="Branin",
    domain=((-5.0, 10.0), (0.0, 15.0)),
    fmin=0.397887,
    minimums=((-math.pi, 12.275), (math.pi, 2.275), (3.0 * math.pi, 2.475)),
    _values=_branin,
)
"""Branin's function: three minima of one depth."""

hartmann6 = SyntheticFunction(
    name="Hartmann6",
    domain=((0.0, 1.0),) * 6,
    fmin=-3.322368,
    minimums=((0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573),),
    _values=_hartmann6,
)
"""Hartmann's function of six coordinates: four wells, one of them deepest."""
