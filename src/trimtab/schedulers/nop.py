"""The scheduler that lets every trial run to its end."""

from __future__ import annotations

import numpy as np

from trimtab.records import History, StudyDirection
from trimtab.schedulers.base import CONTINUE, Decision, Scheduler


class NopPruner(Scheduler):
    """Never stops a trial."""

    compares = False

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """Always `Continue`."""
        return CONTINUE

    def next_step(self, history: History, number: int) -> int | None:
        """Never."""
        return None


class FIFOScheduler(NopPruner):
    """Trials run one after the other, each to its end: `NopPruner` by its name in Ray Tune."""
