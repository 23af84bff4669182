"""What a Hydra job under `hydra/sweeper=trimtab` may say to its sweep, and ask of it."""

from typing import TYPE_CHECKING

from trimtab.lazy import exporter

if TYPE_CHECKING:
    from trimtab.integrations.hydra.job import report, run_seed

_HOMES = {
    "report": "job",
    "run_seed": "job",
}

__getattr__ = exporter(__name__, _HOMES)

__all__ = ["report", "run_seed"]
