"""Length scales and signal-to-noise ratio by their posterior mode under Laplace's evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from trimtab.samplers.preferential.model import Comparisons, Kernel, Posterior, squares_by_group
from trimtab.space import Floats

_LENGTH_SPREAD = 0.8
_SCALE_MEAN, _SCALE_SPREAD = math.log(4.0), 0.8
_BOUNDS_LENGTH = (math.log(0.03), math.log(50.0))
_BOUNDS_SCALE = (math.log(0.2), math.log(50.0))
_FIRST_EVALUATIONS = 40
_LATER_EVALUATIONS = 12


@dataclass(frozen=True, slots=True)
class Fit:
    """Hyperparameters on the scale on which they are searched.

    Attributes:
        theta: Shape (g + 1,): log length scales, then the log of the kernel's scale.
    """

    theta: Floats

    def kernel(self, data: Comparisons) -> Kernel:
        """The covariance they stand for."""
        return Kernel(np.exp(self.theta[:-1]), math.exp(self.theta[-1]), data.group)


def prior_mean(groups: int) -> Floats:
    """Shape (g + 1,): the mean of the log-normal prior.

    Length scales grow with the square root of the dimension, so that the prior's functions are
    as smooth along a diagonal in many dimensions as in few (Hvarfner et al., "Vanilla Bayesian
    optimization performs great in high dimensions", ICML 2024, section 4).
    """
    return np.append(np.full(groups, math.log(0.2) + 0.5 * math.log(max(groups, 1))), _SCALE_MEAN)


def fit(data: Comparisons, start: Floats | None) -> Fit:
    """Hyperparameters for some comparisons.

    Args:
        data: The comparisons, at least one.
        start: Shape (g + 1,): where an earlier fit to fewer comparisons ended; the search is
            then short, as the next one will go on from its end. None: the prior's mean.
    """
    squares = squares_by_group(data)
    groups = len(squares)
    mean = prior_mean(groups)
    spread = np.append(np.full(groups, _LENGTH_SPREAD), _SCALE_SPREAD)

    near: Floats | None = None

    def loss(theta: Floats) -> tuple[float, Floats]:
        nonlocal near
        posterior = Posterior(data, Fit(theta).kernel(data), squares, near)
        near = posterior.utility
        lengths, scale = posterior.evidence_gradient()
        off = (theta - mean) / spread
        value = -posterior.evidence + 0.5 * float(off @ off)
        return value, off / spread - np.append(lengths, scale)

    found = minimize(
        loss,
        mean if start is None else start,
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS_LENGTH] * groups + [_BOUNDS_SCALE],
        options={
            "maxfun": _FIRST_EVALUATIONS if start is None else _LATER_EVALUATIONS,
            "ftol": 1e-4,
            "gtol": 1e-2,
        },
    )
    return Fit(np.asarray(found.x, dtype=np.float64))
