"""From what was told to what a Gaussian process likes: outputs of mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.space import Floats

_MOST = 1e306
_LEAST = 1e-305
_UNITS = 3.0
"""Of the median distance from the best: found best among 1, 3 and 10."""
_FENCE = 1.5
"""Of the interquartile range: what lies further beyond the upper quartile is an outlier
(Tukey, "Exploratory data analysis", 1977)."""


@dataclass(frozen=True, slots=True)
class Standardization:
    """Losses as a process sees them.

    What is far above the usual is capped, and distances from the best are taken on a logarithmic
    scale, ``log(1 + (y - low) / unit)``: what matters is how good the good ones are. Where a loss
    is near the best, and below it, this is a linear scale.

    Attributes:
        cap: Losses above it are taken as it.
        low: The smallest loss.
        unit: Distance from it beyond which the scale is a logarithmic one, positive.
        shift: Mean of the logarithms.
        scale: Their standard deviation, positive.
    """

    cap: float
    low: float
    unit: float
    shift: float
    scale: float

    @classmethod
    def of(cls, losses: Floats, capped: bool = True) -> Standardization:
        """That of some losses, shape (n,), n at least 1; larger is worse."""
        losses = np.clip(losses, -_MOST, _MOST)
        cap = _MOST
        if capped and len(losses) > 3:
            quarter = float(np.quantile(losses, 0.25, method="lower"))
            high = float(np.quantile(losses, 0.75, method="higher"))
            if high > quarter:
                cap = min(high + _FENCE * (high - quarter), _MOST)
        low = float(losses.min())
        distances = np.minimum(losses, cap) - low
        unit = _UNITS * (float(np.median(distances)) or float(distances.max())) or 1.0
        logs = cls(cap, low, max(unit, _LEAST), 0.0, 1.0).forward(losses)
        spread = float(logs.std())
        return cls(
            cap, low, max(unit, _LEAST), float(logs.mean()), spread if spread > 1e-9 else 1.0
        )

    def _distance(self, losses: Floats) -> Floats:
        """Distances from the best, in units."""
        capped = np.minimum(np.clip(losses, -_MOST, _MOST), self.cap)
        with np.errstate(over="ignore"):
            distance = capped / self.unit - self.low / self.unit
        return np.clip(np.nan_to_num(distance), -_MOST, _MOST)

    def forward(self, losses: Floats) -> Floats:
        """Losses in the units of the process: mean 0, variance 1."""
        distance = self._distance(losses)
        logs = np.sign(distance) * np.log1p(np.abs(distance))
        return np.asarray((logs - self.shift) / self.scale)

    def variance(self, losses: Floats, sems: Floats) -> Floats:
        """Variances of transformed losses whose standard errors are ``sems``, to first order."""
        slope = 1.0 / (1.0 + np.abs(self._distance(losses))) / self.scale
        with np.errstate(over="ignore"):
            ratio = np.minimum(sems / self.unit, 1e6) * slope
        return ratio * ratio

    def backward(self, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Losses of a mean, and half the interval of one standard deviation to either side."""
        middle, low, high = (self._loss(x) for x in (mean, mean - sd, mean + sd))
        return middle, high / 2.0 - low / 2.0

    def _loss(self, outputs: Floats) -> Floats:
        logs = np.clip(outputs * self.scale + self.shift, -600.0, 600.0)
        with np.errstate(over="ignore"):
            loss = self.low + self.unit * np.sign(logs) * np.expm1(np.abs(logs))
        return np.clip(loss, -_MOST, _MOST)


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
