"""How much is to be gained at a point: logarithms of expected improvements.

Their logarithms, since where an improvement is unlikely it and its gradient vanish in floating
point (Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization",
NeurIPS 2023). Losses are minimized; all are functions of the features of r points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.special import erfcx, log_ndtr

from trimtab.samplers.gp.model import Posterior
from trimtab.space import Floats

_LOG_2PI_HALF = 0.5 * math.log(2.0 * math.pi)
_SQRT_HALF = math.sqrt(0.5)
_SQRT_HALF_PI = math.sqrt(0.5 * math.pi)


class Acquisition(Protocol):
    """What is maximized."""

    def value(self, features: Floats) -> Floats:
        """Shape (r,), at points of shape (r, f)."""

    def gradient(self, features: Floats) -> tuple[Floats, Floats]:
        """Values, shape (r,), and gradients by the features, shape (r, f)."""


def log_h(u: Floats) -> Floats:
    """log(phi(u) + u Phi(u)), the logarithm of expected improvement in units of sigma.

    Ament et al. 2023, eq. 9 and appendix A.1.
    """
    below = np.minimum(u, -1.0)
    size = -below
    tail = 1.0 - size * erfcx(size * _SQRT_HALF) * _SQRT_HALF_PI
    tail = np.where(size > 1e3, size**-2.0, tail)
    low = np.log(tail) - 0.5 * below * below - _LOG_2PI_HALF
    above = np.maximum(u, -1.0)
    density = np.exp(-0.5 * above * above - _LOG_2PI_HALF)
    high = np.log(density + above * np.exp(log_ndtr(above)))
    return np.where(u > -1.0, high, low)


class LogExpectedImprovement:
    """log of the mean over samples of expected improvements (Letham et al., "Constrained Bayesian
    optimization with noisy experiments", Bayesian Analysis 14(2), 2019, eq. 6).

    Args:
        model: Conditioned on s samples of what is unknown.
        best: Shape (s,), the smallest loss of each sample.
    """

    def __init__(self, model: Posterior, best: Floats) -> None:
        self._model = model
        self._best = best
        self._log_s = math.log(len(best))

    def value(self, features: Floats) -> Floats:
        """See `Acquisition`."""
        mean, variance = self._model.predict(features)
        sd = np.sqrt(variance)
        logs = log_h((self._best - mean) / sd[:, None])
        if logs.shape[1] == 1:
            out: Floats = logs[:, 0] + np.log(sd)
            return out
        total: Floats = np.logaddexp.reduce(logs, axis=1) - self._log_s
        return total + np.log(sd)

    def gradient(self, features: Floats) -> tuple[Floats, Floats]:
        """See `Acquisition`."""
        at = self._model.at(features)
        sd = np.sqrt(at.variance)
        u = (self._best - at.mean) / sd[:, None]
        logs = log_h(u)
        rise = np.exp(log_ndtr(u) - logs)  # the derivative of log_h
        if logs.shape[1] == 1:
            total = logs[:, 0]
            weights = rise
        else:
            total = np.logaddexp.reduce(logs, axis=1)
            weights = rise * np.exp(logs - total[:, None])
            total = total - self._log_s
        by_sd = 1.0 - np.einsum("ij,ij->i", weights, u)
        gradient = at.gradient(-weights / sd[:, None], by_sd / (2.0 * at.variance))
        return total + np.log(sd), gradient


class LogFeasibility:
    """log of the probability that a constraint's value is at most 0, mean over samples.

    Args:
        model: Of the constraint.
    """

    def __init__(self, model: Posterior) -> None:
        self._model = model

    def value(self, features: Floats) -> Floats:
        """See `Acquisition`."""
        mean, variance = self._model.predict(features)
        out: Floats = log_ndtr(-mean / np.sqrt(variance)[:, None]).mean(axis=1)
        return out

    def gradient(self, features: Floats) -> tuple[Floats, Floats]:
        """See `Acquisition`."""
        at = self._model.at(features)
        sd = np.sqrt(at.variance)[:, None]
        u = -at.mean / sd
        logs = log_ndtr(u)
        rise = np.exp(-0.5 * u * u - _LOG_2PI_HALF - logs) / u.shape[1]
        by_variance = -(rise * u).sum(axis=1) / (2.0 * at.variance)
        return logs.mean(axis=1), at.gradient(-rise / sd, by_variance)


class Sum:
    """The sum of several acquisitions: of logarithms, the product.

    Args:
        terms: At least one.
    """

    def __init__(self, terms: Sequence[Acquisition]) -> None:
        self._terms = terms

    def value(self, features: Floats) -> Floats:
        """See `Acquisition`."""
        out = np.zeros(len(features))
        for term in self._terms:
            out += term.value(features)
        return out

    def gradient(self, features: Floats) -> tuple[Floats, Floats]:
        """See `Acquisition`."""
        value, gradient = np.zeros(len(features)), np.zeros_like(features)
        for term in self._terms:
            one, two = term.gradient(features)
            value += one
            gradient += two
        return value, gradient
