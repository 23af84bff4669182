"""Schedulers by the short names that Ray Tune has for them."""

from __future__ import annotations

from typing import Any, Final

from trimtab import schedulers
from trimtab.errors import InvalidArgument
from trimtab.schedulers.base import Scheduler

NAMES: Final = {
    "asha": "AsyncHyperBandScheduler",
    "async_hyperband": "AsyncHyperBandScheduler",
    "asynchyperband": "AsyncHyperBandScheduler",
    "fifo": "FIFOScheduler",
    "hb_bohb": "HyperBandForBOHB",
    "hyperband": "HyperBandScheduler",
    "median_stopping_rule": "MedianStoppingRule",
    "medianstopping": "MedianStoppingRule",
    "pb2": "PB2",
    "pbt": "PopulationBasedTraining",
    "pbt_replay": "PopulationBasedTrainingReplay",
    "promoting_asha": "PromotingASHA",
}


def create_scheduler(scheduler: str, **kwargs: Any) -> Scheduler:
    """A scheduler by its short name.

    Args:
        scheduler: One of ``asha``, ``async_hyperband``, ``fifo``, ``hb_bohb``, ``hyperband``,
            ``median_stopping_rule``, ``pb2``, ``pbt``, ``pbt_replay``, ``promoting_asha``.
        **kwargs: Its arguments.

    Raises:
        InvalidArgument: If there is no scheduler of this name.
        TypeError: If it has no such argument.
    """
    name = NAMES.get(scheduler.lower()) if isinstance(scheduler, str) else None
    if name is None:
        raise InvalidArgument("scheduler", f"one of {', '.join(sorted(NAMES))}", scheduler)
    made: Scheduler = getattr(schedulers, name)(**kwargs)
    return made
