"""What was read from another system's files, before anything was judged or converted."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from trimtab.records import to_micros

STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
"""Optuna's names by the numbers that its journals use."""


@dataclass(slots=True)
class RawTrial:
    """A trial of Optuna's.

    Attributes:
        id: Unique in its file; notes and artifacts refer to trials by it.
        number: In its study, as stored.
        state: One of `STATES`.
        started: Microseconds since the epoch, or None.
        finished: Likewise.
        values: By objective; None stands for NaN.
        params: By name: internal value and distribution in Optuna's JSON.
        reports: By step; None stands for NaN.
        user_attrs: JSON values.
        system_attrs: JSON values.
        problems: What could not be read.
    """

    id: int
    number: int
    state: str
    started: int | None = None
    finished: int | None = None
    values: dict[int, float | None] = field(default_factory=dict)
    params: dict[str, tuple[float | None, str]] = field(default_factory=dict)
    reports: dict[int, float | None] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RawStudy:
    """A study of Optuna's.

    Attributes:
        name: Unique in its file.
        directions: ``"MINIMIZE"``, ``"MAXIMIZE"`` or ``"NOT_SET"``, one per objective.
        trials: Yields its trials in order of number; may be called once.
        user_attrs: JSON values.
        system_attrs: JSON values.
        problems: What could not be read.
    """

    name: str
    directions: Sequence[str]
    trials: Callable[[], Iterator[RawTrial]]
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Source(AbstractContextManager[Any], Protocol):
    """An open file or database."""

    def studies(self) -> list[RawStudy]:
        """All its studies, oldest first."""
        ...


def micros(moment: datetime.datetime | str | None, *, utc: bool = False) -> int | None:
    """Microseconds since the epoch of a time, or of its ISO form.

    Args:
        moment: With a zone, or without one.
        utc: Whether a time without a zone is UTC; otherwise it is local.
    """
    if isinstance(moment, str):
        moment = datetime.datetime.fromisoformat(moment)
    if utc and moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return to_micros(moment)
