"""What came of a trial."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType, TrialFinished, WrongStatus
from trimtab.experiment import BatchTrial, TrialStatus
from trimtab.experiment.fetching import finish
from trimtab.experiment.handle import METADATA
from trimtab.experiment.measuring import (
    DATA,
    check_complete,
    check_metrics,
    is_steps,
    measured_of,
    parse_raw_data,
    parse_steps,
    reports_of,
)
from trimtab.experiment.trial import BaseTrial
from trimtab.records import FrozenTrial, TrialUpdate
from trimtab.service.base import ClientBase

_logger = logging.getLogger(__name__)


class Telling(ClientBase):
    """The part of a client that takes results."""

    def complete_trial(
        self,
        trial_index: int,
        raw_data: Any,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """End a trial with its result.

        A result without an objective or a constrained metric is refused and the trial goes on
        running, so that it can be completed with all of them: a metric's name that was mistyped
        costs nothing.

        Args:
            trial_index: Of a RUNNING trial.
            raw_data: A mean; a (mean, standard error) pair; a mapping of metric names to either;
                or a list of (step, any of these) pairs, of which the last step is the result. A
                standard error of 0.0 is noiseless, of None unknown: it is then inferred. For a
                batch, a mapping of arm names to any of these.
            metadata: JSON values to be kept in the trial's ``run_metadata``.

        Raises:
            UnknownTrial: If there is no such trial.
            TrialFinished: If it was completed before, or failed, and no longer expects data.
            InvalidType: If the data are in none of these forms.
            InvalidArgument: If a mean is not finite, a standard error is NaN or negative, or a
                metric was not declared.
            MissingMetric: If an objective or a constrained metric is missing.
        """
        trial = self._running(trial_index)
        told = {row.number: self._result(row, data) for row, data in _by_row(trial, raw_data)}
        if metadata is not None:
            self._write(trial.index, {METADATA: {**trial.run_metadata, **metadata}})
        for row in trial.rows():
            if row.number in told:
                measured, reports = told[row.number]
                finish(self.experiment, row, measured, reports)
                _logger.log(self._level, "Trial %d is completed: %s", row.number, measured)

    def _result(self, row: FrozenTrial, raw_data: Any) -> tuple[dict[str, Any], Any]:
        experiment = self.experiment
        objectives = [objective.name for objective in experiment.config.objectives]
        measured = measured_of(row)
        reports: Any = ()
        if is_steps(raw_data):
            steps = parse_steps(raw_data, objectives)
            reports = reports_of(steps, objectives)
            for _, at_step in steps:
                measured |= at_step
        else:
            measured |= parse_raw_data(raw_data, objectives)
        check_metrics(measured, experiment.metrics)
        check_complete(measured, experiment.config, row.number)
        return measured, reports

    def update_running_trial_with_intermediate_data(self, trial_index: int, raw_data: Any) -> None:
        """Report what is known of a running trial so far.

        Args:
            trial_index: Of a RUNNING trial.
            raw_data: A list of (step, data) pairs; a step is a whole number or, as Ax has it, a
                dictionary with one, such as ``{"epoch": 3}``; data as for `complete_trial`. What
                was reported at a step before stays.

        Raises:
            UnknownTrial: If there is no such trial.
            TrialFinished: If it has ended.
            InvalidType: If the data are not in this form.
            InvalidArgument: As for `complete_trial`.
        """
        trial = self._running(trial_index)
        experiment = self.experiment
        objectives = [objective.name for objective in experiment.config.objectives]
        steps = parse_steps(raw_data, objectives)
        for _, at_step in steps:
            check_metrics(at_step, experiment.metrics)
        update = TrialUpdate(reports=reports_of(steps, objectives))
        study = experiment.study
        study.storage.write(study.study_id, trial.index, None, update)

    def update_trial_data(self, trial_index: int, raw_data: Any) -> None:
        """Add measurements of tracked metrics to a trial, completed or not.

        Raises:
            UnknownTrial: If there is no such trial.
            InvalidArgument: If a metric was not declared, or decides what the trial came to: the
                result of a trial does not change.
        """
        experiment = self.experiment
        trial = experiment.trial(trial_index)
        objectives = [objective.name for objective in experiment.config.objectives]
        measured = parse_raw_data(raw_data, objectives)
        check_metrics(measured, experiment.metrics)
        if fixed := [name for name in measured if name in experiment.config.metrics]:
            raise InvalidArgument("raw_data", "metrics that are only tracked", fixed)
        known = {**measured_of(trial.head()), **measured}
        self._write(trial.index, {DATA: {name: list(pair) for name, pair in known.items()}})

    def log_trial_failure(
        self, trial_index: int, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """End a trial without a result; its parameters may be proposed again.

        Args:
            trial_index: Of a RUNNING trial.
            metadata: JSON values to be kept; ``"reason"`` is shown to people.

        Raises:
            UnknownTrial: If there is no such trial.
            WrongStatus: If it has ended.
        """
        trial = self.experiment.trial(trial_index)
        reason = None if metadata is None else metadata.get("reason")
        trial.mark_failed(None if reason is None else str(reason))
        if metadata:
            self._write(trial.index, {METADATA: {**trial.run_metadata, **metadata}})

    def abandon_trial(self, trial_index: int, reason: str | None = None) -> None:
        """Give a trial up: its parameters are not proposed again.

        Raises:
            UnknownTrial: If there is no such trial.
            WrongStatus: If it has ended.
        """
        self.experiment.trial(trial_index).mark_abandoned(reason)

    def _running(self, trial_index: int) -> BaseTrial:
        trial = self.experiment.trial(trial_index)
        status = trial.status
        if status is TrialStatus.COMPLETED:
            raise TrialFinished(
                f"Trial {trial_index} has been completed already, and its result does not change; "
                "attach_trial measures the same parameters again."
            )
        if status.is_terminal:
            raise TrialFinished(f"Trial {trial_index} is {status.name} and no longer expects data.")
        if status is not TrialStatus.RUNNING:
            raise WrongStatus(f"Trial {trial_index} is {status.name}; expected RUNNING.")
        return trial

    def _write(self, number: int, attrs: Mapping[str, Any]) -> None:
        study = self.experiment.study
        study.storage.write(study.study_id, number, None, TrialUpdate(system_attrs=attrs))


def _by_row(trial: BaseTrial, raw_data: Any) -> list[tuple[FrozenTrial, Any]]:
    rows = [row for row in trial.rows() if not row.state.is_finished()]
    if not isinstance(trial, BatchTrial):
        return [(row, raw_data) for row in rows]
    if not isinstance(raw_data, Mapping):
        raise InvalidType("raw_data", "results by arm name, as the trial is a batch", raw_data)
    names = [str(trial.arm_of(row).name) for row in rows]
    if set(raw_data) != set(names):
        raise InvalidArgument("raw_data", f"results of the arms {names}", list(raw_data))
    return [(row, raw_data[name]) for row, name in zip(rows, names, strict=True)]
