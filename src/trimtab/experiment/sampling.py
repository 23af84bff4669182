"""Which sampler proposes the next arm: the only place that chooses one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument, SpaceExhausted
from trimtab.experiment.feasible import Feasible
from trimtab.experiment.parameters import ChoiceParameter
from trimtab.experiment.space import SearchSpace
from trimtab.records import DELETED, History, TrialState
from trimtab.samplers import GPSampler, Proposal, QMCSampler, Sampler, TPESampler
from trimtab.samplers.base import EXPECTED
from trimtab.samplers.gp.predict import Predictor
from trimtab.space import Distribution, Internal, Space
from trimtab.study.origin import SAMPLER, name_of

METHODS: Final = ("auto", "sobol")
_MOST_MODELLED: Final = 3000
"""Measured trials up to which a Gaussian process proposes."""


@dataclass(frozen=True)
class Generation:
    """How an experiment's arms are proposed.

    Attributes:
        method: ``"auto"``: a Sobol' sequence first, then a model; ``"sobol"``: only that.
        n_initial: Arms of the sequence before the model; None: twice the number of parameters
            that vary, at least 5 and at most 20.
    """

    method: str = "auto"
    n_initial: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InvalidArgument("method", f"one of {METHODS}", self.method)
        if self.n_initial is not None and self.n_initial < 1:
            raise InvalidArgument("n_initial", "at least 1, or None", self.n_initial)

    def initial(self, search_space: SearchSpace) -> int:
        """How many arms come from the sequence."""
        if self.n_initial is not None:
            return self.n_initial
        varying = sum(not distribution.single() for distribution in search_space.space.values())
        return max(5, min(2 * varying, 20))


def fresh_seed() -> int:
    """A seed from the system's entropy, small enough for JSON."""
    return int(np.random.SeedSequence().generate_state(1)[0])


def model(
    search_space: SearchSpace,
    thresholds: Sequence[float | None] | None,
    seed: int,
    fixed: Mapping[str, Any],
) -> GPSampler:
    """The sampler that learns from what was measured.

    Args:
        search_space: Where.
        thresholds: One per objective, or None for one objective.
        seed: Of its draws.
        fixed: Values that the arms have.
    """
    ordered = [
        name
        for name, parameter in search_space.parameters.items()
        if isinstance(parameter, ChoiceParameter) and parameter.is_ordered
    ]
    return GPSampler(
        n_startup_trials=1,
        seed=seed,
        parameter_constraints=search_space.parameter_constraints,
        fixed_features=fixed,
        reference_point=thresholds,
        search_space=search_space.space,
        ordered=ordered,
    )


