"""A Gaussian process on pairwise comparisons, by Laplace's approximation.

Chu and Ghahramani, "Preference learning with Gaussian processes", ICML 2005. A hidden utility f has
a Gaussian process prior; comparison c says that point ``better[c]`` beat point ``worse[c]``, which
has probability Phi(u_c), u_c = f(better) - f(worse) (their eq. 4, in units of the judge's noise, so
that the prior's scale is the ratio of signal to noise).

Everything is written with the gain matrix ``R = (K + W^-1)^-1 = W - W S W``, where W is the
negative Hessian of the log likelihood and S the posterior covariance: neither K nor W is ever
inverted.
Rasmussen and Williams (GPML, 2006), chapter 3, have the same for a diagonal W.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import log_ndtr

from trimtab.space import Floats

Indices = NDArray[np.int64]

_JITTER = 1e-6  # of the prior's variance
_NEWTON_STEPS = 100
_TOLERANCE = 1e-7
_SLOW = 0.3  # of a step's length: a step that is longer asks for a new Hessian
_TABLE_LOW = -40
_TABLE_CELLS = 256
_MOST_SHRINKS = 20  # of a slice; the chain then stays where it is for this step
_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A Matern-5/2 covariance with one length scale for each group of features.

    Attributes:
        lengths: Shape (g,), positive.
        scale: Standard deviation of the utility, in units of the judge's noise.
        group: Shape (f,): which length scale each feature has.
    """

    lengths: Floats
    scale: float
    group: Indices

    def __call__(self, one: Floats, two: Floats) -> Floats:
        """Covariances, shape (a, b), between points of shapes (a, f) and (b, f)."""
        scaled = self.lengths[self.group]
        one, two = one / scaled, two / scaled
        square = (one**2).sum(1)[:, None] + (two**2).sum(1) - 2.0 * one @ two.T
        return self.of_squares(np.maximum(square, 0.0))

    def of_squares(self, square: Floats) -> Floats:
        """Covariances at squared distances in units of the length scales."""
        root = _SQRT5 * np.sqrt(square)
        out: Floats = self.scale**2 * (1.0 + root + root**2 / 3.0) * np.exp(-root)
        return out

    def slope(self, square: Floats) -> Floats:
        """What (distance in one group)^2 is multiplied by in the derivative by its log length."""
        root = _SQRT5 * np.sqrt(square)
        out: Floats = self.scale**2 * (5.0 / 3.0) * (1.0 + root) * np.exp(-root)
        return out


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Points and which of them beat which.

    Attributes:
        features: Shape (n, f).
        group: Shape (f,): the length scale of each feature.
        better: Shape (m,): rows of ``features``.
        worse: Shape (m,): likewise; ``better[c] != worse[c]``.
    """

    features: Floats
    group: Indices
    better: Indices
    worse: Indices

    def differences(self, values: Floats) -> Floats:
        """D values: ``better`` less ``worse`` along the first axis."""
        out: Floats = values[self.better] - values[self.worse]
        return out

    def spread(self, weights: Floats) -> Floats:
        """D' weights, shape (n,)."""
        n = len(self.features)
        won, lost = (np.bincount(rows, weights, n) for rows in (self.better, self.worse))
        return np.asarray(won - lost, dtype=np.float64)

    def weights(self, curvature: Floats) -> Floats:
        """W = D' diag(curvature) D, shape (n, n)."""
        n = len(self.features)
        flat = np.bincount(self.better * n + self.worse, curvature, n * n).reshape(n, n)
        W = np.asarray(-(flat + flat.T), dtype=np.float64)
        W[np.diag_indices(n)] = -W.sum(1)
        return W


def slopes(u: Floats) -> tuple[Floats, Floats, Floats]:
    """First derivative of log Phi(u), its second negated, and the derivative of the latter."""
    first = np.exp(-0.5 * u**2 - log_ndtr(u)) / math.sqrt(2.0 * math.pi)
    second = np.clip(first * (first + u), 0.0, 1.0)  # what is left of it where u is -10^5
    third = first - second * (2.0 * first + u)
    return first, second, third


class _LogCdf:
    """log Phi by straight lines between points 1/256 apart; off by less than 2e-6.

    Five times as fast as the function itself, and near enough for a draw to be kept or not.
    """

    def __init__(self) -> None:
        self._values = log_ndtr(
            np.arange(_TABLE_LOW * _TABLE_CELLS, 10 * _TABLE_CELLS + 2) / _TABLE_CELLS
        )
        self._rises = np.diff(self._values)

    def __call__(self, u: Floats) -> Floats:
        """Shape of ``u``. Below -40 it goes on as the line at -40 does."""
        place = np.minimum((u - _TABLE_LOW) * _TABLE_CELLS, len(self._rises) - 1.0)
        cell = np.maximum(place, 0.0).astype(np.int64)
        out: Floats = self._values[cell] + (place - cell) * self._rises[cell]
        return out


