"""Tree-structured Parzen estimator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from trimtab.errors import InvalidArgument, TrimtabWarning
from trimtab.records import FrozenTrial, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.tpe.duplicates import Known, first_new
from trimtab.samplers.tpe.groups import decompose
from trimtab.samplers.tpe.memory import Memory
from trimtab.samplers.tpe.model import Kernels
from trimtab.samplers.tpe.parzen import Columns
from trimtab.samplers.tpe.startup import Startup
from trimtab.space import Distribution, Floats, Internal, Space

_MOST_PENDING = 256


def default_gamma(n: int) -> int:
    """How many of n trials are good: 7 %, at least 1 and at most 25."""
    return min(math.ceil(0.07 * n), 25)


class TPESampler(Sampler):
    """Proposes what is likely among the good trials and unlikely among the bad.

    Two densities of product kernels are kept, l of the best trials and g of the others; of the
    points drawn from l the one with the largest l / g is proposed (Bergstra et al., "Algorithms
    for hyper-parameter optimization", NIPS 2011). The time of a proposal does not depend on the
    number of trials.

    - All parameters are modelled jointly. Where spaces are conditional, a trial's kernel is flat
      over the parameters that it did not have, so that what is shared by several branches is
      learnt from the trials of all of them.
    - Running trials count as bad, so that workers spread.
    - Feasible trials come before infeasible ones, and these go by their violation; pruned trials
      come after complete ones, by how far they got and then by their last value.
    - With several objectives the good are the first fronts, and of the last front those that cover
      the most hypervolume (Ozaki et al., "Multiobjective tree-structured Parzen estimator", JAIR
      73, 2022).
    - Trials with equal parameters are one arm. Where a standard error was told, or an arm was
      replicated, arms are ranked by posterior means (see `noise`).
    - Where all parameters have finitely many values, an arm is not proposed twice while others
      are left.

    Args:
        n_startup_trials: So many trials (complete or pruned) come from a Latin hypercube before
            the first proposal by densities.
        n_ei_candidates: Points drawn from l for one proposal. More is not better: the ratio then
            leads away from what was measured.
        seed: See `Sampler`.
        multivariate: Whether columns are modelled jointly; None for yes.
        group: Split the space into groups of parameters that always occur together, each modelled
            by the trials that have it, rather than jointly with flat kernels.
        constant_liar: Whether running trials count as bad.
        constraints_func: See `Sampler`; better, let the objective call ``trial.set_constraint``.
        prior_weight: Weight of the flat kernel in both densities; that of a trial is 1.
        consider_prior: Whether there is a flat kernel.
        consider_magic_clip: Whether widths are held off zero by the spread of a uniform
            distribution that loses force as trials come in.
        consider_endpoints: Whether both ends of a column count as good trials where widths are
            computed.
        gamma: How many of n trials are good; None for `default_gamma`.
        weights: Weights of n good (n bad) trials, oldest first; None: good ones weigh by rank,
            bad ones alike.
        warn_independent_sampling: Warn when a parameter that earlier trials have is drawn on its
            own in mid-trial.

    Raises:
        InvalidArgument: If a number is out of range.
    """

    def __init__(
        self,
        *,
        consider_prior: bool | None = None,
        prior_weight: float | None = None,
        consider_magic_clip: bool | None = None,
        consider_endpoints: bool | None = None,
        n_startup_trials: int = 10,
        n_ei_candidates: int = 24,
        gamma: Callable[[int], int] | None = None,
        weights: Callable[[int], Floats] | None = None,
        seed: int | None = None,
        multivariate: bool | None = None,
        group: bool = False,
        warn_independent_sampling: bool | None = None,
        constant_liar: bool = True,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        if n_startup_trials < 0:
            raise InvalidArgument("n_startup_trials", "at least 0", n_startup_trials)
        if n_ei_candidates < 1:
            raise InvalidArgument("n_ei_candidates", "at least 1", n_ei_candidates)
        weight = 1.0 if prior_weight is None else prior_weight
        if not (weight >= 0.0 and math.isfinite(weight)):
            raise InvalidArgument("prior_weight", "a finite number of at least 0", prior_weight)
        if group and multivariate is False:
            raise InvalidArgument("group", "False where multivariate=False", group)
        super().__init__(seed)
        self.constraints_func = constraints_func
        self._n_startup = n_startup_trials
        self._n_candidates = n_ei_candidates
        self._gamma = gamma or default_gamma
        self._independent = multivariate is False
        self._group = group
        self._liar = constant_liar
        self._warn_alone = bool(warn_independent_sampling)
        defaults = Kernels()
        self._kernels = Kernels(
            prior_weight=0.0 if consider_prior is False else weight,
            prior_trials=0.0 if consider_magic_clip is False else defaults.prior_trials,
            weights=weights,
            endpoints=bool(consider_endpoints),
        )
        self._startup = Startup(seed, n_startup_trials)
        self._memories: WeakKeyDictionary[History, Memory] = WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        # What was derived from a history is derived anew where the sampler is sent.
        return {**self.__dict__, "_memories": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._memories = WeakKeyDictionary()

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy."""
        super().reseed_rng()
        self._startup = Startup(None, self._n_startup)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The most promising of the candidates."""
        if not len(space):
            return Proposal(np.empty(0))
        memory = self._memory(history)
        pending = self._pending(history, number)
        if memory.sync(history) < max(self._n_startup, 1):
            points = iter([self._startup.point(space, number, rng)])
        else:
            points = self._by_ratio(history, memory, space, pending, rng)
        known = Known(history, memory, space, pending)
        first = next(points)
        if not known or not known(first):
            return Proposal(first)
        found = first_new(known, points, Columns(space), rng)
        return Proposal(first if found is None else found)

    def _by_ratio(
        self,
        history: History,
        memory: Memory,
        space: Space,
        pending: list[int],
        rng: np.random.Generator,
    ) -> Iterator[Floats]:
        """Candidates, the most promising first."""
        parts = self._parts(history, memory, space)
        ranked = []
        for part in parts:
            model = memory.model(history, part, whole=len(parts) == 1 and len(space) > 1)
            ranked.append(
                model.candidates(
                    history, pending, self._n_candidates, rng, independent=self._independent
                )
            )
        return _best_first(space, parts, ranked)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """The most promising value of one parameter, by the trials that have it."""
        if self._warn_alone and not self._independent and space.keys() <= history.space.keys():
            warnings.warn(
                f"`{space.names[0]}` of trial {number} was not part of the joint proposal and is "
                "drawn on its own.",
                TrimtabWarning,
                stacklevel=2,
            )
        return self.propose(history, space, number, rng)

    @staticmethod
    def hyperopt_parameters() -> dict[str, Any]:
        """Arguments that set the split and the weights as Hyperopt 0.1.2 has them."""
        return {
            "consider_prior": True,
            "prior_weight": 1.0,
            "consider_magic_clip": True,
            "consider_endpoints": False,
            "n_startup_trials": 20,
            "n_ei_candidates": 24,
            "gamma": hyperopt_gamma,
            "weights": ramp_weights,
        }

    def _memory(self, history: History) -> Memory:
        memory = self._memories.get(history)
        if memory is None or memory.rewrites != history.rewrites:
            memory = self._memories[history] = Memory(history, self._gamma, self._kernels)
        return memory

    def _pending(self, history: History, number: int) -> list[int]:
        if not self._liar:
            return []
        return [other for other in history.running if other != number][-_MOST_PENDING:]

    def _parts(self, history: History, memory: Memory, space: Space) -> list[Space]:
        """The spaces that are modelled jointly."""
        if len(space) == 1 or not (self._group or self._independent):
            return [space]
        layouts = history.layouts()[1]
        groups = decompose((layouts[i] for i in memory.seen()), space.names)
        return [space] if len(groups) == 1 else [space.subset(group) for group in groups]


def hyperopt_gamma(n: int) -> int:
    """How many of n trials Hyperopt takes as good."""
    return min(math.ceil(0.25 * math.sqrt(n)), 25)


def ramp_weights(n: int) -> Floats:
    """Weights of Hyperopt: the latest 25 weigh 1, older ones less and less."""
    if n < 25:
        return np.ones(n)
    return np.concatenate([np.linspace(1.0 / n, 1.0, n - 25), np.ones(25)])


def _best_first(
    space: Space, parts: list[Space], ranked: list[tuple[Floats, Floats]]
) -> Iterator[Floats]:
    """Points of the whole space: every part's best, every part's second best, and so on."""
    if len(parts) == 1 and ranked[0][1].ndim == 1:
        points, ratios = ranked[0]
        yield points[ratios.argmax()]
        for index in np.argsort(-ratios, kind="stable")[1:].tolist():
            yield points[index]
        return
    orders = [np.argsort(-ratios, axis=0, kind="stable") for _, ratios in ranked]
    where = [[space.index(name) for name in part.names] for part in parts]
    for turn in range(len(orders[0])):
        out = np.empty(len(space))
        for columns, order, (points, _) in zip(where, orders, ranked, strict=True):
            row = order[turn]
            out[columns] = points[row, np.arange(len(columns))] if row.ndim else points[row]
        yield out
