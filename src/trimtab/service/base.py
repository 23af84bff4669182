"""What all parts of a client share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from trimtab.errors import WrongStatus
from trimtab.experiment import Experiment
from trimtab.schedulers import Scheduler
from trimtab.storage import Storage, open_storage
from trimtab.study.api import StorageLike


class ClientBase:
    """An experiment, once there is one.

    Args:
        storage: Where experiments are kept: a URL such as ``sqlite:///lab.db``, a storage, or
            None for memory.
        random_seed: Of all draws; None for fresh entropy.
        early_stopping_strategy: A pruner that says which running trials to end; None:
            `MedianPruner`.
        verbose_logging: Whether each trial that is asked for or completed is logged as news
            (INFO), or only for who looks closely (DEBUG).
    """

    def __init__(
        self,
        *,
        storage: StorageLike = None,
        random_seed: int | None = None,
        early_stopping_strategy: Scheduler | None = None,
        verbose_logging: bool = True,
    ) -> None:
        self._storage = storage if isinstance(storage, Storage) else open_storage(storage)
        self._seed = random_seed
        self._level = logging.INFO if verbose_logging else logging.DEBUG
        self._early_stopping = early_stopping_strategy
        self._experiment: Experiment | None = None

    @property
    def experiment(self) -> Experiment:
        """The experiment.

        Raises:
            WrongStatus: If there is none yet.
        """
        if self._experiment is None:
            raise WrongStatus("There is no experiment yet: call create_experiment, or load one.")
        return self._experiment

    def _adopt(self, make: Callable[[], Experiment]) -> None:
        if self._experiment is not None:
            raise WrongStatus(
                f"This client has the experiment {self._experiment.name!r}; use another client."
            )
        self._experiment = make()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._experiment!r})"

    def _ipython_display_(self) -> None:
        study: Any = self.experiment.study
        study._ipython_display_()
