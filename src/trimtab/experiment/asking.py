"""How a trial of an experiment begins: which arm it gets, and that no other one has got it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from trimtab.experiment import fetching
from trimtab.experiment.arm import GeneratorRun
from trimtab.experiment.rows import make_row
from trimtab.experiment.sampling import ExperimentSampler
from trimtab.experiment.status import STATUS, TrialStatus, status_of
from trimtab.records import TrialState, TrialUpdate
from trimtab.samplers.base import EXPECTED
from trimtab.storage import Draft, Lease, Ticket
from trimtab.study import Study
from trimtab.study.trial import FIXED_PARAMS

if TYPE_CHECKING:
    from trimtab.experiment.experiment import Experiment

_TRIES: Final = 16


def ask(
    experiment: Experiment,
    *,
    lease: float | None,
    fixed_features: Mapping[str, Any] | None,
    candidate: bool,
    ticket: Ticket | None,
) -> int:
    """Begin a trial; see `Experiment.ask`. Returns its index."""
    study = experiment.study
    terms = Lease(lease, max_attempts=1)
    status = TrialStatus.CANDIDATE if candidate else None
    if fetching.needs_status_quo(experiment) and experiment.status_quo is not None:
        run = GeneratorRun([experiment.status_quo])
        row = make_row(experiment.search_space, run, 0, status=status)
        draft = Draft(row.space, row.point, system_attrs=row.system_attrs)
        if (taken := study.storage.start(study.study_id, draft, terms, ticket)) is not None:
            return taken.number
    sampler = experiment.sampler
    if fixed_features or candidate:
        state = {STATUS: TrialStatus.CANDIDATE.name} if candidate else {}
        fixed = getattr(fixed_features, "parameters", fixed_features)  # Ax wraps them
        sampler = sampler.variant(fixed, state)
        study = Study(experiment.name, study.storage, sampler, experiment.early_stopping)
    space = experiment.search_space
    params: dict[str, Any] = {}
    with study.storage.lock:
        foreseen = len(study.history)
        handle = study.asker.ask(terms, space.roots, buffered=False, ticket=ticket)
        for name in space.active(params):
            params[name] = handle._suggest(name, space.space[name])
    number = handle.number
    if not space.is_hierarchical:
        _keep_apart(study, sampler, number, moved=number != foreseen)
    if candidate:
        head = study.storage.trial(study.study_id, number)
        if status_of(head) is TrialStatus.RUNNING:  # it waited, or was another's number
            update = TrialUpdate(system_attrs={STATUS: TrialStatus.CANDIDATE.name})
            study.storage.write(study.study_id, number, None, update)
    return number


def _keep_apart(study: Study, sampler: ExperimentSampler, number: int, moved: bool) -> None:
    """Propose again while another trial has the same arm, as who asked at the same moment may have.

    Whoever writes looks afterwards. An arm that was written with its trial was new among the
    trials before it, as they were then: it yields to one of these that has moved to it since. One
    that was written later, over what the trial began with, yields to all. So of two trials with
    one arm one sees the other, whichever order storage puts their writes and looks in; where both
    do, both move, from the second time on to arms that are drawn.

    A finite space with no arm left keeps the repetition.

    Args:
        study: Of the trial.
        sampler: Proposes.
        number: Of the trial.
        moved: Whether the arm was written over another one.
    """
    for turn in range(_TRIES):
        with study.storage.lock:
            history = study.history
            if history.states[number] != TrialState.RUNNING:
                return
            if FIXED_PARAMS in history.system_attrs(number):  # a person wants this very arm
                return
            others = sampler.same_arm(history, number)
            if not (others if moved else [other for other in others if other < number]):
                return
            point = sampler.elsewhere(history, number, turn)
            space = history.layout(number)
            if point is None:
                return
        update = TrialUpdate(space, point, system_attrs={EXPECTED: None})
        study.storage.write(study.study_id, number, None, update)
        moved = True