log_cdf = _LogCdf()


class Posterior:
    """The utility after some comparisons, as a Gaussian process.

    Args:
        data: The comparisons.
        kernel: The prior's covariance.
        squares: Shape (g, n, n): squared distances by group, where the caller has them.
        near: Shape (n,): utilities to begin the search at; None: 0. It changes how long the
            search takes, not what it finds.

    Attributes:
        utility: Shape (n,): the most probable utilities of the points of ``data``.
        evidence: Log marginal likelihood of the comparisons.
    """

    def __init__(
        self,
        data: Comparisons,
        kernel: Kernel,
        squares: Floats | None = None,
        near: Floats | None = None,
    ) -> None:
        self.data = data
        self.kernel = kernel
        self._squares = squares_by_group(data) if squares is None else squares
        n = len(data.features)
        self._square = np.tensordot(kernel.lengths**-2.0, self._squares, 1)
        K = kernel.of_squares(self._square)
        K[np.diag_indices(n)] += _JITTER * kernel.scale**2
        self._L = cholesky(K, lower=True, check_finite=False)
        start = np.zeros(n)
        if near is not None:
            start = solve_triangular(self._L, near, lower=True, check_finite=False)
        self._z = self._mode(start)
        self.utility: Floats = self._L @ self._z
        self._u = data.differences(self.utility)
        self._slopes = slopes(self._u)
        self._gradient = data.spread(self._slopes[0])  # of the log likelihood; K^-1 f at the mode
        self._W = data.weights(self._slopes[1])
        self._A = self._hessian_factor(self._W)
        self.evidence = float(
            log_ndtr(self._u).sum() - 0.5 * self._z @ self._z - np.log(np.diag(self._A)).sum()
        )  # GPML eq. 3.32

    def _hessian_factor(self, W: Floats) -> Floats:
        """Lower Cholesky factor of A = I + L' W L, whose eigenvalues are at least 1."""
        A = self._L.T @ (W @ self._L)
        A[np.diag_indices(len(A))] += 1.0
        out: Floats = cholesky(A, lower=True, check_finite=False)
        return out

    def _mode(self, z: Floats) -> Floats:
        """Newton's method on the whitened utilities z (f = L z), whose problem is convex.

        A Hessian is used for as long as the steps become much shorter with it: near the mode it
        hardly changes, and factoring it is what takes time.
        """
        data, L = self.data, self._L
        u = data.differences(L @ z)
        height = float(log_ndtr(u).sum() - 0.5 * z @ z)
        A: Floats | None = None
        before = math.inf
        for _ in range(_NEWTON_STEPS):
            first, second, _third = slopes(u)
            slope = L.T @ data.spread(first) - z
            if A is None:
                A, fresh = self._hessian_factor(data.weights(second)), True
            step = cho_solve((A, True), slope, check_finite=False)
            size = float(np.abs(step).max(initial=0.0))
            if size < _TOLERANCE:
                break
            if not fresh and size > _SLOW * before:
                A, before = None, math.inf
                continue
            length = 1.0
            while True:
                new = z + length * step
                u_new = data.differences(L @ new)
                new_height = float(log_ndtr(u_new).sum() - 0.5 * new @ new)
                if new_height >= height or length < 1e-4:
                    break
                length /= 2.0
            gained = new_height - height
            z, u, height = new, u_new, new_height
            before, fresh = size, False
            if abs(gained) < 1e-11 * (1.0 + abs(height)):
                break
        return z

    @cached_property
    def _half(self) -> Floats:
        """A^-1 L', shape (n, n), with the factor A of the Hessian: S = L (A A')^-1 L'."""
        out: Floats = solve_triangular(self._A, self._L.T, lower=True, check_finite=False)
        return out

    @cached_property
    def _covariance(self) -> Floats:
        """Covariance of the utilities at the data, shape (n, n)."""
        out: Floats = self._half.T @ self._half
        return out

    @cached_property
    def _gain(self) -> Floats:
        """(K + W^-1)^-1, shape (n, n)."""
        out: Floats = self._W - self._W @ self._covariance @ self._W
        return out

    def evidence_gradient(self) -> tuple[Floats, float]:
        """Derivatives of ``evidence`` by the log lengths, shape (g,), and by the log scale.

        GPML section 5.5.1: the explicit part, and the one by way of the mode.
        """
        data, S = self.data, self._covariance
        g = self._gradient
        won, lost = data.better, data.worse
        spread = S[won, won] + S[lost, lost] - 2.0 * S[won, lost]  # diagonal of D S D'
        s = data.spread(-0.5 * spread * self._slopes[2])
        b = s - self._W @ (S @ s)  # K^-1 S s
        M = 0.5 * np.outer(g + 2.0 * b, g) - 0.5 * self._gain
        K = self.kernel.of_squares(self._square)
        M_slope = (M * self.kernel.slope(self._square)).ravel()
        groups = self._squares.reshape(len(self._squares), -1) @ M_slope
        jitter = _JITTER * self.kernel.scale**2 * float(np.trace(M))
        return groups * self.kernel.lengths**-2.0, 2.0 * (float((M * K).sum()) + jitter)

    def draws(self, count: int, steps: int, rng: np.random.Generator) -> Floats:
        """Draws from the exact posterior, shape (n, count), whitened: utilities are ``L z``.

        Laplace's normal distribution is wrong where it matters: of a point that lost to the best
        it knows only that it is not better, which cuts off a tail and leaves the mode in place.
        Elliptical slice sampling (Murray, Adams and MacKay, AISTATS 2010) on top of it, all
        chains at once, puts that right.

        Laplace's density is the exact one with the log likelihood replaced by its Taylor
        polynomial of second degree at the mode: the log of their ratio is a sum over the
        comparisons, and needs nothing but how far each u_c is from its value there.

        Args:
            count: Of chains, each of which gives one draw.
            steps: Of each chain; it begins at a draw from Laplace's distribution.
            rng: Draws.
        """
        n, better, worse = len(self.utility), self.data.better, self.data.worse
        first, second, _third = self._slopes

        def drawn() -> tuple[Floats, Floats]:
            """Standard normal numbers, a chain a row, and the u_c less theirs they stand for."""
            xi = rng.standard_normal((count, n))
            f = xi @ self._half
            return xi, f[:, better] - f[:, worse]

        state, u = drawn()
        height = log_cdf(u + self._u).sum(1) - u @ first + 0.5 * u**2 @ second
        for _ in range(steps):
            level = height + np.log(rng.random(count))
            other, v = drawn()
            # The polynomial along the ellipse u cos + v sin, by its coefficients: (count, 5).
            terms = np.column_stack(
                [-u @ first, -v @ first, 0.5 * u**2 @ second, u * v @ second, 0.5 * v**2 @ second]
            )
            angle = rng.uniform(0.0, 2.0 * math.pi, count)
            low, high = angle - 2.0 * math.pi, angle.copy()
            reached = np.zeros(count)  # where a chain that finds no better place stays
            moving = np.arange(count)
            for _shrink in range(_MOST_SHRINKS):
                at = angle[moving]
                c, s = np.cos(at), np.sin(at)
                now = u[moving] * c[:, None] + v[moving] * s[:, None] + self._u
                polynomial = (terms[moving] * np.column_stack([c, s, c * c, c * s, s * s])).sum(1)
                gain = log_cdf(now).sum(1) + polynomial
                good = gain > level[moving]
                reached[moving[good]], height[moving[good]] = at[good], gain[good]
                moving, at = moving[~good], at[~good]
                if not len(moving):
                    break
                below = at < 0.0
                low[moving[below]], high[moving[~below]] = at[below], at[~below]
                angle[moving] = rng.uniform(low[moving], high[moving])
            c, s = np.cos(reached)[:, None], np.sin(reached)[:, None]
            state, u = state * c + other * s, u * c + v * s
        z = solve_triangular(self._A, state.T, lower=True, trans=1, check_finite=False)
        out: Floats = self._z[:, None] + z
        return out

    def whitened(self, features: Floats) -> tuple[Floats, Floats]:
        """What the utilities at new points are made of, given those at the points of the data.

        Returns:
            V, shape (n, a), and variances, shape (a,): at whitened utilities z, the utilities at
            points of shape (a, f) have means ``V' z`` and these variances.
        """
        cross = self.kernel(self.data.features, features)
        V: Floats = solve_triangular(self._L, cross, lower=True, check_finite=False)
        variance = self.kernel.scale**2 * (1.0 + _JITTER) - (V**2).sum(0)
        return V, np.maximum(variance, 1e-12)

    def at_data(self, z: Floats) -> Floats:
        """Utilities at the points of the data, shape (n, c), of whitened ones."""
        out: Floats = self._L @ z
        return out

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Means and variances of the utility, shape (a,) each, at points of shape (a, f)."""
        cross = self.kernel(features, self.data.features)
        variance = self.kernel.scale**2 - ((cross @ self._gain) * cross).sum(1)
        return cross @ self._gradient, np.maximum(variance, 1e-12)


def squares_by_group(data: Comparisons) -> Floats:
    """Shape (g, n, n): squared distances between the points by group of features."""
    n = len(data.features)
    groups = int(data.group.max(initial=-1)) + 1
    out = np.zeros((groups, n, n))
    for column, group in zip(data.features.T, data.group.tolist(), strict=True):
        out[group] += (column[:, None] - column) ** 2
    return out
