"""Product kernels on the unit cube, and how to sum thousands of them fast.

All densities here are relative to the uniform one: a flat kernel is 1 everywhere, and a parameter
that a trial did not have is a factor of 1. A kernel is a product over its columns of

- a normal density cut off at 0 and 1 (continuous columns),
- a normal mass on the cells, summing to 1 over them (discrete columns),
- a choice kept with probability ``1 - miss``, otherwise drawn anew (categorical columns;
  Aitchison and Aitken, "Multivariate binary discrimination by the kernel method", 1976).

Widths are shared by all kernels, so that the logarithm of a kernel at a point is a dot product of
features of the point and features of the kernel, up to a term of the point alone where no column
is absent: all kernels at all points are one matrix product.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trimtab.space import Floats, Space

Ints = NDArray[np.int64]

_SQRT_2PI = 2.5066282746310002
_HALF_SQRT = 0.7071067811865476
_ERF_STEPS = 8192
_ERF_LAST = 4 * _ERF_STEPS
_TERMS = 64
_FINE = 8.0
"""A column whose widths span this many cells is as good as continuous (to 5e-4 of the mass)."""


class Columns:
    """How the columns of a space turn into features.

    A point's features are ``[-x**2 p / 2, x p, 1, gains]`` and a kernel's are ``[present, centre,
    constant, one-hot]``, with q numeric columns in each of the first two blocks and, in the last,
    one feature for every choice of every categorical column.

    Args:
        space: d columns, q of them numeric, c categorical.

    Attributes:
        numeric: Shape (q,), their indices.
        categorical: Shape (c,), their indices.
        cells: Shape (q,), levels of the numeric columns, 0 where continuous.
        choices: Shape (c,), levels of the categorical columns.
        finite: Whether every column has finitely many levels.
        width: Number of features.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.d = len(space)
        self.numeric: Ints = np.nonzero(~space.is_categorical)[0]
        self.categorical: Ints = np.nonzero(space.is_categorical)[0]
        self.q = q = len(self.numeric)
        self.c = len(self.categorical)
        self.all_numeric = q == self.d
        self.cells: Ints = space.levels[self.numeric]
        self.choices: Ints = space.levels[self.categorical]
        self.finite = bool(np.all(space.levels > 0))
        ends = 2 * q + 1 + np.cumsum(self.choices)
        self.width = 2 * q + 1 + int(self.choices.sum())
        self._spans = list(
            zip(
                self.categorical.tolist(),
                (ends - self.choices).tolist(),
                ends.tolist(),
                strict=True,
            )
        )
        self._discrete: Ints = np.nonzero(self.cells > 0)[0]
        self._levels: Ints = self.cells[self._discrete]

    def numbers(self, points: Floats) -> Floats:
        """The numeric columns of points, shape (n, q); a view where that is all of them."""
        return points if self.all_numeric else points[:, self.numeric]

    def snap(self, points: Floats) -> None:
        """Move whole points, shape (n, d), to the centres of their cells, in place."""
        if len(self._discrete):
            at = self.numeric[self._discrete]
            points[:, at] = _centres(points[:, at], self._levels)
        if self.c:
            points[:, self.categorical] = _centres(points[:, self.categorical], self.choices)

    def kernel_features(self, points: Floats, out: Floats) -> None:
        """Fill ``out``, shape (k, width), from ``points``, shape (k, d), NaN where absent.

        The constant is left at 0, as it depends on the widths.
        """
        q = self.q
        numeric = self.numbers(points)
        present = ~np.isnan(numeric)
        out[:, :q] = present
        out[:, q : 2 * q] = np.where(present, numeric, 0.0)
        out[:, 2 * q :] = 0.0
        for column, start, end in self._spans:
            values = points[:, column]
            rows = np.nonzero(~np.isnan(values))[0]
            out[rows, start + _choice(values[rows], end - start)] = 1.0

    def point_features(self, points: Floats, widths: Floats, miss: float) -> Floats:
        """Features, shape (n, width), of whole points, shape (n, d)."""
        q = self.q
        out = np.empty((len(points), self.width))
        if q:
            numeric = self.numbers(points)
            scaled = numeric * (1.0 / (widths * widths))
            out[:, q : 2 * q] = scaled
            scaled *= numeric
            scaled *= -0.5
            out[:, :q] = scaled
        out[:, 2 * q] = 1.0
        if self.c:
            out[:, 2 * q + 1 :] = 0.0
            rows = np.arange(len(points))
            for column, start, end in self._spans:
                count = end - start
                out[rows, start + _choice(points[:, column], count)] = gain(count, miss)
        return out

    def constants(self, kernels: Floats, widths: Floats, miss: float) -> Floats:
        """The part of each kernel's logarithm that no point enters, shape (k,).

        Args:
            kernels: Shape (k, width), rows of `kernel_features`.
            widths: Shape (q,), standard deviations, positive.
            miss: Probability that a choice is drawn anew, above 0.
        """
        q = self.q
        if q:
            centres = kernels[:, q : 2 * q]
            logs = self.log_scale(centres, widths)
            logs += centres * centres * (0.5 / (widths * widths))
            total: Floats = np.einsum("kq,kq->k", kernels[:, :q], logs)
            np.negative(total, out=total)
        else:
            total = np.zeros(len(kernels))
        if self.c:
            total += kernels[:, 2 * q + 1 :].sum(axis=1) * np.log(miss)
        return total

    def log_scale(self, centres: Floats, widths: Floats) -> Floats:
        """Logarithm of what divides ``exp(-(x - centre)**2 / (2 width**2))``; shape (k, q)."""
        scale = (_HALF_SQRT * _ERF_STEPS) / widths
        both = np.empty((2, *centres.shape))
        np.multiply(centres, scale, out=both[0])
        np.subtract(scale, both[0], out=both[1])
        np.minimum(both, _ERF_LAST, out=both)
        mass: Floats = np.add.reduce(_erf_table().take(both.astype(np.intp)))
        mass *= widths * (0.5 * _SQRT_2PI)
        if len(self._discrete):
            self._discrete_scale(centres, widths, mass)
        return np.log(mass, out=mass)

    def _discrete_scale(self, centres: Floats, widths: Floats, mass: Floats) -> None:
        """Replace integrals in ``mass`` by sums over cell centres, where cells are not narrow."""
        coarse = widths[self._discrete] * self._levels < _FINE
        if not coarse.any():
            return
        columns, levels = self._discrete[coarse], self._levels[coarse]
        steps = np.arange(1, _TERMS + 1) / (levels * widths[columns])[:, None]
        sums = np.zeros((len(levels), _TERMS + 1))
        np.cumsum(np.exp(-0.5 * steps * steps), axis=1, out=sums[:, 1:])
        cells = np.minimum((centres[:, columns] * levels).astype(np.int64), levels - 1)
        rows = np.arange(len(levels))
        left = sums[rows, np.minimum(cells, _TERMS)]
        right = sums[rows, np.minimum(levels - 1 - cells, _TERMS)]
        mass[:, columns] = (1.0 + left + right) / levels


def gain(count: int, miss: float) -> float:
    """Logarithm of how much likelier the kernel's own choice is than another one of ``count``."""
    return float(np.log1p(count * (1.0 - miss) / miss))


def _choice(values: Floats, count: int) -> Ints:
    out: Ints = np.minimum((values * count).astype(np.int64), count - 1)
    return out


def _centres(points: Floats, levels: Ints) -> Floats:
    out: Floats = (np.minimum(np.floor(points * levels), levels - 1) + 0.5) / levels
    return out


@cache
def _erf_table() -> Floats:
    """The error function at the middle of cells of [0, 4], off by less than 7e-5 anywhere."""
    middles = (np.arange(_ERF_LAST + 1) + 0.5) / _ERF_STEPS
    return np.array([math.erf(x) for x in middles.tolist()])
