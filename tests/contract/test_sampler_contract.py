"""Every sampler, held to `SamplerContract`."""

from typing import Any

import numpy as np
import pytest

from trimtab.records import History
from trimtab.samplers import (
    AutoSampler,
    BruteForceSampler,
    CmaEsSampler,
    GPSampler,
    GridSampler,
    NSGAIIISampler,
    NSGAIISampler,
    PartialFixedSampler,
    PreferentialSampler,
    Proposal,
    QMCSampler,
    RandomSampler,
    Sampler,
    TPESampler,
)
from trimtab.samplers.nsgaii import (
    BLXAlphaCrossover,
    PolynomialMutation,
    SBXCrossover,
    SPXCrossover,
    UNDXCrossover,
    VSBXCrossover,
)
from trimtab.samplers.preferential.judgement import KEY, Judgement
from trimtab.space import Distribution, Space, from_unit
from trimtab.testing.samplers import SamplerContract


class TestRandom(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return RandomSampler(seed=seed)


class TestTPE(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return TPESampler(seed=seed, n_startup_trials=5)


class TestTPEOneByOne(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return TPESampler(seed=seed, n_startup_trials=5, multivariate=False)


class TestSobol(SamplerContract):
    random = False

    def make(self, space: Space, seed: int) -> Sampler:
        return QMCSampler(seed=seed)


class TestScrambledSobol(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return QMCSampler(seed=seed, scramble=True)


class TestHalton(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return QMCSampler(qmc_type="halton", seed=seed, scramble=True)


class TestQMCWithHelp(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return QMCSampler(seed=seed, independent_sampler=RandomSampler(seed))


class TestGP(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return GPSampler(seed=seed, n_startup_trials=4)


class TestAuto(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return AutoSampler(seed=seed)


class TestGrid(SamplerContract):
    conditional = False

    def make(self, space: Space, seed: int) -> Sampler:
        grid: dict[str, list[Any]] = {}
        for name, distribution in space.items():
            units = (0.01, 0.5, 0.99)
            internals = {from_unit(distribution, unit) for unit in units}
            grid[name] = [distribution.to_external_repr(value) for value in sorted(internals)]
        return GridSampler(grid, seed=seed)


class TestBruteForce(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return BruteForceSampler(seed=seed)

    def admits(self, distribution: Distribution) -> bool:
        return distribution.levels > 0


class TestPatientBruteForce(TestBruteForce):
    def make(self, space: Space, seed: int) -> Sampler:
        return BruteForceSampler(seed=seed, avoid_premature_stop=True)


class TestPartialFixed(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        first = space.subset(space.names[:1])
        fixed = first.external(first.decode(np.full(len(first), 0.7)))
        return PartialFixedSampler(fixed, TPESampler(seed=seed, n_startup_trials=3))


class TestPartialFixedAll(TestPartialFixed):
    random = False

    def make(self, space: Space, seed: int) -> Sampler:
        fixed = space.external(space.decode(np.full(len(space), 0.7)))
        return PartialFixedSampler(fixed, RandomSampler(seed=seed))


@pytest.mark.filterwarnings("ignore:`use_separable_cma` has no meaning:UserWarning")
class TestCmaEs(SamplerContract):
    several_objectives = False

    def options(self) -> dict[str, Any]:
        return {}

    def make(self, space: Space, seed: int) -> Sampler:
        return CmaEsSampler(seed=seed, popsize=4, warn_independent_sampling=False, **self.options())


class TestSeparableCmaEs(TestCmaEs):
    def options(self) -> dict[str, Any]:
        return {"use_separable_cma": True}


class TestCmaEsWithMargin(TestCmaEs):
    def options(self) -> dict[str, Any]:
        return {"with_margin": True, "consider_pruned_trials": True}


class TestCmaEsWithLearningRate(TestCmaEs):
    def options(self) -> dict[str, Any]:
        return {"lr_adapt": True, "independent_sampler": TPESampler(seed=0)}


class TestCmaEsWithRestarts(TestCmaEs):
    def options(self) -> dict[str, Any]:
        return {"restart_strategy": "ipop"}


class TestCmaEsWithTwoKindsOfRestarts(TestCmaEs):
    def options(self) -> dict[str, Any]:
        return {"restart_strategy": "bipop", "inc_popsize": 3, "sigma0": 1e-9}


class TestNSGAII(SamplerContract):
    def options(self) -> dict[str, Any]:
        return {}

    def make(self, space: Space, seed: int) -> Sampler:
        return NSGAIISampler(seed=seed, population_size=4, **self.options())


class TestNSGAIIPolynomial(TestNSGAII):
    def options(self) -> dict[str, Any]:
        return {"mutation": PolynomialMutation(), "mutation_prob": 0.5}


class TestNSGAIIBlend(TestNSGAII):
    def options(self) -> dict[str, Any]:
        return {"crossover": BLXAlphaCrossover()}


class TestNSGAIISimulatedBinary(TestNSGAII):
    def options(self) -> dict[str, Any]:
        return {"crossover": SBXCrossover()}


class TestNSGAIISimplex(TestNSGAII):
    def options(self) -> dict[str, Any]:
        return {"crossover": SPXCrossover()}


class TestNSGAIIUnimodal(TestNSGAII):
    def options(self) -> dict[str, Any]:
        return {"crossover": UNDXCrossover()}


class TestNSGAIIModifiedSimulatedBinary(TestNSGAII):
    def options(self) -> dict[str, Any]:
        return {"crossover": VSBXCrossover(), "crossover_prob": 1.0}


class TestNSGAIII(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return NSGAIIISampler(seed=seed, population_size=4)


class TestPreferential(SamplerContract):
    def make(self, space: Space, seed: int) -> Sampler:
        return PreferentialSampler(seed=seed, n_startup_trials=4)


class TestJudgedPreferential(TestPreferential):
    """Someone compares neighbours: each trial begins by judging the four before it."""

    def make(self, space: Space, seed: int) -> Sampler:
        return Judging(super().make(space, seed))


class Judging(Sampler):
    """Adds judgements to what a sampler sees, as a function of the trials alone.

    Args:
        inner: The sampler.
    """

    def __init__(self, inner: Sampler) -> None:
        super().__init__(inner.seed)
        self.inner = inner
        self.streams = inner.streams

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        judged = JudgedHistory(history, number)
        return self.inner.propose(judged, space, number, rng)  # type: ignore[arg-type]  # it stands for one

    def reseed_rng(self) -> None:
        self.inner.reseed_rng()
        self.streams = self.inner.streams


class JudgedHistory:
    """A history in which of any four neighbours the one with the largest value is the worst."""

    def __init__(self, history: History, number: int) -> None:
        self._history = history
        self._number = number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._history, name)

    def __len__(self) -> int:
        return len(self._history)

    def system_attrs(self, number: int) -> dict[str, Any]:
        attrs = dict(self._history.system_attrs(number))
        block = list(range(number, number + 4))
        if block[-1] < self._number:
            values = self._history.values[block, 0]
            clicked = block[int(np.argmax(np.nan_to_num(values)))]
            judgement = Judgement(f"j{number}", number, "", "worst", tuple(block), clicked)
            attrs[KEY + judgement.id] = judgement.to_json()
        return attrs


del SamplerContract
