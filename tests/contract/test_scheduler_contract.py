"""Every scheduler, held to `SchedulerContract`."""

import warnings
from typing import Any

import pytest

from trimtab.records import StudyDirection
from trimtab.schedulers import (
    ASHAScheduler,
    FIFOScheduler,
    HyperbandPruner,
    MedianPruner,
    MedianStoppingRule,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    Scheduler,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from trimtab.testing.schedulers import Curves, Race, SchedulerContract, curves_for


class TestMedian(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return MedianPruner(n_startup_trials=3, **options)


class TestPercentile(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return PercentilePruner(30.0, 2, 1, 2, n_min_trials=2, **options)


def ray_tunes(options: dict[str, Any]) -> dict[str, Any]:
    """Our options as the schedulers with Ray Tune's arguments have them."""
    direction = options.get("direction")
    mode = None if direction is None else str(direction)[:3]
    return {"metric": options.get("metric"), "mode": mode, "time_attr": "training_iteration"}


class TestASHA(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return ASHAScheduler(max_t=50, reduction_factor=2, **ray_tunes(options))


class TestMedianRule(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return MedianStoppingRule(grace_period=2, **ray_tunes(options))


class TestFIFO(SchedulerContract):
    stops = False

    def make(self, **options: Any) -> Scheduler:
        return FIFOScheduler(**options)


class TestSuccessiveHalving(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return SuccessiveHalvingPruner(min_resource=1, reduction_factor=2, **options)


class TestSuccessiveHalvingAuto(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return SuccessiveHalvingPruner(reduction_factor=3, **options)


class TestHyperband(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=2, **options)


class TestHyperbandAuto(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return HyperbandPruner(reduction_factor=2, **options)


class TestThreshold(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return ThresholdPruner(lower=-2.0, upper=1.5, n_warmup_steps=4, **options)

    def mirrored_race(self, direction: StudyDirection) -> Race:
        return Race(ThresholdPruner(lower=-1.5, upper=2.0, n_warmup_steps=4), direction)


class TestPatient(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return PatientPruner(MedianPruner(3, **options), patience=1)


class TestPatientAlone(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return PatientPruner(None, patience=1, **options)


class TestWilcoxon(SchedulerContract):
    def make(self, **options: Any) -> Scheduler:
        return WilcoxonPruner(**options)

    def curves(self, seed: int) -> Curves:
        # The objective is the mean of the reports here, as the race takes the last for it.
        return [[*curve, sum(curve) / len(curve)] for curve in curves_for(seed)]

    @pytest.fixture(autouse=True)
    def _missing_steps_are_warned_of(self) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*(not finite|left out).*")
            yield


class TestNop(SchedulerContract):
    stops = False

    def make(self, **options: Any) -> Scheduler:
        return NopPruner(**options)