class ExperimentSampler(Sampler):
    """Proposes the arms of an experiment: new ones, within its constraints.

    Args:
        search_space: Where.
        generation: How.
        seed: Of all draws.
        thresholds: One per objective where there are several; None: none.
    """

    def __init__(
        self,
        search_space: SearchSpace,
        generation: Generation,
        seed: int,
        thresholds: Sequence[float | None] | None = None,
    ) -> None:
        super().__init__(seed)
        self._seed = seed
        self._thresholds = thresholds
        self._space = search_space
        self._initial = generation.initial(search_space)
        self._only_sobol = generation.method == "sobol"
        self._sobol = QMCSampler(scramble=True, seed=seed)
        self.model = model(search_space, thresholds, seed, {})
        self._many = TPESampler(seed=seed, multivariate=True, n_startup_trials=0)
        self._fixed: dict[str, Any] = {}
        self._feasible = Feasible(search_space, self._fixed)
        self._state: dict[str, Any] = {}

    def variant(
        self, fixed: Mapping[str, Any] | None, state: Mapping[str, Any] | None = None
    ) -> ExperimentSampler:
        """This sampler, what it has learnt included, for some other trials.

        Args:
            fixed: Values that their arms have, by parameter name.
            state: What is kept in their records.

        Raises:
            InvalidArgument: If a name is unknown, a value out of bounds, or no feasible point
                has these values.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._state = dict(state or {})
        if fixed:
            other._fixed = dict(fixed)
            other._feasible = Feasible(self._space, other._fixed)
            other.model = model(self._space, self._thresholds, self._seed, other._fixed)
        return other

    def chosen(self, history: History) -> Sampler:
        """Which sampler is at work.

        The model takes over when the sequence's arms have begun and half of them are measured; of
        more trials than it can take in, densities are estimated instead.
        """
        begun = int(np.count_nonzero(~np.isin(history.states, (DELETED, TrialState.FAIL))))
        measured = len(history.usable(TrialState.COMPLETE))
        is_early = begun < self._initial or measured < math.ceil(self._initial / 2)
        if self._only_sobol or is_early:
            return self._sobol
        return self.model if measured <= _MOST_MODELLED else self._many

    def predictor(self, history: History, space: Space | None = None) -> Predictor:
        """The model of a study; see `GPSampler.predictor`."""
        return self.model.predictor(history, space)

    def best(self, history: History) -> int | None:
        """See `Sampler.best`."""
        measured = len(history.usable(TrialState.COMPLETE))
        return self.model.best(history) if measured <= _MOST_MODELLED else None

    def search_space(self, history: History) -> Space:
        """All parameters; an arm that lacks some is not asked for them."""
        del history
        return self._space.space

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """An arm that satisfies the constraints and was not tried before.

        Raises:
            SpaceExhausted: If the space is finite and no such arm is left.
        """
        base = self.chosen(history)
        proposal = base.propose(history, space, number, rng)
        point = self._feasible.pinned(space, _point(space, proposal))
        if not self._feasible.holds(space, point):
            point = self._feasible.near(space, point, self.streams.at(number, _REDRAW))
        if not self._space.is_hierarchical and (free := self._feasible.finite(space)) is not None:
            point = _untried(space, point, free, history, number)
        state = {**proposal.state, **self._state, SAMPLER: name_of(base)}
        if base is self.model and not self._space.is_hierarchical:
            expected = self.model.expected(history, space, space.encode(point))
            state |= {EXPECTED: expected} if expected else {}
        return Proposal(space.encode(point), state, space.external(point))

    def same_arm(self, history: History, number: int) -> list[int]:
        """The other trials that measure the arm of one, or have; of those that failed none."""
        space, point = history.layout(number), history.point(number)
        alike = ~np.isin(history.states, (DELETED, TrialState.WAITING))
        for name, internal in zip(space, point, strict=True):
            alike &= history.raw(name) == float(internal)
        return [
            other
            for other in np.flatnonzero(alike).tolist()
            if other != number
            and history.point(other) == point
            and history.layout(other).names == space.names
            and _is_tried(history, other)
        ]

    def elsewhere(self, history: History, number: int, turn: int) -> tuple[Internal, ...] | None:
        """A new arm for a trial that has begun; None where there is none.

        Args:
            history: The study, in which others have the arm that the trial has.
            number: Of the trial.
            turn: How often it moved before; an arm is drawn from the second time on.
        """
        space = history.layout(number)
        rng = self.streams.at(number, _MOVE + turn)
        if turn:
            point = space.decode(rng.random(len(space)).tolist())
            point = self._feasible.pinned(space, point)
            if not self._feasible.holds(space, point):
                point = self._feasible.near(space, point, rng)
            if (free := self._feasible.finite(space)) is not None:
                point = _untried(space, point, free, history, number)
        else:
            point = space.decode(self.propose(history, space, number, rng).point.tolist())
        return None if point in _tried(space, history, number) else point

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A value for a parameter that depends on another one's."""
        (name,) = space.names
        if name in self._fixed:
            return Proposal(np.array([np.nan]), params={name: self._fixed[name]})
        return self.chosen(history).propose_one(history, space, number, rng, given)


_REDRAW: Final = 3 << 32
"""Lane of the draws that replace an infeasible point."""
_MOVE: Final = 4 << 32
"""The first of the lanes of the draws that replace an arm that another trial has got as well."""


def _point(space: Space, proposal: Proposal) -> tuple[Internal, ...]:
    units = np.where(np.isnan(proposal.point), 0.5, proposal.point)
    point = list(space.decode(units.tolist()))
    for name, value in proposal.params.items():
        if name in space:
            point[space.index(name)] = space[name].to_internal_repr(value)
    return tuple(point)


def _untried(
    space: Space,
    point: tuple[Internal, ...],
    free: Sequence[tuple[Internal, ...]],
    history: History,
    number: int,
) -> tuple[Internal, ...]:
    """``point``, or the nearest one that no other trial has, except those that failed.

    A trial that exists already, as another worker was given its number, keeps its point where none
    is left.

    Raises:
        SpaceExhausted: If none is left for a new trial.
    """
    tried = _tried(space, history, number)
    if point not in tried:
        return point
    left = [other for other in free if other not in tried]
    if not left and number < len(history):
        return point
    if not left:
        raise SpaceExhausted(
            f"All {len(free)} points of the search space have been tried; to measure one of them "
            "again, attach it as a trial."
        )
    units = np.array([space.encode(other) for other in left])
    away = np.abs(units - space.encode(point))
    away[:, space.is_categorical] = away[:, space.is_categorical] > 0
    return left[int(np.argmin(away.sum(axis=1)))]


def _tried(space: Space, history: History, number: int) -> set[tuple[Internal, ...]]:
    """The arms of all trials but one."""
    return {
        history.point(other)
        for other in range(len(history))
        if other != number
        and _is_tried(history, other)
        and history.layout(other).names == space.names
    }


def _is_tried(history: History, number: int) -> bool:
    """Whether a trial's arm is not to be proposed again."""
    if history.states[number] in (DELETED, TrialState.FAIL):
        return history.system_attrs(number).get("status") == "ABANDONED"
    return True
