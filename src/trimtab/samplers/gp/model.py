"""A Gaussian process conditioned on observations, and on samples of what is not yet observed.

All is written with the Cholesky factor L of the covariance of the observations and the
*innovations* z = L^-1 (y - m), which are independent standard normal numbers a priori (Rasmussen
and Williams, GPML, 2006, algorithm 2.1). To sample the latent values at further points jointly and
to condition on them is therefore to append rows to L and standard normal numbers to z: so noisy
observations, running trials and common random numbers are one case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf

from trimtab.samplers.gp.kernel import Kernel, squares
from trimtab.space import Floats

JITTER = 1e-8
"""Variance added to every observation, relative to the prior's: what rounding asks for."""
_MOST_JITTER = 1e4
"""More than any matrix of correlations needs, however many its rows."""
_LEAST_VARIANCE = 1e-12


def factor(covariance: Floats) -> Floats:
    """The lower Cholesky factor; of a slightly larger matrix where there is none.

    Args:
        covariance: Shape (n, n), symmetric, diagonal about 1. Overwritten.

    Raises:
        numpy.linalg.LinAlgError: If it is none, so far from it that no jitter mends that.
    """
    jitter = JITTER
    covariance = np.asfortranarray(covariance)
    while jitter < _MOST_JITTER:
        covariance.flat[:: len(covariance) + 1] += jitter
        lower, info = dpotrf(covariance, lower=1, clean=1)
        if info == 0:
            out: Floats = lower
            return out
        jitter *= 10.0
    raise np.linalg.LinAlgError("this is no covariance, with any jitter")


def solve(lower: Floats, right: Floats) -> Floats:
    """``lower^-1 right``; shape (n, k)."""
    out: Floats = dtrsm(1.0, lower, right, lower=1)
    return out


def solve_transposed(lower: Floats, right: Floats) -> Floats:
    """``lower^-T right``; shape (n, k)."""
    out: Floats = dtrsm(1.0, lower, right, lower=1, trans_a=1)
    return out


@dataclass(frozen=True)
class Posterior:
    """A process of unit prior variance and constant mean, conditioned on n values, s times.

    Attributes:
        kernel: Correlation by scaled squared distance.
        scales: Shape (f,), one over the length scale of every feature.
        mean: The prior's.
        points: Shape (n, f), features times ``scales``.
        lower: Shape (n, n), Cholesky factor of the covariance of the observations.
        innovations: Shape (n, s).
    """

    kernel: Kernel
    scales: Floats
    mean: float
    points: Floats
    lower: Floats
    innovations: Floats

    @classmethod
    def of(
        cls, kernel: Kernel, scales: Floats, mean: float, features: Floats, noise: Floats, y: Floats
    ) -> Posterior:
        """Conditioned on observations.

        Args:
            kernel: See above.
            scales: See above.
            mean: See above.
            features: Shape (n, f).
            noise: Shape (n,), variances.
            y: Shape (n,).
        """
        points = features * scales
        covariance, _ = kernel(squares(points, points))
        covariance.flat[:: len(points) + 1] = 1.0 + noise
        lower = factor(covariance)
        return cls(kernel, scales, mean, points, lower, solve(lower, (y - mean)[:, None]))

    @property
    def samples(self) -> int:
        """s."""
        return len(self.innovations.T)

    @cached_property
    def weights(self) -> Floats:
        """Shape (n, s): the posterior mean is ``mean + k(x)' weights``."""
        return solve_transposed(self.lower, self.innovations)

    @cached_property
    def _lengths(self) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", self.points, self.points))

    def _rows(self, features: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
        """Scaled points, and the rows that they add to the factor: left of it and its corner."""
        points = features * self.scales
        cross, _ = self.kernel(squares(points, self.points, self._lengths))
        left = solve(self.lower, cross.T)
        corner, _ = self.kernel(squares(points, points))
        corner.flat[:: len(points) + 1] = 1.0 + noise
        corner -= left.T @ left
        return points, left, factor(corner)

    def _extended(self, points: Floats, left: Floats, corner: Floats, new: Floats) -> Posterior:
        n, k, s = len(self.points), len(points), new.shape[1]
        lower = np.zeros((n + k, n + k), order="F")
        lower[:n, :n] = self.lower
        lower[n:, :n] = left.T
        lower[n:, n:] = corner
        innovations = np.empty((n + k, s))
        innovations[:n] = self.innovations
        innovations[n:] = new
        return replace(
            self,
            points=np.concatenate([self.points, points]),
            lower=lower,
            innovations=innovations,
        )

    def observing(self, features: Floats, noise: Floats, y: Floats) -> Posterior:
        """Conditioned on k more observations; shapes (k, f), (k,) and (k,)."""
        if not len(features):
            return self
        points, left, corner = self._rows(features, noise)
        residuals = (y - self.mean)[:, None] - left.T @ self.innovations
        return self._extended(points, left, corner, solve(corner, residuals))

    def sampling(self, features: Floats, normals: Floats) -> tuple[Posterior, Floats]:
        """Conditioned on joint samples of the latent values at k points.

        Args:
            features: Shape (k, f).
            normals: Shape (k, s), standard normal numbers; s must be that of ``self`` or that 1.

        Returns:
            The posterior, and the samples, shape (k, s).
        """
        points, left, corner = self._rows(features, np.zeros(len(features)))
        values = self.mean + left.T @ self.innovations + corner @ normals
        return self._extended(points, left, corner, normals), values

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Posterior mean, shape (r, s), and variance, shape (r,), of the latent values."""
        prediction = self.at(features)
        return prediction.mean, prediction.variance

    def at(self, features: Floats) -> Prediction:
        """The posterior at r points, shape (r, f), ready for gradients."""
        points = features * self.scales
        cross, slope = self.kernel(squares(points, self.points, self._lengths))
        left = solve(self.lower, cross.T)
        mean = left.T @ self.innovations
        mean += self.mean
        variance = 1.0 - np.einsum("ij,ij->j", left, left)
        return Prediction(self, points, slope, left, mean, np.maximum(variance, _LEAST_VARIANCE))


@dataclass(frozen=True)
class Prediction:
    """Posterior at r points.

    Attributes:
        mean: Shape (r, s).
        variance: Shape (r,).
    """

    _model: Posterior
    _points: Floats
    _slope: Floats
    _left: Floats
    mean: Floats
    variance: Floats

    def gradient(self, by_mean: Floats, by_variance: Floats) -> Floats:
        """Gradient by the features, shape (r, f), of a function of means and variances.

        Args:
            by_mean: Shape (r, s), its derivatives by the means.
            by_variance: Shape (r,), those by the variances.
        """
        model = self._model
        by_cross = by_mean @ model.weights.T
        by_cross -= (2.0 * by_variance)[:, None] * solve_transposed(model.lower, self._left).T
        by_cross *= self._slope  # now by half the squared distance
        out: Floats = self._points * by_cross.sum(axis=1)[:, None] - by_cross @ model.points
        out *= 2.0 * model.scales
        return out
