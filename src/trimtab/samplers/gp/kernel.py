"""Stationary kernels on scaled squared distances, and the features that distances are taken of.

A column of a space becomes one or several features, so that one formula, the squared Euclidean
distance of features weighted by column, serves floats, integers, choices and absent parameters, and
is positive definite for all of them. See `Encoding`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.space import Floats, Space

_SQRT5 = math.sqrt(5.0)
_ABSENT = 0.5
"""Squared distance between a parameter's presence and its absence; at least (1/2)^2."""

Kernel: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]
"""Squared distances in units of the length scales -> correlations, and their derivatives by the
squared distance; shapes alike. The argument may be overwritten."""


def matern52(square: Floats) -> tuple[Floats, Floats]:
    """Matern-5/2 (Rasmussen and Williams, GPML, 2006, eq. 4.17)."""
    root = np.sqrt(square)
    root *= _SQRT5
    slope = np.exp(-root)
    root += 1.0
    slope *= root  # (1 + r) exp(-r)
    square *= 5.0 / 3.0
    square /= root
    square += 1.0
    square *= slope  # (1 + r + r^2 / 3) exp(-r)
    slope *= -5.0 / 6.0
    return square, slope


def rbf(square: Floats) -> tuple[Floats, Floats]:
    """The squared exponential (GPML eq. 4.9)."""
    square *= -0.5
    value = np.exp(square, out=square)
    return value, value * -0.5


def squares(one: Floats, two: Floats, lengths: Floats | None = None) -> Floats:
    """Squared distances, shape (a, b), between points of shapes (a, f) and (b, f).

    Args:
        one: The former.
        two: The latter.
        lengths: Shape (b,), the squared lengths of the latter, where they are known.
    """
    out: Floats = one @ two.T
    out *= -2.0
    out += np.einsum("ij,ij->i", one, one)[:, None]
    out += np.einsum("ij,ij->i", two, two) if lengths is None else lengths
    return np.maximum(out, 0.0, out=out)


class Encoding:
    """The features of the columns of one space.

    - A numerical or ordered column is a feature itself, where it is absent 1/2. If it is ever
      absent, it has a second feature that tells so.
    - An unordered one has a feature for each choice, so that the squared distance between two
      different choices is 1 (Hamming); where it is absent, none of them is set.

    Args:
        space: d columns.
        ordered: Names of the categorical parameters whose choices are in order.
        absent: Shape (d,), whether a column is ever absent.

    Attributes:
        group: Shape (f,), the column of every feature.
        numeric: Indices of the columns that are features themselves.
        feature: Indices of their features.
    """

    def __init__(
        self,
        space: Space,
        ordered: frozenset[str] = frozenset(),
        absent: NDArray[np.bool_] | None = None,
    ) -> None:
        d = len(space)
        unordered = space.is_categorical & ~np.array([n in ordered for n in space], dtype=bool)
        self.d = d
        self.numeric = np.nonzero(~unordered)[0]
        self.unordered = np.nonzero(unordered)[0]
        self._levels = space.levels
        optional = np.zeros(d, dtype=bool) if absent is None else absent & ~unordered
        self._optional = np.nonzero(optional)[0]
        self._plain = not len(self.unordered) and not len(self._optional)
        groups = [self.numeric, self._optional]
        groups += [np.full(int(space.levels[j]), j) for j in self.unordered.tolist()]
        self.group = np.concatenate(groups).astype(np.int64)
        self.feature = np.arange(len(self.numeric))

    def features(self, points: Floats) -> Floats:
        """Features, shape (n, f), of points of the unit cube, shape (n, d), NaN where absent."""
        if self._plain:
            return points
        n = len(points)
        missing = np.isnan(points)
        out = np.zeros((n, len(self.group)))
        stop = len(self.numeric)
        out[:, :stop] = np.where(missing, 0.5, points)[:, self.numeric]
        for j in self._optional.tolist():
            out[:, stop] = missing[:, j] * math.sqrt(_ABSENT)
            stop += 1
        rows = np.arange(n)
        for j in self.unordered.tolist():
            levels = int(self._levels[j])
            there = ~missing[:, j]
            index = np.minimum(
                (np.where(there, points[:, j], 0.0) * levels).astype(np.int64), levels - 1
            )
            out[rows[there], stop + index[there]] = math.sqrt(0.5)
            stop += levels
        return out

    def distances(self, features: Floats) -> Floats:
        """Squared distances by column, shape (d, n, n)."""
        n = len(features)
        out = np.zeros((self.d, n, n))
        for k, j in enumerate(self.group.tolist()):
            column = features[:, k]
            difference = column[:, None] - column
            difference *= difference
            out[j] += difference
        return out
