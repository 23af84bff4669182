"""How far a trial has come, and with which config: what a run keeps of it in its records."""

from __future__ import annotations

import math
from typing import Any, Final

from trimtab.records import History
from trimtab.records.lineage import LINEAGE

ITERATION: Final = "training_iteration"


def time_of(history: History, number: int, time_attr: str) -> float | None:
    """What a trial's last report says of ``time_attr``; None where it says nothing.

    Iterations are the steps of the reports, where these do not say otherwise.
    """
    last = history.last_step(number)
    if last is None:
        return None
    time = history.reports(number)[last].metrics.get(time_attr)
    if time is None:
        return float(last) if time_attr == ITERATION else None
    return time if math.isfinite(time) else None


def latest(
    history: History, number: int, time_attr: str, metric: str
) -> tuple[float, float] | None:
    """(time, value) of a trial's last report; None where it lacks one of them."""
    time, last = time_of(history, number, time_attr), history.last_value(number, metric)
    if time is None or last is None or last[0] != history.last_step(number):
        return None
    return time, last[1]


def step_at(history: History, number: int, time_attr: str, due: float) -> int:
    """The first step at which ``time_attr`` may have come to ``due``.

    Known for iterations, of which each report is one; of anything else a report has to tell.
    """
    last = history.last_step(number) or 0
    if time_attr != ITERATION:
        return last + 1
    lineage: list[list[Any]] = history.system_attrs(number).get(LINEAGE, [])
    if lineage and lineage[-1][0] == last:  # it goes on from where its donor was
        now = float(lineage[-1][2])
    else:
        now = time_of(history, number, time_attr) or 0.0
    return last + max(math.ceil(due - now), 1)
