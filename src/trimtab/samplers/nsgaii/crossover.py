"""How parents make a child. All of them work in the unit cube."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History
from trimtab.space import Floats

_TINY = 1e-10


class BaseCrossover(ABC):
    """Combines the numerical parameters of parents; choices are always crossed uniformly.

    Attributes:
        n_parents: How many parents a child has.
    """

    n_parents: int

    @abstractmethod
    def crossover(
        self,
        parents_params: Floats,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> Floats:
        """A child, which may lie outside the bounds: it is then made again or clipped.

        Args:
            parents_params: Shape (n_parents, d).
            rng: The only source of randomness.
            study: The study's columns.
            search_space_bounds: Shape (d, 2), lower and upper bounds of the columns.

        Returns:
            Shape (d,).
        """

    def __str__(self) -> str:
        return type(self).__name__


class UniformCrossover(BaseCrossover):
    """Takes each parameter from one of two parents (Syswerda, ICGA 1989, section 1).

    Args:
        swapping_prob: Probability of taking it from the first one.
    """

    n_parents = 2

    def __init__(self, swapping_prob: float = 0.5) -> None:
        self._swapping_prob = probability("swapping_prob", swapping_prob)

    def crossover(
        self,
        parents_params: Floats,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> Floats:
        """See `BaseCrossover.crossover`."""
        second = rng.random(parents_params.shape[1]) >= self._swapping_prob
        child: Floats = np.where(second, parents_params[1], parents_params[0])
        return child


class BLXAlphaCrossover(BaseCrossover):
    """Draws from the box of two parents, enlarged (Eshelman and Schaffer, FOGA 1992).

    Args:
        alpha: By which share of its sides the box grows at either end; at least 0.
    """

    n_parents = 2

    def __init__(self, alpha: float = 0.5) -> None:
        self._alpha = at_least_zero("alpha", alpha)

    def crossover(
        self,
        parents_params: Floats,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> Floats:
        """See `BaseCrossover.crossover`."""
        low, high = parents_params.min(axis=0), parents_params.max(axis=0)
        margin = self._alpha * (high - low)
        child: Floats = low - margin + (high - low + 2.0 * margin) * rng.random(len(low))
        return child


class SPXCrossover(BaseCrossover):
    """Draws from the simplex of three parents, enlarged about its centre.

    Tsutsui, Goldberg and Sastry, "Progress toward linkage learning in real-coded GAs with simplex
    crossover", IlliGAL report, 2000, section 2.

    Args:
        epsilon: Factor of enlargement; None for ``sqrt(d + 2)``.
    """

    n_parents = 3

    def __init__(self, epsilon: float | None = None) -> None:
        self._epsilon = None if epsilon is None else at_least_zero("epsilon", epsilon)

    def crossover(
        self,
        parents_params: Floats,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> Floats:
        """See `BaseCrossover.crossover`."""
        d = parents_params.shape[1]
        epsilon = np.sqrt(d + 2.0) if self._epsilon is None else self._epsilon
        centre = parents_params.mean(axis=0)
        corners = centre + epsilon * (parents_params - centre)
        offset = np.zeros(d)
        for k in range(1, len(corners)):
            r = rng.random() ** (1.0 / k)
            offset = r * (corners[k - 1] - corners[k] + offset)
        child: Floats = corners[-1] + offset
        return child


class UNDXCrossover(BaseCrossover):
    """Draws from a normal distribution along the line of two parents, as wide as a third is far.

    Kita, Ono and Kobayashi, "Multi-parental extension of the unimodal normal distribution
    crossover for real-coded genetic algorithms", CEC 1999, section 2.

    Args:
        sigma_xi: Standard deviation along the line, in distances of the two parents.
        sigma_eta: Standard deviation across it, in distances of the third parent from the line;
            None for ``0.35 / sqrt(d)``.
    """

    n_parents = 3

    def __init__(self, sigma_xi: float = 0.5, sigma_eta: float | None = None) -> None:
        self._sigma_xi = at_least_zero("sigma_xi", sigma_xi)
        self._sigma_eta = None if sigma_eta is None else at_least_zero("sigma_eta", sigma_eta)

    def crossover(
        self,
        parents_params: Floats,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> Floats:
        """See `BaseCrossover.crossover`."""
        first, second, third = parents_params
        d = len(first)
        sigma_eta = 0.35 / np.sqrt(d) if self._sigma_eta is None else self._sigma_eta
        line = second - first
        along = line / max(float(np.linalg.norm(line)), _TINY)
        away = third - first
        distance = np.linalg.norm(away - (away @ along) * along)
        # A normal vector without its part along the line is normal in what is left.
        across = rng.normal(0.0, sigma_eta, d)
        across -= (across @ along) * along
        child: Floats = (
            (first + second) / 2.0 + rng.normal(0.0, self._sigma_xi) * line + distance * across
        )
        return child


class _BinaryCrossover(BaseCrossover):
    """Two children of two parents, of which one is kept, gene by gene.

    Args:
        eta: Distribution index, at least 0: the larger, the closer to the parents. None: 2 for
            one objective, 20 for several.
        uniform_crossover_prob: Probability that the two children swap a gene.
        use_child_gene_prob: Probability that a gene is a child's rather than a parent's;
            above 0.
    """

    n_parents = 2

    def __init__(
        self,
        eta: float | None = None,
        uniform_crossover_prob: float = 0.5,
        use_child_gene_prob: float = 0.5,
    ) -> None:
        self._eta = None if eta is None else at_least_zero("eta", eta)
        self._swap = probability("uniform_crossover_prob", uniform_crossover_prob)
        self._use_child = probability("use_child_gene_prob", use_child_gene_prob)
        if self._use_child == 0.0:
            raise InvalidArgument("use_child_gene_prob", "above 0", use_child_gene_prob)

    @abstractmethod
    def _children(
        self, parents: Floats, rng: np.random.Generator, eta: float, bounds: Floats
    ) -> Floats:
        """Shape (2, d)."""

    def crossover(
        self,
        parents_params: Floats,
        rng: np.random.Generator,
        study: History,
        search_space_bounds: Floats,
    ) -> Floats:
        """See `BaseCrossover.crossover`."""
        eta = self._eta
        if eta is None:
            eta = 20.0 if study.n_objectives > 1 else 2.0
        children = self._children(parents_params, rng, eta, search_space_bounds)
        d = parents_params.shape[1]
        genes = np.where(rng.random(d) < self._use_child, children, parents_params)
        swapped = rng.random(d) < self._swap
        first, second = (0, 1) if rng.random() < 0.5 else (1, 0)
        child: Floats = np.where(swapped, genes[second], genes[first])
        return child


class SBXCrossover(_BinaryCrossover):
    """Simulated binary crossover (Deb and Agrawal, Complex Systems 9, 1995), within bounds.

    Args:
        eta: Distribution index, at least 0: the larger, the closer to the parents. None: 2 for
            one objective, 20 for several.
        uniform_crossover_prob: Probability that the two children swap a gene.
        use_child_gene_prob: Probability that a gene is a child's rather than a parent's;
            above 0.
    """

    def _children(
        self, parents: Floats, rng: np.random.Generator, eta: float, bounds: Floats
    ) -> Floats:
        low, high = parents.min(axis=0), parents.max(axis=0)
        width = np.maximum(high - low, _TINY)
        u = rng.random(len(low))
        middle = (low + high) / 2.0
        below = middle - _spread(u, (low - bounds[:, 0]) / width, eta) * width / 2.0
        above = middle + _spread(u, (bounds[:, 1] - high) / width, eta) * width / 2.0
        return np.stack([below, above])


def _spread(u: Floats, room: Floats, eta: float) -> Floats:
    """The spread factor of Deb and Agrawal, of a density cut off where the room ends."""
    alpha = 2.0 - (1.0 + 2.0 * np.maximum(room, 0.0)) ** -(eta + 1.0)
    inside = u * alpha
    base = np.where(inside <= 1.0, inside, 1.0 / np.maximum(2.0 - inside, _TINY))
    spread: Floats = base ** (1.0 / (eta + 1.0))
    return spread


class VSBXCrossover(_BinaryCrossover):
    """Simulated binary crossover that leaves no region out.

    Ballester and Carter, "Real-parameter genetic algorithms for finding multiple optimal
    solutions in multi-modal optimization", GECCO 2003, section 3.2.

    Args:
        eta: Distribution index, at least 0: the larger, the closer to the parents. None: 2 for
            one objective, 20 for several.
        uniform_crossover_prob: Probability that the two children swap a gene.
        use_child_gene_prob: Probability that a gene is a child's rather than a parent's;
            above 0.
    """

    def _children(
        self, parents: Floats, rng: np.random.Generator, eta: float, bounds: Floats
    ) -> Floats:
        first, second = parents
        u = rng.random(len(first))
        a = np.maximum(2.0 * u, _TINY) ** (-1.0 / (eta + 1.0))
        b = np.maximum(2.0 * (1.0 - u), _TINY) ** (-1.0 / (eta + 1.0))
        if rng.random() <= 0.5:
            one = (1.0 + a) * first + (1.0 - b) * second
        else:
            one = (1.0 - a) * first + (1.0 + b) * second
        if rng.random() <= 0.5:
            two = (3.0 - a) * first - (1.0 - b) * second
        else:
            two = -(1.0 - a) * first + (3.0 - b) * second
        return np.stack([one, two]) / 2.0


def probability(argument: str, value: float) -> float:
    """``value`` if it is a probability; raises `InvalidArgument`."""
    if not 0.0 <= value <= 1.0:
        raise InvalidArgument(argument, "a probability in [0, 1]", value)
    return float(value)


def at_least_zero(argument: str, value: float) -> float:
    """``value`` if it is finite and not negative; raises `InvalidArgument`."""
    if not 0.0 <= value < np.inf:
        raise InvalidArgument(argument, "a finite number of at least 0", value)
    return float(value)
