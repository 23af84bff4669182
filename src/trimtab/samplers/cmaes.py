"""Covariance matrix adaptation, on the library ``cmaes``."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import DELETED, FrozenTrial, History, TrialState
from trimtab.samplers.arms import Arms
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.cmaoptimizer import (
    Start,
    Variant,
    clone,
    decode_array,
    draw,
    dump,
    encode_array,
    is_sound,
    load,
    make_optimizer,
)
from trimtab.samplers.follow import Follower, SharedSpace
from trimtab.samplers.random import RandomSampler
from trimtab.space import Distribution, Floats, Internal, Space, to_unit

_logger = logging.getLogger(__name__)

_DEFAULT_SIGMA = 1.0 / 6.0
_PRUNED = int(TrialState.PRUNED)
_FEWEST_SOURCES = 10  # the best tenth of them is used


class CmaEsSampler(Sampler):
    """Samples from a normal distribution that learns the shape of the objective.

    The numerical parameters that all completed trials have are searched jointly, in the unit
    cube; choices and conditional parameters are left to ``independent_sampler``. A generation is
    told as soon as as many of its trials as it has members have completed, so that failed trials
    and slow workers hold nothing up. Infeasible trials rank behind all feasible ones, by their
    violation; an arm measured several times counts with its mean.

    The distribution travels in the records of the trials that begin a generation: a study that
    is resumed goes on bit for bit. A record is about ``4 d**2`` numbers of base64 text for d
    parameters; ``use_separable_cma`` needs ``4 d``.

    References:
        Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, 2016.
        Auger and Hansen, "A restart CMA evolution strategy with increasing population size",
        CEC 2005; Hansen, "Benchmarking a BI-population CMA-ES on the BBOB-2009 function
        testbed", GECCO 2009 (``restart_strategy``).
        Nomura et al., "Warm starting CMA-ES for hyperparameter optimization", AAAI 2021
        (``source_trials``).

    Args:
        x0: First mean, by parameter name; the middle of the range for what it does not name.
        sigma0: First standard deviation, as a share of the ranges; 1/6 by default.
        n_startup_trials: Trials that must have completed before the search begins; until then
            everything is left to ``independent_sampler``.
        independent_sampler: Draws all else; None for `RandomSampler`.
        warn_independent_sampling: Log a warning, once a parameter, where it does so.
        seed: Of all draws.
        consider_pruned_trials: Let pruned trials count with the last value they reported.
        restart_strategy: None, ``"ipop"`` or ``"bipop"``: what to do once the distribution has
            collapsed. Both begin anew from a random point, with larger populations or, by turns,
            larger and smaller ones.
        popsize: Members of a generation, at least 3; None for ``4 + floor(3 ln d)``.
        inc_popsize: Factor by which populations grow from restart to restart; -1 for 2.
        use_separable_cma: Keep the covariance diagonal: faster learning on separable objectives
            and in many dimensions.
        with_margin: Keep integer and stepped parameters from getting stuck at one value.
        lr_adapt: Adapt the learning rate, for noisy and multimodal objectives.
        source_trials: Trials of a similar study whose best tenth shapes the first distribution.

    Raises:
        InvalidArgument: If an option is out of range, or two of them exclude each other; when
            asking, if the study has several objectives.
    """

    def __init__(
        self,
        *,
        x0: Mapping[str, Any] | None = None,
        sigma0: float | None = None,
        n_startup_trials: int = 1,
        independent_sampler: Sampler | None = None,
        warn_independent_sampling: bool = True,
        seed: int | None = None,
        consider_pruned_trials: bool = False,
        restart_strategy: str | None = None,
        popsize: int | None = None,
        inc_popsize: int = -1,
        use_separable_cma: bool = False,
        with_margin: bool = False,
        lr_adapt: bool = False,
        source_trials: Sequence[FrozenTrial] | None = None,
    ) -> None:
        super().__init__(seed)
        if sigma0 is not None and not (sigma0 > 0.0 and math.isfinite(sigma0)):
            raise InvalidArgument("sigma0", "a positive number", sigma0)
        if popsize is not None and popsize < 3:
            raise InvalidArgument("popsize", "at least 3", popsize)
        if restart_strategy not in (None, "ipop", "bipop"):
            raise InvalidArgument("restart_strategy", "None, 'ipop' or 'bipop'", restart_strategy)
        if inc_popsize != -1 and (restart_strategy is None or inc_popsize < 2):
            raise InvalidArgument(
                "inc_popsize", "at least 2, together with `restart_strategy`", inc_popsize
            )
        if source_trials is not None and (x0 is not None or sigma0 is not None):
            raise InvalidArgument("source_trials", "None where x0 or sigma0 is given", "trials")
        if source_trials is not None and use_separable_cma:
            raise InvalidArgument("source_trials", "None where use_separable_cma is set", "trials")
        if lr_adapt and (use_separable_cma or with_margin):
            raise InvalidArgument(
                "lr_adapt", "False where use_separable_cma or with_margin is set", lr_adapt
            )
        if use_separable_cma and with_margin:
            raise InvalidArgument("with_margin", "False where use_separable_cma is set", True)
        self._x0 = dict(x0 or {})
        self._sigma0 = _DEFAULT_SIGMA if sigma0 is None else float(sigma0)
        self._n_startup = n_startup_trials
        self._independent = independent_sampler or RandomSampler(seed)
        self._warn = warn_independent_sampling
        self._warned: set[str] = set()
        self._restart = restart_strategy
        self._growth = 2 if inc_popsize == -1 else inc_popsize
        self._sources = source_trials
        self._variant = Variant(use_separable_cma, with_margin, lr_adapt, popsize)
        states = {int(TrialState.COMPLETE)} | ({_PRUNED} if consider_pruned_trials else set())
        self._followed = Follower(partial(_Generations, self._variant.prefix, frozenset(states)))
        self._loaded: tuple[Any, Space, Any] | None = None
        self._template: tuple[tuple[float, Space, int | None], Any] | None = None

    # ------------------------------------------------------------------ proposing

    def search_space(self, history: History) -> Space:
        """The numerical parameters, of more than one value, that all completed trials have."""
        return self._followed.at(history).space(history)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A draw from the distribution; begins the next generation where one is complete.

        Raises:
            InvalidArgument: If the study has several objectives, or no source trial fits.
        """
        if history.n_objectives > 1:
            raise InvalidArgument(
                "directions", "one direction where CmaEsSampler is used", history.n_objectives
            )
        generations = self._followed.at(history)
        point = np.full(len(space), np.nan)
        columns = generations.space(history)
        if any(name not in space for name in columns):
            columns = columns.subset(tuple(name for name in columns if name in space))
        if not len(columns) or generations.n_completed < self._n_startup:
            return Proposal(point)
        key = self._variant.prefix
        run, optimizer = self._current(history, generations, columns)
        state: dict[str, Any] = {}
        if run is None:
            if self._variant.separable and len(columns) == 1:
                warnings.warn(
                    "`use_separable_cma` has no meaning for one parameter and is not used.",
                    UserWarning,
                    stacklevel=2,
                )
            run = {
                "generation": generations.latest + 1,
                "names": list(columns),
                "popsize": self._variant.popsize,
                "state": {},
            }
            optimizer = self._load(history, columns, run)
            state[key + "optimizer"] = run
        solutions = self._solutions(history, generations, columns, run, optimizer)
        if solutions:
            run = self._advance(history, columns, run, optimizer, solutions, rng)
            optimizer = self._load(history, columns, run)
            self._loaded = (run, columns, optimizer)  # the trials to come will find it there
            state[key + "optimizer"] = run
        state[key + "generation"] = run["generation"]
        drawn, raw = draw(optimizer, rng)
        if self._variant.margin:
            state[key + "x"] = encode_array(raw)
        if columns is space:
            point = drawn
        else:
            point[[space.index(name) for name in columns]] = drawn
        return Proposal(point, state)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """What the independent sampler proposes."""
        ((name, distribution),) = space.items()
        begun = self._followed.at(history).n_completed >= self._n_startup
        if self._warn and begun and name not in self._warned and not distribution.single():
            self._warned.add(name)
            _logger.warning(
                "Parameter %r of trial %d is drawn by %s: CmaEsSampler searches numerical "
                "parameters that all trials have.",
                name,
                number,
                type(self._independent).__name__,
            )
        return self._independent.propose_one(history, space, number, rng, given)

    def reseed_rng(self) -> None:
        """Draw new seeds from the system's entropy."""
        super().reseed_rng()
        self._independent.reseed_rng()

    # ------------------------------------------------------------------ the distribution

    def _current(
        self, history: History, generations: _Generations, columns: Space
    ) -> tuple[Any, Any]:
        """The latest generation's record and optimizer; None where the search begins anew."""
        run = generations.run(history)
        if run is None or run["names"] != list(columns):
            return None, None
        loaded = self._loaded
        if loaded is None or loaded[0] != run or loaded[1] != columns:
            loaded = self._loaded = (run, columns, self._load(history, columns, run))
        return run, loaded[2]

    def _load(self, history: History, columns: Space, run: Mapping[str, Any]) -> Any:
        # Also for a distribution made a moment ago: what was written and read again is symmetric
        # to the last bit, and this process must not know it better than one that resumes.
        return load(run["state"], clone(self._fresh(history, columns, run["popsize"])))

    def _fresh(self, history: History, columns: Space, popsize: int | None) -> Any:
        """An optimizer as it is before the first generation; not to be changed."""
        key = (float(history.signs[0]), columns, popsize)
        if self._template is None or self._template[0] != key:
            start = self._start(columns, key[0])
            fresh = make_optimizer(self._variant, columns, start, popsize)
            self._template = (key, fresh)
        return self._template[1]

    def _start(self, columns: Space, sign: float) -> Start:
        if self._sources is not None:
            return _warm_start(self._sources, columns, sign)
        mean = np.full(len(columns), 0.5)
        for j, (name, distribution) in enumerate(columns.items()):
            if name in self._x0:
                mean[j] = to_unit(distribution, distribution.to_internal_repr(self._x0[name]))
        return Start(mean, self._sigma0)

    def _solutions(
        self,
        history: History,
        generations: _Generations,
        columns: Space,
        run: Mapping[str, Any],
        optimizer: Any,
    ) -> list[tuple[Floats, float]]:
        """Points of the unit cube and losses of a generation's members; none before it is full."""
        members = generations.members.get(run["generation"], [])
        popsize = optimizer.population_size
        if len(members) < popsize:
            return []
        rows = np.array(sorted(members), dtype=np.int64)
        points = list(history.unit_rows(columns, rows))
        if self._variant.margin:
            key = self._variant.prefix + "x"
            for i, row in enumerate(rows.tolist()):
                raw = history.system_attrs(row).get(key)
                points[i] = points[i] if raw is None else decode_array(raw)
        kept = [
            i
            for i, point in enumerate(points)
            if len(point) == len(columns) and np.isfinite(point).all()
        ][:popsize]
        if len(kept) < popsize:
            return []
        losses = _ranked(generations.losses(history, rows[kept]), history.violation[rows[kept]])
        return [(points[i], loss) for i, loss in zip(kept, losses.tolist(), strict=True)]

    def _advance(
        self,
        history: History,
        columns: Space,
        run: Mapping[str, Any],
        optimizer: Any,
        solutions: list[tuple[Floats, float]],
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """The record of the next generation."""
        popsize = optimizer.population_size
        optimizer = clone(optimizer)  # the one given stays as it is
        try:
            with np.errstate(all="ignore"):
                optimizer.tell(solutions)
            sound = is_sound(optimizer)
        except np.linalg.LinAlgError:  # of a matrix that is no longer finite
            sound = False
        after = dict(run) | {"generation": run["generation"] + 1}
        if sound:
            after["state"] = dump(optimizer, self._fresh(history, columns, run["popsize"]))
            if self._restart is None:
                return after
            with np.errstate(all="ignore"):
                if not self._load(history, columns, after).should_stop():
                    return after
        elif self._restart is None:
            return after | {"state": {}}  # no longer finite: as at the beginning
        return self._restarted(history, columns, after, popsize, rng)

    def _restarted(
        self,
        history: History,
        columns: Space,
        run: dict[str, Any],
        popsize: int,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """A record that begins anew from a random point."""
        first = int(run.get("first_popsize", popsize))
        sigma = self._sigma0
        restarts = dict(run.get("restarts", {"large": 0, "evaluations": [0, 0], "small": False}))
        spent = list(restarts["evaluations"])
        spent[restarts["small"]] += popsize * (run["generation"] - run.get("since", 0))
        large = first * self._growth ** restarts["large"]
        # Hansen 2009, section 2: the regime that has used less of the budget gets the next run.
        restarts["small"] = (
            self._restart == "bipop" and restarts["large"] > 0 and spent[True] < spent[False]
        )
        if restarts["small"]:
            popsize = max(3, math.floor(first * (0.5 * large / first) ** (rng.random() ** 2)))
            sigma *= 10.0 ** (-2.0 * rng.random())
        else:
            restarts["large"] += 1
            popsize = large * self._growth
        fresh = self._fresh(history, columns, popsize)
        begun = make_optimizer(
            self._variant, columns, Start(rng.random(len(columns)), sigma), popsize
        )
        return run | {
            "popsize": popsize,
            "first_popsize": first,
            "since": run["generation"],
            "restarts": restarts | {"evaluations": spent},
            "state": dump(begun, fresh),
        }


class _Generations:
    """Which trials belong to which generation, and where each generation's record is.

    Args:
        prefix: Of the keys in the trials' records.
        states: Of the trials that count.
    """

    def __init__(self, prefix: str, states: frozenset[int]) -> None:
        self._key_run = prefix + "optimizer"
        self._key_generation = prefix + "generation"
        self._states = states
        self._runs: dict[int, int] = {}
        self._arms = Arms()
        self._shared = SharedSpace()
        self._spaces: tuple[Space, Space] | None = None
        self.members: dict[int, list[int]] = {}
        self.n_completed = 0
        self.latest = -1

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """See `Derived.absorb`."""
        self._shared.absorb(history, rows, finished)
        self._arms.absorb(history, rows, finished)
        for number in rows:
            run = history.system_attrs(number).get(self._key_run)
            if run is not None:
                # Two workers may have begun one generation: the earlier trial's record holds.
                generation = int(run["generation"])
                self._runs[generation] = min(self._runs.get(generation, number), number)
            elif history.states[number] == DELETED:
                self._runs = {g: n for g, n in self._runs.items() if n != number}
        self.latest = max(self._runs, default=-1)
        states = history.states
        for number in finished:
            state = int(states[number])
            if state not in self._states:
                continue
            if state == _PRUNED and not math.isfinite(_pruned_loss(history, number)):
                continue
            self.n_completed += 1
            belongs = history.system_attrs(number).get(self._key_generation)
            if belongs is not None:
                self.members.setdefault(int(belongs), []).append(number)

    def run(self, history: History) -> Mapping[str, Any] | None:
        """The record of the latest generation."""
        if self.latest < 0:
            return None
        run: Mapping[str, Any] | None = history.system_attrs(self._runs[self.latest]).get(
            self._key_run
        )
        return run

    def losses(self, history: History, rows: NDArray[np.int64]) -> Floats:
        """Shape (len(rows),): means over an arm's replicates, turned to be small."""
        losses = self._arms.losses(history, rows)[:, 0]
        for i in np.nonzero(history.states[rows] == _PRUNED)[0].tolist():
            losses[i] = _pruned_loss(history, int(rows[i]))
        return losses

    def space(self, history: History) -> Space:
        """The columns that can be searched."""
        shared = self._shared.space(history)
        if self._spaces is None or self._spaces[0] is not shared:
            names = [
                name
                for j, (name, distribution) in enumerate(shared.items())
                if not shared.is_categorical[j] and not distribution.single()
            ]
            self._spaces = (shared, shared.subset(tuple(names)))
        return self._spaces[1]


def _pruned_loss(history: History, number: int) -> float:
    value = float(history.values[number, 0])
    if not math.isfinite(value):
        last = history.last_value(number)
        value = math.nan if last is None else last[1]
    return value * float(history.signs[0])


def _ranked(losses: Floats, violation: Floats) -> Floats:
    """Losses, or where something is infeasible the ranks of feasible first, by violation last."""
    if not (violation > 0.0).any():
        return losses
    ranks = np.empty(len(losses))
    ranks[np.lexsort((losses, violation))] = np.arange(len(losses))
    return ranks


def _warm_start(trials: Sequence[FrozenTrial], columns: Space, sign: float) -> Start:
    """The distribution of the best tenth of some trials (Nomura et al. 2021, section 3)."""
    from cmaes import get_warm_start_mgd

    sources = []
    for trial in trials:
        if trial.values is None or any(name not in trial.space for name in columns):
            continue
        point = [
            to_unit(distribution, trial.point[trial.space.index(name)])
            for name, distribution in columns.items()
        ]
        sources.append((np.array(point), sign * trial.values[0]))
    if len(sources) < _FEWEST_SOURCES:
        raise InvalidArgument(
            "source_trials",
            f"at least {_FEWEST_SOURCES} trials with values for {list(columns)}",
            f"{len(sources)} of them",
        )
    mean, sigma, cov = get_warm_start_mgd(sources)
    return Start(mean, float(sigma), cov)
