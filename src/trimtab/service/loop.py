"""The whole loop in one call."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from trimtab.errors import InvalidArgument, InvalidType, SpaceExhausted, warn
from trimtab.experiment import BatchTrial, Experiment, Trial
from trimtab.experiment.measuring import measured_of, parse_raw_data
from trimtab.records import TrialState
from trimtab.service.client import Client
from trimtab.service.results import Values
from trimtab.study.api import StorageLike

_logger = logging.getLogger(__name__)

Evaluation: TypeAlias = Callable[..., Any]


def optimize(
    parameters: Sequence[Any],
    evaluation_function: Evaluation,
    experiment_name: str | None = None,
    objective_name: str | None = None,
    minimize: bool = False,
    parameter_constraints: Sequence[str] | None = None,
    outcome_constraints: Sequence[str] | None = None,
    total_trials: int = 20,
    arms_per_trial: int = 1,
    random_seed: int | None = None,
    *,
    storage: StorageLike = None,
    show_progress: bool = True,
) -> tuple[dict[str, Any], Values, Experiment, None]:
    """Propose, evaluate and learn until a number of trials is reached.

    Args:
        parameters: As for `Client.create_experiment`.
        evaluation_function: Called with the parameters and, if it takes a second argument, with
            their weight: the share of the available data on which to evaluate them, None where
            a trial has one arm. Returns a mean, a (mean, standard error) pair, or a mapping of
            metric names to either; metrics that are no objective are tracked.
        experiment_name: None: a unique one.
        objective_name: Name of the metric to optimize.
        minimize: Whether small is good.
        parameter_constraints: As for `Client.create_experiment`.
        outcome_constraints: As for `Client.create_experiment`.
        total_trials: How many trials to run.
        arms_per_trial: How many points are proposed together, each with the same weight.
        random_seed: Of all draws; None for fresh entropy.
        storage: Where to keep the experiment; None: in memory.
        show_progress: Log a line for each trial.

    Returns:
        The best parameters; the means and covariances of their metrics; the experiment; and
        None, where Ax returned its model. A finite space that is exhausted, and an evaluation
        that raises, end the loop with the best so far.

    Raises:
        InvalidArgument: If the function does not take one or two arguments, a number is
            impossible.
        Exception: What the function raised, if it did so before it ever returned a result.
    """
    takes_weight = _takes_weight(evaluation_function)
    for name, number in (("total_trials", total_trials), ("arms_per_trial", arms_per_trial)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidArgument(name, "a whole number of at least 1", number)
    client = Client(storage=storage, random_seed=random_seed, verbose_logging=False)
    client.create_experiment(
        parameters,
        experiment_name,
        objective_name=objective_name,
        minimize=minimize,
        parameter_constraints=parameter_constraints,
        outcome_constraints=outcome_constraints,
    )
    experiment = client.experiment
    for done in range(total_trials):
        try:
            trial = _begin(experiment, arms_per_trial)
        except SpaceExhausted as end:
            _logger.info("The loop ends after %d trials: %s", done, end)
            break
        try:
            told = _evaluated(trial, evaluation_function, takes_weight)
        except Exception as error:
            _logger.exception("Trial %d failed; the loop ends with the best so far.", trial.index)
            trial.mark_failed(f"the evaluation function raised {type(error).__name__}: {error}")
            if not done:
                raise
            break
        for metric in {name for measured in told.values() for name in measured}:
            experiment.add_tracking_metric(metric)
        single = next(iter(told.values()))
        client.complete_trial(trial.index, told if isinstance(trial, BatchTrial) else single)
        if show_progress:
            _logger.info("Trial %d of %d is done.", done + 1, total_trials)
    parameters_of_best, values = _best(client)
    return parameters_of_best, values, experiment, None


def _begin(experiment: Experiment, arms_per_trial: int) -> Trial | BatchTrial:
    if arms_per_trial == 1:
        return experiment.ask()
    trial = experiment.new_batch_trial(experiment.gen(arms_per_trial))
    trial.mark_running(no_runner_required=True)
    return trial


def _evaluated(
    trial: Trial | BatchTrial, evaluate: Evaluation, takes_weight: bool
) -> dict[str, dict[str, Any]]:
    """Measurements by arm name."""
    weights: dict[str, float] = {}
    if isinstance(trial, BatchTrial):
        weights = trial.normalized_arm_weights()
    objectives = [objective.name for objective in trial.experiment.config.objectives]
    told = {}
    for name, arm in trial.arms_by_name.items():
        arguments: list[Any] = [dict(arm.parameters)]
        if takes_weight:
            arguments.append(weights.get(name))
        told[name] = parse_raw_data(evaluate(*arguments), objectives)
    return told


def _takes_weight(function: Any) -> bool:
    if not callable(function):
        raise InvalidType("evaluation_function", "a function", function)
    count = len(inspect.signature(function).parameters)
    if count not in (1, 2):
        raise InvalidArgument(
            "evaluation_function", "a function of the parameters, and perhaps a weight", function
        )
    return count == 2


def _best(client: Client) -> tuple[dict[str, Any], Values]:
    best = client.get_best_parameters()
    if best is not None:
        return best
    study = client.experiment.study
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    row = min(complete, key=lambda row: sum(max(c, 0.0) for c in row.constraints.values()))
    warn("No trial satisfies the outcome constraints; the one returned violates them least.")
    measured = measured_of(row)
    return row.params, (
        {name: mean for name, (mean, _) in measured.items()},
        {n: {n: math.nan if sem is None else sem * sem} for n, (_, sem) in measured.items()},
    )
