"""What is known of the noise of a study's measurements, and the posterior means that follow.

Measurements of an arm are weighted by their precision, and where something is known of the noise (a
standard error was told, or an arm was replicated) the arm's mean is shrunk towards that of all arms
as far as its noise explains their spread (James and Stein, 1961; in the empirical Bayes form of
Efron and Morris, "Data analysis using Stein's estimator", JASA 70, 1975). One lucky run then does
not outrank an arm that proved itself. Where nothing is known, a value is taken as it is.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

Measurement: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
"""Losses (smaller is better) and their standard errors (NaN: unknown), one per objective."""


class Noise:
    """What is known of the noise of one run, and of the spread of the arms, per objective.

    Args:
        m: Number of objectives.
    """

    def __init__(self, m: int) -> None:
        self._m = m
        self._squares = [0.0] * m  # of replicates about their arm's mean
        self._degrees = 0
        self._told = [0.0] * m  # squared standard errors
        self._n_told = [0] * m
        self._single = [0.0] * m  # variance of a run of which nothing was told
        self._centre = [0.0] * m
        self._spread = [math.inf] * m

    @property
    def known(self) -> bool:
        """Whether there is any noise to speak of."""
        return max(self._squares) > 0.0 or max(self._told) > 0.0

    def add(self, kept: list[Measurement], sign: float = 1.0) -> None:
        """Count the measurements of one arm."""
        if not kept:
            return
        self._degrees += int(sign) * (len(kept) - 1)
        for j in range(self._m):
            values = [losses[j] for losses, _ in kept]
            mean = math.fsum(values) / len(values)
            self._squares[j] += sign * math.fsum([_square(value - mean) for value in values])
            for _, sems in kept:
                if sems[j] == sems[j]:
                    self._told[j] += sign * _square(sems[j])
                    self._n_told[j] += int(sign)

    def remove(self, kept: list[Measurement]) -> None:
        """Undo `add`."""
        self.add(kept, -1.0)

    def fit(self, arms: list[list[Measurement]]) -> None:
        """Freeze the noise of one run, and the centre and spread of all arms."""
        for j in range(self._m):
            if self._degrees > 0:
                self._single[j] = max(self._squares[j], 0.0) / self._degrees
            elif self._n_told[j] > 0:
                self._single[j] = max(self._told[j], 0.0) / self._n_told[j]
            pairs = np.array([self._mean(kept, j) for kept in arms])
            low, centre, high = np.quantile(pairs[:, 0], [0.25, 0.5, 0.75]).tolist()
            # The quartiles' distance, as a few terrible arms would hide the noise of the others.
            total = _square((high - low) / 1.349)
            self._centre[j] = centre
            self._spread[j] = max(total - float(np.mean(pairs[:, 1])), 0.05 * total)

    def estimate(self, kept: list[Measurement]) -> tuple[float, ...]:
        """Posterior mean of one arm."""
        out = []
        for j in range(self._m):
            mean, variance = self._mean(kept, j)
            if variance > 0.0 and math.isfinite(self._spread[j]):
                share = self._spread[j] / (self._spread[j] + variance)
                mean = self._centre[j] + share * (mean - self._centre[j])
            out.append(mean)
        return tuple(out)

    def _mean(self, kept: list[Measurement], j: int) -> tuple[float, float]:
        """Precision-weighted mean of one arm, and its variance."""
        values = [losses[j] for losses, _ in kept]
        variances = [
            _square(sems[j]) if sems[j] == sems[j] else self._single[j] for _, sems in kept
        ]
        exact = [value for value, variance in zip(values, variances, strict=True) if not variance]
        if exact:
            return math.fsum(exact) / len(exact), 0.0
        precision = math.fsum([1.0 / variance for variance in variances])
        weighted = [value / variance for value, variance in zip(values, variances, strict=True)]
        return math.fsum(weighted) / precision, 1.0 / precision


def _square(x: float) -> float:
    # A power would raise OverflowError, and an infinity would not come off a sum again.
    return min(x * x, 1e300)
