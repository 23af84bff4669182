"""Hyperparameters by maximum a posteriori, with the gradient in closed form.

The priors are those of Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization performs great
in high dimensions", ICML 2024, section 4: the median length scale grows with the square root of
the dimension, so that the model's complexity does not grow with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs
from scipy.optimize import minimize

from trimtab.samplers.gp.kernel import Encoding, Kernel
from trimtab.samplers.gp.model import JITTER
from trimtab.space import Floats

_LENGTH_SD = math.sqrt(3.0)
_CHOICE = 1.0
"""Added to the logarithm of an unordered column's length scale: that its choices are alike but for
a constant is more likely than that they have nothing in common."""
_LENGTH_BOUNDS = (math.log(0.005), math.log(1e3))
_NOISE_MEAN, _NOISE_SD = -8.0, 2.0
_NOISE_BOUNDS = (math.log(1e-7), math.log(1.0))
_LENGTH_STARTS = (0.0, 1.0)
_NOISE_STARTS = (-12.0, -5.0, -1.5)
_MEAN_PRECISION = 0.1
"""Of the prior of the constant mean, a normal one about 0: outputs are standardized."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Of one process.

    Attributes:
        lengths: Shape (d,), length scales of the columns.
        noise: Variance of one observation whose standard error is unknown; outputs have
            variance 1.
        mean: The constant mean.
    """

    lengths: Floats
    noise: float
    mean: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Standardized observations of n arms.

    Attributes:
        features: Shape (n, f).
        y: Shape (n,).
        variance: Shape (n,), known variances; 0 where it is unknown.
        share: Shape (n,), what an arm has of the unknown variance: one over the number of its
            measurements, 0 where the variance is known.
        scatter: Sum of squares of unknown-variance replicates about the means of their arms.
        degrees: Degrees of freedom of the scatter.
        first: Shape (n,), the first observation of each arm.
    """

    features: Floats
    y: Floats
    variance: Floats
    share: Floats
    first: NDArray[np.int64]
    scatter: float = 0.0
    degrees: int = 0

    def noise(self, unknown: float) -> Floats:
        """Shape (n,), variances of the observations."""
        return self.variance + unknown * self.share

    def rows(self, index: NDArray[np.int64]) -> Sample:
        """Some of the arms."""
        return Sample(
            self.features[index],
            self.y[index],
            self.variance[index],
            self.share[index],
            self.first[index],
            self.scatter,
            self.degrees,
        )


class _Evidence:
    """Negative log posterior density of the hyperparameters, and its gradient."""

    def __init__(self, encoding: Encoding, kernel: Kernel, sample: Sample) -> None:
        n = len(sample.y)
        self._kernel = kernel
        self._sample = sample
        self._d = encoding.d
        self._distances = encoding.distances(sample.features).reshape(encoding.d, n * n)
        self.length_mean = np.full(encoding.d, math.sqrt(2.0) + 0.5 * math.log(max(encoding.d, 1)))
        self.length_mean[encoding.unordered] += _CHOICE
        self.unknown = bool(sample.share.any())
        self._mean = 0.0

    def starts(self) -> list[Floats]:
        """Where to begin: few or many waves, without or with noise that explains the rest."""
        lengths = [self.length_mean - _LENGTH_SD**2 + off for off in _LENGTH_STARTS]
        if not self.unknown:
            return lengths
        return [np.append(length, noise) for length in lengths for noise in _NOISE_STARTS]

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        sample, d = self._sample, self._d
        n = len(sample.y)
        inverse = np.exp(-2.0 * logs[:d])
        square = (inverse @ self._distances).reshape(n, n)
        covariance, slope = self._kernel(square)
        noise = math.exp(logs[d]) if self.unknown else 0.0
        covariance.flat[:: n + 1] = 1.0 + JITTER + sample.noise(noise)
        lower, info = dpotrf(covariance.T, lower=1, clean=1)
        if info != 0:
            return math.inf, np.zeros_like(logs)
        right = np.empty((n, 2), order="F")
        right[:, 0], right[:, 1] = sample.y, 1.0
        solved, _ = dpotrs(lower, right, lower=1)
        self._mean = float(solved[:, 0].sum() / (solved[:, 1].sum() + _MEAN_PRECISION))
        residual = sample.y - self._mean
        weights = solved[:, 0] - self._mean * solved[:, 1]
        value = 0.5 * float(residual @ weights) + float(np.log(lower.diagonal()).sum())
        value += 0.5 * _MEAN_PRECISION * self._mean**2
        precision, _ = dpotri(lower, lower=1)  # its lower triangle; above are zeros
        diagonal = precision.diagonal() - weights * weights
        # Twice the derivative by the covariance, the upper triangle folded onto the lower one:
        # distances are symmetric, and zero on the diagonal.
        precision *= 2.0
        precision -= np.outer(weights, weights)
        gradient = np.empty_like(logs)
        slope *= precision
        gradient[:d] = -inverse * (self._distances @ slope.reshape(-1))
        # -log of LogNormal densities, of the lengths and not of their logarithms.
        off = (logs[:d] - self.length_mean) / _LENGTH_SD
        value += float((0.5 * off**2 + logs[:d]).sum())
        gradient[:d] += off / _LENGTH_SD + 1.0
        if self.unknown:
            gradient[d] = 0.5 * noise * float(diagonal @ sample.share)
            off_noise = (logs[d] - _NOISE_MEAN) / _NOISE_SD
            value += 0.5 * off_noise**2 + logs[d]
            gradient[d] += off_noise / _NOISE_SD + 1.0
            if sample.degrees:
                ratio = sample.scatter / noise
                value += 0.5 * (sample.degrees * logs[d] + ratio)
                gradient[d] += 0.5 * (sample.degrees - ratio)
        return value, gradient

    def found(self, logs: Floats) -> Hyperparameters:
        """The hyperparameters at a point."""
        self(logs)
        noise = math.exp(logs[self._d]) if self.unknown else 0.0
        return Hyperparameters(np.exp(logs[: self._d]), noise, self._mean)


def fit(encoding: Encoding, kernel: Kernel, sample: Sample) -> Hyperparameters:
    """The hyperparameters of largest posterior density that are found from the best of some starts.

    The density has several maxima: what waves of high frequency explain may be noise as well.
    """
    evidence = _Evidence(encoding, kernel, sample)
    start = min(evidence.starts(), key=lambda logs: evidence(logs)[0])
    bounds = [_LENGTH_BOUNDS] * encoding.d + [_NOISE_BOUNDS] * evidence.unknown
    found = minimize(
        evidence,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 60, "ftol": 1e-5, "gtol": 1e-2},
    )
    return evidence.found(found.x if math.isfinite(found.fun) else start)
