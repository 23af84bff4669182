"""A Gaussian process bandit whose reward drifts with time.

Bogunovic, Scarlett and Cevher (2016), "Time-Varying Gaussian Process Bandit Optimization"
(AISTATS), TV-GP-UCB; as used by Parker-Holder et al. (2020), section 4.1. The covariance is
k((z, t), (z', t')) = k_SE(z, z') (1 - w)^(|t - t'| / 2), with w from 0, nothing changes, to 1.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from trimtab.space import Floats

_LENGTH, _NOISE, _DRIFT = math.log(0.5), math.log(0.1), math.log(0.1)
"""Where the logarithms of the length scales, of the noise's variance as a share of the signal's,
and of the drift -log(1 - w) / 2 are expected, each give or take `_SPREAD`."""
_SPREAD = 1.0
_BOUND = 5.0
"""The logarithms stay so near to what is expected."""
_JITTER = 1e-6
_STEPS = 40
_CANDIDATES = 512
_ROUNDS = 4


class Bandit:
    """What rewards to expect of which contexts, at which times.

    Args:
        z: Shape (n, f): contexts, roughly within the unit cube.
        t: Shape (n,): times, a period being about 1.
        y: Shape (n,): rewards.
    """

    def __init__(self, z: Floats, t: Floats, y: Floats) -> None:
        self._z, self._t = z, t
        spread = float(y.std())
        self._mean, self._scale = float(y.mean()), spread if spread > 0.0 else 1.0
        self._y: Floats = (y - self._mean) / self._scale
        # (f, n, n) squared distances, and (n, n) times apart.
        self._squares: Floats = np.square(z.T[:, :, None] - z.T[:, None, :])
        self._apart: Floats = np.abs(t[:, None] - t)
        f = z.shape[1]
        expected = np.array([_LENGTH] * f + [_NOISE, _DRIFT])
        found = minimize(
            self._loss,
            expected,
            args=(expected,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(centre - _BOUND, centre + _BOUND) for centre in expected],
            options={"maxiter": _STEPS},
        ).x
        self._lengths: Floats = np.exp(found[:f])
        self._noise, self._drift = math.exp(found[f]), math.exp(found[f + 1])
        factor = cho_factor(self._covariance(z, t, z, t) + self._noise * np.eye(len(y)), lower=True)
        self._weights = cho_solve(factor, self._y)
        self._signal = math.sqrt(float(self._y @ self._weights) / len(y))

    def best(
        self, context: Floats, time: float, pending: Floats, d: int, rng: np.random.Generator
    ) -> Floats:
        """The parameters with the greatest upper confidence bound.

        Args:
            context: Shape (f - d,): what stands before the parameters in every context.
            time: When.
            pending: Shape (p, f): contexts that are about to be tried then. The rewards that are
                expected of them are taken as seen (Desautels et al., 2014, GP-BUCB), so that only
                the uncertainty shrinks near them.
            d: How many parameters there are.
            rng: The only source of randomness.

        Returns:
            Shape (d,), within the unit cube.
        """
        n = len(self._y)
        # The authors' schedule: c1 + log(c2 n), with c1 = 0.2 and c2 = 0.4.
        width = math.sqrt(0.2 + max(math.log(0.4 * n), 0.0))
        z = np.vstack([self._z, pending])
        t = np.concatenate([self._t, np.full(len(pending), time)])
        noisy = self._covariance(z, t, z, t) + self._noise * np.eye(len(z))
        lower = np.linalg.cholesky(noisy)

        def bound(x: Floats) -> Floats:
            points = np.hstack([np.tile(context, (len(x), 1)), x])
            times = np.full(len(x), time)
            cross = self._covariance(z, t, points, times)
            mean = cross[:n].T @ self._weights
            explained = np.square(solve_triangular(lower, cross, lower=True)).sum(0)
            sd = self._signal * np.sqrt(np.maximum(1.0 - explained, 0.0))
            upper: Floats = mean + width * sd
            return upper

        x = rng.random((_CANDIDATES, d))
        best: Floats = x[int(np.argmax(bound(x)))]
        for k in range(1, _ROUNDS + 1):  # nearer and nearer around the best
            near = best + rng.normal(scale=0.3**k, size=(_CANDIDATES // _ROUNDS, d))
            x = np.vstack([best[None, :], np.clip(near, 0.0, 1.0)])
            best = x[int(np.argmax(bound(x)))]
        return best

    def _covariance(self, z: Floats, t: Floats, other_z: Floats, other_t: Floats) -> Floats:
        one, two = z / self._lengths, other_z / self._lengths
        square = np.square(one).sum(1)[:, None] + np.square(two).sum(1) - 2.0 * one @ two.T
        decay = self._drift * np.abs(t[:, None] - other_t)
        out: Floats = np.exp(-0.5 * np.maximum(square, 0.0) - decay)
        return out

    def _loss(self, logs: Floats, expected: Floats) -> tuple[float, Floats]:
        """Negative log posterior density, and its gradient, with the best signal variance.

        Rasmussen and Williams (GPML, 2006), equations 5.8 and 5.9.
        """
        n, f = len(self._y), self._z.shape[1]
        lengths, noise, drift = np.exp(logs[:f]), math.exp(logs[f]), math.exp(logs[f + 1])
        scaled = self._squares / np.square(lengths)[:, None, None]
        K = np.exp(-0.5 * scaled.sum(0) - drift * self._apart)
        factor = cho_factor(K + (noise + _JITTER) * np.eye(n), lower=True)
        weights = cho_solve(factor, self._y)
        variance = max(float(self._y @ weights) / n, _JITTER)
        away = (logs - expected) / _SPREAD
        loss = 0.5 * n * math.log(variance) + float(np.log(np.diag(factor[0])).sum())
        loss += 0.5 * float(away @ away)
        # d loss / d K; each parameter's part follows by the chain rule.
        slope = 0.5 * (cho_solve(factor, np.eye(n)) - np.outer(weights, weights) / variance)
        weighted = slope * K
        gradient = np.append(
            np.einsum("fij,ij->f", scaled, weighted),
            [noise * float(np.trace(slope)), -drift * float((weighted * self._apart).sum())],
        )
        return loss, gradient + away / _SPREAD
