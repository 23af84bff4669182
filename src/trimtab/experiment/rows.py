"""How the arms of an experiment lie in its study: one trial of the study for each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from trimtab.errors import InvalidArgument, WrongStatus
from trimtab.experiment.arm import GeneratorRun
from trimtab.experiment.space import SearchSpace
from trimtab.experiment.status import STATUS, TrialStatus
from trimtab.records import FrozenTrial, TrialState, TrialUpdate
from trimtab.study.origin import ADDED, SAMPLER

if TYPE_CHECKING:
    from trimtab.experiment.trial import BaseTrial

BATCH: Final = "batch"
"""System attribute of an arm of a batch: the number of the batch's first arm or, as that is not
known when they are written together, -1 for the first one itself, -2 for the next, and so on."""
ARM: Final = "arm"
"""System attribute: an arm's place in its batch, its weight, and its name where it has one."""
STATUS_QUO: Final = "status_quo"
"""Name of the arm that others are compared with."""


def batch_of(number: int, attrs: Mapping[str, Any]) -> int | None:
    """The number of the first arm of a trial's batch; None where it is in none.

    Args:
        number: The trial's.
        attrs: Its system attributes.
    """
    batch = attrs.get(BATCH)
    if batch is None:
        return None
    return int(batch) if batch >= 0 else number + int(batch) + 1


def make_row(
    search_space: SearchSpace,
    run: GeneratorRun | None,
    place: int,
    *,
    batch: int | None = None,
    start: int = 0,
    status: TrialStatus | None = TrialStatus.CANDIDATE,
) -> FrozenTrial:
    """A trial of the study for one arm.

    Args:
        search_space: The experiment's.
        run: The arms; None, or none: there is no arm yet.
        place: Of the arm among them.
        batch: As `BATCH` keeps it.
        start: How many arms the batch had before these.
        status: Of the trial; None: it runs.

    Raises:
        InvalidArgument: If the arm is outside the search space.
    """
    attrs: dict[str, Any] = {} if status is None else {STATUS: status.name}
    if batch is not None:
        attrs[BATCH] = batch
    started = time.time_ns() // 1000
    if run is None or not run.arms:
        return FrozenTrial.build(0, TrialState.RUNNING, started=started, system_attrs=attrs)
    arm = run.arms[place]
    own: dict[str, Any] = {}
    if batch is not None:
        own = {"place": start + place, "weight": (run.weights or ())[place]}
    if arm.name is not None:
        own["name"] = arm.name
    if own:
        attrs[ARM] = own
    attrs |= {SAMPLER: run.generator or ADDED, **run.states[place]}
    space, point = search_space.encode(search_space.check(arm.parameters))
    return FrozenTrial.build(
        0, TrialState.RUNNING, space=space, point=point, started=started, system_attrs=attrs
    )


def fill(trial: BaseTrial, run: GeneratorRun, start: int) -> None:
    """Add arms to a CANDIDATE.

    Args:
        trial: The trial.
        run: The arms.
        start: How many arms it has.

    Raises:
        WrongStatus: If it is no CANDIDATE.
        InvalidArgument: If an arm is outside the search space, or its name is taken.
    """
    if (status := trial.status) is not TrialStatus.CANDIDATE:
        raise WrongStatus(
            f"Trial {trial.index} is {status.name}; expected CANDIDATE, as only that takes arms."
        )
    names = set(trial.arms_by_name)
    for arm in run.arms:
        if arm.name in names:
            raise InvalidArgument("arm", f"a name other than those of {sorted(names)}", arm.name)
    study, search_space = trial.experiment.study, trial.experiment.search_space
    batch = batch_of(trial.index, trial.head().system_attrs)
    rows = [
        make_row(search_space, run, place, batch=batch, start=start, status=None)
        for place in range(len(run.arms))
    ]
    if start == 0 and rows:
        head = rows.pop(0)
        update = TrialUpdate(head.space, head.point, system_attrs=head.system_attrs)
        study.storage.write(study.study_id, trial.index, None, update)
    if rows:
        study.storage.add(study.study_id, rows)
