"""Every scheduler, at work on a run without training, held to its contract at each decision."""

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
    HyperbandPruner,
    HyperBandScheduler,
    MedianPruner,
    MedianStoppingRule,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    PopulationBasedTraining,
    PopulationBasedTrainingReplay,
    PromotingASHA,
    Scheduler,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from trimtab.space.domains import randint, uniform
from trimtab.testing.simulation import METRIC, Simulation

RAY: dict[str, Any] = {"metric": METRIC, "mode": "max"}
OURS: dict[str, Any] = {"metric": METRIC, "direction": "maximize"}
BY_STEP: dict[str, Any] = {"time_attr": "training_iteration", **RAY}
BY_TIME: dict[str, Any] = {"time_attr": "seconds", **RAY}
PBT: dict[str, Any] = {"hyperparam_mutations": {"gain": uniform(0.0, 1.0), "depth": randint(1, 5)}}
POLICY: Any = [(0, {"gain": 0.1}), (3, {"gain": 0.5}), (7, {"gain": 0.9})]

SCHEDULERS: dict[str, Callable[[], Scheduler]] = {
    "fifo": FIFOScheduler,
    "nop": NopPruner,
    "asha": lambda: AsyncHyperBandScheduler(max_t=16, reduction_factor=2, **BY_STEP),
    "asha of 3 brackets": lambda: AsyncHyperBandScheduler(
        max_t=16, reduction_factor=2, brackets=3, **BY_STEP
    ),
    "asha by time": lambda: AsyncHyperBandScheduler(max_t=6.0, reduction_factor=1.5, **BY_TIME),
    "asha without end": lambda: AsyncHyperBandScheduler(max_t=8, stop_last_trials=False, **BY_STEP),
    "promoting": lambda: PromotingASHA(max_t=16, reduction_factor=2, **BY_STEP),
    "promoting by time": lambda: PromotingASHA(
        max_t=6.0, reduction_factor=2, brackets=2, **BY_TIME
    ),
    "hyperband": lambda: HyperBandScheduler(max_t=9, **BY_STEP),
    "hyperband by time": lambda: HyperBandScheduler(max_t=9, **BY_TIME),
    "hyperband without end": lambda: HyperBandScheduler(max_t=9, stop_last_trials=False, **BY_STEP),
    "bohb": lambda: HyperBandForBOHB(max_t=9, **BY_STEP),
    "median rule": lambda: MedianStoppingRule(grace_period=3, **BY_STEP),
    "median rule that pauses": lambda: MedianStoppingRule(
        grace_period=2, hard_stop=False, min_time_slice=1, **BY_TIME
    ),
    "pbt": lambda: PopulationBasedTraining(perturbation_interval=4, **PBT, **BY_STEP),
    "pbt by time": lambda: PopulationBasedTraining(perturbation_interval=1.7, **PBT, **BY_TIME),
    "synchronous pbt": lambda: PopulationBasedTraining(
        perturbation_interval=4, synch=True, **PBT, **BY_STEP
    ),
    "synchronous pbt by time": lambda: PopulationBasedTraining(
        perturbation_interval=1.7, synch=True, **PBT, **BY_TIME
    ),
    "pbt with burn-in": lambda: PopulationBasedTraining(
        perturbation_interval=2, burn_in_period=5, synch=True, **PBT, **BY_STEP
    ),
    "pb2": lambda: PB2(perturbation_interval=4, hyperparam_bounds={"gain": [0, 1]}, **BY_STEP),
    "synchronous pb2": lambda: PB2(
        perturbation_interval=4, hyperparam_bounds={"gain": [0, 1]}, synch=True, **BY_STEP
    ),
    "replay": lambda: PopulationBasedTrainingReplay(POLICY),
    "successive halving": lambda: SuccessiveHalvingPruner(1, 2, **OURS),
    "successive halving, auto": lambda: SuccessiveHalvingPruner(**OURS),
    "hyperband pruner": lambda: HyperbandPruner(max_resource=16, **OURS),
    "hyperband pruner, auto": lambda: HyperbandPruner(**OURS),
    "median": lambda: MedianPruner(3, 2, 3, **OURS),
    "percentile": lambda: PercentilePruner(30.0, 2, 1, **OURS),
    "threshold": lambda: ThresholdPruner(lower=0.2, n_warmup_steps=3, interval_steps=4, **OURS),
    "patient": lambda: PatientPruner(MedianPruner(2, **OURS), 3),
    "wilcoxon": lambda: WilcoxonPruner(**OURS),
}
pytestmark = pytest.mark.filterwarnings("ignore::trimtab.errors.TrimtabWarning")  # of NaN

LEAVES_SOME = {"promoting", "promoting by time"}


class Rising:
    """Curves that rise to different heights, with a NaN here and there."""

    def begin(self, number: int) -> tuple[dict[str, Any], float]:
        draw = np.random.default_rng([7, number])
        return {"gain": float(draw.random()), "depth": int(draw.integers(1, 5))}, 0.0

    def train(self, state: float, config: Mapping[str, Any], iteration: int) -> tuple[float, float]:
        after = state + config["gain"] * math.exp(-iteration / 5) / config["depth"]
        is_lost = config["depth"] == 4 and iteration in (4, 9)
        return after, math.nan if is_lost else after


def simulation(name: str, **options: Any) -> Simulation:
    n_trials, slots = options.pop("n_trials", 14), options.pop("slots", 3)
    return Simulation(SCHEDULERS[name], Rising(), n_trials=n_trials, slots=slots, **options)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_decision_follows_from_the_records(name: str) -> None:
    slow = {"wilcoxon", "median rule that pauses"}  # asked at every report
    run = simulation(name, n_trials=6 if name in slow else 14, length=12).run()
    assert bool(run.left) is (name in LEAVES_SOME)


@pytest.mark.parametrize("lazy", [False, True], ids=["known", "lazy"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_run_that_is_taken_up_again_goes_on_as_it_would_have(name: str, lazy: bool) -> None:
    unbroken = simulation(name, strict=False, lazy=lazy).run()
    every = simulation(name, strict=False, lazy=lazy, restarts=range(0, 1000, 5)).run()
    assert every.events == unbroken.events
    assert (every.history.states == unbroken.history.states).all()


@pytest.mark.parametrize("name", SCHEDULERS)
def test_trials_may_fail_or_disappear_at_any_moment(name: str) -> None:
    for seed in range(4):
        draw = np.random.default_rng(seed)
        fails = {(int(draw.integers(14)), int(draw.integers(1, 12))) for _ in range(8)}
        deletes = {int(draw.integers(1, 80)): int(draw.integers(14)) for _ in range(3)}
        run = simulation(
            name, strict=False, seed=seed, fails=fails, deletes=deletes, slots=seed + 1
        ).run()
        assert not run.left or name in LEAVES_SOME


@pytest.mark.parametrize("name", SCHEDULERS)
def test_one_trial_or_more_slots_than_trials(name: str) -> None:
    assert simulation(name, n_trials=1, length=12, strict=False).run().reports > 0
    assert simulation(name, n_trials=5, slots=20, length=12, strict=False).run().reports > 0


@pytest.mark.parametrize("name", ["median", "threshold", "asha", "hyperband", "pbt", "replay"])
def test_trials_run_freely_between_decisions(name: str) -> None:
    run = simulation(name, strict=False).run()
    asked = sum(event.step > 0 for event in run.events)
    assert asked < 0.6 * run.reports
