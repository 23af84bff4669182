"""What the processes of a study think: for pictures, and to choose the best arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, stdtr

from trimtab.records import History
from trimtab.samplers.gp.model import Posterior, solve_transposed
from trimtab.samplers.gp.observations import Indices, Observations
from trimtab.samplers.gp.outputs import Standardization
from trimtab.samplers.gp.progress import Progress, best_rows
from trimtab.samplers.gp.surrogate import Surrogate
from trimtab.space import Floats, Space

_DOUBTFUL = 0.1
"""A model whose predictions go with the measurements by chance with this probability is not used
to choose (as in Ax, which tests likewise)."""
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What a process says of each arm when it is not told of it.

    Attributes:
        numbers: Shape (k,), a trial of each arm.
        observed: Shape (k,), its mean, in the objective's units.
        means: Shape (k,), what was predicted for it.
        sds: Shape (k,), standard deviations of a measurement of it.
    """

    numbers: Indices
    observed: Floats
    means: Floats
    sds: Floats

    @property
    def p_value(self) -> float:
        """How likely the ranks of predictions and measurements go together so well by chance.

        One-sided, by Student's distribution of Spearman's correlation (Kendall and Stuart, "The
        advanced theory of statistics", vol. 2, section 31.19).
        """
        k = len(self.observed)
        if k < 3:
            return 1.0
        one, two = _ranks(self.observed), _ranks(self.means)
        spread = float(one.std() * two.std())
        if not spread > 0.0:
            return 1.0
        rho = float(np.mean((one - one.mean()) * (two - two.mean()))) / spread
        if rho >= 1.0 - 1e-12:
            return 0.0
        return float(stdtr(k - 2, -rho * np.sqrt((k - 2) / (1.0 - rho * rho))))


