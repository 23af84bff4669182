"""Bayesian optimization with Gaussian processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from scipy.special import ndtri

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.gp.acquisition import (
    Acquisition,
    LogExpectedImprovement,
    LogFeasibility,
    Sum,
)
from trimtab.samplers.gp.grid import Grid
from trimtab.samplers.gp.kernel import matern52
from trimtab.samplers.gp.model import Posterior
from trimtab.samplers.gp.observations import Observations, pending_points
from trimtab.samplers.gp.search import Budget, Search
from trimtab.samplers.gp.surrogate import Surrogate
from trimtab.samplers.qmc import QMCSampler
from trimtab.space import Distribution, Floats, Internal, Space

_MOST_PENDING = 64
_SAMPLES = 32
_MOST_CONTENDERS = 12
_GOOD = 8


class GPSampler(Sampler):
    """Proposes where a Gaussian process expects the largest improvement.

    Args:
        n_startup_trials: So many trials come from a scrambled Sobol' sequence before the first fit.
        seed: See `Sampler`.
        deterministic_objective: Whether measurements without a standard error are exact; else
            their noise is inferred.
        constraints_func: See `Sampler`; better, let the objective call ``trial.set_constraint``.
        ordered: Names of the categorical parameters whose choices are in order.

    Raises:
        InvalidArgument: If a number is out of range.
    """

    def __init__(
        self,
        *,
        n_startup_trials: int = 8,
        seed: int | None = None,
        deterministic_objective: bool = False,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        ordered: Iterable[str] = (),
    ) -> None:
        if n_startup_trials < 1:
            raise InvalidArgument("n_startup_trials", "at least 1", n_startup_trials)
        super().__init__(seed)
        self.constraints_func = constraints_func
        self._n_startup = n_startup_trials
        self._noiseless = deterministic_objective
        self._ordered = frozenset(ordered)
        self._startup = self._sequence(seed)
        self._surrogates: WeakKeyDictionary[History, tuple[Any, Surrogate]] = WeakKeyDictionary()
        self._grids: dict[Space, Grid] = {}
        self._kernel = matern52
        self._budget = Budget()

    @staticmethod
    def _sequence(seed: int | None) -> QMCSampler:
        return QMCSampler(scramble=True, seed=seed, warn_asynchronous_seeding=False)

    def __getstate__(self) -> dict[str, Any]:
        # What was derived from a history is derived anew where the sampler is sent.
        return {**self.__dict__, "_surrogates": None, "_grids": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._surrogates = WeakKeyDictionary()

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy."""
        super().reseed_rng()
        self._startup = self._sequence(None)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The point of largest expected improvement that was found."""
        if not len(space):
            return Proposal(np.empty(0))
        seen = Observations.of(history, space)
        pending = pending_points(history, space, number, _MOST_PENDING)
        grid = self._grid(space)
        if len(seen) < self._n_startup or np.isnan(seen.points).all():
            first = self._startup.propose(history, space, number, rng).point
            filled = np.where(np.isnan(first), rng.random(len(space)), first)
            points: Iterator[Floats] = iter(grid.snap(filled[None]))
        else:
            points = self._by_improvement(history, space, seen, pending, grid, rng)
        return Proposal(_first_new(points, seen.points, pending, grid, rng))

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A point of the sequence: nothing is known of a parameter that was not foreseen."""
        return self._startup.propose_one(history, space, number, rng, given)

    def _grid(self, space: Space) -> Grid:
        if space not in self._grids:
            self._grids = {**dict(list(self._grids.items())[-3:]), space: Grid(space)}
        return self._grids[space]

    def _surrogate(self, history: History, space: Space, seen: Observations) -> Surrogate:
        from trimtab.samplers.gp.surrogate import fitted_rows

        key = (space, history.rewrites, fitted_rows(len(seen)), history.constraint_names)
        kept = self._surrogates.get(history)
        if kept is None or kept[0] != key:
            made = Surrogate(space, seen, self._kernel, self._ordered, self._noiseless)
            kept = self._surrogates[history] = (key, made)
        return kept[1]

    def _by_improvement(
        self,
        history: History,
        space: Space,
        seen: Observations,
        pending: Floats,
        grid: Grid,
        rng: np.random.Generator,
    ) -> Iterator[Floats]:
        surrogate = self._surrogate(history, space, seen)
        encoding = surrogate.encoding
        terms: list[Acquisition] = []
        feasible = seen.violation <= 0.0
        for k in range(len(surrogate.constraints)):
            model = surrogate.constraint_posterior(k, seen)
            terms.append(LogFeasibility(model))
        order = np.argsort(seen.violation, kind="stable")
        if feasible.any() or not terms:
            candidates = seen.points[feasible] if feasible.any() else seen.points
            model = surrogate.objective_posterior(0, seen)
            improvement, order = _improvement(
                model,
                encoding.features(candidates),
                encoding.features(pending),
                surrogate.objectives[0].deterministic,
                rng,
            )
            terms.insert(0, improvement)
            good = candidates[order]
        else:
            good = seen.points[order[:_GOOD]]
        lengths = surrogate.objectives[0].hyperparameters.lengths
        search = Search(Sum(terms) if len(terms) > 1 else terms[0], encoding, grid, lengths)
        return search.best(good, self._budget, rng)


def _improvement(
    model: Posterior, arms: Floats, pending: Floats, deterministic: bool, rng: np.random.Generator
) -> tuple[Acquisition, Any]:
    """Expected improvement on the best of the arms and of what is pending."""
    mean, variance = model.predict(arms)
    mean = mean[:, 0]
    order = np.argsort(mean, kind="stable")
    if deterministic:
        contenders = np.empty(0, dtype=np.int64)
    else:
        optimistic = mean - 2.0 * np.sqrt(variance)
        contenders = np.argsort(optimistic, kind="stable")
        pessimistic = float((mean + 2.0 * np.sqrt(variance)).min())
        contenders = contenders[optimistic[contenders] <= pessimistic]
        _, first = np.unique(arms[contenders], axis=0, return_index=True)
        contenders = contenders[np.sort(first)][:_MOST_CONTENDERS]
    sampled = np.concatenate([arms[contenders], pending])
    if not len(sampled):
        return LogExpectedImprovement(model, mean[order[:1]]), order[:_GOOD]
    normals = _normals(len(sampled), _SAMPLES, rng)
    model, values = model.sampling(sampled, normals)
    best = values.min(axis=0)
    if deterministic:
        best = np.minimum(best, mean[order[0]])
    return LogExpectedImprovement(model, best), order[:_GOOD]


def _normals(k: int, s: int, rng: np.random.Generator) -> Floats:
    """Standard normal numbers, shape (k, s), every row of them stratified."""
    strata = rng.permuted(np.tile(np.arange(s), (k, 1)), axis=1)
    out: Floats = ndtri((strata + rng.random((k, s))) / s)
    return out


def _first_new(
    points: Iterator[Floats], seen: Floats, pending: Floats, grid: Grid, rng: np.random.Generator
) -> Floats:
    """The first point that was not measured and is not being measured; else the first of all."""
    known = {row.tobytes() for row in np.round(np.concatenate([seen, pending]), 9) + 0.0}
    first: Floats | None = None
    for point in points:
        if first is None:
            first = point
        if (np.round(point, 9) + 0.0).tobytes() not in known:
            return point
    for _ in range(64):
        point = grid.draw(1, rng)[0]
        if (np.round(point, 9) + 0.0).tobytes() not in known:
            return point
    return np.full(len(grid.levels), np.nan) if first is None else first
