"""The sampler that suits the space, the number of trials and the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, History, TrialState
from trimtab.samplers.base import EXPECTED, Proposal, Sampler
from trimtab.samplers.centred import CentredSequence, begins
from trimtab.samplers.qmc import QMCSampler
from trimtab.space import Distribution, Floats, Internal, Space

if TYPE_CHECKING:
    from trimtab.samplers.cmaes import CmaEsSampler
    from trimtab.samplers.gp import GPSampler
    from trimtab.samplers.nsgaiii import NSGAIIISampler
    from trimtab.samplers.tpe import TPESampler

MADE_BY: Final = "sampler"
"""Where a trial keeps the name of the sampler that proposed it."""

_START_MEMORY = 64
_START_TRIES = 16
_GP_TRIALS = 250
_GP_TRIALS_OF_SEVERAL = 120
_GP_PARAMETERS = 50
_GP_CHOICES = 64
_GP_OBJECTIVES = 3
_CMAES_BUDGET = 2_000
_NSGA_TRIALS = 1_000


class AutoSampler(Sampler):
    """Leaves each trial to the sampler that is best for it, and writes down which one that was.

    - The first trial is the middle of the space and the next ones come from a Sobol' sequence, as
      nothing is known: five, with several objectives eight, running ones among them.
    - Then a Gaussian process proposes (`GPSampler`), which needs the fewest trials: for up to 250
      of them (120 with several objectives, whose hypervolumes take longer), up to 50 parameters, up
      to 64 choices in one of them and up to three objectives.
    - What is beyond goes on with `TPESampler`, which takes the same time for any number of trials.
    - Beyond 1,000 trials, four objectives or more go to `NSGAIIISampler`.
    - With a ``budget`` of 2,000 trials or more of one objective without constraints, on two
      numerical parameters or more and no choices, `CmaEsSampler` takes over where the Gaussian
      process ends.

    A trial's ``sampler`` (a column, and a field of filters) is the one that proposed it:
    ``"QMCSampler"`` for the first ones. Those of the Gaussian process keep what it expected of
    them, which the dashboard shows.

    It is what a study has that is given no sampler. Where a trial takes less than some
    milliseconds, `TPESampler` or `RandomSampler` gets through more of them in the same time.

    Args:
        seed: See `Sampler`.
        budget: How many trials there will be, if that is known.
        constraints_func: See `Sampler`; better, let the objective call ``trial.set_constraint``.

    Raises:
        InvalidArgument: If the budget is below 1.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        budget: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        if budget is not None and budget < 1:
            raise InvalidArgument("budget", "at least 1", budget)
        super().__init__(seed)
        self.constraints_func = constraints_func
        self._budget = budget
        self._start = CentredSequence(seed)

    # Each is made, and its module loaded, when its first trial comes.

    @cached_property
    def _gp(self) -> GPSampler:
        from trimtab.samplers.gp import GPSampler

        return GPSampler(
            seed=self.seed,
            independent_sampler=self._start,
            warn_independent_sampling=False,
        )

    @cached_property
    def _tpe(self) -> TPESampler:
        from trimtab.samplers.tpe import TPESampler

        return TPESampler(seed=self.seed)

    @cached_property
    def _cmaes(self) -> CmaEsSampler:
        from trimtab.samplers.cmaes import CmaEsSampler

        return CmaEsSampler(
            seed=self.seed, independent_sampler=self._tpe, warn_independent_sampling=False
        )

    @cached_property
    def _nsga(self) -> NSGAIIISampler:
        from trimtab.samplers.nsgaiii import NSGAIIISampler

        return NSGAIIISampler(seed=self.seed)

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy, for all of them."""
        super().reseed_rng()
        self._start = CentredSequence(None)
        for name in ("_gp", "_tpe", "_cmaes", "_nsga"):
            self.__dict__.pop(name, None)

    def chosen(self, history: History, space: Space, number: int | None = None) -> Sampler:
        """The sampler of the next trial (or of that ``number``); see above for the rules."""
        m, n = history.n_objectives, len(history.finished)
        if _is_for_gp(space, m, n):
            complete = int((history.states[~history.archived] == TrialState.COMPLETE).sum())
            running = sum(other != number for other in history.running)
            return self._start if begins(m, complete, running) else self._gp
        if m > _GP_OBJECTIVES and n >= _NSGA_TRIALS:
            return self._nsga
        if (
            m == 1
            and (self._budget or 0) >= _CMAES_BUDGET
            and len(space) > 1
            and not space.is_categorical.any()
            and not history.constraint_names
        ):
            return self._cmaes
        return self._tpe

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """What the sampler of this trial proposes, and its name."""
        sampler = self.chosen(history, space, number)
        proposal = sampler.propose(history, space, number, rng)
        if sampler is self._start:
            point = _new(proposal.point, history, space, rng)
            return Proposal(point, {MADE_BY: QMCSampler.__name__})
        state = {**proposal.state, MADE_BY: type(sampler).__name__}
        if sampler is self.__dict__.get("_gp"):
            expected = self._gp.expected(history, space, proposal.point)
            state |= {EXPECTED: expected} if expected else {}
        return Proposal(proposal.point, state, proposal.params)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A point of the sequence, as nothing is known of a new parameter; else as TPE has it."""
        sampler = self._tpe if space.keys() <= history.space.keys() else self._start
        return sampler.propose_one(history, space, number, rng, given)

    def best(self, history: History) -> int | None:
        """By the Gaussian process, while it is the one that proposes."""
        chosen = self.chosen(history, history.space)
        return chosen.best(history) if chosen is self.__dict__.get("_gp") else None


def _is_for_gp(space: Space, n_objectives: int, n_trials: int) -> bool:
    choices = space.levels[space.is_categorical]
    return (
        n_objectives <= _GP_OBJECTIVES
        and n_trials < (_GP_TRIALS if n_objectives == 1 else _GP_TRIALS_OF_SEVERAL)
        and len(space) <= _GP_PARAMETERS
        and bool(choices.max(initial=0) <= _GP_CHOICES)
    )


def _new(point: Floats, history: History, space: Space, rng: np.random.Generator) -> Floats:
    """The point, or a random one where that is one of the latest trials'."""
    if not len(space):
        return point
    latest = range(max(0, len(history) - _START_MEMORY), len(history))
    known = {history.point(number) for number in latest if history.layout(number) == space}
    drawn = point
    for _ in range(_START_TRIES):
        if space.decode(drawn) not in known:
            return drawn
        drawn = rng.random(len(space))
    return point
