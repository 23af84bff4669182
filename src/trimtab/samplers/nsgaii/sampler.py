"""NSGA-II."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.records import FrozenTrial
from trimtab.samplers.nsgaii.crossover import BaseCrossover
from trimtab.samplers.nsgaii.genetic import ChildStrategy, EliteStrategy, GeneticSampler
from trimtab.samplers.nsgaii.mutation import BaseMutation
from trimtab.samplers.pareto import crowding_distance, nondominated_rank
from trimtab.space import Floats


class NSGAIISampler(GeneticSampler):
    """Nondominated sorting and crowding, for one objective or several.

    Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEVC 6(2),
    2002. Constraints rank as in its section VI; parents win tournaments by front, then by
    crowding (section III.C). Parameters that only some trials have are inherited from parents that
    have them.

    Args:
        population_size: Trials that survive a generation; at least 2, and at least as many as
            a child has parents.
        mutation: How a numerical parameter mutates; None to draw it anew.
        mutation_prob: Probability that a parameter mutates; None for 1 over their number.
        crossover: How parents combine; None for `UniformCrossover`.
        crossover_prob: Probability that a child has several parents; otherwise it starts as a
            copy of one.
        swapping_prob: Probability that a choice (and with the default crossover any parameter)
            comes from the first parent.
        seed: Of all draws.
        constraints_func: Computes a completed trial's constraints (at most 0 is feasible), where
            the objective does not set them itself.
        elite_population_selection_strategy: Replaces the selection: given the study's `History`
            and the candidates, returns the trials that survive.
        child_generation_strategy: Replaces crossover and mutation: given the study's `History`,
            the distributions by name and the parents, returns parameters by name.
        after_trial_strategy: Not available; see below.

    Raises:
        InvalidArgument: If an argument is out of range, or ``after_trial_strategy`` is given (a
            callback of `Study.optimize` does what it did).
    """

    _prefix = "nsgaii:"

    def __init__(
        self,
        *,
        population_size: int = 50,
        mutation: BaseMutation | None = None,
        mutation_prob: float | None = None,
        crossover: BaseCrossover | None = None,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        elite_population_selection_strategy: EliteStrategy | None = None,
        child_generation_strategy: ChildStrategy | None = None,
        after_trial_strategy: Callable[..., None] | None = None,
    ) -> None:
        super().__init__(
            population_size=population_size,
            mutation=mutation,
            mutation_prob=mutation_prob,
            crossover=crossover,
            crossover_prob=crossover_prob,
            swapping_prob=swapping_prob,
            seed=seed,
            constraints_func=constraints_func,
            elite_population_selection_strategy=elite_population_selection_strategy,
            child_generation_strategy=child_generation_strategy,
            after_trial_strategy=after_trial_strategy,
        )

    def select(
        self, losses: Floats, violation: Floats, n: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Whole fronts, then the least crowded of the front that does not fit."""
        return _by_front_and_crowding(losses, violation)[:n]

    def merit(self, losses: Floats, violation: Floats) -> NDArray[np.int64]:
        """Place in the order of fronts and, within one, of crowding."""
        order = _by_front_and_crowding(losses, violation)
        merit = np.empty(len(order), dtype=np.int64)
        merit[order] = np.arange(len(order))
        return merit


def _by_front_and_crowding(losses: Floats, violation: Floats) -> NDArray[np.int64]:
    rank = nondominated_rank(losses, violation)
    distance = np.zeros(len(losses))
    for front in range(int(rank.max(initial=-1)) + 1):
        rows = np.nonzero(rank == front)[0]
        distance[rows] = crowding_distance(losses[rows])
    return np.lexsort((-distance, rank))
