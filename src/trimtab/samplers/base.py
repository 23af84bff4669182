"""The contract of a sampler: columns in, a point of the unit cube out.

A sampler is arithmetic: no I/O, no clock, no global random state. What it remembers between calls
is either derived from the history (and may be thrown away) or travels in the records as plain
JSON (`Proposal.state`), so that a resumed study goes on exactly as an uninterrupted one would.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from trimtab.records import FrozenTrial, History
from trimtab.samplers.foreign import BaseSampler
from trimtab.space import Distribution, Floats, Internal, Space, from_unit
from trimtab.space.made import MadeOf

EXPECTED: Final = "expected"
"""System attribute of a trial that a model proposed: ``values``, the mean and the standard
deviation that it expected of each objective, and ``feasible``, the probability that all
constraints hold."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a sampler proposes for one trial.

    Attributes:
        point: Shape (d,), in the unit cube, in the order of the space's columns. NaN where the
            sampler does not speak for a parameter: it is drawn alone when it is suggested.
        state: JSON values kept in the trial's ``system_attrs`` and seen again by the sampler
            as ``history.system_attrs(number)``. Keys begin with the sampler's name.
        params: Values as the objective is to see them, bit for bit, by parameter name: a point
            of a user's grid, a parameter held fixed. They go before ``point``, may name
            parameters that are not columns of the space (yet), and are treated as those of an
            enqueued trial are: used with a warning where the distribution does not hold them,
            ignored where the trial never asks for them.
    """

    point: Floats
    state: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)


class Sampler(MadeOf, BaseSampler):
    """Proposes points.

    Args:
        seed: Of all its draws; None for fresh entropy. With a seed, trial number t of a study
            gets the same random numbers in every run, whoever asks and however often the study
            was stopped in between.
    """

    constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None
    """Computes constraints (at most 0 is feasible) where the objective does not set them: the
    study calls it when a trial completes and keeps what it returns in the trial's record."""

    _calls = 0  # of sample_independent, so that no two draw alike

    foreign: BaseSampler | None = None
    """A sampler of Optuna's interface that is at work in this one: it is told how trials end."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self.streams = Streams(seed)

    def bind(self, study: Any) -> None:
        """Learn which study is served; for those who wrap what is handed a study."""
        del study

    def search_space(self, history: History) -> Space:
        """The columns to be proposed jointly for the next trial.

        What is left out of it is drawn in mid-trial, one parameter at a time.
        """
        return history.space

    @abstractmethod
    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A point for the next trial; called once for every trial, also for an empty space.

        Args:
            history: All trials, running ones (the pending points) among them. Read only.
            space: The columns wanted (see `search_space`).
            number: Number the trial will have (or has, for a parameter in mid-trial).
            rng: The only source of randomness; it is positioned for this trial.
        """

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A value for a parameter suggested in mid-trial that was not foreseen.

        Args:
            history: As for `propose`; the trial itself is among the running ones.
            space: One column.
            number: Number of the trial.
            rng: As for `propose`.
            given: What the trial has so far, in the order in which it was suggested: the
                distribution and the internal value by parameter name.
        """
        del given
        return self.propose(history, space, number, rng)

    def exhausted(self, history: History, space: Space) -> bool:
        """Whether no point is left to propose (a finished grid); the study then stops."""
        del history, space
        return False

    def best(self, history: History) -> int | None:
        """A trial of the arm that the sampler's model takes for the best, of one objective.

        None where it has no model, or no opinion.
        """
        del history
        return None

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy."""
        self.seed = None
        self.streams = Streams(None)

    # What samplers of Optuna's interface ask of one of ours that they build upon.

    def infer_relative_search_space(
        self, study: Any, trial: FrozenTrial
    ) -> dict[str, Distribution]:
        """`search_space` of a study."""
        del trial
        return dict(self.search_space(study.history))

    def sample_relative(
        self, study: Any, trial: FrozenTrial, search_space: dict[str, Distribution]
    ) -> dict[str, Any]:
        """`propose`, as values; what the sampler keeps is set on the trial being made."""
        space = Space(search_space)
        rng = self.streams.at(trial.number)
        proposal = self.propose(study.history, space, trial.number, rng)
        if isinstance(trial.system_attrs, dict):
            trial.system_attrs.update(proposal.state)
        return {**_external(space, proposal), **proposal.params}

    def sample_independent(
        self,
        study: Any,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: Distribution,
    ) -> Any:
        """`propose_one`, as a value; another one at each call."""
        space = Space({param_name: param_distribution})
        self._calls += 1
        lane = 2 << 32 | self._calls  # apart from those of the study
        rng = self.streams.at(trial.number, lane)
        given = dict(
            zip(trial.space, zip(trial.space.distributions, trial.point, strict=True), strict=True)
        )
        proposal = self.propose_one(study.history, space, trial.number, rng, given)
        found = {**_external(space, proposal), **proposal.params}
        if param_name in found:
            return found[param_name]
        return _value(param_distribution, self.streams.at(trial.number, lane).random())


def _external(space: Space, proposal: Proposal) -> dict[str, Any]:
    """The values a proposal speaks for, as the objective sees them."""
    return {
        name: _value(distribution, unit)
        for (name, distribution), unit in zip(space.items(), proposal.point.tolist(), strict=True)
        if unit == unit
    }


def _value(distribution: Distribution, unit: float) -> Any:
    """The value that a number in [0, 1] stands for."""
    return distribution.to_external_repr(from_unit(distribution, unit))


class Streams:
    """A random generator for every (trial, lane), at the price of moving one counter.

    Philox is a counter-based generator: any position of its stream is reached at once, so a
    trial's draws depend on the seed and its number alone.

    Args:
        seed: At least 0; None for fresh entropy.
    """

    def __init__(self, seed: int | None) -> None:
        sequence = np.random.SeedSequence(seed)
        self._bits = np.random.Philox(sequence)
        self._state: Any = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, number: int, lane: int = 0) -> np.random.Generator:
        """The generator at the start of one trial's lane.

        Lane 0 is the joint proposal, lane 1 + j the j-th parameter drawn alone. The generator is
        shared: a later call moves it.
        """
        state = self._state
        state["state"]["counter"][:] = (0, number, lane, 0)
        state["buffer_pos"] = 4  # the buffered block belongs to another position
        state["has_uint32"] = 0
        self._bits.state = state
        return self._generator
