"""Whether a running trial is to end early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab.records import StudyDirection
from trimtab.schedulers import Stop
from trimtab.storage.rules import STOP_REQUESTED

if TYPE_CHECKING:
    from trimtab.study.study import Study
    from trimtab.study.trial import Trial


def should_prune(study: Study, trial: Trial) -> bool:
    """Whether the pruner, or a person, would end a trial now; see `Trial.should_prune`."""
    with study.storage.lock:
        if study.history.system_attrs(trial.number).get(STOP_REQUESTED):
            return True
    pruner = study.pruner
    if pruner.direction is not None:
        direction = pruner.direction
    elif len(study.directions) == 1:
        direction = study.direction
    else:
        direction = _direction_of(study, pruner.metric)
    with study.storage.lock:
        history = study.history
        rng = study.sampler.streams.at(trial.number, 1 << 32 | len(history.reports(trial.number)))
        decision = pruner.on_report(history, trial.number, direction, rng)
    state = getattr(decision, "state", None)
    if state:
        for key, value in state.items():
            trial.set_system_attr(key, value)
        trial.flush()
    return isinstance(decision, Stop) and not decision.completes


def _direction_of(study: Study, metric: str) -> StudyDirection:
    names = study.storage.study(study.study_id).metric_names or ()
    if metric not in names:
        raise NotImplementedError(
            "Trial.should_prune is supported for multi-objective optimization only by a "
            "pruner that was given `metric=` (one of the study's metric names, or any other "
            "together with `direction=`)."
        )
    return study.directions[names.index(metric)]
