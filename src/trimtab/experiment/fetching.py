"""Measurements of an experiment's trials: asked for, stored, and told to its study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from trimtab.errors import InvalidArgument, MetricFailed
from trimtab.experiment.data import Data, Row
from trimtab.experiment.measuring import (
    DATA,
    Measured,
    amend_relative,
    check_metrics,
    constraints_of,
    data_update,
    measured_of,
    outcome_of,
    reports_of,
)
from trimtab.experiment.metric import Metric
from trimtab.experiment.rows import batch_of
from trimtab.experiment.status import TrialStatus
from trimtab.experiment.trial import BaseTrial
from trimtab.records import FrozenTrial, Report, TrialState, TrialUpdate

if TYPE_CHECKING:
    from trimtab.experiment.experiment import Experiment

_WITH_DATA = (TrialStatus.COMPLETED, TrialStatus.EARLY_STOPPED)


def fetch(experiment: Experiment, trial_indices: Iterable[int] | None) -> Data:
    """See `Experiment.fetch_data`."""
    trials = _chosen(experiment, trial_indices)
    fault: MetricFailed | None = None
    for trial in trials:
        status = trial.status
        if status in _WITH_DATA or status is TrialStatus.RUNNING:
            try:
                fetch_trial(experiment, trial, status)
            except MetricFailed as error:
                fault = fault or error
    if fault is not None:
        raise fault
    return _looked_up(trials)


def fetch_trial(experiment: Experiment, trial: BaseTrial, status: TrialStatus) -> None:
    """Ask the metrics of one trial for what is not known, and store it.

    Raises:
        MetricFailed: If one raises, or returns what is no data.
    """
    rows = [row for row in trial.rows() if row.space]
    found: list[Row] = []
    fault: MetricFailed | None = None
    for metric in experiment.metrics.values():
        if metric.is_told or (
            status is TrialStatus.RUNNING and not metric.is_available_while_running
        ):
            continue
        if status is not TrialStatus.RUNNING and all(metric.name in measured_of(r) for r in rows):
            continue
        try:
            found += _rows_of(metric, trial)
        except MetricFailed as error:
            fault = fault or error
    if found:
        attach(experiment, Data.of(found))
    if fault is not None:
        raise fault


def _rows_of(metric: Metric, trial: BaseTrial) -> Iterable[Row]:
    try:
        told = metric.fetch_trial_data(trial)
    except Exception as error:
        raise MetricFailed(
            f"The metric {metric.name!r} could not be fetched for trial {trial.index}: "
            f"{type(error).__name__}: {error}"
        ) from error
    data = told if isinstance(told, Data) else getattr(told, "value", None)
    if not isinstance(data, Data):
        raise MetricFailed(
            f"The metric {metric.name!r} returned {type(told).__name__} for trial {trial.index}; "
            "expected Data."
        )
    return data.rows


def attach(experiment: Experiment, data: Data) -> None:
    """See `Experiment.attach_data`."""
    check_metrics({row.metric_name: (0.0, None) for row in data.rows}, experiment.metrics, "data")
    by_trial: dict[int, list[Row]] = {}
    for row in data.rows:
        by_trial.setdefault(row.trial_index, []).append(row)
    for index, rows in by_trial.items():
        trial = experiment.trial(index)
        held = {str(trial.arm_of(row).name): row for row in trial.rows() if row.space}
        by_arm: dict[str, list[Row]] = {}
        for row in rows:
            if row.arm_name not in held:
                raise InvalidArgument("arm_name", f"one of {list(held)}", row.arm_name)
            by_arm.setdefault(row.arm_name, []).append(row)
        for name, of_arm in by_arm.items():
            _store(experiment, held[name], of_arm)
        settle(experiment, trial)


def _store(experiment: Experiment, row: FrozenTrial, rows: Iterable[Row]) -> None:
    measured = measured_of(row)
    steps: dict[int, dict[str, tuple[float, float | None]]] = {}
    final: dict[str, tuple[float, float | None]] = {}
    for told in rows:
        if told.step is None:
            final[told.metric_name] = (told.mean, told.sem)
        else:
            steps.setdefault(told.step, {})[told.metric_name] = (told.mean, told.sem)
    last: dict[str, tuple[float, float | None]] = {}
    for step in sorted(steps):  # what was measured last stands for the end, where nothing does
        last |= steps[step]
    merged = {**measured, **last, **final}
    study = experiment.study
    objectives = [objective.name for objective in experiment.config.objectives]
    reports = () if row.state.is_finished() else reports_of(sorted(steps.items()), objectives)
    if merged != measured or reports:
        data = {name: [mean, sem] for name, (mean, sem) in merged.items()}
        update = TrialUpdate(system_attrs={DATA: data}, reports=reports)
        study.storage.write(study.study_id, row.number, None, update)


def settle(experiment: Experiment, trial: BaseTrial) -> None:
    """See `Experiment.settle`."""
    if trial.status is not TrialStatus.COMPLETED:
        return
    rows = [row for row in trial.rows() if row.space and not row.state.is_finished()]
    for row in rows:
        finish(experiment, row, measured_of(row))


def finish(
    experiment: Experiment, row: FrozenTrial, measured: Measured, reports: Sequence[Report] = ()
) -> None:
    """Tell the study of an arm whose objectives are all measured; nothing where one is not.

    Args:
        experiment: Whose.
        row: The study's trial of the arm.
        measured: All that is known of it.
        reports: What to add to its reports in the same write.

    Raises:
        TrialFinished: If it was told otherwise meanwhile.
    """
    outcome = outcome_of(measured, experiment.config)
    if outcome is None:
        return
    study = experiment.study
    quo = status_quo_means(experiment, batch_of(row.number, row.system_attrs))
    is_quo = is_status_quo(experiment, row)
    if is_quo:
        quo = {**{name: mean for name, (mean, _) in measured.items()}, **quo}
    constraints = constraints_of(measured, experiment.config, quo)
    kept = {} if outcome.state is TrialState.FAIL else constraints
    update = data_update(measured, kept, reports)
    study.storage.finish(study.study_id, row.number, None, outcome, update)
    if is_quo and outcome.state is TrialState.COMPLETE:
        amend_relative(study, experiment.config, status_quo_means(experiment, None))


def needs_status_quo(experiment: Experiment) -> bool:
    """Whether constraints are relative to a status quo that no trial measures."""
    if experiment.status_quo is None:
        return False
    if not any(constraint.relative for constraint in experiment.config.outcome_constraints):
        return False
    begun = (TrialState.RUNNING, TrialState.WAITING, TrialState.COMPLETE)
    return not any(
        is_status_quo(experiment, row) for row in experiment.study.get_trials(states=begun)
    )


def is_status_quo(experiment: Experiment, row: FrozenTrial) -> bool:
    """Whether a trial of the study holds the experiment's status quo."""
    status_quo = experiment.status_quo
    return status_quo is not None and row.params == dict(status_quo.parameters)


