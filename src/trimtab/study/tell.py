"""How a trial ends: what is told, checked and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trimtab.errors import InvalidType, TrialFinished, warn
from trimtab.records import FrozenTrial, Outcome, TrialState, TrialUpdate
from trimtab.study.outcome import explicit_outcome, outcome_of
from trimtab.study.trial import Trial

if TYPE_CHECKING:
    from trimtab.study.study import Study


def tell(
    study: Study,
    trial: Trial | int,
    values: Any,
    state: TrialState | None,
    skip_if_finished: bool,
    sems: Any,
) -> FrozenTrial:
    """End a trial as a script says; see `Study.tell`."""
    if isinstance(trial, bool) or not isinstance(trial, (Trial, int)):
        raise InvalidType("trial", "a trial or a trial's number", trial)
    if isinstance(trial, Trial):
        number, attempt = trial.number, trial.attempt
        frozen = trial.frozen()
    else:
        number, attempt = trial, None
        frozen = study.get_trial(trial)
        if frozen.state is TrialState.WAITING:
            raise TrialFinished(f"Cannot tell a WAITING trial: trial {number} was not asked.")
    if skip_if_finished:
        stored = study.get_trial(number)
        if stored.state.is_finished():
            return stored
    n = len(study.directions)
    if state is not None:
        outcome = explicit_outcome(TrialState(state), values, n, frozen, sems)
    else:
        outcome = outcome_of(values, n, sems)
        if outcome.reason is not None:
            warn(f"Trial {number} fails: {outcome.reason}.", UserWarning)
    update = trial.final_update() if isinstance(trial, Trial) else None
    return finish(study, number, attempt, outcome, update)


def finish(
    study: Study,
    number: int,
    attempt: int | None,
    outcome: Outcome,
    update: TrialUpdate | None,
    finished: int = 0,
) -> FrozenTrial:
    """Write a trial's end, with the constraints that the sampler's function computes.

    Args:
        study: Whose trial.
        number: The trial's.
        attempt: The one that ends; None: whichever it is.
        outcome: How it ended.
        update: What it had not written yet.
        finished: When, in microseconds since the epoch; 0: now.
    """
    constraints_func = study.sampler.constraints_func
    if constraints_func is not None and outcome.state is not TrialState.FAIL:
        update = _with_constraints(study, constraints_func, number, outcome, update)
    foreign = study.sampler.foreign
    if foreign is not None:
        foreign.after_trial(study, study.get_trial(number), outcome.state, outcome.values)
    return study.storage.finish(study.study_id, number, attempt, outcome, update, finished)


def _with_constraints(
    study: Study,
    constraints_func: Callable[[FrozenTrial], Sequence[float]],
    number: int,
    outcome: Outcome,
    update: TrialUpdate | None,
) -> TrialUpdate:
    given = update or TrialUpdate()
    trial = study.get_trial(number)
    seen = trial.replace(
        state=outcome.state,
        values=outcome.values,
        space=trial.space if given.space is None else given.space,
        point=trial.point if given.space is None else given.point,
        user_attrs={**trial.user_attrs, **given.user_attrs},
    )
    computed = {str(i): float(c) for i, c in enumerate(constraints_func(seen))}
    return TrialUpdate(
        given.space,
        given.point,
        given.reports,
        given.user_attrs,
        given.system_attrs,
        {**computed, **given.constraints},
    )
