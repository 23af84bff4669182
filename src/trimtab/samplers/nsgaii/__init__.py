"""NSGA-II, and the crossovers and mutations that genetic samplers use."""

from trimtab.samplers.nsgaii.crossover import (
    BaseCrossover,
    BLXAlphaCrossover,
    SBXCrossover,
    SPXCrossover,
    UNDXCrossover,
    UniformCrossover,
    VSBXCrossover,
)
from trimtab.samplers.nsgaii.genetic import GeneticSampler
from trimtab.samplers.nsgaii.mutation import BaseMutation, PolynomialMutation
from trimtab.samplers.nsgaii.sampler import NSGAIISampler

__all__ = [
    "BLXAlphaCrossover",
    "BaseCrossover",
    "BaseMutation",
    "GeneticSampler",
    "NSGAIISampler",
    "PolynomialMutation",
    "SBXCrossover",
    "SPXCrossover",
    "UNDXCrossover",
    "UniformCrossover",
    "VSBXCrossover",
]
