"""One transform between parameter values and columns of the unit cube.

Every column, categorical ones too, lies in [0, 1]. A column with k levels is cut into k cells of
equal width and a level stands at the middle of its cell, so that a uniform draw of the column is
a uniform draw of the level. Nothing else in the package knows about ``log`` or ``step``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trimtab.space.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
)

Floats = NDArray[np.float64]

_EXACT = 1 << 53
"""Resolution of a unit column: floats in [0, 1) are multiples of 2**-53."""


_NARROW = 1.0 + 1e-6
"""Bounds nearer than this ratio: the log scale is the linear one, but for rounding."""


def is_log(distribution: FloatDistribution | IntDistribution) -> bool:
    """Whether the logarithm is what is searched.

    Between bounds of almost the same size it is not: their logarithms may be the same float.
    """
    return distribution.log and float(distribution.high) > float(distribution.low) * _NARROW


def edges(distribution: FloatDistribution | IntDistribution) -> tuple[float, float]:
    """The interval that [0, 1] stands for, on the searched (perhaps log) scale.

    Half a step is added on both sides, so that the outermost values get a whole cell.
    """
    step = float(distribution.step or 0.0)
    low, high = float(distribution.low), float(distribution.high)
    if not is_log(distribution):
        return low - step / 2.0, high + step / 2.0
    # Half a step below `low` may not be positive; half of `low` always is.
    return math.log(low - min(step, low) / 2.0), math.log(high + step / 2.0)


def to_unit(distribution: Distribution, internal: Internal) -> float:
    """The unit coordinate of one internal value."""
    levels = distribution.levels
    if isinstance(distribution, CategoricalDistribution):
        return (int(internal) + 0.5) / levels
    if levels == 1:
        return 0.5
    if levels and distribution.step is not None and not is_log(distribution):
        if isinstance(distribution, IntDistribution):
            index = (int(internal) - distribution.low) // distribution.step
        else:
            index = round((internal - distribution.low) / distribution.step)
        return min(max((index + 0.5) / levels, 0.0), 1.0)
    low, high = edges(distribution)
    value = math.log(internal) if is_log(distribution) else float(internal)
    # Halves, which are exact: the width of a range of floats may be no float.
    return min(max((value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0), 0.0), 1.0)


def from_unit(distribution: Distribution, unit: float) -> Internal:
    """The admissible internal value nearest to unit coordinate ``unit``; never out of bounds."""
    if isinstance(distribution, FloatDistribution):
        if distribution.step is not None:
            return _on_float_grid(distribution, distribution.step, unit)
        low, high = distribution.low, distribution.high
        if distribution.log and is_log(distribution):
            start, stop = math.log(low), math.log(high)
            value = math.exp(start + unit * (stop - start))
        else:
            # The weighted form cannot overflow where `high - low` would.
            value = low * (1.0 - unit) + high * unit
        return min(max(value, low), high)
    if isinstance(distribution, IntDistribution):
        levels = distribution.levels
        if not is_log(distribution):
            index = int(unit * levels) if levels < _EXACT else int(unit * _EXACT) * levels // _EXACT
        else:
            start, stop = edges(distribution)
            scaled = (
                math.exp(start + unit * (stop - start)) - distribution.low
            ) / distribution.step
            index = round(scaled)
        return distribution.low + distribution.step * min(max(index, 0), levels - 1)
    levels = len(distribution.choices)
    return min(max(int(unit * levels), 0), levels - 1)


def _on_float_grid(distribution: FloatDistribution, step: float, unit: float) -> float:
    levels = distribution.levels
    if is_log(distribution):
        start, stop = edges(distribution)
        index = round((math.exp(start + unit * (stop - start)) - distribution.low) / step)
    else:
        index = int(unit * levels)
    return grid_value(distribution, min(max(index, 0), levels - 1))


def grid_value(distribution: FloatDistribution, index: int) -> float:
    """The ``index``-th value of a stepped float, free of accumulated rounding and in bounds."""
    step = distribution.step or 0.0
    value = float(f"{distribution.low + index * step:.15g}")
    return min(max(value, distribution.low), distribution.high)


def column_to_unit(distribution: Distribution, internal: Floats) -> Floats:
    """`to_unit` for a column, shape (n,); NaN (absent) stays NaN."""
    levels = distribution.levels
    if isinstance(distribution, CategoricalDistribution):
        return (internal + 0.5) / levels
    if levels == 1:
        return np.where(np.isnan(internal), np.nan, 0.5)
    if levels and distribution.step is not None and not is_log(distribution):
        index = np.rint((internal - float(distribution.low)) / float(distribution.step))
        return np.clip((index + 0.5) / levels, 0.0, 1.0)
    low, high = edges(distribution)
    if not is_log(distribution):
        return np.clip((internal / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0), 0.0, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip((np.log(internal) - low) / (high - low), 0.0, 1.0)


def float_to_unit(distribution: Distribution, internal: float) -> float:
    """`column_to_unit` of one value that is not NaN, bit for bit, without the cost of an array."""
    if isinstance(distribution, FloatDistribution) and distribution.step is None:
        low, high = distribution.low, distribution.high
        if low < high and not distribution.log:  # by far the most frequent; as below
            unit = (internal / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
            return 0.0 if unit < 0.0 else min(unit, 1.0)
    levels = distribution.levels
    if isinstance(distribution, CategoricalDistribution):
        return (internal + 0.5) / levels
    if levels == 1:
        return 0.5
    if levels and distribution.step is not None and not is_log(distribution):
        # `round` and `rint` both round halves to even.
        index = round((internal - float(distribution.low)) / float(distribution.step))
        return min(max((index + 0.5) / levels, 0.0), 1.0)
    low, high = edges(distribution)
    value = internal
    if is_log(distribution):
        if internal <= 0.0:
            return 0.0 if internal == 0.0 else math.nan
        # NumPy's logarithm, as in the array: the C library's may differ in the last bit.
        value = float(np.log(internal))
    # Halves, which are exact: the width of a range of floats may be no float.
    return min(max((value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0), 0.0), 1.0)
