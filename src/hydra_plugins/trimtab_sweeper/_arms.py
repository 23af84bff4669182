"""Parameterizations and their runs: which one is run next, and which one wins."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trimtab.records import FrozenTrial, TrialState
from trimtab.samplers.racing import ArmRuns, Race
from trimtab.space import Internal, Space

Point: TypeAlias = tuple[tuple[str, Internal], ...]

FAILED = "hydra:failed"
"""System attribute of a trial whose run failed, rather than being cut short with its sweep."""


@dataclass(slots=True)
class Arm:
    """A parameterization and its runs.

    Attributes:
        params: By override key.
        numbers: Of all its trials.
        losses: By trial number, of the runs that told one.
        running: Numbers of the runs that are under way.
        failed: How many runs failed.
        pruned: How many runs were pruned.
        is_open: Whether it may be run again.
    """

    params: Mapping[str, Any]
    numbers: list[int] = field(default_factory=list)
    losses: dict[int, float] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    failed: int = 0
    pruned: int = 0
    is_open: bool = True

    @property
    def example(self) -> int | None:
        """A trial that the next run repeats: the first complete one, else one that runs."""
        return min(self.losses, default=min(self.running, default=None))

    @property
    def sem(self) -> float | None:
        """Standard error of its mean, by the spread of its runs; None of a single one."""
        if len(self.losses) < 2:
            return None
        return statistics.stdev(self.losses.values()) / math.sqrt(len(self.losses))

    @property
    def runs(self) -> ArmRuns:
        """What a race is told of it."""
        return ArmRuns(tuple(self.losses.values()), len(self.running))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run next: an arm once more, or (None) a new one."""

    arm: Arm | None


class Arms:
    """All parameterizations of a sweep.

    Args:
        race: How runs are shared out.
        retries: Failed runs of one arm that are made up for; after more it is given up.
        sign: 1.0 where the objective is minimized, -1.0 where it is maximized.
    """

    def __init__(self, race: Race, retries: int, sign: float) -> None:
        self._race = race
        self._retries = retries
        self._sign = sign
        self._arms: dict[Point, Arm] = {}
        self._of: dict[int, Arm] = {}

    def knows(self, point: Point) -> bool:
        """Whether there is an arm of these parameters."""
        return point in self._arms

    @property
    def arms(self) -> list[Arm]:
        """All of them, in order of their first run."""
        return list(self._arms.values())

    @property
    def runs(self) -> int:
        """How many runs count towards the sweep's total."""
        return sum(
            len(arm.losses) + len(arm.running) + arm.failed + arm.pruned for arm in self.arms
        )

    @property
    def failures(self) -> int:
        """How many runs failed."""
        return sum(arm.failed for arm in self.arms)

    def begin(self, trial: FrozenTrial, *, is_open: bool = True) -> None:
        """Take over a trial that runs, or (with `end`) that ended before this sweep began.

        Args:
            trial: The trial.
            is_open: Whether its arm may be run again.
        """
        arm = self._arms.setdefault(point_of(trial.space, trial.point), Arm(trial.params))
        arm.numbers.append(trial.number)
        arm.is_open = arm.is_open and is_open
        arm.running.add(trial.number)
        self._of[trial.number] = arm

    def end(self, trial: FrozenTrial) -> None:
        """A trial that had begun has ended."""
        arm = self._of[trial.number]
        arm.running.discard(trial.number)
        if trial.state is TrialState.COMPLETE and trial.values is not None:
            arm.losses[trial.number] = self._sign * trial.values[0]
        elif trial.state is TrialState.PRUNED:
            arm.pruned += 1
        elif FAILED in trial.system_attrs:
            arm.failed += 1

    def drop(self, number: int) -> None:
        """A trial that had begun is someone else's now."""
        self._of[number].running.discard(number)

    def plan(self, left: int, may_begin: bool) -> Plan | None:
        """The next run; None: there is none, unless those that run now change that.

        Args:
            left: How many runs the total leaves.
            may_begin: Whether there may be a new arm.
        """
        if left <= 0:
            return None
        arms = [arm for arm in self.arms if self._is_open(arm)]
        may_begin = may_begin and left >= self._race.minimum
        index = self._race.next_run([arm.runs for arm in arms], left, may_begin)
        if index is not None:
            return Plan(arms[index])
        return Plan(None) if may_begin else None

    def mean(self, arm: Arm) -> float:
        """Mean of an arm's objective values."""
        return self._sign * math.fsum(arm.losses.values()) / len(arm.losses)

    def best(self) -> Arm | None:
        """The best arm among those with the minimum of complete runs."""
        index = self._race.incumbent([arm.runs for arm in self.arms])
        return None if index is None else self.arms[index]

    def _is_open(self, arm: Arm) -> bool:
        return arm.is_open and not arm.pruned and arm.failed <= self._retries


def point_of(space: Space, point: tuple[Internal, ...]) -> Point:
    """What makes two trials runs of one arm: values by name, in whatever order they were drawn."""
    return tuple(sorted(zip(space.names, point, strict=True)))
