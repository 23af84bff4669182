"""Floor 3: arithmetic that proposes the next point."""

from typing import TYPE_CHECKING

from trimtab.lazy import exporter
from trimtab.samplers.base import Proposal, Sampler, Streams
from trimtab.samplers.foreign import BaseSampler

if TYPE_CHECKING:
    from trimtab.samplers import nsgaii as nsgaii
    from trimtab.samplers.auto import AutoSampler
    from trimtab.samplers.botorch import BoTorchSampler
    from trimtab.samplers.bruteforce import BruteForceSampler
    from trimtab.samplers.cmaes import CmaEsSampler
    from trimtab.samplers.foreigngenetic import BaseGASampler
    from trimtab.samplers.gp import GPSampler
    from trimtab.samplers.grid import GridSampler
    from trimtab.samplers.nsgaii import NSGAIISampler
    from trimtab.samplers.nsgaiii import NSGAIIISampler
    from trimtab.samplers.partial import PartialFixedSampler
    from trimtab.samplers.preferential import PreferentialSampler
    from trimtab.samplers.preferential import PreferentialSampler as PreferentialGPSampler
    from trimtab.samplers.qmc import QMCSampler
    from trimtab.samplers.random import RandomSampler
    from trimtab.samplers.tpe import TPESampler

_HOMES = {
    "AutoSampler": "auto",
    "BaseGASampler": "foreigngenetic",
    "BoTorchSampler": "botorch",
    "BruteForceSampler": "bruteforce",
    "CmaEsSampler": "cmaes",
    "GPSampler": "gp",
    "GridSampler": "grid",
    "NSGAIISampler": "nsgaii",
    "NSGAIIISampler": "nsgaiii",
    "PartialFixedSampler": "partial",
    "PreferentialGPSampler": "preferential",
    "PreferentialSampler": "preferential",
    "QMCSampler": "qmc",
    "RandomSampler": "random",
    "TPESampler": "tpe",
    "nsgaii": "",
}

__getattr__ = exporter(__name__, _HOMES)

__all__ = [
    "AutoSampler",
    "BaseGASampler",
    "BaseSampler",
    "BoTorchSampler",
    "BruteForceSampler",
    "CmaEsSampler",
    "GPSampler",
    "GridSampler",
    "NSGAIIISampler",
    "NSGAIISampler",
    "PartialFixedSampler",
    "PreferentialGPSampler",
    "PreferentialSampler",
    "Proposal",
    "QMCSampler",
    "RandomSampler",
    "Sampler",
    "Streams",
    "TPESampler",
    "nsgaii",
]