class Predictor:
    """The processes of one study, in its own units.

    Args:
        history: The study.
        space: d columns.
        seen: Its observations, two at least.
        surrogate: Fitted to them.

    Attributes:
        space: The columns.
    """

    def __init__(
        self, history: History, space: Space, seen: Observations, surrogate: Surrogate
    ) -> None:
        self.space = space
        self._signs = history.signs
        self._seen = seen
        self._surrogate = surrogate
        self._models = [
            surrogate.objective_posterior(j, seen) for j in range(len(surrogate.objectives))
        ]
        self._chances = [
            surrogate.constraint_posterior(k, seen) for k in range(len(surrogate.constraints))
        ]

    def points(self, params: Sequence[Mapping[str, Any]]) -> Floats:
        """Points of the unit cube, shape (n, d), of parameters as an objective sees them.

        A parameter that is not given is absent (NaN).
        """
        out = np.full((len(params), len(self.space)), np.nan)
        for i, given in enumerate(params):
            for j, (name, distribution) in enumerate(self.space.items()):
                if name in given:
                    internal = distribution.to_internal_repr(given[name])
                    out[i, j] = Space({name: distribution}).encode((internal,))[0]
        return out

    def predict(self, points: Floats, objective: int = 0) -> tuple[Floats, Floats]:
        """Posterior mean and standard deviation of an objective, without noise, in its units.

        Args:
            points: Shape (n, d), in the unit cube, NaN where a parameter is absent.
            objective: Which one.

        Returns:
            Shape (n,) each. Where losses are modelled on a warped scale, the median, and half of
            the interval that holds 68 %.
        """
        features = self._surrogate.encoding.features(points)
        mean, variance = self._models[objective].predict(features)
        transform = self._surrogate.objectives[objective].transform
        middle, half = transform.backward(mean[:, 0], np.sqrt(variance))
        return self._signs[objective] * middle, half

    def feasibility(self, points: Floats) -> Floats:
        """Probability that a point, shape (n, d), satisfies all constraints that were told."""
        features = self._surrogate.encoding.features(points)
        out = np.zeros(len(points))
        for model in self._chances:
            mean, variance = model.predict(features)
            out += log_ndtr(-mean[:, 0] / np.sqrt(variance))
        return np.exp(out)

    def sensitivities(self, objective: int = 0) -> dict[str, float]:
        """The parameters' shares, of 1, of how fast an objective changes: inverse length scales."""
        inverse = 1.0 / self._surrogate.objectives[objective].hyperparameters.lengths
        shares = inverse / inverse.sum()
        return dict(zip(self.space.names, shares.tolist(), strict=True))

    def leave_one_out(self, objective: int = 0) -> LeaveOneOut:
        """Predictions of every arm in the model from the others (GPML, eq. 5.12)."""
        surrogate, seen = self._surrogate, self._seen
        output = surrogate.objectives[objective]
        model = surrogate.observed_posterior(objective, seen)
        rows = np.concatenate([output.rows, surrogate.since(seen)])
        y, mean, sd = _left_out(model)
        transform: Standardization = output.transform
        sign = self._signs[objective]
        middle, half = transform.backward(mean, sd)
        observed = transform.backward(y, np.zeros_like(y))[0]
        return LeaveOneOut(seen.numbers[rows], sign * observed, sign * middle, half)

    def at_trials(self, objective: int = 0) -> tuple[Indices, Floats, Floats]:
        """Complete trials, and the posterior means and standard deviations at their points.

        Returns:
            Shape (n,) each; trials in the order in which they finished.
        """
        mean, sd = self.predict(self._seen.points, objective)
        return self._seen.numbers, mean, sd

    def progress(self, objective: int = 0, most: int = 200) -> Progress:
        """The best feasible arm by the model after so many trials, with what is known by then.

        The hyperparameters are those of now.

        Args:
            objective: Which one.
            most: At so many points in the study's course, evenly chosen, the last among them.
        """
        n, feasible = len(self._seen), self._seen.violation <= 0.0
        first = int(np.argmax(feasible)) + 1 if feasible.any() else n + 1
        counts = np.unique(np.linspace(n, first, min(most, max(n + 1 - first, 0))).astype(np.int64))
        model = self._surrogate.ordered_posterior(objective, self._seen)
        rows, means, variances = best_rows(model, feasible, counts)
        transform = self._surrogate.objectives[objective].transform
        middle, half = transform.backward(means, np.sqrt(variances))
        return Progress(counts, self._seen.numbers[rows], self._signs[objective] * middle, half)

    def best(self) -> int | None:
        """A trial of the arm that is best by the model; of one objective.

        Among the arms measured it is the one whose posterior mean, as a gain over the worst arm's,
        times its probability of feasibility is largest. Where measurements are exact it is the
        arm that was measured best. Where the model predicts badly (see `LeaveOneOut.p_value`) it
        has no opinion: None.
        """
        feasible = np.nonzero(self._seen.violation <= 0.0)[0]
        if not len(feasible):
            return None
        if self._surrogate.objectives[0].deterministic:
            losses = self._seen.losses[feasible, 0]
            return int(self._seen.numbers[feasible[losses == losses.min()]].min())
        if len(self._seen) < _FEWEST or self.leave_one_out().p_value > _DOUBTFUL:
            return None
        points = self._seen.points[feasible]
        features = self._surrogate.encoding.features(points)
        means = self._surrogate.observed_posterior(0, self._seen).predict(features)[0][:, 0]
        score = (means.max() - means) * self.feasibility(points)
        return int(self._seen.numbers[feasible[np.argmax(score)]])


def _left_out(model: Posterior) -> tuple[Floats, Floats, Floats]:
    """Observations, and means and standard deviations of each given the others, shape (n,)."""
    inverse = solve_transposed(model.lower, np.eye(len(model.points)))
    precision = np.einsum("ij,ij->i", inverse, inverse)
    weights = model.weights[:, 0]
    y = model.mean + model.lower @ model.innovations[:, 0]
    return y, y - weights / precision, 1.0 / np.sqrt(precision)


def _ranks(values: Floats) -> NDArray[np.float64]:
    """Ranks, those of equal values averaged."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(last - 0.5 * (counts - 1), dtype=np.float64)[inverse]
