"""Stop trials that are significantly worse than the best one, instance by instance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trimtab.errors import warn
from trimtab.records import History, StudyDirection, TrialState
from trimtab.schedulers.base import CONTINUE, STOP, Decision, Scheduler
from trimtab.schedulers.derived import Derived, metric_by_step
from trimtab.space.checks import check_count, check_number


class WilcoxonPruner(Scheduler):
    """Stops a trial that a signed-rank test finds worse than the best trial.

    For objectives that are a mean over instances (folds, problems, questions): a report's step
    is the instance and its value the score there, in any order. The scores are paired by instance
    and tested one-sidedly (Wilcoxon, 1945; zero differences are split between both sides). The
    test is repeated at every report, so that the rate of wrongful stops is above
    ``p_threshold``. A trial whose own average is no worse than the best trial's is not stopped.

    The best trial is the study's; with several objectives it is the feasible completed one with
    the best mean report of ``metric``.

    Args:
        p_threshold: From 0 to 1; larger stops more.
        n_startup_steps: How many common instances there must be, at least 2 in any case.
        metric: Which reported metric to look at; None for the unnamed one.
        direction: Of the metric; None for the study's.

    Raises:
        InvalidArgument: If a number is out of its range.
    """

    def __init__(
        self,
        *,
        p_threshold: float = 0.1,
        n_startup_steps: int = 2,
        metric: str | None = None,
        direction: StudyDirection | str | None = None,
    ) -> None:
        super().__init__(metric=metric, direction=direction)
        self._p_threshold = check_number("p_threshold", p_threshold, 0.0, 1.0)
        self._n_startup_steps = check_count("n_startup_steps", n_startup_steps, 0)
        self._best = Derived(_Best)

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Stop` if the trial is worse than the best one, at the level ``p_threshold``.

        Warns:
            TrimtabWarning: If reports are missing or not finite; the trial then goes on.
        """
        maximize = direction is StudyDirection.MAXIMIZE
        scores = metric_by_step(history, number, self.metric)
        if not scores or not _all_finite(scores, f"Trial {number}"):
            return CONTINUE
        best = self._best.of(history, self.metric).number(_best_is_highest(history, maximize))
        if best is None:
            return CONTINUE
        best_scores = metric_by_step(history, best, self.metric)
        if not best_scores:
            warn(
                f"The best trial, {best}, has no reports, so that nothing can be compared with "
                "it. A trial that is added should bring its `intermediate_values`."
            )
            return CONTINUE
        if not _all_finite(best_scores, f"The best trial, {best},"):
            return CONTINUE
        common = [step for step in scores if step in best_scores]
        if len(common) < len(scores):
            warn(f"Trial {number} reported steps that the best trial, {best}, did not; left out.")
        if len(common) < max(2, self._n_startup_steps):
            return CONTINUE

        sign = -1.0 if maximize else 1.0
        excess = [sign * (scores[step] - best_scores[step]) for step in common]
        if _mean(scores) * sign <= _mean(best_scores) * sign:
            return CONTINUE
        return STOP if _p_value(excess) < self._p_threshold else CONTINUE


def _best_is_highest(history: History, maximize: bool) -> bool:
    # A single objective ranks trials by its own direction, whatever the reported metric's is.
    if history.n_objectives == 1:
        return history.directions[0] is StudyDirection.MAXIMIZE
    return maximize


def _p_value(excess: Sequence[float]) -> float:
    """Probability of differences so positive, if signs were drawn by lot."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(excess, alternative="greater", zero_method="zsplit").pvalue)


def _mean(scores: dict[int, float]) -> float:
    return sum(scores.values()) / len(scores)


def _all_finite(scores: dict[int, float], whose: str) -> bool:
    if all(map(math.isfinite, scores.values())):
        return True
    warn(f"{whose} reported values that are not finite; the running trial is not stopped.")
    return False


class _Best:
    """The best completed feasible trial: lowest and highest, as the direction is known later."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._lowest: tuple[float, int] | None = None
        self._highest: tuple[float, int] | None = None

    def number(self, maximize: bool) -> int | None:
        """The best trial, the earliest of equals; None if there is none."""
        best = self._highest if maximize else self._lowest
        return None if best is None else best[1]

    def absorb(self, history: History, finished: Sequence[int]) -> None:
        for number in finished:
            if history.states[number] == TrialState.COMPLETE and history.violation[number] <= 0.0:
                self._enter(self._score(history, number), number)

    def _score(self, history: History, number: int) -> float:
        if history.n_objectives == 1:
            return float(history.values[number, 0])
        reported = metric_by_step(history, number, self._metric)
        return _mean(reported) if reported else math.nan

    def _enter(self, score: float, number: int) -> None:
        if math.isnan(score):
            return
        if self._lowest is None or (score, number) < self._lowest:
            self._lowest = (score, number)
        if self._highest is None or (-score, number) < (-self._highest[0], self._highest[1]):
            self._highest = (score, number)
