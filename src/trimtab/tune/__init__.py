"""Floor 5: training that reports, saves and is taken up again; Ray Tune's names."""

from typing import TYPE_CHECKING

from trimtab.errors import TrimtabError as TuneError
from trimtab.lazy import exporter
from trimtab.space.domains import (
    choice,
    grid_search,
    lograndint,
    loguniform,
    qlograndint,
    qloguniform,
    qrandint,
    qrandn,
    quniform,
    randint,
    randn,
    sample_from,
    uniform,
)
from trimtab.tune import stoppers
from trimtab.tune.callbacks import Callback
from trimtab.tune.checkpoint import Checkpoint
from trimtab.tune.config import CheckpointConfig, FailureConfig, RunConfig, TuneConfig
from trimtab.tune.resources import PlacementGroupFactory
from trimtab.tune.results import Result, ResultGrid
from trimtab.tune.session import TuneContext, get_checkpoint, get_context, report
from trimtab.tune.stoppers import Stopper
from trimtab.tune.trainable import Trainable, with_parameters, with_resources
from trimtab.tune.tuner import Tuner

if TYPE_CHECKING:
    from trimtab.tune import logger, schedulers, search
    from trimtab.tune.schedulers import create_scheduler

__getattr__ = exporter(
    __name__, {"create_scheduler": "schedulers", "logger": "", "schedulers": "", "search": ""}
)

__all__ = [
    "Callback",
    "Checkpoint",
    "CheckpointConfig",
    "FailureConfig",
    "PlacementGroupFactory",
    "Result",
    "ResultGrid",
    "RunConfig",
    "Stopper",
    "Trainable",
    "TuneConfig",
    "TuneContext",
    "TuneError",
    "Tuner",
    "choice",
    "create_scheduler",
    "get_checkpoint",
    "get_context",
    "grid_search",
    "logger",
    "lograndint",
    "loguniform",
    "qlograndint",
    "qloguniform",
    "qrandint",
    "qrandn",
    "quniform",
    "randint",
    "randn",
    "report",
    "sample_from",
    "schedulers",
    "search",
    "stoppers",
    "uniform",
    "with_parameters",
    "with_resources",
]
