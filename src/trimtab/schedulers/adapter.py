"""Pruners written for Optuna's interface, at work in a study of ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.errors import InvalidType
from trimtab.records import History, StudyDirection
from trimtab.schedulers.base import CONTINUE, STOP, Decision, Scheduler
from trimtab.schedulers.foreign import BasePruner


class ForeignPruner(Scheduler):
    """A `BasePruner` as a `Scheduler`.

    Args:
        wrapped: Is handed the study that this scheduler is bound to.
    """

    def __init__(self, wrapped: BasePruner) -> None:
        super().__init__()
        self.wrapped = wrapped
        self._study: Any = None

    def bind(self, study: Any) -> None:
        """Hand this study to the wrapped pruner from now on."""
        self._study = study

    def on_report(
        self,
        history: History,
        number: int,
        direction: StudyDirection,
        rng: np.random.Generator,
    ) -> Decision:
        """What the wrapped pruner says."""
        return STOP if self.wrapped.prune(self._study, history.trial(number)) else CONTINUE


def as_scheduler(pruner: Any, argument: str = "pruner") -> Scheduler:
    """``pruner``, wrapped if it was written for Optuna's interface.

    Raises:
        InvalidType: If it is no pruner.
    """
    if isinstance(pruner, Scheduler):
        return pruner
    if isinstance(pruner, BasePruner):
        return ForeignPruner(pruner)
    raise InvalidType(argument, "a trimtab.schedulers.Scheduler or BasePruner", pruner)
