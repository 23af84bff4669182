"""What a trial of an experiment is: always read from its study, as the storage has it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trimtab.experiment.arm import Arm
from trimtab.experiment.data import Data
from trimtab.experiment.rows import ARM
from trimtab.experiment.status import TrialStatus, status_of
from trimtab.records import FrozenTrial
from trimtab.storage.rules import FAIL_REASON

if TYPE_CHECKING:
    from trimtab.experiment.experiment import Experiment

METADATA: Final = "run_metadata"
"""System attribute: what the runner returned."""


class TrialHandle:
    """A trial of an experiment, to be read.

    Args:
        experiment: Whose.
        index: Number of the study's trial that holds its first arm.
    """

    def __init__(self, experiment: Experiment, index: int) -> None:
        self.experiment = experiment
        self.index = index

    def rows(self) -> list[FrozenTrial]:
        """The study's trials that hold its arms, the first one first."""
        return [self.head()]

    def head(self) -> FrozenTrial:
        """The study's trial that holds its status, its metadata and its first arm."""
        study = self.experiment.study
        return study.storage.trial(study.study_id, self.index)

    @property
    def status(self) -> TrialStatus:
        """Where it is in its life, as the storage has it now."""
        return status_of(self.head())

    @property
    def arms(self) -> list[Arm]:
        """Its arms, in order."""
        return [self.arm_of(row) for row in self.rows() if row.space]

    @property
    def arms_by_name(self) -> dict[str, Arm]:
        """Its arms by name."""
        return {str(arm.name): arm for arm in self.arms}

    def arm_of(self, row: FrozenTrial) -> Arm:
        """The arm that a trial of the study holds."""
        place = row.system_attrs.get(ARM, {})
        name = place.get("name") or f"{self.index}_{place.get('place', 0)}"
        return Arm(row.params, name)

    @property
    def run_metadata(self) -> dict[str, Any]:
        """What the runner returned when the trial was deployed."""
        return dict(self.head().system_attrs.get(METADATA) or {})

    @property
    def deployed_name(self) -> str | None:
        """The ``"name"`` in `run_metadata`, or None."""
        name = self.run_metadata.get("name")
        return None if name is None else str(name)

    @property
    def unique_name(self) -> str:
        """A name for its deployment that is the same whenever it is asked for."""
        return f"{self.experiment.name}_{self.index}"

    @property
    def failed_reason(self) -> str | None:
        """Why it failed or was abandoned, where somebody said."""
        reason = self.head().system_attrs.get(FAIL_REASON)
        return None if reason is None else str(reason)

    @property
    def generation_method(self) -> str | None:
        """Which sampler proposed its first arm, or who gave it."""
        from trimtab.study.origin import origin_of

        return origin_of(self.head().system_attrs, self.experiment.study.system_attrs)

    def fetch_data(self) -> Data:
        """What its metrics have measured, fetched where it is not known yet."""
        return self.experiment.fetch_trials_data([self.index])

    def lookup_data(self) -> Data:
        """What is stored of its measurements."""
        return self.experiment.lookup_data([self.index])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(index={self.index}, status={self.status.name})"
