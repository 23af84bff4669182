"""Which point to show next: the one most likely to beat all that it will be shown with.

Expected improvement over the best of several points whose utilities are themselves uncertain
(Letham et al., "Constrained Bayesian optimization with noisy experiments", Bayesian Analysis 2019,
section 4): draws of their utilities from the posterior, and for each the improvement in closed
form. With a single rival this is the expected utility of the best option (Lin et al., "Preference
exploration for efficient Bayesian optimization with multiple outcomes", AISTATS 2022) less a
constant. Pictures that are still being made are rivals, too, which keeps a batch apart.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from trimtab.samplers.preferential.features import Encoder
from trimtab.samplers.preferential.model import Posterior
from trimtab.space import Floats

_DRAWS = 32
_STEPS = 10
_SPREAD = 256  # candidates from everywhere, and as many near good trials
_ROUNDS = (0.1, 0.04, 0.015, 0.005)
_FINALISTS = 4
_PER_FINALIST = 24


class Improvement:
    """Expected improvement over rivals.

    Args:
        posterior: Of the utility.
        rivals: Shape (r,), r at least 1: which points of the posterior's data are to be beaten.
        rng: Draws utilities.
    """

    def __init__(
        self, posterior: Posterior, rivals: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        self._posterior = posterior
        self._draws = posterior.draws(_DRAWS, _STEPS, rng)
        self._best = posterior.at_data(self._draws)[rivals].max(0)

    def __call__(self, features: Floats) -> Floats:
        """Shape (a,): expected improvements, positive, at points of shape (a, f)."""
        V, variance = self._posterior.whitened(features)
        deviation = np.sqrt(variance)[:, None]
        u = (V.T @ self._draws - self._best) / deviation
        density = np.exp(-0.5 * u**2) / math.sqrt(2.0 * math.pi)
        out: Floats = (deviation * (density + u * ndtr(u))).mean(1)
        return out


def search(
    improvement: Improvement, encoder: Encoder, good: Floats, rng: np.random.Generator
) -> Floats:
    """Points in the order of their improvement, best first; shape (a, d).

    Args:
        improvement: What is to be large.
        encoder: Of the space.
        good: Shape (b, d), b at least 1, without NaN: points near which to look first.
        rng: Draws the candidates.
    """
    d = good.shape[1]
    spread = rng.random((_SPREAD, d))
    near = good[rng.integers(len(good), size=_SPREAD)]
    third = _SPREAD // 3
    near = np.concatenate(
        [
            encoder.moved(part, size, rng)
            for part, size in zip(
                (near[:third], near[third : 2 * third], near[2 * third :]),
                (0.3, 0.1, 0.03),
                strict=True,
            )
        ]
    )
    points = np.concatenate([encoder.snapped(spread), near])
    scores = improvement(encoder.features(encoder.foretold(points)))
    for size in _ROUNDS:
        best = np.argsort(-scores, kind="stable")[:_FINALISTS]
        fresh = encoder.moved(np.repeat(points[best], _PER_FINALIST, axis=0), size, rng)
        points = np.concatenate([points, fresh])
        scores = np.append(scores, improvement(encoder.features(encoder.foretold(fresh))))
    out: Floats = points[np.argsort(-scores, kind="stable")]
    return out
