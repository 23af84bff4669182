"""Where a trial of an experiment is in its life."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

from trimtab.records import FrozenTrial, TrialState

STATUS: Final = "status"
"""System attribute: the status, where it does not follow from the state of the study's trial."""


class TrialStatus(enum.Enum):
    """CANDIDATE → STAGED → RUNNING → one of the ends."""

    CANDIDATE = "CANDIDATE"
    STAGED = "STAGED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"
    EARLY_STOPPED = "EARLY_STOPPED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more can happen."""
        return self not in (TrialStatus.CANDIDATE, TrialStatus.STAGED, TrialStatus.RUNNING)

    @property
    def is_running(self) -> bool:
        """Whether it is deployed and has not ended."""
        return self is TrialStatus.RUNNING


_BY_STATE: Final = {
    TrialState.COMPLETE: TrialStatus.COMPLETED,
    TrialState.PRUNED: TrialStatus.EARLY_STOPPED,
    TrialState.FAIL: TrialStatus.FAILED,
    TrialState.RUNNING: TrialStatus.RUNNING,
    TrialState.PAUSED: TrialStatus.STAGED,
    TrialState.WAITING: TrialStatus.CANDIDATE,
}


def status_of(row: FrozenTrial) -> TrialStatus:
    """The status of a trial as its record tells it."""
    return status_from(row.state, row.system_attrs)


def status_from(state: TrialState, attrs: Mapping[str, Any]) -> TrialStatus:
    """The same from the state of the study's trial and its system attributes."""
    told = attrs.get(STATUS)
    return _BY_STATE[state] if told is None else TrialStatus(told)
