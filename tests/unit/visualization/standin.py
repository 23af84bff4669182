"""Studies to draw, made through a storage and without the study API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.records import (
    FrozenTrial,
    History,
    Report,
    StudyDirection,
    TrialState,
    parse_directions,
)
from trimtab.space import Distribution, Space
from trimtab.storage import InMemoryStorage

EPOCH = 1_700_000_000_000_000
"""Microseconds at which trial 0 of a stand-in starts; trial k starts k seconds later."""


@dataclass
class StandIn:
    """The part of a study that figures read."""

    storage: InMemoryStorage
    study_id: int
    directions: tuple[StudyDirection, ...]
    metric_names: Sequence[str] | None
    study_name: str

    @property
    def history(self) -> History:
        """The columns."""
        return self.storage.history(self.study_id)

    def add(self, *trials: FrozenTrial) -> StandIn:
        """Append trials; their numbers are the next ones."""
        self.storage.add(self.study_id, trials)
        return self


def make_study(
    *directions: str, metric_names: Sequence[str] | None = None, name: str = "study"
) -> StandIn:
    """An empty study, to be minimized unless it is said otherwise."""
    parsed = parse_directions(directions or ("minimize",))
    storage = InMemoryStorage()
    return StandIn(storage, storage.create_study(name, parsed).id, parsed, metric_names, name)


def make_trial(
    values: float | Sequence[float] | None = None,
    params: Mapping[str, Any] | None = None,
    distributions: Mapping[str, Distribution] | None = None,
    *,
    state: TrialState | None = None,
    number: int = 0,
    seconds: float = 1.0,
    sems: Sequence[float | None] | None = None,
    constraints: Mapping[str, float] | None = None,
    reports: Mapping[int, float | Mapping[str, float]] | None = None,
    user_attrs: Mapping[str, Any] | None = None,
) -> FrozenTrial:
    """A trial; COMPLETE if it has values, otherwise RUNNING, unless ``state`` is given.

    ``number`` sets only the time at which it started.
    """
    params, distributions = params or {}, distributions or {}
    space = Space({name: distributions[name] for name in params})
    if isinstance(values, (int, float)):
        values = (float(values),)
    if state is None:
        state = TrialState.RUNNING if values is None else TrialState.COMPLETE
    started = None if state is TrialState.WAITING else EPOCH + number * 1_000_000
    return FrozenTrial.build(
        number,
        state,
        values=None if values is None else tuple(values),
        sems=None if sems is None else tuple(sems),
        space=space,
        point=tuple(space[name].to_internal_repr(params[name]) for name in params),
        started=started,
        finished=(started or 0) + int(seconds * 1e6) if state.is_finished() else None,
        reports={
            step: Report(step, report if isinstance(report, Mapping) else {"value": report})
            for step, report in (reports or {}).items()
        },
        constraints=dict(constraints or {}),
        user_attrs=dict(user_attrs or {}),
    )
