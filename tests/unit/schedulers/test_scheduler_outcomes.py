"""What schedulers are for: the best found for a fraction of the cost, and schedules that learn."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from trimtab.schedulers import (
    PB2,
    AsyncHyperBandScheduler,
    FIFOScheduler,
    HyperBandForBOHB,
    MedianStoppingRule,
    PopulationBasedTraining,
    PromotingASHA,
    Scheduler,
)
from trimtab.space.domains import loguniform
from trimtab.testing.simulation import METRIC, Simulation

BY_STEP: dict[str, Any] = {
    "time_attr": "training_iteration",
    "metric": METRIC,
    "mode": "max",
}


class Learning:
    """Noisy curves that rise at different speeds to different heights."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._noise = np.random.default_rng(seed)

    def begin(self, number: int) -> tuple[dict[str, Any], None]:
        draw = np.random.default_rng([self._seed, number])
        return {"height": float(draw.random()), "pace": float(draw.uniform(2.0, 10.0))}, None

    def train(self, state: None, config: Mapping[str, Any], iteration: int) -> tuple[None, float]:
        risen = config["height"] * (1.0 - math.exp(-iteration / config["pace"]))
        return None, risen + 0.01 * float(self._noise.normal())


@pytest.mark.parametrize(
    ("make", "budget"),
    [
        (lambda: AsyncHyperBandScheduler(max_t=81, reduction_factor=3, **BY_STEP), 0.25),
        (lambda: PromotingASHA(max_t=81, reduction_factor=3, **BY_STEP), 0.15),
        (lambda: HyperBandForBOHB(max_t=81, **BY_STEP), 0.15),
        (lambda: MedianStoppingRule(grace_period=5, **BY_STEP), 0.5),
    ],
    ids=["asha", "promoting", "hyperband", "median"],
)
def test_one_of_the_best_is_found_for_a_fraction_of_the_cost(
    make: Callable[[], Scheduler], budget: float
) -> None:
    n_trials = 81
    for seed in range(5):
        run = Simulation(
            make, Learning(seed), n_trials=n_trials, slots=8, length=81, strict=False, seed=seed
        ).run()
        assert run.reports < budget * 81 * n_trials
        completed = run.history.values[run.history.states == 1, 0]
        heights = [member.config["height"] for member in run.members.values()]
        assert float(completed.max()) > sorted(heights)[-5] - 0.05


class Drifting:
    """Training that gains by a step size whose best value falls a thousandfold meanwhile."""

    LENGTH = 100

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def begin(self, number: int) -> tuple[dict[str, Any], float]:
        draw = np.random.default_rng([self._seed, number])
        return {"lr": float(10.0 ** draw.uniform(-4.0, 0.0))}, 0.0

    def train(self, state: float, config: Mapping[str, Any], iteration: int) -> tuple[float, float]:
        best = -3.0 * iteration / self.LENGTH
        after = state + max(1.0 - abs(math.log10(config["lr"]) - best), -0.5)
        return after, after


MUTATIONS: dict[str, Any] = {"lr": loguniform(1e-4, 1.0)}


@pytest.mark.parametrize("synch", [False, True], ids=["asynchronous", "synchronous"])
@pytest.mark.parametrize("kind", ["pbt", "pb2"])
def test_a_population_beats_random_search_where_the_best_value_changes(
    kind: str, synch: bool
) -> None:
    def make() -> Scheduler:
        options = {"perturbation_interval": 5, "synch": synch, **BY_STEP}
        if kind == "pb2":
            return PB2(hyperparam_bounds=MUTATIONS, **options)
        return PopulationBasedTraining(hyperparam_mutations=MUTATIONS, **options)

    def best(scheduler: Callable[[], Scheduler], seed: int) -> float:
        run = Simulation(
            scheduler,
            Drifting(seed),
            n_trials=12,
            slots=4,
            length=Drifting.LENGTH,
            strict=False,
            seed=seed,
        ).run()
        # An asynchronous population also trains what is copied; the budget is about the same.
        assert run.reports <= 1.15 * 12 * Drifting.LENGTH
        return max(run.scores().values())

    for seed in range(5):
        assert best(make, seed) > 1.3 * best(FIFOScheduler, seed)
