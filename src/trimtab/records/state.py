"""Where a trial is in its life."""

from __future__ import annotations

import enum
from typing import Final


class TrialState(enum.IntEnum):
    """Where a trial is in its life."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4
    PAUSED = 5

    def __str__(self) -> str:
        # An IntEnum would print its number.
        return f"TrialState.{self.name}"

    def is_finished(self) -> bool:
        """Whether nothing more can happen to the trial."""
        return self in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


FINISHED: Final = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
