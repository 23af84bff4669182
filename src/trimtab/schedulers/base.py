"""The contract of a scheduler: reports in, a decision out.

Pure as samplers are. A pruner is a scheduler that only ever continues or stops; the same object
serves ``trial.should_prune()`` in a study and ``on_report`` in the Tuner.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np

from trimtab.records import VALUE, FrozenTrial, History, StudyDirection
from trimtab.schedulers.foreign import BasePruner
from trimtab.space.made import MadeOf


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on.

    Attributes:
        state: JSON values to keep in the trial's ``system_attrs``.
        yields: Whether trials that are behind come first, where not all can run at one time.
            Unlike one that is paused the trial needs nobody to let it go on, and stays RUNNING.
    """

    state: Mapping[str, Any] = field(default_factory=dict)
    yields: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """End the trial.

    Attributes:
        state: JSON values to keep in the trial's ``system_attrs``.
        completes: Whether it has come to its end: it is then COMPLETE, not PRUNED. An objective
            of a study, which has an end of its own, is not stopped by this.
    """

    state: Mapping[str, Any] = field(default_factory=dict)
    completes: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Rest until `Scheduler.release` says how to go on; the slot is another trial's meanwhile."""

    state: Mapping[str, Any] = field(default_factory=dict)
    """JSON values to keep in the trial's ``system_attrs``."""


@dataclass(frozen=True, slots=True)
class Exploit:
    """Go on from another trial's checkpoint with other parameters.

    Attributes:
        donor: Whose checkpoint.
        params: New values by name, names being paths into the config.
        state: JSON values to keep in the trial's ``system_attrs``.
    """

    donor: int
    params: Mapping[str, Any]
    state: Mapping[str, Any] = field(default_factory=dict)


Decision: TypeAlias = Continue | Stop | Pause | Exploit

CONTINUE = Continue()
STOP = Stop()


class Scheduler(MadeOf, BasePruner):
    """Decides what becomes of a trial that reports.

    What it was made of is kept in ``made_of``, so that a run can be taken up again with its like.

    Args:
        metric: Which reported metric to look at; None for the unnamed one.
        direction: Whether it is to be small or large; None for the study's (which must then
            have one objective, or one named ``metric``).
    """

    def __init__(
        self, *, metric: str | None = None, direction: StudyDirection | str | None = None
    ) -> None:
        from trimtab.records import parse_directions

        self.metric = metric or VALUE
        self.direction = None if direction is None else parse_directions(direction)[0]

    def for_metric(self, metric: str) -> Self:
        """One made of the same, that looks at another reported metric."""
        if not self.compares:
            return self
        args, kwargs = self.made_of
        given = inspect.signature(type(self)).bind(*args, **kwargs)
        given.arguments["metric"] = metric
        return type(self)(*given.args, **given.kwargs)

    @abstractmethod
    def on_report(
        self,
        history: History,
        number: int,
        direction: StudyDirection,
        rng: np.random.Generator,
    ) -> Decision:
        """What to do with a running trial after its newest report.

        Args:
            history: All trials with their reports, this one's among them. Read only.
            number: The trial.
            direction: Of the metric, already resolved.
            rng: The only source of randomness.
        """

    needs_checkpoints = False
    """Whether a trial that is asked about should have saved its state: another may take it."""

    compares = True
    """Whether there has to be a metric."""

    needs_population = False
    """Whether trials that have not begun have to be in the history, as their number counts."""

    prefers_paused = False
    """Whether a trial that was paused goes on before one that has not begun."""

    def next_step(self, history: History, number: int) -> int | None:
        """The step at which `on_report` has to be asked about a running trial next.

        Until then the trial goes on without waiting.

        Returns:
            A step above the trial's last; None: never.
        """
        last = history.last_step(number)
        return 1 if last is None else last + 1

    def release(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """What becomes of paused trials now: `Continue`, `Exploit` or `Stop` for some of them.

        Asked whenever a slot is free and trials rest.
        """
        del direction, rng
        return dict.fromkeys(history.paused, CONTINUE)

    def conclude(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """`release`, asked when no trial runs and none is to come.

        Trials that are not released now are stopped: they would rest for ever.
        """
        return self.release(history, direction, rng)

    def on_failure(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """What becomes of a trial that failed for good: `Stop`, or `Exploit` to rescue it."""
        del history, number, direction, rng
        return STOP

    def initial(self, config: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Values, by path, that a trial which begins with ``config`` needs beside it."""
        del config, rng
        return {}

    def adapt(self, config: dict[str, Any]) -> dict[str, Any]:
        """The config that a trial really goes on with after an `Exploit`."""
        return config

    def prune(self, study: Any, trial: FrozenTrial) -> bool:
        """Whether to end a trial of ``study`` now, for pruners of Optuna's interface that ask."""
        direction = study.direction if self.direction is None else self.direction
        rng = np.random.default_rng(trial.number)
        decision = self.on_report(study.history, trial.number, direction, rng)
        return isinstance(decision, Stop) and not decision.completes

    def bind(self, study: Any) -> None:
        """Learn which study is served; for those who wrap what is handed a study."""
        del study
