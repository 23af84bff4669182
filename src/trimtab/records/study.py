"""What is kept of a study besides its trials."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records.state import TrialState
from trimtab.space import check_name


class StudyDirection(enum.IntEnum):
    """Whether an objective is to be small or large."""

    NOT_SET = 0
    MINIMIZE = 1
    MAXIMIZE = 2


def parse_directions(directions: Any) -> tuple[StudyDirection, ...]:
    """Directions from ``"minimize"``, ``"maximize"`` or `StudyDirection`, one per objective.

    Raises:
        InvalidArgument: If there is none, or one is not a direction.
    """
    if isinstance(directions, (str, StudyDirection)):
        directions = (directions,)
    if not isinstance(directions, Sequence):
        raise InvalidType("directions", "a sequence of directions", directions)
    parsed = tuple(_direction(direction) for direction in directions)
    if not parsed:
        raise InvalidArgument("directions", "at least one direction", directions)
    return parsed


def _direction(direction: Any) -> StudyDirection:
    if isinstance(direction, StudyDirection) and direction is not StudyDirection.NOT_SET:
        return direction
    if isinstance(direction, str) and direction.lower() in ("minimize", "maximize"):
        return StudyDirection[direction.upper()]
    raise InvalidArgument("direction", "'minimize' or 'maximize'", direction)


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """One study as a storage keeps it.

    Attributes:
        id: The storage's key for it.
        name: Unique in the storage.
        directions: One per objective.
        metric_names: One per objective, or None where they were not named.
        user_attrs: JSON values set by users.
        system_attrs: JSON values set by Trimtab and its extensions.
        created: Microseconds since the epoch, UTC.
        archived: Hidden from lists.
        revision: Grows with every change to the study or its trials.
    """

    id: int
    name: str
    directions: tuple[StudyDirection, ...]
    metric_names: tuple[str, ...] | None = None
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    system_attrs: Mapping[str, Any] = field(default_factory=dict)
    created: int = 0
    archived: bool = False
    revision: int = 0

    def __post_init__(self) -> None:
        check_name("study_name", self.name)
        if self.metric_names is not None:
            if len(self.metric_names) != len(self.directions):
                raise InvalidArgument(
                    "metric_names", f"{len(self.directions)} names", self.metric_names
                )
            for name in self.metric_names:
                check_name("metric_names", name)


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What a list of studies shows of one; archived and deleted trials are left out.

    Attributes:
        study: The study.
        counts: How many trials there are in each state, 0 included.
        best: Value of the best feasible COMPLETE trial of a single-objective study, or None.
        started: When the first trial began: microseconds since the epoch, UTC, or None.
        last_activity: The latest start, finish, amendment or report of any trial (archived and
            deleted ones, too): microseconds since the epoch, UTC, or None.
    """

    study: StudyRecord
    counts: Mapping[TrialState, int]
    best: float | None = None
    started: int | None = None
    last_activity: int | None = None

    @property
    def n_trials(self) -> int:
        """How many trials there are."""
        return sum(self.counts.values())
