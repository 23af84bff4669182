"""Each library's sampler for few and costly trials, behind one interface.

Every library runs with its default settings but for the seed, on one thread. None is told that an
objective is noiseless; all may infer it.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any, Protocol

from benchmarks.gp_instances import Instance, Outcome, Params
from benchmarks.gp_problems import Problem
from trimtab import CategoricalDistribution, FloatDistribution


class Optimizer(Protocol):
    """Asks for trials of one problem and is told what they found."""

    def ask(self, n: int) -> list[tuple[Any, Params]]:
        """Begin at most n trials, at least one: a key and the parameters of each."""

    def tell(self, key: Any, outcome: Outcome) -> None:
        """End a trial."""

    def add(self, params: Params, outcome: Outcome) -> None:
        """Add a trial that was not asked for."""

    def recommended(self) -> Params:
        """What the library says is best, of one objective."""


class StudyOptimizer:
    """A study of Trimtab or Optuna, by the names that both have."""

    def __init__(self, library: str, problem: Problem, instance: Instance, seed: int) -> None:
        self._module = module = importlib.import_module(library)
        module.logging.set_verbosity(module.logging.ERROR)
        self._space = {
            name: getattr(module.distributions, type(one).__name__)(**_arguments(one))
            for name, one in instance.space.items()
        }
        arguments: dict[str, Any] = {"seed": seed}
        if problem.n_constraints:
            arguments["constraints_func"] = _told_constraints
        self._study = module.create_study(
            sampler=module.samplers.GPSampler(**arguments),
            directions=["minimize"] * max(1, len(problem.reference)),
        )

    def ask(self, n: int) -> list[tuple[Any, Params]]:
        """One after another, so that each knows of those before it."""
        trials = [self._study.ask(self._space) for _ in range(n)]
        return [(trial, trial.params) for trial in trials]

    def tell(self, key: Any, outcome: Outcome) -> None:
        """Constraints are told as an attribute."""
        key.set_user_attr("constraints", list(outcome.constraints))
        self._study.tell(key, list(outcome.values))

    def add(self, params: Params, outcome: Outcome) -> None:
        """As a complete trial."""
        self._study.add_trial(
            self._module.trial.create_trial(
                params=dict(params),
                distributions=self._space,
                values=list(outcome.values),
                user_attrs={"constraints": list(outcome.constraints)},
            )
        )

    def recommended(self) -> Params:
        """By the model where the library has such a thing, else the best value seen."""
        arm = getattr(self._study, "best_arm", None)
        params: Params = self._study.best_params if arm is None else arm.params
        return params


def _arguments(distribution: Any) -> dict[str, Any]:
    if isinstance(distribution, CategoricalDistribution):
        return {"choices": distribution.choices}
    return {"low": distribution.low, "high": distribution.high, "log": distribution.log}


def _told_constraints(trial: Any) -> Sequence[float]:
    constraints: Sequence[float] = trial.user_attrs["constraints"]
    return constraints


class AxOptimizer:
    """Ax's ``Client``."""

    def __init__(self, problem: Problem, instance: Instance, seed: int) -> None:
        import torch
        from ax import Client

        logging.disable(logging.WARNING)  # each of its modules has a logger with a level of its own
        torch.set_num_threads(1)
        self._client = Client(random_seed=seed)
        self._client.configure_experiment(
            [_ax_parameter(name, one) for name, one in instance.space.items()]
        )
        self._client.configure_optimization(
            objective=", ".join(f"-y{i}" for i in range(max(1, len(problem.reference)))),
            outcome_constraints=[f"c{i} <= 0" for i in range(problem.n_constraints)],
        )

    def ask(self, n: int) -> list[tuple[Any, Params]]:
        """Ax may give fewer than it is asked for."""
        return list(self._client.get_next_trials(max_trials=n).items())

    def tell(self, key: Any, outcome: Outcome) -> None:
        """Objectives and constraints are metrics."""
        data = {f"y{i}": value for i, value in enumerate(outcome.values)}
        data.update({f"c{i}": value for i, value in enumerate(outcome.constraints)})
        self._client.complete_trial(trial_index=key, raw_data=data)

    def add(self, params: Params, outcome: Outcome) -> None:
        """As a trial that is attached and complete."""
        self.tell(self._client.attach_trial(parameters=params), outcome)

    def recommended(self) -> Params:
        """By the model's predictions."""
        params: Params = self._client.get_best_parameterization()[0]
        return params


def _ax_parameter(name: str, distribution: Any) -> Any:
    from ax import ChoiceParameterConfig, RangeParameterConfig

    if isinstance(distribution, CategoricalDistribution):
        values = [str(choice) for choice in distribution.choices]
        return ChoiceParameterConfig(
            name=name, values=values, parameter_type="str", is_ordered=False
        )
    return RangeParameterConfig(
        name=name,
        bounds=(distribution.low, distribution.high),
        parameter_type="float" if isinstance(distribution, FloatDistribution) else "int",
        scaling="log" if distribution.log else "linear",
    )


PACKAGES = {
    "trimtab": ("trimtab",),
    "optuna": ("optuna", "torch"),
    "ax": ("ax-platform", "torch"),
}
"""What each library's Gaussian process needs, itself first."""

LIBRARIES = tuple(PACKAGES)


def version(library: str) -> str | None:
    """Of what is installed; None where something that it needs is not."""
    try:
        own, *_ = (metadata.version(package) for package in PACKAGES[library])
    except metadata.PackageNotFoundError:
        return None
    return own


def optimizer(library: str, problem: Problem, instance: Instance, seed: int) -> Optimizer:
    """A new one.

    Raises:
        ImportError: If the library is not installed.
    """
    warnings.simplefilter("ignore")  # each has its own that are of no interest here
    make: Callable[[], Optimizer] = (
        (lambda: AxOptimizer(problem, instance, seed))
        if library == "ax"
        else (lambda: StudyOptimizer(library, problem, instance, seed))
    )
    return make()
