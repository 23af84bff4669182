"""How a trial is deployed to the place where it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trimtab.experiment.status import TrialStatus

if TYPE_CHECKING:
    from trimtab.experiment.trial import BaseTrial


class Runner(ABC):
    """Deploys trials. Subclass it, define `run`, and `poll` if trials end on their own."""

    @abstractmethod
    def run(self, trial: Any) -> Mapping[str, Any] | None:
        """Deploy a trial.

        Args:
            trial: A `Trial` (with ``arm``) or `BatchTrial` (with ``arms``). Its ``unique_name``
                is the same whenever it is asked for: deploy under it, so that `find` can tell
                whether this was done before.

        Returns:
            What is needed to find the deployment again, as JSON can hold it; its ``"name"`` is
            ``trial.deployed_name``. None: nothing.
        """

    @property
    def staging_required(self) -> bool:
        """Whether a deployed trial is STAGED until somebody calls ``mark_running``."""
        return False

    @property
    def is_polled(self) -> bool:
        """Whether trials go on after `run` returned."""
        return type(self).poll is not Runner.poll

    def poll(self, trial: Any) -> TrialStatus:
        """Where a deployed trial is now: RUNNING, COMPLETED, FAILED, ABANDONED, EARLY_STOPPED.

        Where a subclass does not define it, a trial is COMPLETED when `run` returns.
        """
        del trial
        return TrialStatus.COMPLETED

    def stop(self, trial: Any, reason: str | None = None) -> None:
        """End a deployed trial; nothing where it has ended."""
        raise NotImplementedError(
            f"{type(self).__name__} cannot stop trials: define its method `stop`."
        )

    def find(self, trial: BaseTrial) -> Mapping[str, Any] | None:
        """What `run` returned, or would have, for a trial that may have been deployed.

        Asked where a process died between deploying a trial and storing what `run` returned.

        Returns:
            The metadata if the trial was deployed, else None: it is then deployed now.

        Raises:
            NotImplementedError: If nobody knows; the trial then fails, as to deploy it twice
                would be worse.
        """
        raise NotImplementedError(
            f"{type(self).__name__} cannot tell whether a trial was deployed: define `find`."
        )
