"""The sampler that suits the space, the number of trials and the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.cmaes import CmaEsSampler
from trimtab.samplers.gp import GPSampler
from trimtab.samplers.nsgaiii import NSGAIIISampler
from trimtab.samplers.tpe import TPESampler
from trimtab.space import Distribution, Internal, Space

MADE_BY: Final = "sampler"
"""Where a trial keeps the name of the sampler that proposed it."""

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
      nothing is known.
    - Then a Gaussian process proposes (`GPSampler`), which needs the fewest trials: for up to 250
      of them (120 with several objectives, whose hypervolumes take longer), up to 50 parameters, up
      to 64 choices in one of them and up to three objectives.
    - What is beyond goes on with `TPESampler`, which takes the same time for any number of trials.
    - Beyond 1,000 trials, four objectives or more go to `NSGAIIISampler`.
    - With a ``budget`` of 2,000 trials or more of one objective without constraints, on two
      numerical parameters or more and no choices, `CmaEsSampler` takes over where the Gaussian
      process ends.

    A trial's ``sampler`` (a column, and a field of filters) is the one that proposed it.

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
        self._gp = GPSampler(seed=seed)
        self._tpe = TPESampler(seed=seed)
        self._cmaes = CmaEsSampler(
            seed=seed, independent_sampler=self._tpe, warn_independent_sampling=False
        )
        self._nsga = NSGAIIISampler(seed=seed)

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy, for all of them."""
        super().reseed_rng()
        for sampler in (self._gp, self._tpe, self._cmaes, self._nsga):
            sampler.reseed_rng()

    def chosen(self, history: History, space: Space) -> Sampler:
        """The sampler of the next trial; see above for the rules."""
        m, n = history.n_objectives, len(history.finished)
        choices = space.levels[space.is_categorical]
        if (
            m <= _GP_OBJECTIVES
            and len(space) <= _GP_PARAMETERS
            and choices.max(initial=0) <= _GP_CHOICES
            and n < (_GP_TRIALS if m == 1 else _GP_TRIALS_OF_SEVERAL)
        ):
            return self._gp
        if m > _GP_OBJECTIVES and n >= _NSGA_TRIALS:
            return self._nsga
        if (
            m == 1
            and (self._budget or 0) >= _CMAES_BUDGET
            and len(space) > 1
            and not len(choices)
            and not history.constraint_names
        ):
            return self._cmaes
        return self._tpe

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """What the sampler of this trial proposes, and its name."""
        sampler = self.chosen(history, space)
        proposal = sampler.propose(history, space, number, rng)
        name = type(sampler).__name__
        if sampler is self._gp and not self._gp.is_modelling(history, number):
            name = "QMCSampler"
        return Proposal(proposal.point, {**proposal.state, MADE_BY: name}, proposal.params)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A point of the sequence, as nothing is known of a new parameter; else as TPE has it."""
        sampler = self._tpe if space.keys() <= history.space.keys() else self._gp
        return sampler.propose_one(history, space, number, rng, given)

    def best(self, history: History) -> int | None:
        """By the Gaussian process, while it is the one that proposes."""
        if self.chosen(history, history.space) is not self._gp:
            return None
        return self._gp.best(history)
