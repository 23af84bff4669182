"""Experiments, runners and metrics to try things on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trimtab.experiment import (
    Data,
    Experiment,
    Metric,
    MultiObjective,
    Objective,
    OptimizationConfig,
    ParameterType,
    RangeParameter,
    Runner,
    SearchSpace,
    TrialStatus,
)

SPACE = SearchSpace(
    [
        RangeParameter("x", ParameterType.FLOAT, 0.0, 1.0),
        RangeParameter("y", ParameterType.FLOAT, 0.0, 1.0),
    ]
)
STATUS_QUO = {"x": 0.5, "y": 0.5}


def sphere(params: Any) -> float:
    return float((params["x"] - 0.3) ** 2 + (params["y"] - 0.6) ** 2)


class Computed(Metric):
    """Computed from an arm's parameters."""

    def __init__(self, name: str, func: Callable[[Any], float] = sphere) -> None:
        super().__init__(name, lower_is_better=True)
        self.func = func
        self.calls = 0

    def fetch_trial_data(self, trial: Any, **kwargs: Any) -> Data:
        self.calls += 1
        return Data(
            [
                {
                    "arm_name": name,
                    "metric_name": self.name,
                    "mean": self.func(arm.parameters),
                    "sem": 0.0,
                    "trial_index": trial.index,
                }
                for name, arm in trial.arms_by_name.items()
            ]
        )


class Instant(Runner):
    """Done when it returns."""

    def __init__(self) -> None:
        self.ran: list[int] = []

    def run(self, trial: Any) -> dict[str, Any]:
        self.ran.append(trial.index)
        return {"name": trial.unique_name}


class Elsewhere(Runner):
    """Trials that end after some polls, as a script says.

    Args:
        rounds: Polls after which a trial ends.
        end: How trials end, by index; COMPLETED unless given.
    """

    def __init__(self, rounds: int = 2, end: dict[int, TrialStatus] | None = None) -> None:
        self.rounds = rounds
        self.end = end or {}
        self.deployed: list[str] = []
        self.polls: dict[int, int] = {}
        self.stopped: list[int] = []
        self.most = 0

    def run(self, trial: Any) -> dict[str, Any]:
        self.deployed.append(trial.unique_name)
        self.polls[trial.index] = 0
        self.most = max(self.most, len(self.polls))
        return {"name": trial.unique_name}

    def find(self, trial: Any) -> dict[str, Any] | None:
        there = trial.unique_name in self.deployed
        return {"name": trial.unique_name} if there else None

    def poll(self, trial: Any) -> TrialStatus:
        self.polls[trial.index] = self.polls.get(trial.index, 0) + 1
        if self.polls[trial.index] < self.rounds:
            return TrialStatus.RUNNING
        del self.polls[trial.index]
        return self.end.get(trial.index, TrialStatus.COMPLETED)

    def stop(self, trial: Any, reason: str | None = None) -> None:
        self.stopped.append(trial.index)
        del self.polls[trial.index]


def experiment(
    metric: Metric | None = None, constraints: list[str] | None = None, **options: Any
) -> Experiment:
    config = OptimizationConfig(Objective(metric or Computed("loss")), constraints)
    return Experiment(SPACE, options.pop("name", "lab"), config, seed=1, **options)


def two_objectives(**options: Any) -> Experiment:
    both = [Objective("a", True, options.pop("threshold", None)), Objective("b", False)]
    return Experiment(SPACE, "two", OptimizationConfig(MultiObjective(both)), seed=1, **options)
