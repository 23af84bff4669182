"""What a Hydra job under `hydra/sweeper=trimtab` may say to its sweep, and ask of it."""

from typing import TYPE_CHECKING

from trimtab.lazy import exporter

if TYPE_CHECKING:
    from trimtab.integrations.hydra.job import report, run_seed
    from trimtab.integrations.hydra.score import hyperopt_score
    from trimtab.integrations.hydra.stopping import EarlyStopping

_HOMES = {
    "EarlyStopping": "stopping",
    "hyperopt_score": "score",
    "report": "job",
    "run_seed": "job",
}

__getattr__ = exporter(__name__, _HOMES)

__all__ = ["EarlyStopping", "hyperopt_score", "report", "run_seed"]
