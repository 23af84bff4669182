"""From measurements of an arm to what its study keeps: values, errors and constraints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from trimtab.errors import InvalidArgument, InvalidType, MissingMetric, short_repr
from trimtab.experiment.objective import OptimizationConfig
from trimtab.records import (
    VALUE,
    FrozenTrial,
    Outcome,
    Report,
    TrialState,
    TrialUpdate,
    as_float,
    as_sem,
)

if TYPE_CHECKING:
    from trimtab.study import Study

DATA: Final = "data"
"""System attribute of a trial: (mean, standard error or None) by metric."""

Measured: TypeAlias = Mapping[str, tuple[float, float | None]]
"""Mean and standard error (0.0 noiseless, None unknown) by metric."""


def parse_raw_data(
    raw_data: Any, objectives: Sequence[str]
) -> dict[str, tuple[float, float | None]]:
    """Measurements in one of the forms that people tell them in.

    Args:
        raw_data: A mean, a (mean, standard error) pair, or a mapping of metric names to either.
        objectives: Names of the objectives: a mean without a name is that of the only one.

    Raises:
        InvalidType: If it is in none of these forms.
        InvalidArgument: If a mean is not finite, a standard error is NaN, infinite or negative,
            or there is no name and several objectives.
    """
    if isinstance(raw_data, Mapping):
        if not raw_data:
            raise InvalidArgument("raw_data", "at least one metric", raw_data)
        for name in raw_data:
            if not isinstance(name, str):
                raise InvalidType("raw_data", "metric names that are text", name)
        return {name: _pair(name, told) for name, told in raw_data.items()}
    if len(objectives) != 1:
        raise InvalidArgument(
            "raw_data",
            "a mapping of metric names to results (Metric name must be provided where there are "
            f"several objectives: {list(objectives)})",
            raw_data,
        )
    return {objectives[0]: _pair(objectives[0], raw_data)}


def _pair(name: str, told: Any) -> tuple[float, float | None]:
    argument = f"raw_data[{name!r}]"
    if isinstance(told, (tuple, list)):
        if len(told) != 2:
            raise _malformed(argument, told)
        mean, sem = told
    else:
        mean, sem = told, None
    try:
        number, error = as_float(argument, mean), as_sem(sem)
    except InvalidType as reason:
        raise _malformed(argument, told) from reason
    except InvalidArgument as reason:
        raise InvalidArgument(
            argument, "a standard error of None or a finite number of at least 0", told
        ) from reason
    if not math.isfinite(number):
        raise InvalidArgument(
            argument, "a finite mean (a trial without one is told with log_trial_failure)", told
        )
    return number, error


def _malformed(argument: str, told: Any) -> InvalidType:
    return InvalidType(
        argument,
        "a mean, a (mean, sem) pair, or a mapping of metric names to either (Raw data does not "
        "conform to the expected structure)",
        told,
    )


def parse_steps(raw_data: Any, objectives: Sequence[str]) -> list[tuple[int, dict[str, Any]]]:
    """Measurements at steps: ``[(step, data), ...]`` or ``[({"epoch": step}, data), ...]``.

    Raises:
        InvalidType: If it is in neither form, or a step is no integer.
        InvalidArgument: As for `parse_raw_data`.
    """
    if not isinstance(raw_data, Sequence) or isinstance(raw_data, str):
        raise InvalidType("raw_data", "a sequence of (step, data) pairs", raw_data)
    steps = []
    for item in raw_data:
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise InvalidType("raw_data", "a sequence of (step, data) pairs", item)
        step, told = item
        if isinstance(step, Mapping) and len(step) == 1:
            (step,) = step.values()
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if isinstance(step, bool) or not isinstance(step, int):
            raise InvalidType("raw_data", "steps that are whole numbers", step)
        steps.append((step, parse_raw_data(told, objectives)))
    return sorted(steps, key=lambda pair: pair[0])


def is_steps(raw_data: Any) -> bool:
    """Whether data come as (step, data) pairs: a pair of numbers is a mean and its error."""
    return isinstance(raw_data, list) and all(isinstance(item, (tuple, list)) for item in raw_data)


def reports_of(
    steps: Iterable[tuple[int, Mapping[str, tuple[float, float | None]]]],
    objectives: Sequence[str],
) -> tuple[Report, ...]:
    """The same as reports; a single objective is also the one without a name, for pruners."""
    reports = []
    for step, measured in steps:
        metrics = {name: mean for name, (mean, _) in measured.items()}
        metrics |= {
            f"{name} (sem)": sem
            for name, (_, sem) in measured.items()
            if sem is not None and sem > 0
        }
        if len(objectives) == 1 and objectives[0] in measured:
            metrics[VALUE] = measured[objectives[0]][0]
        reports.append(Report(step, metrics))
    return tuple(reports)


def measured_of(row: FrozenTrial) -> dict[str, tuple[float, float | None]]:
    """What is known of a trial's arm."""
    return {
        name: (float(mean), sem) for name, (mean, sem) in row.system_attrs.get(DATA, {}).items()
    }


