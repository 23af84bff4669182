"""What becomes of a trial: the rules that every storage applies, free of I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.errors import InvalidArgument, StaleAttempt, TrialFinished, TrialUnfinished
from trimtab.records import (
    FINISHED,
    FrozenTrial,
    Outcome,
    Report,
    TrialState,
    TrialUpdate,
)
from trimtab.storage.base import check_attrs, check_expected

FAIL_REASON = "fail_reason"
"""The system attribute that says why a trial failed."""

STOP_REQUESTED = "stop_requested"
"""The system attribute, true, of a running trial that someone wants to end: the next
``should_prune`` says so."""


def check_attempt(trial: FrozenTrial, attempt: int | None) -> None:
    """Refuse a writer whose trial was given to another; None skips the check."""
    if attempt is not None and attempt != trial.attempt:
        raise StaleAttempt(trial.number, attempt, trial.attempt)


def check_open(trial: FrozenTrial, update: TrialUpdate) -> None:
    """Refuse to add more than attributes to a finished trial."""
    if update.space is not None or update.reports or update.constraints:
        refuse_finished(trial)


def refuse_finished(trial: FrozenTrial) -> None:
    """Refuse to change a finished trial."""
    if trial.state in FINISHED:
        raise TrialFinished(f"Trial {trial.number} is {trial.state.name}; it does not change.")


def ended_alike(trial: FrozenTrial, outcome: Outcome) -> bool:
    """Whether a finished trial ended as it is told now.

    Raises:
        TrialFinished: If it ended otherwise.
    """
    if trial.state not in FINISHED:
        return False
    if (trial.state, trial.values, trial.sems) == (
        outcome.state,
        outcome.values,
        known_sems(outcome),
    ):
        return True
    raise TrialFinished(
        f"Trial {trial.number} finished as {trial.state.name} with values {trial.values}; "
        f"it does not become {outcome.state.name} with {outcome.values}."
    )


def known_sems(outcome: Outcome) -> tuple[float | None, ...] | None:
    """Standard errors as they are kept: None where all are unknown."""
    sems = outcome.sems
    return None if sems is None or all(sem is None for sem in sems) else sems


def ended(trial: FrozenTrial, outcome: Outcome, finished: int) -> FrozenTrial:
    """The trial, told to have ended at ``finished`` (microseconds since the epoch)."""
    attrs = trial.system_attrs
    if outcome.reason is not None:
        attrs = {**attrs, FAIL_REASON: outcome.reason}
    return FrozenTrial.build(
        trial.number,
        outcome.state,
        values=outcome.values,
        sems=known_sems(outcome),
        space=trial.space,
        point=trial.point,
        started=trial.started or finished,
        finished=finished,
        reports=trial.reports,
        constraints=trial.constraints,
        user_attrs=trial.user_attrs,
        system_attrs=attrs,
        attempt=trial.attempt,
        archived=trial.archived,
    )


def amended(trial: FrozenTrial, outcome: Outcome | None, update: TrialUpdate | None) -> FrozenTrial:
    """A finished trial with another outcome, or reopened, and with an update.

    Raises:
        TrialUnfinished: If it has not finished.
        InvalidArgument: If the update has reports: those of a trial that ended are all there are.
    """
    number = trial.number
    if trial.state not in FINISHED:
        raise TrialUnfinished(
            f"Trial {number} is {trial.state.name}; only a finished trial can be amended."
        )
    if update is not None and update.reports:
        raise InvalidArgument("update", f"no reports, as trial {number} has finished", update)
    attrs = {key: value for key, value in trial.system_attrs.items() if key != FAIL_REASON}
    trial = trial.replace(system_attrs=attrs, values=None, sems=None)
    if update:
        trial = updated(trial, update)
    if outcome is not None:
        return ended(trial, outcome, trial.finished or 0)
    return trial.replace(state=TrialState.RUNNING, finished=None, attempt=trial.attempt + 1)


def updated(trial: FrozenTrial, update: TrialUpdate) -> FrozenTrial:
    """The trial with an update written to it; `merged` says what becomes of reports.

    Raises:
        AttributeConflict: If it is not as the update expects it to be.
    """
    check_expected(trial.system_attrs, update.expected)
    changes: dict[str, Any] = {}
    if update.space is not None:
        changes |= {"space": update.space, "point": update.point}
    if update.reports:
        reports = dict(trial.reports)
        for report in merged(trial.reports, update.reports):
            reports[report.step] = report
        changes["reports"] = dict(sorted(reports.items()))
    if update.user_attrs:
        changes["user_attrs"] = {**trial.user_attrs, **check_attrs(update.user_attrs)}
    if update.system_attrs:
        changes["system_attrs"] = without_removed(trial.system_attrs, update.system_attrs)
    if update.constraints:
        changes["constraints"] = {**trial.constraints, **update.constraints}
    return trial.replace(**changes) if changes else trial


def merged(known: Mapping[int, Report], reports: Iterable[Report]) -> list[Report]:
    """Reports as they are to be kept: new ones, and known ones to which something was added.

    Args:
        known: By step.
        reports: Written now.
    """
    changed: dict[int, Report] = {}
    for report in reports:
        before = changed.get(report.step) or known.get(report.step)
        after = report if before is None else before.merged(report)
        if after is not before:
            changed[report.step] = after
    return list(changed.values())


def without_removed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """System attributes with others set; None removes one."""
    both = {**old, **check_attrs(new)}
    return {key: value for key, value in both.items() if value is not None}


def claimed(trial: FrozenTrial, now: int, max_attempts: int) -> FrozenTrial:
    """A trial that waited, or whose lease ran out, as whoever asks next gets it.

    A reclaimed one goes on from its last checkpoint: it keeps the reports up to there. Where its
    attempts are used up it becomes FAIL instead.
    """
    if trial.state is TrialState.WAITING:
        return trial.replace(state=TrialState.RUNNING, started=trial.started or now)
    if trial.attempt >= max_attempts:
        reason = f"lease ran out in attempt {trial.attempt} of {max_attempts}"
        return ended(trial, Outcome(TrialState.FAIL, reason=reason), now)
    return trial.replace(
        attempt=trial.attempt + 1, started=now, reports=up_to_checkpoint(trial.reports)
    )


def up_to_checkpoint(reports: Mapping[int, Report]) -> dict[int, Report]:
    """Reports by step, up to and with the last one that has a checkpoint."""
    last = max((step for step, report in reports.items() if report.checkpoint), default=-1)
    return {step: report for step, report in reports.items() if step <= last}
