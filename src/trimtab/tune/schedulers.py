"""The schedulers, all of them, under Ray Tune's names.

They are `trimtab.schedulers`' own, with one more convenience: a policy may be a whole run or a
file. Ray Tune's ``ResourceChangingScheduler`` has no counterpart: workers are started once and
stay, with the share of the machine they were given.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from trimtab.errors import InvalidArgument
from trimtab.schedulers import (
    PB2,
    ASHAScheduler,
    AsyncHyperBandScheduler,
    FIFOScheduler,
    HyperBandForBOHB,
    HyperBandScheduler,
    MedianStoppingRule,
    PopulationBasedTraining,
    PromotingASHA,
    Scheduler,
    creation,
    replay,
)
from trimtab.schedulers.replay import Change, parsed_policy, policy_of
from trimtab.storage import open_storage
from trimtab.tune.folder import DATABASE
from trimtab.tune.results import ResultGrid

Policy: TypeAlias = Sequence[Change] | ResultGrid | str | os.PathLike[str]


class PopulationBasedTrainingReplay(replay.PopulationBasedTrainingReplay):
    """Trains once more with the schedule that a member of a population came to.

    Args:
        policy_file: What a run came to: its results, its folder, or a ``pbt_policy_*.txt`` of Ray
            Tune; or the changes themselves, as `trimtab.schedulers` has this class take them.
        trial: Of a run: which trial's. None: the best one's of results, for a folder it must be
            given.

    Raises:
        InvalidArgument: If nothing of the kind is there, or ``trial`` is missing.
    """

    def __init__(self, policy_file: Policy, trial: int | None = None) -> None:
        super().__init__(_policy(policy_file, trial))


def create_scheduler(scheduler: str, **kwargs: Any) -> Scheduler:
    """A scheduler by its short name; see `trimtab.schedulers.create_scheduler`."""
    if scheduler == "pbt_replay":
        return PopulationBasedTrainingReplay(**kwargs)
    return creation.create_scheduler(scheduler, **kwargs)


def _policy(source: Any, trial: int | None) -> Any:
    if isinstance(source, ResultGrid):
        number = source.get_best_result().number if trial is None else trial
        return source.policy(number)
    if not isinstance(source, (str, os.PathLike)):
        return source
    path = Path(source).expanduser()
    if path.is_dir():
        database = path / DATABASE
        if trial is None or not database.exists():
            expected = "the number of a trial" if trial is None else f"a run in {path}"
            raise InvalidArgument("trial" if trial is None else "policy_file", expected, source)
        with open_storage(f"sqlite:///{database}") as storage, storage.lock:
            return policy_of(storage.history(storage.studies()[0].id), trial)
    try:
        return parsed_policy(path.read_text(encoding="utf-8").splitlines())
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise InvalidArgument("policy_file", "a policy file or a run's folder", source) from error


__all__ = [
    "PB2",
    "ASHAScheduler",
    "AsyncHyperBandScheduler",
    "FIFOScheduler",
    "HyperBandForBOHB",
    "HyperBandScheduler",
    "MedianStoppingRule",
    "PopulationBasedTraining",
    "PopulationBasedTrainingReplay",
    "PromotingASHA",
    "create_scheduler",
]
