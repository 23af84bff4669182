"""Bayesian optimization with Gaussian processes."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.centred import CentredSequence, begins
from trimtab.samplers.gp.activity import Activity
from trimtab.samplers.gp.domain import Domain
from trimtab.samplers.gp.grid import Grid
from trimtab.samplers.gp.improvement import improvement
from trimtab.samplers.gp.kernel import Kernel, matern52
from trimtab.samplers.gp.observations import Observations, pending_points
from trimtab.samplers.gp.predict import Predictor
from trimtab.samplers.gp.region import Region
from trimtab.samplers.gp.search import Budget, Search
from trimtab.samplers.gp.surrogate import Surrogate, fitted_rows
from trimtab.samplers.gp.threads import one_thread
from trimtab.space import Distribution, Floats, Internal, LinearConstraint, Space, to_unit

_logger = logging.getLogger(__name__)

_MOST_PENDING = 64
_MOST_OBJECTIVES = 3
"""Of which the hypervolume is improved; the number of boxes grows exponentially."""
_RANDOM_TRIES = 64
_KEPT_SPACES = 4
_SAME = 1e-9
_ABSENT = -1.0


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What of a domain does not depend on the trials."""

    grid: Grid
    fixed: Floats
    region: Region | None


class GPSampler(Sampler):
    """Proposes where a Gaussian process expects the largest improvement.

    For few and costly trials: it learns more from each than any other sampler here, and is slower
    the more there are (a millisecond or a few at 50 trials, tens of them at 1,000).

    - Measurements may be exact, of known standard error, or of one that is inferred, in one study;
      what is measured several times is pooled.
    - Running trials are pending points: improvements are expected over what they may turn out to
      be.
    - Constraints that trials report (at most 0 is feasible) are modelled each by a process of its
      own, and improvements weighed by the probability of feasibility.
    - With several objectives the hypervolume is improved; with more than three, a random mean of
      them that changes from trial to trial.
    - Where trials failed, a process of its own learns whether they did so by their parameters;
      pruned ones count as bad, by what they last reported.
    - Choices and conditional parameters are part of the model.

    Hyperparameters are fitted anew whenever the trials grew by a sixteenth, and to at most 256
    arms; the model holds at most 1,024 of them, half of these the best. Beyond a few thousand
    trials `TPESampler` is the better choice.

    References:
        Garnett, "Bayesian optimization", Cambridge University Press, 2023.
        The modules of this package name those of each part.

    Args:
        n_startup_trials: So many trials come from ``independent_sampler``, running ones among
            them; half of them at least are complete before the first fit. None: 5, and with
            several objectives 8.
        independent_sampler: Proposes the first trials, and parameters that were not foreseen. None:
            the first is the middle of the space, the others are a scrambled Sobol' sequence.
        warn_independent_sampling: Log a warning where an ``independent_sampler`` that was given
            draws a parameter that was not foreseen, after the first trial.
        seed: See `Sampler`.
        deterministic_objective: Whether measurements without a standard error are exact; else
            their noise is inferred.
        parameter_constraints: Linear constraints that every proposal satisfies.
        fixed_features: Values, by name, of parameters that are held fixed, while the model learns
            from trials that had others.
        reference_point: One value per objective, in its units: what is worse counts for nothing.
            None for one (or all) of them: beyond the front's worst point, mostly by a tenth of its
            width, and at times by all of it to look for the front's ends.
        search_space: Distributions by parameter name that are proposed jointly from the first
            trial on; without them, parameters are known once a trial has suggested them.
            ``parameter_constraints`` needs its parameters to be known.
        ordered: Names of the categorical parameters whose choices are in order.
        constraints_func: See `Sampler`; better, let the objective call ``trial.set_constraint``.

    Raises:
        InvalidArgument: If a number is out of range; when asking, if a constraint does not fit the
            space or leaves nothing of it, or ``reference_point`` does not fit the objectives.
        InvalidType: If a constraint is not a `LinearConstraint`.
    """

    def __init__(
        self,
        *,
        n_startup_trials: int | None = None,
        independent_sampler: Sampler | None = None,
        warn_independent_sampling: bool = True,
        seed: int | None = None,
        deterministic_objective: bool = False,
        parameter_constraints: Sequence[LinearConstraint] = (),
        fixed_features: Mapping[str, Any] | None = None,
        reference_point: Sequence[float | None] | None = None,
        search_space: Mapping[str, Distribution] | None = None,
        ordered: Iterable[str] = (),
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        if n_startup_trials is not None and n_startup_trials < 1:
            raise InvalidArgument("n_startup_trials", "at least 1", n_startup_trials)
        for constraint in parameter_constraints:
            if not isinstance(constraint, LinearConstraint):
                raise InvalidType("parameter_constraints", "linear constraints", constraint)
        super().__init__(seed)
        self.constraints_func = constraints_func
        self._n_startup = n_startup_trials
        self._noiseless = deterministic_objective
        self._constraints = tuple(parameter_constraints)
        self._fixed = dict(fixed_features or {})
        self._reference = None if reference_point is None else tuple(reference_point)
        self._known = Space(search_space)
        self._ordered = frozenset(ordered)
        self._given = independent_sampler is not None
        self._warn = warn_independent_sampling
        self._startup = independent_sampler or CentredSequence(seed, self._ordered)
        self._kernel: Kernel = matern52
        self._budget = Budget()
        self._joined: tuple[Space, Space] | None = None
        self._bounds: dict[Space, _Bounds] = {}
        self._surrogates: WeakKeyDictionary[History, tuple[Any, Surrogate]] = WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        # What was derived from a history is derived anew where the sampler is sent.
        return {**self.__dict__, "_surrogates": None, "_bounds": {}, "_joined": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._surrogates = WeakKeyDictionary()

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy."""
        super().reseed_rng()
        if self._given:
            self._startup.reseed_rng()
        else:
            self._startup = CentredSequence(None, self._ordered)

    def search_space(self, history: History) -> Space:
        """What was given as such, and what trials have shown."""
        seen = history.space
        if all(name in seen for name in self._known):
            return seen
        if self._joined is None or self._joined[0] is not seen:
            self._joined = (seen, Space({**self._known, **seen}))
        return self._joined[1]

    @one_thread()
    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The point of largest expected improvement that was found."""
        bounds = self._bounds_of(space)
        if not len(space):
            return Proposal(np.empty(0), params=self._fixed)
        thresholds = self._thresholds(history)
        seen = Observations.of(history, space)
        pending = pending_points(history, space, number, _MOST_PENDING)
        begins = self._begins(history, len(seen), len(pending))
        if begins or np.isnan(seen.points).all():
            domain = Domain(bounds.grid, bounds.fixed, None, bounds.region)
            first = self._startup.propose(history, space, number, rng).point
            filled = np.where(np.isnan(first), rng.random(len(space)), first)
            points = iter(domain.admitted(filled[None], rng))
        else:
            activity = Activity(seen.points, bounds.grid)
            domain = Domain(bounds.grid, bounds.fixed, activity, bounds.region)
            points = self._by_improvement(history, space, seen, pending, thresholds, domain, rng)
        return Proposal(_first_new(points, seen, pending, domain, rng), params=self._fixed)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A fixed value, or one of ``independent_sampler``: nothing is known of a new parameter."""
        (name,) = space.names
        if name in self._fixed:
            return Proposal(np.array([math.nan]), params={name: self._fixed[name]})
        if self._given and self._warn and len(history.finished):
            _logger.warning(
                "Parameter %r of trial %d is drawn by %s, as GPSampler did not foresee it.",
                name,
                number,
                type(self._startup).__name__,
            )
        return self._startup.propose_one(history, space, number, rng, given)

    @one_thread()
    def predictor(self, history: History, space: Space | None = None) -> Predictor:
        """The model of a study, whichever sampler proposed its trials.

        Args:
            history: The study.
            space: The columns to model; None: all parameters.

        Raises:
            InvalidArgument: If fewer than two trials are complete.
        """
        space = self.search_space(history) if space is None else space
        seen = Observations.of(history, space)
        if len(seen) < 2:
            raise InvalidArgument("history", "two complete trials at least", len(seen))
        made = Surrogate(space, seen, self._kernel, self._ordered, self._noiseless, capped=False)
        return Predictor(history, space, seen, made)

    @one_thread()
    def expected(self, history: History, space: Space, units: Floats) -> dict[str, Any]:
        """What the processes that propose think of a point, for people who ask why it was proposed.

        Args:
            history: The study.
            space: The columns.
            units: Shape (d,), in the unit cube.

        Returns:
            ``values``, the mean and the standard deviation of each objective, and, where there are
            constraints, ``feasible``, the probability that all of them hold. Nothing where too few
            trials are complete, where there are no parameters, where these come and go, so that the
            point may not be what is measured, or where the objectives are not modelled one by one.
        """
        seen = Observations.of(history, space)
        begins = self._begins(history, len(seen), len(history.running))
        if len(seen) < 2 or begins or not len(space) or history.n_objectives > _MOST_OBJECTIVES:
            return {}
        if np.isnan(seen.points).any() or np.isnan(units).any():
            return {}
        predictor = Predictor(history, space, seen, self.surrogate(history, space, seen))
        values = [
            [float(part[0]) for part in predictor.predict(units[None], j)]
            for j in range(history.n_objectives)
        ]
        found: dict[str, Any] = {"values": values}
        if history.constraint_names:
            found["feasible"] = float(predictor.feasibility(units[None])[0])
        return found

    @one_thread()
    def best(self, history: History) -> int | None:
        """See `Sampler.best`; by the model, and None where it predicts badly."""
        if history.n_objectives > 1 or self._begins(history, len(history.finished)):
            return None
        space = self.search_space(history)
        seen = Observations.of(history, space)
        if self._begins(history, len(seen)) or not len(space):
            return None
        return Predictor(history, space, seen, self.surrogate(history, space, seen)).best()

    def surrogate(self, history: History, space: Space, seen: Observations) -> Surrogate:
        """The processes of a study, fitted anew only where that is due."""
        rows = (fitted_rows(len(seen)), fitted_rows(len(seen.failed)))
        key = (space, history.rewrites, rows, history.constraint_names)
        kept = self._surrogates.get(history)
        if kept is None or kept[0] != key:
            made = Surrogate(space, seen, self._kernel, self._ordered, self._noiseless)
            kept = self._surrogates[history] = (key, made)
        return kept[1]

    def _begins(self, history: History, n_complete: int, n_running: int = 0) -> bool:
        """Whether the next trial is one of the first ones."""
        return begins(history.n_objectives, n_complete, n_running, self._n_startup)

    def _by_improvement(
        self,
        history: History,
        space: Space,
        seen: Observations,
        pending: Floats,
        thresholds: Floats,
        domain: Domain,
        rng: np.random.Generator,
    ) -> Iterator[Floats]:
        if history.n_objectives > _MOST_OBJECTIVES:
            seen = seen.scalarized(rng)
            surrogate = Surrogate(space, seen, self._kernel, self._ordered, self._noiseless)
        else:
            surrogate = self.surrogate(history, space, seen)
        goal = improvement(surrogate, seen, pending, thresholds, rng)
        lengths = np.min([o.hyperparameters.lengths for o in surrogate.objectives], axis=0)
        search = Search(goal.acquisition, surrogate.encoding, domain, lengths)
        return search.best(goal.good, self._budget, rng)

    def _thresholds(self, history: History) -> Floats:
        """Losses beyond which nothing counts, shape (m,), NaN where they are inferred."""
        m = history.n_objectives
        if self._reference is None:
            return np.full(m, np.nan)
        if len(self._reference) != m:
            raise InvalidArgument("reference_point", f"{m} values", list(self._reference))
        values = [math.nan if value is None else float(value) for value in self._reference]
        return np.array(values) * history.signs

    def _bounds_of(self, space: Space) -> _Bounds:
        found = self._bounds.get(space)
        if found is None:
            missing = {n for c in self._constraints for n in c.weights if n not in space}
            if missing:
                raise InvalidArgument(
                    "parameter_constraints",
                    "parameters that are known when a trial begins (give `search_space`)",
                    sorted(missing),
                )
            grid = Grid(space)
            fixed = np.full(len(space), np.nan)
            for j, (name, distribution) in enumerate(space.items()):
                if name in self._fixed:
                    internal = distribution.to_internal_repr(self._fixed[name])
                    fixed[j] = to_unit(distribution, internal)
            region = Region(self._constraints, space, grid) if self._constraints else None
            found = _Bounds(grid, fixed, region)
            self._bounds = dict([*self._bounds.items(), (space, found)][-_KEPT_SPACES:])
        return found


def _first_new(
    points: Iterator[Floats],
    seen: Observations,
    pending: Floats,
    domain: Domain,
    rng: np.random.Generator,
) -> Floats:
    """The first point that was not measured and is not being measured; else the first of all."""
    known = np.nan_to_num(
        np.concatenate([seen.points, pending, seen.failed, seen.pruned]), nan=_ABSENT
    )

    def drawn() -> Iterator[Floats]:
        yield from domain.draw(_RANDOM_TRIES, rng)

    first: Floats | None = None
    for point in chain(points, drawn()):
        settled = domain.settled(point)
        if settled is None:
            continue
        off = np.abs(known - np.nan_to_num(settled, nan=_ABSENT))
        if not (off < _SAME).all(axis=1).any():
            return settled
        first = settled if first is None else first
    return np.full(len(domain.free), np.nan) if first is None else first
