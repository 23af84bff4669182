"""Studies and trials to try a storage with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings

from trimtab.records import (
    FrozenTrial,
    History,
    Outcome,
    StudyDirection,
    TrialState,
    parse_directions,
)
from trimtab.space import FloatDistribution, Space
from trimtab.storage import Draft, Lease, Storage

FOREVER = Lease()
LINE = Space({"x": FloatDistribution(0.0, 1.0)})

few_examples = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,  # one method, run by the class of each storage
        HealthCheck.too_slow,
    ],
)
"""For properties over a storage that may be a database: each example has a study of its own."""

_serial = itertools.count()


def new_study(storage: Storage, directions: Sequence[str] = ("minimize",)) -> int:
    """A study with a name of its own; its id."""
    name = f"study {next(_serial)}"
    return storage.create_study(name, parse_directions(tuple(directions))).id


def started(storage: Storage, study_id: int, x: float = 0.5, **options: Any) -> FrozenTrial:
    """A new running trial of one parameter."""
    lease = options.pop("lease", FOREVER)
    trial = storage.start(study_id, Draft(LINE, (x,), **options), lease)
    assert trial is not None
    return trial


def complete(*values: float, sems: Sequence[float | None] | None = None) -> Outcome:
    """A COMPLETE outcome."""
    return Outcome(TrialState.COMPLETE, values, None if sems is None else tuple(sems))


def waiting(**options: Any) -> FrozenTrial:
    """A trial to be added that waits."""
    return FrozenTrial.build(0, TrialState.WAITING, **options)


def snapshot(history: History) -> dict[str, Any]:
    """All that a history says, comparable."""
    return {
        "revision": history.revision,
        "trials": list(history.trials(archived=True)),
        "finished": [n for n in history.finished.tolist() if history.states[n] >= 0],
        "space": (history.space.names, dict(history.space)),
        "running": set(history.running),
        "waiting": set(history.waiting),
        "paused": set(history.paused),
        "directions": tuple(StudyDirection(direction) for direction in history.directions),
        "violation": history.violation.tolist(),
    }
