"""What an experiment has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from trimtab.errors import InvalidArgument, MissingDependency
from trimtab.experiment import BatchTrial, Trial
from trimtab.experiment.best import best_by_model, best_observed, hypervolume, pareto
from trimtab.experiment.measuring import measured_of
from trimtab.experiment.prediction import predict
from trimtab.experiment.rows import batch_of
from trimtab.experiment.status import status_of
from trimtab.service.base import ClientBase
from trimtab.study import NoBestTrial
from trimtab.study.origin import origin_of

if TYPE_CHECKING:
    import pandas as pd

Values: TypeAlias = tuple[dict[str, float], dict[str, dict[str, float]]]
"""Means by metric, and covariances by metric and metric; NaN where nobody knows."""


class Results(ClientBase):
    """The part of a client that tells what is best."""

    def get_best_trial(
        self, use_model_predictions: bool = True
    ) -> tuple[int, dict[str, Any], Values] | None:
        """The index, the parameters and the values of the best trial; None where there is none.

        Args:
            use_model_predictions: Whether the best is the arm whose *true* mean is most likely
                the best by the model, which may not be the one whose measurement was; the values
                are then the model's. Where measurements are exact, or the model predicts badly,
                measurements decide.

        Raises:
            InvalidArgument: If there are several objectives.
        """
        experiment = self.experiment
        if len(experiment.config.objectives) > 1:
            raise InvalidArgument(
                "objectives",
                "one objective (use get_pareto_optimal_parameters for several)",
                [objective.name for objective in experiment.config.objectives],
            )
        try:
            found = best_by_model if use_model_predictions else best_observed
            number, arm, values = found(experiment)
        except NoBestTrial:
            return None
        row = experiment.study.get_trial(number)
        batch = batch_of(number, row.system_attrs)
        return number if batch is None else batch, dict(arm.parameters), values

    def get_best_parameters(
        self, use_model_predictions: bool = True
    ) -> tuple[dict[str, Any], Values] | None:
        """The parameters and the values of the best trial; see `get_best_trial`."""
        best = self.get_best_trial(use_model_predictions)
        return None if best is None else best[1:]

    def get_pareto_optimal_parameters(
        self, use_model_predictions: bool = True
    ) -> dict[int, tuple[dict[str, Any], Values]]:
        """Parameters and values that no others dominate and that reach every threshold.

        Args:
            use_model_predictions: Whether means are the model's, so that a lucky measurement is
                not on the front. Where all measurements are exact they are used in any case.

        Returns:
            By trial index.

        Raises:
            InvalidArgument: If there is one objective.
        """
        found = pareto(self.experiment, use_model_predictions)
        return {number: (dict(arm.parameters), values) for number, (arm, values) in found.items()}

    def get_hypervolume(self) -> float:
        """The hypervolume of the front, down to the thresholds.

        Raises:
            InvalidArgument: If there is one objective.
        """
        return hypervolume(self.experiment)

    def predict(
        self, points: Sequence[Mapping[str, Any]], metrics: Sequence[str] | None = None
    ) -> list[dict[str, tuple[float, float]]]:
        """Mean and standard deviation, by metric, of what the model expects of each point.

        Args:
            points: Parameters by name, each in the search space.
            metrics: Which ones; None: the objectives and the constrained ones.

        Raises:
            InvalidArgument: If a metric is unknown, a point is outside the space, or a metric was
                measured in fewer than two completed trials.
        """
        return predict(self.experiment, points, metrics)

    def get_trial(self, trial_index: int) -> Trial | BatchTrial:
        """A trial; raises `UnknownTrial` if there is none of that index."""
        trial = self.experiment.trial(trial_index)
        return trial if isinstance(trial, BatchTrial) else Trial(self.experiment, trial.index)

    def get_trial_parameters(self, trial_index: int) -> dict[str, Any]:
        """The parameters of a trial with one arm; raises `UnknownTrial` if there is none."""
        self.experiment.trial(trial_index)
        return self.experiment.study.get_trial(trial_index).params

    def get_trials_data_frame(self) -> pd.DataFrame:
        """A row for each arm of each trial; needs the extra ``pandas``.

        The columns are ``trial_index``, ``arm_name``, ``trial_status``, ``generation_method``, a
        column for each metric, one with its standard error (`NAME_sem`) where one is known, and
        one for each parameter.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependency("pandas", "pandas") from error
        experiment = self.experiment
        study_attrs = experiment.study.system_attrs
        records = []
        for index, trial in experiment.trials.items():
            status = status_of(trial.head())
            for row in trial.rows():
                if not row.space:
                    continue
                record: dict[str, Any] = {
                    "trial_index": index,
                    "arm_name": trial.arm_of(row).name,
                    "trial_status": status.name,
                    "generation_method": origin_of(row.system_attrs, study_attrs),
                }
                measured = measured_of(row)
                for name in experiment.metrics:
                    mean, sem = measured.get(name, (None, None))
                    record[name] = mean
                    if sem is not None:
                        record[f"{name}_sem"] = sem
                records.append(record | row.params)
        return pd.DataFrame(records)
