"""Which trials, and which arm, are best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import TrimtabError
from trimtab.records import History, StudyDirection, TrialState
from trimtab.samplers.pareto import is_pareto
from trimtab.study.arms import Arm, Arms


class NoBestTrial(TrimtabError, ValueError):
    """The study has no trial that could be the best."""


class Incumbent:
    """The best feasible trial of a single-objective study, found once per finished trial."""

    def __init__(self) -> None:
        self._begin(0)

    def _begin(self, rewrites: int) -> None:
        self._rewrites = rewrites
        self._seen = 0
        self._number: int | None = None
        self._loss = np.inf
        self._complete = 0

    def number(self, history: History) -> int:
        """The best trial's number; the earliest of equals.

        Raises:
            NoBestTrial: If no feasible trial is complete.
        """
        if history.rewrites != self._rewrites:
            self._begin(history.rewrites)
        fresh = history.finished[self._seen :]
        if len(fresh):
            self._absorb(history, fresh)
        if self._number is None:
            kind = "feasible trials are" if self._complete else "trials are"
            raise NoBestTrial(f"No {kind} completed yet.")
        return self._number

    def _absorb(self, history: History, fresh: NDArray[np.int64]) -> None:
        sign = -1.0 if history.directions[0] is StudyDirection.MAXIMIZE else 1.0
        self._seen += len(fresh)
        usable = fresh[(history.states[fresh] == TrialState.COMPLETE) & ~history.archived[fresh]]
        self._complete += len(usable)
        feasible = usable[history.violation[usable] <= 0.0]
        if not len(feasible):
            return
        losses = sign * history.values[feasible, 0]
        least = losses.min()
        number = int(feasible[losses == least].min())
        if least < self._loss or (
            least == self._loss and self._number is not None and number < self._number
        ):
            self._loss, self._number = float(least), number


def pareto_numbers(history: History) -> NDArray[np.int64]:
    """Numbers, ascending, of the feasible complete trials that no other one dominates."""
    complete = history.usable(TrialState.COMPLETE)
    complete = complete[history.violation[complete] <= 0.0]
    return complete[is_pareto(history.losses[complete])] if len(complete) else complete


def best_arm(history: History, chosen: int | None = None) -> Arm:
    """The arm whose true mean is most likely the smallest loss: never just the luckiest run.

    Arm means are shrunk towards the mean of all arms by the share of their variance that is
    noise (empirical Bayes; Efron & Morris 1975, section 2): an arm measured once, in a noisy
    study, has to be much better than one measured often. Where nothing tells of noise this is
    the arm of the best trial.

    Args:
        history: The study.
        chosen: A trial of the arm that a model takes for the best; None: there is none.

    Raises:
        NoBestTrial: If no feasible trial is complete, or the study has several objectives.
    """
    if history.n_objectives != 1:
        raise NoBestTrial("A best arm is defined for studies with one objective.")
    candidates = Arms(history)
    if not len(candidates):
        raise NoBestTrial("No feasible trials are completed yet.")
    if chosen is not None and (index := candidates.index(chosen)) is not None:
        return candidates[index]
    means = float(history.signs[0]) * candidates.means[:, 0]
    variances = _noise(candidates)
    if variances is None:
        return candidates[int(np.argmin(means))]
    variances = np.maximum(variances, 1e-300)
    between = between_variance(means, variances)
    total = between + variances
    centre = float(np.average(means, weights=1.0 / total))
    # The shrunk mean's distance from the centre, but for the factor that all arms have in common
    # (the variance between them): so it ranks them also where that vanishes.
    with np.errstate(over="ignore"):
        distance = (means - centre) / total
    return candidates[int(np.lexsort((means, distance))[0])]


_PRIOR_RUNS = 4.0
"""Weight of the noise of all arms against an arm's own spread, in degrees of freedom."""
_PRECISION = 1e-9
"""Of the variance between arms, relative: finer than anyone knows it."""


def _noise(candidates: Arms) -> NDArray[np.float64] | None:
    """Variance of each arm's mean, shape (len(candidates),); None where nothing tells of it.

    The spread of a few replicates tells little of an arm's own noise, and may be small by luck:
    it is moderated by the noise of all arms (as in Smyth 2004, here with a fixed prior weight).
    """
    counts = candidates.counts.astype(np.float64)
    sems, told = candidates.sems[:, 0], candidates.told[:, 0]
    if np.isnan(sems).all():
        return None
    with np.errstate(over="ignore"):
        variances = sems**2
        freedom = np.where(told, 0.0, counts - 1.0)
        spread = np.where(freedom > 0.0, variances * counts, 0.0)  # of single runs
        if freedom.any():
            one_run = float(np.average(spread, weights=freedom))
        else:
            one_run = float(np.mean((variances * counts)[told]))
        moderated = (_PRIOR_RUNS * one_run + freedom * spread) / (_PRIOR_RUNS + freedom)
    return np.where(told, variances, moderated / counts)


def between_variance(means: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    """How much the true means of arms vary, given the variances of what was measured of them.

    After Paule & Mandel 1982: the variance at which the arms spread about their weighted
    mean as much as they should. One very noisy arm does not hide how the others differ.

    Args:
        means: Shape (k,), k at least 1.
        variances: Shape (k,), above 0.
    """
    if len(means) < 2:
        return 0.0

    def excess(between: float) -> float:
        weights = 1.0 / (variances + between)
        centre = np.average(means, weights=weights)
        return float(weights @ (means - centre) ** 2) - (len(means) - 1)

    low, high = 0.0, float(means.var(ddof=1))  # at the latter there cannot be any excess
    if excess(low) <= 0.0:
        return 0.0
    for _ in range(60):
        if high - low <= _PRECISION * high:
            break
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return high
