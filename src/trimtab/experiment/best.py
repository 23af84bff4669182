"""Which arm of an experiment is best, as its model sees it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.experiment.arm import Arm
from trimtab.experiment.measuring import measured_of
from trimtab.experiment.prediction import predict
from trimtab.experiment.rows import batch_of
from trimtab.records import TrialState
from trimtab.samplers.pareto import hypervolume as dominated
from trimtab.samplers.pareto import is_pareto
from trimtab.study.best import NoBestTrial, best_arm
from trimtab.visualization.hypervolume import default_reference_point

if TYPE_CHECKING:
    from trimtab.experiment.experiment import Experiment

Predicted: TypeAlias = tuple[dict[str, float], dict[str, dict[str, float]]]
"""Means by metric, and covariances by metric and metric; NaN where nobody knows."""


def best_by_model(experiment: Experiment) -> tuple[int, Arm, Predicted]:
    """The arm whose true mean is most likely the best, not the luckiest one.

    Among the measured arms it is the one with the best posterior mean, weighed by the probability
    that it is feasible; the values are then those of the model. Where measurements are exact, or
    the model predicts badly what it was not told (a leave-one-out test), the measured means
    decide, shrunk towards each other by how noisy they are.

    Raises:
        NoBestTrial: If no feasible trial is complete, or there are several objectives.
    """
    study = experiment.study
    with study.storage.lock:
        history = study.history
        chosen = experiment.sampler.best(history)
        arm = best_arm(history, chosen)
    number = arm.trials[0]
    means, covariances = _measured(experiment, number)
    name = experiment.config.objectives[0].name
    sem = arm.sems[0]
    mean, variance = arm.means[0], math.nan if sem is None else sem * sem
    if chosen is not None and sem != 0.0:
        mean, sd = predict(experiment, [arm.params], [name])[0][name]
        variance = sd * sd
    means[name], covariances[name] = mean, {name: variance}
    return number, Arm(arm.params, _name(experiment, number)), (means, covariances)


def best_observed(experiment: Experiment) -> tuple[int, Arm, Predicted]:
    """The arm of the trial with the best measurement; see `best_by_model`."""
    trial = experiment.study.best_trial
    return (
        trial.number,
        Arm(trial.params, _name(experiment, trial.number)),
        _measured(experiment, trial.number),
    )


def pareto(
    experiment: Experiment, use_model_predictions: bool = False
) -> dict[int, tuple[Arm, Predicted]]:
    """The arms that no other one dominates and that reach every threshold, by trial number.

    Args:
        experiment: Whose.
        use_model_predictions: Whether the model's means are compared, not those measured; where
            all measurements are exact, these are.

    Raises:
        InvalidArgument: If there is one objective.
    """
    objectives = experiment.config.objectives
    if len(objectives) < 2:
        raise InvalidArgument("objectives", "two or more (this experiment has one)", 1)
    complete = experiment.study.get_trials(states=(TrialState.COMPLETE,))
    rows = [row for row in complete if row.is_feasible]
    values = {row.number: _measured(experiment, row.number) for row in rows}
    exact = all(sem == 0.0 for row in rows for sem in row.sems or (None,))
    if use_model_predictions and not exact and len(complete) > 1:
        names = [objective.name for objective in objectives]
        for row, predicted in zip(
            rows, predict(experiment, [row.params for row in rows], names), strict=True
        ):
            means, covariances = values[row.number]
            for name, (mean, sd) in predicted.items():
                means[name], covariances[name] = mean, {name: sd * sd}
    signs = [1.0 if objective.minimize else -1.0 for objective in objectives]
    losses = np.array(
        [
            [s * values[row.number][0][o.name] for s, o in zip(signs, objectives, strict=True)]
            for row in rows
        ]
    ).reshape(len(rows), len(objectives))
    bounds = [
        math.inf if o.threshold is None else s * o.threshold
        for s, o in zip(signs, objectives, strict=True)
    ]
    best = is_pareto(losses) & np.all(losses <= bounds, axis=1) if rows else []
    return {
        row.number: (Arm(row.params, _name(experiment, row.number)), values[row.number])
        for row, is_best in zip(rows, best, strict=True)
        if is_best
    }


def hypervolume(experiment: Experiment) -> float:
    """What the front dominates, down to the thresholds.

    Where an objective has no threshold, its reference is what `default_reference_point` says.

    Raises:
        InvalidArgument: If there is one objective.
    """
    config = experiment.config
    if len(config.objectives) < 2:
        raise InvalidArgument("objectives", "two or more (this experiment has one)", 1)
    study = experiment.study
    with study.storage.lock:
        history = study.history
        numbers = history.usable(TrialState.COMPLETE)
        losses = history.losses[numbers[history.violation[numbers] <= 0.0]]
    if not len(losses):
        return 0.0
    reference = default_reference_point(losses)
    for j, objective in enumerate(config.objectives):
        if objective.threshold is not None:
            reference[j] = objective.threshold if objective.minimize else -objective.threshold
    inside = losses[np.all(losses < reference, axis=1)]
    return float(dominated(inside, reference)) if len(inside) else 0.0


def _name(experiment: Experiment, number: int) -> str:
    row = experiment.study.get_trial(number)
    batch = batch_of(number, row.system_attrs)
    trial = experiment.trial(number if batch is None else batch)
    return str(trial.arm_of(row).name)


def _measured(experiment: Experiment, number: int) -> Predicted:
    measured = measured_of(experiment.study.get_trial(number))
    means = {name: mean for name, (mean, _) in measured.items()}
    covariances = {
        name: {name: float("nan") if sem is None else sem * sem}
        for name, (_, sem) in measured.items()
    }
    return means, covariances


__all__ = ["NoBestTrial", "best_by_model", "best_observed", "hypervolume", "pareto"]
