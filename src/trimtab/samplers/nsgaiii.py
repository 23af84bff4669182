"""NSGA-III."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial
from trimtab.samplers.nsgaii.crossover import BaseCrossover
from trimtab.samplers.nsgaii.genetic import ChildStrategy, EliteStrategy, GeneticSampler
from trimtab.samplers.nsgaii.mutation import BaseMutation
from trimtab.samplers.pareto import nondominated_rank
from trimtab.space import Floats

_OTHER_AXES = 1e6


class NSGAIIISampler(GeneticSampler):
    """Nondominated sorting and niches about reference directions, for many objectives.

    Deb and Jain, "An evolutionary many-objective optimization algorithm using reference-point
    based nondominated sorting approach, part I", IEEE TEVC 18(4), 2014; constraints as in part II.

    Args:
        population_size: See `NSGAIISampler`.
        mutation: See `NSGAIISampler`.
        mutation_prob: See `NSGAIISampler`.
        crossover: See `NSGAIISampler`.
        crossover_prob: See `NSGAIISampler`.
        swapping_prob: See `NSGAIISampler`.
        seed: See `NSGAIISampler`.
        constraints_func: See `NSGAIISampler`.
        reference_points: Shape (p, m), one direction a row, none of them 0; None for directions
            spread evenly.
        dividing_parameter: Into how many parts an axis is divided for them; at least 1.
        elite_population_selection_strategy: See `NSGAIISampler`.
        child_generation_strategy: See `NSGAIISampler`.
        after_trial_strategy: See `NSGAIISampler`.

    Raises:
        InvalidArgument: If an argument is out of range; when asking, if ``reference_points`` do
            not have as many columns as the study has objectives.
    """

    _prefix = "nsgaiii:"

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
        reference_points: ArrayLike | None = None,
        dividing_parameter: int = 3,
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
        if dividing_parameter < 1:
            raise InvalidArgument("dividing_parameter", "at least 1", dividing_parameter)
        self._divisions = dividing_parameter
        self._given = None if reference_points is None else _checked(reference_points)

    def select(
        self, losses: Floats, violation: Floats, n: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Whole fronts, then those of the front that does not fit whose niches are empty."""
        rank = nondominated_rank(losses, violation)
        last = int(np.sort(rank)[n - 1])
        elite, border = np.nonzero(rank < last)[0], np.nonzero(rank == last)[0]
        wanted = n - len(elite)
        if wanted == len(border):
            return np.concatenate([elite, border])
        both = np.concatenate([elite, border])
        niche, distance = _associate(_normalized(losses[both]), self._directions(losses.shape[1]))
        k = len(elite)
        chosen = _fill_niches(niche[:k], niche[k:], distance[k:], wanted, rng)
        return np.concatenate([elite, border[chosen]])

    def merit(self, losses: Floats, violation: Floats) -> NDArray[np.int64]:
        """The front: the niches keep the parents apart already."""
        return nondominated_rank(losses, violation)

    def _directions(self, m: int) -> Floats:
        if self._given is None:
            return reference_directions(m, self._divisions)
        if self._given.shape[1] != m:
            raise InvalidArgument("reference_points", f"{m} columns", self._given.shape)
        return self._given


def reference_directions(m: int, divisions: int) -> Floats:
    """All points of the unit simplex whose coordinates are multiples of ``1 / divisions``.

    Das and Dennis, SIAM J. Optim. 8(3), 1998.

    Returns:
        Shape (p, m).
    """
    ways = combinations_with_replacement(range(m), divisions)
    return np.array([np.bincount(way, minlength=m) for way in ways]) / divisions


def _checked(points: ArrayLike) -> Floats:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all() or not (array != 0.0).any(axis=1).all():
        raise InvalidArgument(
            "reference_points", "shape (p, m), finite, without a row of zeros", points
        )
    return array


def _normalized(losses: Floats) -> Floats:
    """Objectives from the ideal point, in units of the intercepts (part I, section IV.C)."""
    moved = losses - losses.min(axis=0)
    m = moved.shape[1]
    weights = np.where(np.eye(m, dtype=bool), 1.0, _OTHER_AXES)
    extremes = moved[(moved[None, :, :] * weights[:, None, :]).max(axis=2).argmin(axis=1)]
    intercepts = moved.max(axis=0)
    if np.linalg.matrix_rank(extremes) == m:
        plane = np.linalg.solve(extremes, np.ones(m))
        if (plane > 0.0).all():
            intercepts = 1.0 / plane
    scaled: Floats = moved / np.where(intercepts > 0.0, intercepts, 1.0)
    return scaled


def _associate(points: Floats, directions: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The direction nearest to every point, and its distance (section IV.D)."""
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    along = points @ units.T
    squared = np.maximum((points**2).sum(axis=1)[:, None] - along**2, 0.0)
    niche = squared.argmin(axis=1)
    return niche, np.sqrt(squared[np.arange(len(points)), niche])


def _fill_niches(
    taken: NDArray[np.int64],
    niche: NDArray[np.int64],
    distance: Floats,
    wanted: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Indices of ``wanted`` candidates, from the emptiest niches first (section IV.E).

    Args:
        taken: Niches of those who survive already.
        niche: Shape (k,), the candidates' niches.
        distance: Shape (k,), how far the candidates are from their directions.
        wanted: At most k.
        rng: Settles ties.
    """
    members: dict[int, list[int]] = {}
    for i in rng.permutation(len(niche)).tolist():
        members.setdefault(int(niche[i]), []).append(i)
    count = {j: int((taken == j).sum()) for j in members}
    chosen: list[int] = []
    while len(chosen) < wanted:
        fewest = min(count.values())
        emptiest = [j for j, n in count.items() if n == fewest]
        j = emptiest[int(rng.integers(len(emptiest)))]
        candidates = members[j]
        if fewest == 0:
            candidates.sort(key=lambda i: -distance[i])
        chosen.append(candidates.pop())
        count[j] += 1
        if not candidates:
            del count[j], members[j]
    return np.array(chosen, dtype=np.int64)
