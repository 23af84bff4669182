"""The base class of pruners written for Optuna's interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from trimtab.records import FrozenTrial


class BasePruner(ABC):
    """A pruner that is handed the study and the trial.

    A study wraps what is no more than this; a `Scheduler` answers these calls too.
    """

    @abstractmethod
    def prune(self, study: Any, trial: FrozenTrial) -> bool:
        """Whether to end the trial now."""