def check_metrics(measured: Measured, declared: Iterable[str], argument: str = "raw_data") -> None:
    """Refuse metrics that the experiment does not know.

    Raises:
        InvalidArgument: Naming them, and those that are known.
    """
    known = list(declared)
    if unknown := [name for name in measured if name not in known]:
        raise InvalidArgument(
            argument,
            f"the metrics of this experiment, {known} (declare others as tracking metrics)",
            unknown,
        )


def check_complete(measured: Measured, config: OptimizationConfig, number: int) -> None:
    """Refuse a measurement without one of the objectives or constrained metrics.

    Raises:
        MissingMetric: Naming them.
    """
    missing = tuple(name for name in config.metrics if name not in measured)
    if missing:
        raise MissingMetric(
            f"`raw_data`: expected the metrics {list(config.metrics)}, got {list(measured)}; "
            f"trial {number} is still running: complete it with all of them, or log a failure.",
            missing,
        )


def outcome_of(measured: Measured, config: OptimizationConfig) -> Outcome | None:
    """How the trial ended; None while an objective is missing.

    A mean that is not finite makes it FAIL, with the reason.
    """
    names = [objective.name for objective in config.objectives]
    if any(name not in measured for name in names):
        return None
    wrong = {name: measured[name][0] for name in names if not math.isfinite(measured[name][0])}
    if wrong:
        return Outcome(TrialState.FAIL, reason=f"not a finite number: {short_repr(wrong)}")
    sems = tuple(measured[name][1] for name in names)
    known = None if all(sem is None for sem in sems) else sems
    return Outcome(TrialState.COMPLETE, tuple(measured[name][0] for name in names), known)


def constraints_of(
    measured: Measured, config: OptimizationConfig, status_quo: Mapping[str, float]
) -> dict[str, float]:
    """Constraint values by the constraints' texts; at most 0 is feasible.

    Args:
        measured: Of the arm.
        config: The experiment's.
        status_quo: Means of the status quo, as far as they are known.
    """
    found = {}
    for constraint in config.outcome_constraints:
        if constraint.name in measured and math.isfinite(measured[constraint.name][0]):
            excess = constraint.excess(
                measured[constraint.name][0], status_quo.get(constraint.name)
            )
            if excess is not None:
                found[str(constraint)] = excess
    return found


def data_update(
    measured: Measured, constraints: Mapping[str, float], reports: Sequence[Report] = ()
) -> TrialUpdate:
    """The same as what is written to the record of a trial."""
    data = {name: [mean, sem] for name, (mean, sem) in measured.items()}
    return TrialUpdate(reports=tuple(reports), system_attrs={DATA: data}, constraints=constraints)


def amend_relative(
    study: Study, config: OptimizationConfig, status_quo: Mapping[str, float]
) -> None:
    """Bring constraints that are relative to the status quo up to date in all complete trials."""
    if not any(constraint.relative for constraint in config.outcome_constraints):
        return
    for row in study.get_trials(states=(TrialState.COMPLETE,)):
        constraints = constraints_of(measured_of(row), config, status_quo)
        if constraints != dict(row.constraints) and row.values is not None:
            outcome = Outcome(row.state, row.values, row.sems)
            study.storage.amend(
                study.study_id, row.number, outcome, TrialUpdate(constraints=constraints)
            )
