"""Floor 3: arithmetic that decides which trial goes on."""

from typing import TYPE_CHECKING

from trimtab.lazy import exporter
from trimtab.schedulers.base import (
    CONTINUE,
    STOP,
    Continue,
    Decision,
    Exploit,
    Pause,
    Scheduler,
    Stop,
)
from trimtab.schedulers.foreign import BasePruner

if TYPE_CHECKING:
    from trimtab.schedulers.asha import SuccessiveHalvingPruner
    from trimtab.schedulers.async_hyperband import (
        ASHAScheduler,
        AsyncHyperBandScheduler,
        PromotingASHA,
    )
    from trimtab.schedulers.creation import create_scheduler
    from trimtab.schedulers.hyperband import HyperbandPruner
    from trimtab.schedulers.median import MedianPruner, PercentilePruner
    from trimtab.schedulers.nop import FIFOScheduler, NopPruner
    from trimtab.schedulers.patient import PatientPruner
    from trimtab.schedulers.pb2 import PB2
    from trimtab.schedulers.pbt import PopulationBasedTraining
    from trimtab.schedulers.replay import PopulationBasedTrainingReplay
    from trimtab.schedulers.running_median import MedianStoppingRule
    from trimtab.schedulers.sync_hyperband import HyperBandForBOHB, HyperBandScheduler
    from trimtab.schedulers.threshold import ThresholdPruner
    from trimtab.schedulers.wilcoxon import WilcoxonPruner

_HOMES = {
    "ASHAScheduler": "async_hyperband",
    "AsyncHyperBandScheduler": "async_hyperband",
    "FIFOScheduler": "nop",
    "HyperBandForBOHB": "sync_hyperband",
    "HyperBandScheduler": "sync_hyperband",
    "MedianStoppingRule": "running_median",
    "PB2": "pb2",
    "PopulationBasedTraining": "pbt",
    "PopulationBasedTrainingReplay": "replay",
    "PromotingASHA": "async_hyperband",
    "create_scheduler": "creation",
    "SuccessiveHalvingPruner": "asha",
    "HyperbandPruner": "hyperband",
    "MedianPruner": "median",
    "PercentilePruner": "median",
    "NopPruner": "nop",
    "PatientPruner": "patient",
    "ThresholdPruner": "threshold",
    "WilcoxonPruner": "wilcoxon",
}

__getattr__ = exporter(__name__, _HOMES)

__all__ = [
    "CONTINUE",
    "PB2",
    "STOP",
    "ASHAScheduler",
    "AsyncHyperBandScheduler",
    "BasePruner",
    "Continue",
    "Decision",
    "Exploit",
    "FIFOScheduler",
    "HyperBandForBOHB",
    "HyperBandScheduler",
    "HyperbandPruner",
    "MedianPruner",
    "MedianStoppingRule",
    "NopPruner",
    "PatientPruner",
    "Pause",
    "PercentilePruner",
    "PopulationBasedTraining",
    "PopulationBasedTrainingReplay",
    "PromotingASHA",
    "Scheduler",
    "Stop",
    "SuccessiveHalvingPruner",
    "ThresholdPruner",
    "WilcoxonPruner",
    "create_scheduler",
]
