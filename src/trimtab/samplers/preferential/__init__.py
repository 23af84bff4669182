"""Points for people to compare, and the judgements that they are chosen by."""

from trimtab.samplers.preferential.judgement import (
    Judgement,
    Mode,
    beaten_pairs,
    read_judgements,
    standing,
)
from trimtab.samplers.preferential.sampler import PreferentialSampler

PreferentialGPSampler = PreferentialSampler  # as Optuna Dashboard calls it

__all__ = [
    "Judgement",
    "Mode",
    "PreferentialGPSampler",
    "PreferentialSampler",
    "beaten_pairs",
    "read_judgements",
    "standing",
]
