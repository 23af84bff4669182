"""What people do to trials: set aside, bring back, fail, stop, queue again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trimtab.dashboard.context import StudyView
from trimtab.errors import InvalidArgument, StaleAttempt, TrialFinished, UnknownTrial
from trimtab.records import FrozenTrial, Outcome, TrialState, TrialUpdate
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.storage.rules import STOP_REQUESTED

QUEUED_FROM: Final = "queued_from"
"""System attribute of a trial that was queued from another one: that trial's number."""

_BY_HAND: Final = "Failed by hand in the dashboard."


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an action.

    Attributes:
        done: Trials it was done to.
        refused: Why not, by number.
        added: Numbers of new trials.
        message: All of that in a sentence.
    """

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    added: list[int] = field(default_factory=list)
    message: str = ""


class _Refused(Exception):
    """The action does not fit the trial."""


def act(study: StudyView, action: str, numbers: Sequence[int]) -> Done:
    """Do one thing to some trials; those that it does not fit are told, the others are done.

    Args:
        study: Theirs.
        action: A key of `ACTIONS`.
        numbers: The trials.

    Raises:
        InvalidArgument: If there is no such action.
    """
    if action not in ACTIONS:
        raise InvalidArgument("action", f"one of {', '.join(ACTIONS)}", action)
    act_on, verb = ACTIONS[action]
    done, refused, added = [], {}, []
    for number in dict.fromkeys(numbers):
        try:
            trial = study.storage.trial(study.study_id, number)
            added += act_on(study, trial) or []
            done.append(number)
        except (_Refused, TrialFinished, UnknownTrial, StaleAttempt) as error:
            refused[number] = str(error)
    return Done(done, refused, added, _message(verb, done, refused, added))


def _message(verb: str, done: list[int], refused: Mapping[int, str], added: Sequence[int]) -> str:
    parts = []
    if done:
        what = f"Trial {done[0]}" if len(done) == 1 else f"{len(done)} trials"
        as_what = f" as {_list(added)}" if added else ""
        parts.append(f"{what} {verb}{as_what}.")
    if refused:
        number, reason = next(iter(refused.items()))
        more = f" ({len(refused) - 1} more like it.)" if len(refused) > 1 else ""
        parts.append(f"Not trial {number}: {reason}{more}")
    return " ".join(parts)


def _list(numbers: Sequence[int]) -> str:
    if len(numbers) > 3:
        return f"trials {numbers[0]} to {numbers[-1]}"
    return ("trial " if len(numbers) == 1 else "trials ") + ", ".join(map(str, numbers))


def _archive(study: StudyView, trial: FrozenTrial) -> None:
    study.storage.archive_trials(study.study_id, [trial.number], True)


def _restore(study: StudyView, trial: FrozenTrial) -> None:
    study.storage.archive_trials(study.study_id, [trial.number], False)


def _fail(study: StudyView, trial: FrozenTrial) -> None:
    if trial.state.is_finished():
        raise _Refused(f"it is {trial.state.name.lower()} already.")
    outcome = Outcome(TrialState.FAIL, reason=_BY_HAND)
    study.storage.finish(study.study_id, trial.number, None, outcome)


def _stop(study: StudyView, trial: FrozenTrial) -> None:
    if trial.state is not TrialState.RUNNING:
        raise _Refused(f"it is {trial.state.name.lower()}; only a running one can be stopped.")
    update = TrialUpdate(system_attrs={STOP_REQUESTED: True})
    study.storage.write(study.study_id, trial.number, None, update)


def _queue(study: StudyView, trial: FrozenTrial) -> list[int]:
    if trial.state is TrialState.WAITING:
        raise _Refused("it waits already.")
    if not trial.space:
        raise _Refused("it has no parameters.")
    attrs: dict[str, Any] = {QUEUED_FROM: trial.number}
    if trial.state is TrialState.COMPLETE:
        # Both measure one arm, and samplers take them together.
        attrs[REPLICATE_OF] = trial.system_attrs.get(REPLICATE_OF, trial.number)
    waiting = FrozenTrial.build(
        0, TrialState.WAITING, space=trial.space, point=trial.point, system_attrs=attrs
    )
    return study.storage.add(study.study_id, [waiting])


Act = Callable[[StudyView, FrozenTrial], list[int] | None]

ACTIONS: Final[Mapping[str, tuple[Act, str]]] = {
    "archive": (_archive, "archived"),
    "restore": (_restore, "brought back"),
    "fail": (_fail, "failed"),
    "stop": (_stop, "asked to stop"),
    "queue": (_queue, "queued again"),
}
"""By name: what is done, and how one says that it was."""
