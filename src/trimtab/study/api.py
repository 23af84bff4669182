"""Making, opening, copying and removing studies."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from trimtab.errors import DuplicateStudy, InvalidArgument, InvalidType
from trimtab.records import (
    FrozenTrial,
    StudyDirection,
    TrialState,
    from_micros,
    parse_directions,
)
from trimtab.samplers import Sampler
from trimtab.samplers.adapter import as_sampler
from trimtab.schedulers import Scheduler
from trimtab.space import Distribution, check_name
from trimtab.storage import Storage, open_storage
from trimtab.study.best import NoBestTrial
from trimtab.study.origin import SAMPLER, name_of
from trimtab.study.study import Study

_logger = logging.getLogger(__name__)

StorageLike: TypeAlias = Storage | str | os.PathLike[str] | None


def _opened(storage: StorageLike) -> Storage:
    return storage if isinstance(storage, Storage) else open_storage(storage)


def create_study(
    *,
    storage: StorageLike = None,
    sampler: Sampler | Any | None = None,
    pruner: Scheduler | Any | None = None,
    study_name: str | None = None,
    direction: str | StudyDirection | None = None,
    load_if_exists: bool = False,
    directions: Sequence[str | StudyDirection] | None = None,
) -> Study:
    """A new study.

    Args:
        storage: A URL such as ``sqlite:///study.db``, a storage, or None for memory.
        sampler: Proposes points; None: `AutoSampler`.
        pruner: Ends trials early; None: `MedianPruner`.
        study_name: 1 to 255 characters; None: a unique one.
        direction: ``"minimize"`` (the default) or ``"maximize"``.
        load_if_exists: Open the study of that name if there is one.
        directions: One per objective, instead of ``direction``.

    Raises:
        ValueError: If both directions are given, or none can be read from them.
        DuplicateStudy: If the name is taken and ``load_if_exists`` is not set.
        UnsupportedURL: If the storage's scheme is not known (a ValueError).
    """
    if direction is not None and directions is not None:
        raise InvalidArgument("direction", "`direction` or `directions`, not both", direction)
    if directions is None:
        parsed = parse_directions("minimize" if direction is None else direction)
    else:
        if isinstance(directions, str):
            raise InvalidType("directions", "a sequence of directions", directions)
        parsed = parse_directions(directions)
    name = f"no-name-{uuid.uuid4()}" if study_name is None else check_name("study_name", study_name)
    opened = _opened(storage)
    sampler = _sampler_or_usual(sampler)
    try:
        record = opened.create_study(name, parsed)
        # A trial then need not say which sampler proposed it; see `trimtab.study.origin`.
        opened.set_study_attrs(record.id, system={SAMPLER: name_of(sampler)})
        _logger.info("A new study created with name: %s", name)
    except DuplicateStudy:
        if not load_if_exists or study_name is None:
            raise
        known = opened.find_study(name).directions
        if (direction is not None or directions is not None) and known != parsed:
            raise InvalidArgument(
                "directions", f"those of the existing study, {known}", parsed
            ) from None
        _logger.info("Using the existing study %r instead of creating a new one.", name)
    return _open(name, opened, sampler, pruner)


def load_study(
    *,
    study_name: str | None,
    storage: StorageLike,
    sampler: Sampler | Any | None = None,
    pruner: Scheduler | Any | None = None,
) -> Study:
    """An existing study.

    Args:
        study_name: Its name; None where the storage has just one study.
        storage: A URL or a storage.
        sampler: None: `AutoSampler`.
        pruner: None: `MedianPruner`.

    Raises:
        UnknownStudy: If there is none of that name (a KeyError).
        ValueError: If no name is given and the storage has not exactly one study.
    """
    opened = _opened(storage)
    if study_name is None:
        names = [record.name for record in opened.studies()]
        if len(names) != 1:
            raise InvalidArgument(
                "study_name", f"one of the storage's {len(names)} studies: {names[:20]}", None
            )
        study_name = names[0]
    return _open(study_name, opened, sampler, pruner)


def _open(name: str, storage: Storage, sampler: Any, pruner: Any) -> Study:
    if pruner is None:
        from trimtab.schedulers import MedianPruner

        pruner = MedianPruner()
    return Study(name, storage, _sampler_or_usual(sampler), pruner)


def _sampler_or_usual(sampler: Any) -> Sampler:
    if sampler is None:
        from trimtab.samplers import AutoSampler  # loaded where it is used

        return AutoSampler()
    return as_sampler(sampler)


def delete_study(*, study_name: str, storage: StorageLike) -> None:
    """Remove a study and all its trials.

    Raises:
        UnknownStudy: If there is none of that name (a KeyError).
    """
    opened = _opened(storage)
    opened.delete_study(opened.find_study(study_name).id)


def copy_study(
    *,
    from_study_name: str,
    from_storage: StorageLike,
    to_storage: StorageLike,
    to_study_name: str | None = None,
) -> None:
    """Copy a study with its trials and attributes; artifact files stay where they are.

    Raises:
        UnknownStudy: If there is no such study (a KeyError).
        DuplicateStudy: If the new name is taken.
    """
    source, target = _opened(from_storage), _opened(to_storage)
    record = source.find_study(from_study_name)
    copy = target.create_study(to_study_name or from_study_name, record.directions)
    if record.metric_names is not None:
        target.update_study(copy.id, metric_names=record.metric_names)
    target.set_study_attrs(copy.id, user=record.user_attrs, system=record.system_attrs)
    with source.lock:
        trials = list(source.history(record.id).trials(archived=True))
    for start in range(0, len(trials), 10_000):
        target.add(copy.id, trials[start : start + 10_000])


def get_all_study_names(storage: StorageLike) -> list[str]:
    """Names of a storage's studies, in the order in which they were created."""
    return [record.name for record in _opened(storage).studies()]


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What a list shows of a study.

    Attributes:
        study_name: Its name.
        directions: One per objective.
        best_trial: Feasible and complete; None where there is none or several objectives.
        user_attrs: Of the study.
        n_trials: Trials that are not archived.
        datetime_start: When its first trial began, or None.
        system_attrs: Of the study.
    """

    study_name: str
    directions: list[StudyDirection]
    best_trial: FrozenTrial | None
    user_attrs: dict[str, Any]
    n_trials: int
    datetime_start: datetime | None
    system_attrs: dict[str, Any]

    @property
    def direction(self) -> StudyDirection:
        """Of a single-objective study; RuntimeError otherwise."""
        if len(self.directions) > 1:
            raise RuntimeError("`direction` is for studies with one objective.")
        return self.directions[0]


def get_all_study_summaries(
    storage: StorageLike, include_best_trial: bool = True
) -> list[StudySummary]:
    """A summary of every study of a storage."""
    opened = _opened(storage)
    summaries = []
    for found in opened.summaries():
        record, best = found.study, None
        if include_best_trial and found.best is not None:
            best = _best_trial(_open(record.name, opened, None, None))
        summaries.append(
            StudySummary(
                record.name,
                list(record.directions),
                best,
                dict(record.user_attrs),
                found.n_trials,
                from_micros(found.started),
                dict(record.system_attrs),
            )
        )
    return summaries


def _best_trial(study: Study) -> FrozenTrial | None:
    try:
        return study.best_trial
    except NoBestTrial:  # it was deleted meanwhile
        return None


def create_trial(
    *,
    state: TrialState | None = None,
    value: float | None = None,
    values: Sequence[float] | None = None,
    params: dict[str, Any] | None = None,
    distributions: dict[str, Distribution] | None = None,
    user_attrs: dict[str, Any] | None = None,
    system_attrs: dict[str, Any] | None = None,
    intermediate_values: dict[int, float] | None = None,
    constraints: dict[str, float] | None = None,
    sems: Sequence[float | None] | None = None,
) -> FrozenTrial:
    """A trial to be added to a study with `Study.add_trial`.

    Args:
        state: COMPLETE unless given.
        value: The objective value, or
        values: one per objective.
        params: By name.
        distributions: One for each parameter.
        user_attrs: JSON values.
        system_attrs: JSON values.
        intermediate_values: Reports of the unnamed metric by step.
        constraints: By name; at most 0 is feasible.
        sems: Standard errors of the values.

    Raises:
        ValueError: If such a trial could not exist.
    """
    state = TrialState.COMPLETE if state is None else TrialState(state)
    if state is TrialState.FAIL and (value is not None or values is not None):
        given = values if value is None else value
        raise InvalidArgument("value", "None, as the state is FAIL", given)
    now = datetime.now().astimezone()
    return FrozenTrial(
        -1,
        state,
        value,
        None if state is TrialState.WAITING else now,
        now if state.is_finished() else None,
        params or {},
        distributions or {},
        user_attrs or {},
        system_attrs or {},
        intermediate_values or {},
        values=values,
        sems=sems,
        constraints=constraints,
    )