def status_quo_means(experiment: Experiment, batch: int | None) -> dict[str, float]:
    """Means of the status quo by metric, over all its complete measurements.

    Args:
        experiment: Whose.
        batch: Where it was measured in the same batch, that counts alone; None: no batch.
    """
    relative = any(constraint.relative for constraint in experiment.config.outcome_constraints)
    if experiment.status_quo is None or not relative:
        return {}
    rows = [
        row
        for row in experiment.study.get_trials(states=(TrialState.COMPLETE,))
        if is_status_quo(experiment, row)
    ]
    same = [
        row for row in rows if batch is not None and batch_of(row.number, row.system_attrs) == batch
    ]
    found: dict[str, list[float]] = {}
    for row in same or rows:
        for name, (mean, _) in measured_of(row).items():
            if math.isfinite(mean):
                found.setdefault(name, []).append(mean)
    return {name: sum(means) / len(means) for name, means in found.items()}


def lookup(experiment: Experiment, trial_indices: Iterable[int] | None) -> Data:
    """See `Experiment.lookup_data`."""
    return _looked_up(_chosen(experiment, trial_indices))


def _looked_up(trials: Iterable[BaseTrial]) -> Data:
    return Data.of(
        Row(trial.index, str(trial.arm_of(row).name), name, mean, sem)
        for trial in trials
        for row in trial.rows()
        for name, (mean, sem) in measured_of(row).items()
    )


def _chosen(experiment: Experiment, trial_indices: Iterable[int] | None) -> list[BaseTrial]:
    if trial_indices is None:
        return list(experiment.trials.values())
    return [experiment.trial(index) for index in trial_indices]
