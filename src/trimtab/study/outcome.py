"""From what an objective returned or a script told to how the trial ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InvalidArgument, short_repr
from trimtab.records import VALUE, FrozenTrial, Outcome, TrialState, as_float, as_sem

# Enum members are looked up through a method in Python 3.11; the loop asks for this one a lot.
_COMPLETE = TrialState.COMPLETE


@dataclass(frozen=True, slots=True)
class Measurement:
    """A mean and its standard error; an objective may return one (or one per direction).

    Attributes:
        mean: Finite.
        sem: Standard error: 0.0 is noiseless, None unknown.
    """

    mean: float
    sem: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sem", as_sem(self.sem))


def outcome_of(told: Any, n_objectives: int, sems: Any = None) -> Outcome:
    """The outcome of one returned value, or a sequence of them.

    What cannot be an objective value makes the trial FAIL with the reason, it never raises.
    """
    if type(told) is float and n_objectives == 1 and sems is None and math.isfinite(told):
        return Outcome(_COMPLETE, (told,))
    values = list(told) if _is_sequence(told) else [told]
    if sems is None:
        errors: list[Any] = [v.sem if isinstance(v, Measurement) else None for v in values]
    else:
        errors = list(sems) if _is_sequence(sems) else [sems]
    values = [v.mean if isinstance(v, Measurement) else v for v in values]
    problem = problem_with(values, n_objectives)
    if problem is None and len(errors) != len(values):
        problem = f"the number of the standard errors {len(errors)} is not {len(values)}"
    if problem is not None:
        return Outcome(TrialState.FAIL, reason=problem)
    known = None if all(error is None for error in errors) else tuple(errors)
    return Outcome(TrialState.COMPLETE, tuple(values), known)


def problem_with(values: Sequence[Any], n_objectives: int) -> str | None:
    """Why these cannot be the values of a trial; None where they can."""
    problems = []
    for value in values:
        try:
            number = as_float("value", value)
        except (TypeError, ValueError):
            problems.append(f"the value {short_repr(value)} could not be cast to float")
            continue
        if not math.isfinite(number):
            problems.append(f"the value {number} is not acceptable")
    if problems:
        return "; ".join(problems)
    if len(values) != n_objectives:
        return (
            f"the number of the values {len(values)} did not match the number of the objectives "
            f"{n_objectives}"
        )
    return None


def explicit_outcome(
    state: TrialState, told: Any, n_objectives: int, trial: FrozenTrial, sems: Any = None
) -> Outcome:
    """The outcome of ``tell(..., state=...)``.

    A PRUNED trial takes its last report as value, where it can be one.

    Raises:
        InvalidArgument: If the state is not an end, or does not go with the values.
    """
    if state is TrialState.COMPLETE:
        if told is None:
            raise InvalidArgument("values", "values, as the state is COMPLETE", None)
        outcome = outcome_of(told, n_objectives, sems)
        if outcome.state is TrialState.FAIL:
            raise InvalidArgument("values", f"finite numbers, {n_objectives} of them", told)
        return outcome
    if state not in (TrialState.PRUNED, TrialState.FAIL):
        raise InvalidArgument("state", "COMPLETE, PRUNED or FAIL", state)
    if told is not None:
        raise InvalidArgument("values", f"no values, as the state is {state.name}", told)
    if state is TrialState.PRUNED:
        return pruned_outcome(trial, n_objectives)
    return Outcome(TrialState.FAIL)


def pruned_outcome(trial: FrozenTrial, n_objectives: int) -> Outcome:
    """PRUNED, with the last unnamed report as the value of a single-objective trial."""
    if n_objectives == 1:
        for step in sorted(trial.reports, reverse=True):
            metrics = trial.reports[step].metrics
            if VALUE in metrics:
                if math.isfinite(metrics[VALUE]):
                    return Outcome(TrialState.PRUNED, (metrics[VALUE],))
                break
    return Outcome(TrialState.PRUNED)


def _is_sequence(value: Any) -> bool:
    # A string is one wrong value, not many; a 0-d array or a scalar has no length.
    if isinstance(value, (str, bytes)):
        return False
    return isinstance(value, Sequence) or (
        hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0
    )
