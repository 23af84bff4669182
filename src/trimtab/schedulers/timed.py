"""What Ray Tune's schedulers have in common: arguments, and where a trial stands by them."""

from __future__ import annotations

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import History, StudyDirection
from trimtab.schedulers.base import Scheduler
from trimtab.schedulers.progress import latest, step_at


class TimedScheduler(Scheduler):
    """Compares a metric by how far trials have come.

    Args:
        time_attr: What is counted: ``training_iteration``, ``time_total_s`` or any reported
            metric that grows.
        metric: Which reported metric is compared; None: the run's.
        mode: ``"min"`` or ``"max"``; None: the run's.

    Raises:
        InvalidArgument: If ``mode`` is another word, or ``time_attr`` is empty.
        InvalidType: If ``time_attr`` is no string.
    """

    def __init__(self, time_attr: str, metric: str | None, mode: str | None) -> None:
        super().__init__(metric=metric, direction=_direction_of(mode))
        if not isinstance(time_attr, str):
            raise InvalidType("time_attr", "the name of what is counted", time_attr)
        if not time_attr:
            raise InvalidArgument("time_attr", "the name of what is counted", time_attr)
        self.time_attr = time_attr

    def latest(self, history: History, number: int) -> tuple[float, float] | None:
        """(time, value) of a trial's last report; None where it lacks one of them."""
        return latest(history, number, self.time_attr, self.metric)

    def step_at(self, history: History, number: int, due: float) -> int:
        """The first step at which a trial may have come to ``due``."""
        return step_at(history, number, self.time_attr, due)


def _direction_of(mode: str | None) -> StudyDirection | None:
    if mode is None:
        return None
    if mode not in ("min", "max"):
        raise InvalidArgument("mode", "'min' or 'max'", mode)
    return StudyDirection.MINIMIZE if mode == "min" else StudyDirection.MAXIMIZE
