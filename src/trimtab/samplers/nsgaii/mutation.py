"""How a child differs from what its parents gave it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from trimtab.records import History
from trimtab.samplers.nsgaii.crossover import at_least_zero
from trimtab.space import Floats


class BaseMutation(ABC):
    """Changes one numerical parameter; a choice to be mutated is drawn anew."""

    @abstractmethod
    def mutation(
        self,
        param: float,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> float:
        """The parameter's new value; it is clipped to the bounds.

        Args:
            param: Its value.
            rng: The only source of randomness.
            study: The study's columns.
            search_space_bounds: Shape (2,), lower and upper bound.
        """

    def __str__(self) -> str:
        return type(self).__name__


class PolynomialMutation(BaseMutation):
    """Moves a parameter by a polynomially distributed step that stays within the bounds.

    Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEVC 6(2),
    2002, in the bounded form of its authors' program.

    Args:
        eta: Distribution index, at least 0: the larger, the smaller the steps.
    """

    def __init__(self, eta: float = 20.0) -> None:
        self._power = at_least_zero("eta", eta) + 1.0

    def mutation(
        self,
        param: float,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> float:
        """See `BaseMutation.mutation`."""
        low, high = map(float, search_space_bounds)
        width = high - low
        if not width > 0.0:
            return param
        u = rng.random()
        down = u <= 0.5
        room = (param - low) / width if down else (high - param) / width
        tail = 2.0 * (u if down else 1.0 - u)
        kept: float = tail + (1.0 - tail) * (1.0 - room) ** self._power
        step: float = 1.0 - kept ** (1.0 / self._power)
        return param - step * width if down else param + step * width
