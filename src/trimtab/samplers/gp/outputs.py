"""From what was told to what a Gaussian process likes: outputs of mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.space import Floats

_MOST = 1e300
_FENCE = 1.5
"""Of the interquartile range: what lies further beyond the upper quartile is an outlier
(Tukey, "Exploratory data analysis", 1977)."""


@dataclass(frozen=True, slots=True)
class Standardization:
    """Losses as a process sees them: ``(min(y, cap) - shift) / scale``.

    Attributes:
        shift: Mean of the capped losses.
        scale: Their standard deviation, positive.
        cap: Losses above it are taken as it: how bad the worst ones are does not matter.
    """

    shift: float
    scale: float
    cap: float

    @classmethod
    def of(cls, losses: Floats) -> Standardization:
        """That of some losses, shape (n,), n at least 1; larger is worse."""
        losses = np.clip(losses, -_MOST, _MOST)
        cap = _MOST
        if len(losses) > 3:
            low = float(np.quantile(losses, 0.25, method="lower"))
            high = float(np.quantile(losses, 0.75, method="higher"))
            if high > low:
                cap = min(high + _FENCE * (high - low), _MOST)
        capped = np.minimum(losses, cap)
        unit = float(np.abs(capped).max()) or 1.0  # squares of extreme values would overflow
        parts = capped / unit
        shift = float(parts.mean())
        spread = float(np.sqrt(np.mean((parts - shift) ** 2)))
        if not spread > 1e-12 * max(abs(shift), 1e-290):
            spread = 1.0
        return cls(shift * unit, max(spread * unit, 1e-305), cap)

    def forward(self, losses: Floats) -> Floats:
        """Standardized losses."""
        capped = np.minimum(np.clip(losses, -_MOST, _MOST), self.cap)
        return np.clip(capped / self.scale - self.shift / self.scale, -1e6, 1e6)

    def variance(self, sems: Floats) -> Floats:
        """Variances of standardized losses whose standard errors are ``sems``."""
        ratio = np.minimum(sems / self.scale, 1e6)
        return ratio * ratio

    def backward(self, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations as losses."""
        with np.errstate(over="ignore"):
            return mean * self.scale + self.shift, sd * self.scale


@dataclass(frozen=True, slots=True)
class Bilog:
    """Constraint values as a process sees them: 0 stays the threshold.

    ``sign(c) log(1 + |c| / unit) / scale``: which side of 0 a value is on matters, how far it is
    from there hardly (Eriksson and Poloczek, "Scalable constrained Bayesian optimization",
    AISTATS 2021, section 2).

    Attributes:
        unit: Median distance from 0, positive.
        scale: Standard deviation of what the logarithm leaves, positive.
    """

    unit: float
    scale: float

    @classmethod
    def of(cls, values: Floats) -> Bilog:
        """That of some values, shape (n,), n at least 1."""
        unit = float(np.median(np.minimum(np.abs(values), _MOST)))
        unit = max(unit, 1e-300)
        logs = cls(unit, 1.0).forward(values)
        return cls(unit, max(float(logs.std()), 0.1 * float(np.abs(logs).max()), 1e-3))

    def forward(self, values: Floats) -> Floats:
        """Values in the units of the process."""
        with np.errstate(over="ignore"):
            size = np.log1p(np.minimum(np.abs(values) / self.unit, _MOST))
        return np.sign(values) * size / self.scale
