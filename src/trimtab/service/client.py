"""The client: ask for parameters, run them wherever you like, tell what came of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType, SpaceExhausted, UnknownStudy
from trimtab.experiment import Experiment, SearchSpace
from trimtab.service.config import (
    optimization_config,
    parse_generation,
    parse_objectives,
    parse_parameter,
)
from trimtab.service.keeping import Keeping
from trimtab.service.pictures import Pictures
from trimtab.service.results import Results
from trimtab.service.telling import Telling

_logger = logging.getLogger(__name__)


class Client(Telling, Results, Pictures, Keeping):
    """Ask for parameters, run them wherever you like, tell what came of them.

    Several clients, in any number of processes, may work on one experiment at one time.

    Args:
        storage: Where experiments are kept: a URL such as ``sqlite:///lab.db``, a storage, or
            None for memory.
        random_seed: Of all draws; None for fresh entropy. It is kept with the experiment.
        early_stopping_strategy: A pruner that says which running trials to end; None:
            `MedianPruner`.
        verbose_logging: Whether each trial that is asked for or completed is logged as news
            (INFO), or only for who looks closely (DEBUG).

    Example:
        client = Client()
        client.create_experiment(
            parameters=[{"name": "x", "type": "range", "bounds": [-5.0, 5.0]}],
            objectives={"loss": ObjectiveProperties(minimize=True)},
        )
        for _ in range(20):
            parameters, index = client.get_next_trial()
            client.complete_trial(index, raw_data={"loss": ((parameters["x"] - 2.0) ** 2, 0.0)})
        client.get_best_parameters()
    """

    def create_experiment(
        self,
        parameters: Sequence[Any],
        name: str | None = None,
        *,
        description: str | None = None,
        objectives: Mapping[str, Any] | None = None,
        objective_name: str | None = None,
        minimize: bool | None = None,
        parameter_constraints: Sequence[str] | None = None,
        outcome_constraints: Sequence[str] | None = None,
        status_quo: Mapping[str, Any] | None = None,
        tracking_metric_names: Sequence[str] | None = None,
        choose_generation_strategy_kwargs: Mapping[str, Any] | None = None,
        overwrite_existing_experiment: bool = False,
        support_intermediate_data: bool = True,
    ) -> None:
        """Begin an experiment.

        Args:
            parameters: Dictionaries with ``name`` and ``type``: ``"range"`` (``bounds``, perhaps
                ``value_type``, ``log_scale``, ``digits``), ``"choice"`` (``values``, perhaps
                ``value_type``, ``is_ordered``, ``sort_values``, ``dependents``) or ``"fixed"``
                (``value``).
            name: 1 to 255 characters; None: a unique one.
            description: For people.
            objectives: `ObjectiveProperties` by metric name.
            objective_name: Of the only objective, instead of ``objectives``.
            minimize: Whether small is good, instead of ``objectives``; no, unless given.
            parameter_constraints: Such as ``"x1 <= x2"`` and ``"-x1 + 2.1*x2 <= 3"``.
            outcome_constraints: Such as ``"l2norm <= 1.25"``, and ``"clicks >= -5%"`` relative to
                the status quo, which is then the first trial.
            status_quo: The parameters that others are compared with.
            tracking_metric_names: Metrics that are kept and not optimized.
            choose_generation_strategy_kwargs: ``num_initialization_trials`` and
                ``force_random_search``.
            overwrite_existing_experiment: Remove an experiment of that name first.
            support_intermediate_data: Kept for compatibility: they are always taken.

        Raises:
            DuplicateStudy: If the name is taken and is not to be overwritten.
            InvalidType: If something is of the wrong kind.
            InvalidArgument: If something cannot be: a constraint that does not parse, names no
                parameter, or leaves no feasible point; a status quo outside the space.
        """
        del support_intermediate_data
        if isinstance(parameter_constraints, str):
            raise InvalidType(
                "parameter_constraints", "a list of constraints", parameter_constraints
            )
        if isinstance(parameters, (str, Mapping)) or not isinstance(parameters, Sequence):
            raise InvalidType("parameters", "a list of parameters", parameters)
        config = optimization_config(
            parse_objectives(objectives, objective_name, minimize), outcome_constraints
        )
        search_space = SearchSpace(
            [parse_parameter(given) for given in parameters], parameter_constraints
        )
        if status_quo is not None:
            search_space.check(status_quo, "status_quo")
        generation = parse_generation(choose_generation_strategy_kwargs)
        if overwrite_existing_experiment and name is not None:
            self._forget(name)
        self._adopt(
            lambda: Experiment(
                search_space,
                name,
                config,
                tracking_metric_names,
                status_quo=status_quo,
                description=description,
                storage=self._storage,
                seed=self._seed,
                generation=generation,
                early_stopping=self._early_stopping,
            )
        )

    def _forget(self, name: str) -> None:
        try:
            record = self._storage.find_study(name)
        except UnknownStudy:
            return
        self._storage.delete_study(record.id)
        self._experiment = None

    # ------------------------------------------------------------------ ask

    def get_next_trial(
        self,
        ttl_seconds: float | None = None,
        *,
        fixed_features: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], int]:
        """Parameters to be evaluated, and the index of their trial, which is RUNNING.

        Args:
            ttl_seconds: Seconds after which the trial is FAILED unless it was completed; it
                becomes so when the next trial is asked for, and until then a late answer is
                taken.
            fixed_features: Values by name that the parameters are to have.

        Raises:
            SpaceExhausted: If the space is finite and every point has been tried.
            InvalidArgument: If a fixed value is impossible.
        """
        trial = self.experiment.ask(lease=ttl_seconds, fixed_features=fixed_features)
        parameters = trial.head().params
        _logger.log(self._level, "Trial %d: %s", trial.index, parameters)
        return parameters, trial.index

    def get_next_trials(
        self,
        max_trials: int,
        ttl_seconds: float | None = None,
        *,
        fixed_features: Mapping[str, Any] | None = None,
    ) -> tuple[dict[int, dict[str, Any]], bool]:
        """Several trials, each proposed with the others in sight; see `get_next_trial`.

        Returns:
            Parameters by trial index, and whether a finite space has no more of them.
        """
        if isinstance(max_trials, bool) or not isinstance(max_trials, int) or max_trials < 1:
            raise InvalidArgument("max_trials", "a whole number of at least 1", max_trials)
        found: dict[int, dict[str, Any]] = {}
        for _ in range(max_trials):
            try:
                parameters, index = self.get_next_trial(ttl_seconds, fixed_features=fixed_features)
            except SpaceExhausted:
                return found, True
            found[index] = parameters
        return found, False

    def attach_trial(
        self, parameters: Mapping[str, Any], arm_name: str | None = None
    ) -> tuple[dict[str, Any], int]:
        """A RUNNING trial of parameters that you chose.

        Raises:
            InvalidType: If the parameters are no mapping, or one is of another type.
            InvalidArgument: If they are outside the search space.
        """
        trial = self.experiment.attach_trial(parameters, arm_name)
        return trial.head().params, trial.index

    # ------------------------------------------------------------------ end early

    def should_stop_trials_early(self, trial_indices: Iterable[int]) -> dict[int, str]:
        """Which running trials the early stopping strategy would end, and why.

        Args:
            trial_indices: Of the trials in question; those that do not run are left out.

        Raises:
            UnknownTrial: If there is no such trial.
        """
        reasons = {}
        for index in trial_indices:
            if (reason := self.experiment.should_stop(index)) is not None:
                reasons[index] = reason
        return reasons

    def stop_trial_early(self, trial_index: int) -> None:
        """End a running trial as EARLY_STOPPED; what it reported stays.

        Raises:
            UnknownTrial: If there is no such trial.
            WrongStatus: If it does not run.
        """
        self.experiment.trial(trial_index).mark_early_stopped()


AxClient = Client
