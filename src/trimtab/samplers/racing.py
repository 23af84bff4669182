"""Which of several noisy arms to run once more, and which of them to name the best.

Sampling several means until the best is found is known as ranking and selection, and as best-arm
identification. Two of its results are used here:

- A further run tells most about the arm in front, or about the one likeliest to be better than it
  (Chen, Lin, Yücesan and Chick, "Simulation budget allocation for further enhancing the efficiency
  of ordinal optimization", Discrete Event Dynamic Systems 10, 2000; Kalyanakrishnan et al., "PAC
  subset selection in stochastic multi-armed bandits", ICML 2012).
- The least of many noisy means is too small, and the more so the fewer its runs. Each is drawn
  towards the mean of all by as much as noise explains of their spread (Efron and Morris, "Data
  analysis using Stein's estimator and its generalizations", JASA 70, 1975).

Arithmetic on losses: less is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from trimtab.errors import InvalidArgument
from trimtab.space import Floats
from trimtab.space.checks import check_count, check_number

_CONFIDENCE: Final = 0.99
"""One-sided, from which an arm is clearly worse than the one in front: high, as it is asked after
every run."""
_FEW: Final = 4
"""Arms that it takes to tell how far apart arms truly are."""
_LEAST: Final = 0.01
"""Variance of the arms' true means, at least, in terms of a mean's variance by noise."""


@dataclass(frozen=True)
class ArmRuns:
    """What is known of one arm.

    Attributes:
        losses: Of the runs that ended well: finite, less is better.
        running: Runs that have begun and not ended, at least 0.
        failed: Runs that ended without a loss, at least 0.

    Raises:
        InvalidArgument: If a loss is not finite or a number of runs is negative.
        InvalidType: If a number of runs is not a whole number.
    """

    losses: tuple[float, ...]
    running: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        if not all(math.isfinite(loss) for loss in self.losses):
            raise InvalidArgument("losses", "finite numbers", self.losses)
        check_count("running", self.running, 0)
        check_count("failed", self.failed, 0)

    @property
    def runs(self) -> int:
        """Runs that have a loss or may yet have one."""
        return len(self.losses) + self.running


@dataclass(frozen=True)
class Race:
    """Shares out runs among arms.

    An arm that was begun gets its minimum before anything else is run. What exceeds the minimum
    goes to contenders: the arm in front and its closest rival, whichever has had fewer runs, for
    as long as the rival is not clearly worse.

    Args:
        minimum: Runs of every arm, at least 1. An arm of which that many have failed is given up.
        maximum: Runs that an arm has at most; at least the minimum.
        extra_share: Share of all runs that may exceed the minimum while there are new arms to be
            tried; from 0 to 1.

    Raises:
        InvalidArgument: If one of them is out of its range.
        InvalidType: If one of them is no such number.
    """

    minimum: int
    maximum: int
    extra_share: float = 1 / 3

    def __post_init__(self) -> None:
        check_count("minimum", self.minimum, 1)
        check_count("maximum", self.maximum, 1)
        if self.maximum < self.minimum:
            raise InvalidArgument("maximum", f"at least the minimum, {self.minimum}", self.maximum)
        check_number("extra_share", self.extra_share, 0.0, 1.0)

    def next_run(
        self, arms: Sequence[ArmRuns], remaining: int | None = None, new_arms: bool = True
    ) -> int | None:
        """The index of the arm to be run once more; None: a new arm is to be begun.

        Args:
            arms: All that were begun.
            remaining: Runs left, this one among them; None if nobody knows. Where it is known,
                extra runs come last, when there are most arms to choose from, and no arm is
                begun that could not get its minimum, if there is a contender instead.
            new_arms: Whether there is any point left to begin an arm with. If not, extra runs
                are bounded by the maximum alone, and None says that nothing is left to be run.
        """
        for i, arm in enumerate(arms):
            if arm.runs < self.minimum and not self._given_up(arm):
                return i
        if new_arms and not self._extra_is_due(arms, remaining):
            return None
        return self._contender(arms)

    def incumbent(self, arms: Sequence[ArmRuns]) -> int | None:
        """The index of the best arm, the least mean once drawn towards the mean of all.

        None while no arm has the minimum of losses. Of equal arms it is the first.
        """
        known = self._complete(arms)
        return known[_Standing([arms[i] for i in known]).best()] if known else None

    def _given_up(self, arm: ArmRuns) -> bool:
        return arm.failed >= self.minimum

    def _complete(self, arms: Sequence[ArmRuns]) -> list[int]:
        return [i for i, arm in enumerate(arms) if len(arm.losses) >= self.minimum]

    def _extra_is_due(self, arms: Sequence[ArmRuns], remaining: int | None) -> bool:
        """Whether the extra runs have not yet had their share."""
        extra = sum(max(arm.runs - self.minimum, 0) for arm in arms)
        total = sum(arm.runs for arm in arms)
        if remaining is None:
            return extra + 1 <= self.extra_share * (total + 1)
        if remaining < self.minimum:
            return True
        # Were an arm begun now, all that is left after its minimum would not be share enough.
        return extra + remaining - self.minimum < self.extra_share * (total + remaining)

    def _contender(self, arms: Sequence[ArmRuns]) -> int | None:
        """The arm in front or its closest rival; None if all is clear or both have the maximum."""
        known = self._complete(arms)
        room = [arms[i].runs < self.maximum and not self._given_up(arms[i]) for i in known]
        if len(known) < 2 or not any(room):
            return None
        standing = _Standing([arms[i] for i in known])
        for rival in standing.rivals():
            pair = [j for j in (standing.front, rival) if room[j]]
            if pair:
                return known[min(pair, key=lambda j: arms[known[j]].runs)]
        return None


class _Standing:
    """How arms compare, each of which has a loss.

    The noise is taken to be alike in all arms: with a few runs of each, only the pooled variance
    is known well enough.

    Attributes:
        front: Index of the arm with the least mean. An arm that is there by luck is found out:
            it is among the next to be run.
    """

    def __init__(self, arms: Sequence[ArmRuns]) -> None:
        counts = np.array([len(arm.losses) for arm in arms])
        self._means = np.array([math.fsum(arm.losses) / len(arm.losses) for arm in arms])
        self._freedom = int(counts.sum()) - len(arms)
        residuals = (
            loss - mean
            for arm, mean in zip(arms, self._means.tolist(), strict=True)
            for loss in arm.losses
        )
        squares = math.fsum(r * r for r in residuals)
        self._squared_sems: Floats = squares / max(self._freedom, 1) / counts
        self.front = int(np.argmin(self._means))

    def rivals(self) -> list[int]:
        """The arms that are not clearly worse than the one in front, the closest first.

        The closest has the least lower confidence bound (Kalyanakrishnan et al., 2012, sec. 3).
        """
        bounds = self._means - np.sqrt(self._squared_sems)
        order = np.argsort(bounds, kind="stable")
        rivals = order[order != self.front]
        if self._freedom:  # else nobody knows how noisy they are
            sems = np.sqrt(self._squared_sems[rivals] + self._squared_sems[self.front])
            behind = self._means[rivals] - self._means[self.front]
            rivals = rivals[behind <= stdtrit(self._freedom, _CONFIDENCE) * sems]
        return [int(i) for i in rivals]

    def best(self) -> int:
        """Index of the least mean, each drawn towards that of all (Efron and Morris, sec. 2).

        As they are where there are too few arms to tell how far apart they truly are.
        """
        if len(self._means) < _FEW:
            return self.front
        centre = self._means.mean()
        noise = self._squared_sems.mean()
        # Never nothing, so that of means that noise alone explains the better known goes first.
        spread = max(self._means.var(ddof=1) - noise, _LEAST * noise)
        total = spread + self._squared_sems
        kept = np.divide(spread, total, out=np.ones_like(total), where=total > 0.0)
        return int(np.argmin(centre + kept * (self._means - centre)))
