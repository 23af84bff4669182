"""Expected improvement of the hypervolume of several objectives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from trimtab.samplers.gp.acquisition import log_h
from trimtab.samplers.gp.boxes import undominated_boxes
from trimtab.samplers.gp.model import Posterior, Prediction
from trimtab.space import Floats

_LOG_2PI_HALF = 0.5 * math.log(2.0 * math.pi)
_SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class _Cuts:
    """The boxes of one sample, by the values at which they are cut.

    Attributes:
        values: For each objective the cuts, ascending.
        lower: Shape (b, m), index of a box's lower corner among them; -1 for -inf.
        upper: Shape (b, m), that of its upper one.
    """

    values: list[Floats]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]


def _cuts(front: Floats, reference: Floats) -> _Cuts:
    lower, upper = undominated_boxes(front, reference)
    values, lowers, uppers = [], [], []
    for j in range(len(reference)):
        cut = np.unique(upper[:, j])
        values.append(cut)
        uppers.append(np.searchsorted(cut, upper[:, j]))
        lowers.append(np.where(np.isinf(lower[:, j]), -1, np.searchsorted(cut, lower[:, j])))
    return _Cuts(values, np.stack(lowers, axis=1), np.stack(uppers, axis=1))


class LogHypervolumeImprovement:
    """log of the mean over samples of expected hypervolume improvements.

    Objectives are independent, so that the expectation over a box is a product of differences of
    expected improvements (Yang et al. 2019; its logarithm after Ament et al. 2023; its mean over
    samples of what is noisy or running as in Daulton et al., "Parallel Bayesian optimization of
    multiple noisy objectives with expected hypervolume improvement", NeurIPS 2021).

    Args:
        models: One per objective, each conditioned on s samples.
        fronts: One per sample, shape (k, m): what was measured.
        reference: Shape (m,), what is worse in any objective counts for nothing.
    """

    def __init__(
        self, models: Sequence[Posterior], fronts: Sequence[Floats], reference: Floats
    ) -> None:
        self._models = models
        self._cuts = [_cuts(front, reference) for front in fronts]

    def value(self, features: Floats) -> Floats:
        """See `Acquisition`."""
        predictions = [model.at(features) for model in self._models]
        totals = [
            np.logaddexp.reduce(np.sum(self._logs(predictions, s)[0], axis=0), axis=1)
            for s in range(len(self._cuts))
        ]
        out: Floats = np.logaddexp.reduce(totals, axis=0) - math.log(len(totals))
        return out

    def gradient(self, features: Floats) -> tuple[Floats, Floats]:
        """See `Acquisition`."""
        predictions = [model.at(features) for model in self._models]
        parts = [self._of_sample(predictions, s) for s in range(len(self._cuts))]
        total = np.logaddexp.reduce([part[0] for part in parts], axis=0)
        by_mean = np.zeros((len(self._models), len(features), len(parts)))
        by_sd = np.zeros((len(self._models), len(features)))
        for s, (value, of_mean, of_sd) in enumerate(parts):
            share = np.exp(value - total)
            by_mean[:, :, s] = share * of_mean
            by_sd += share * of_sd
        gradient = np.zeros_like(features)
        for j, prediction in enumerate(predictions):
            sd = np.sqrt(prediction.variance)
            means = by_mean[j] if prediction.mean.shape[1] > 1 else by_mean[j].sum(1)[:, None]
            gradient += prediction.gradient(means, by_sd[j] / (2.0 * sd))
        return total - math.log(len(parts)), gradient

    def _logs(self, predictions: Sequence[Prediction], s: int) -> tuple[list[Floats], list[Floats]]:
        """For each objective the logarithm of its side of each box, shape (r, b), and its cuts.

        The latter as standard deviations above the mean, shape (r, cuts).
        """
        cuts = self._cuts[s]
        logs, heights = [], []
        for j, prediction in enumerate(predictions):
            mean = prediction.mean[:, min(s, prediction.mean.shape[1] - 1)][:, None]
            sd = np.sqrt(prediction.variance)[:, None]
            u = (cuts.values[j] - mean) / sd
            gain = _with_nothing(log_h(u) + np.log(sd))
            above, below = gain[:, cuts.upper[:, j]], gain[:, cuts.lower[:, j]]
            # log(exp(above) - exp(below))
            share = -np.expm1(np.minimum(below - above, 0.0))
            logs.append(above + np.log(np.maximum(share, _SMALLEST)))
            heights.append(u)
        return logs, heights

    def _of_sample(
        self, predictions: Sequence[Prediction], s: int
    ) -> tuple[Floats, Floats, Floats]:
        """log improvement, shape (r,), and derivatives by means and deviations, shape (m, r)."""
        cuts = self._cuts[s]
        logs, heights = self._logs(predictions, s)
        joint = np.sum(logs, axis=0)
        total = np.logaddexp.reduce(joint, axis=1)
        share = np.exp(joint - total[:, None])
        by_mean = np.empty((len(logs), len(total)))
        by_sd = np.empty_like(by_mean)
        for j, (log, u) in enumerate(zip(logs, heights, strict=True)):
            cdf = _with_nothing(log_ndtr(u))
            pdf = _with_nothing(-0.5 * u * u - _LOG_2PI_HALF)
            up, low = cuts.upper[:, j], cuts.lower[:, j]
            with np.errstate(over="ignore"):
                rises = np.exp(cdf[:, up] - log) - np.exp(cdf[:, low] - log)
                widens = np.exp(pdf[:, up] - log) - np.exp(pdf[:, low] - log)
            by_mean[j] = -(share * np.minimum(rises, 1e12)).sum(axis=1)
            by_sd[j] = (share * np.clip(widens, -1e12, 1e12)).sum(axis=1)
        return total, by_mean, by_sd


def _with_nothing(columns: Floats) -> Floats:
    """A last column of -inf: the logarithm of what is left of a cut at -inf."""
    out = np.full((len(columns), columns.shape[1] + 1), -np.inf)
    out[:, :-1] = columns
    return out
