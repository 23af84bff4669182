"""From what a job returned to what a trial is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import Outcome, TrialState
from trimtab.study import Measurement
from trimtab.study.outcome import outcome_of


@dataclass(frozen=True, slots=True)
class Told:
    """How a run ended.

    Attributes:
        outcome: COMPLETE with values, or FAIL with the reason.
        attrs: What else it said: user attributes of its trial.
    """

    outcome: Outcome
    attrs: Mapping[str, Any] = field(default_factory=dict)


def told(value: Any, metrics: Sequence[str], n_objectives: int) -> Told:
    """What a job's return value says.

    Of one objective: a number; ``(mean, sem)``; ``(score, n_epochs, run_id)``; or a mapping of
    metrics, each a number or ``(mean, sem)``. Of m: a list of m numbers or such pairs, or a
    mapping.

    Args:
        value: As JSON has it: numbers, text, None, lists and mappings.
        metrics: Which of a mapping are the objectives; empty: its only ones.
        n_objectives: m.

    Returns:
        A failure with its reason where the value is none of these.
    """
    attrs: dict[str, Any] = {}
    try:
        if isinstance(value, Mapping):
            parts = _chosen(value, metrics, n_objectives)
            attrs["metrics"] = dict(value)
        elif n_objectives == 1:
            parts = [value]
            if isinstance(value, list) and len(value) == 3:
                parts = value[:1]
                attrs = {"n_epochs": value[1], "run_id": value[2]}
        else:
            parts = value if isinstance(value, list) else [value]
        measured = [_measurement(part) for part in parts]
    except (InvalidArgument, InvalidType) as error:
        return Told(Outcome(TrialState.FAIL, reason=str(error)), attrs)
    return Told(outcome_of(measured, n_objectives), attrs)


def _chosen(value: Mapping[str, Any], metrics: Sequence[str], n_objectives: int) -> list[Any]:
    if not metrics:
        if len(value) != n_objectives:
            raise InvalidArgument(
                "return value",
                f"{n_objectives} metric(s), or `hydra.sweeper.metric` to name the objective(s)",
                sorted(value),
            )
        return list(value.values())
    for name in metrics:
        if name not in value:
            raise InvalidArgument("return value", f"a metric named {name!r}", sorted(value))
    return [value[name] for name in metrics]


def _measurement(part: Any) -> Measurement:
    expected = "a number, (mean, sem), (score, n_epochs, run_id) or a mapping of metrics"
    mean, sem = part if isinstance(part, list) and len(part) == 2 else (part, None)
    for number in (mean, sem):
        if isinstance(number, bool) or not isinstance(number, (int, float, type(None))):
            raise InvalidType("return value", expected, part)
    if mean is None:
        raise InvalidType("return value", expected, part)
    return Measurement(float(mean), sem)
