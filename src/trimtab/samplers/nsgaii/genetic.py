"""What genetic samplers share: generations, parents, children."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import DELETED, FrozenTrial, History, TrialState
from trimtab.samplers.arms import REPLICATE_OF, Arms
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.follow import Follower
from trimtab.samplers.nsgaii.crossover import BaseCrossover, UniformCrossover, probability
from trimtab.samplers.nsgaii.mutation import BaseMutation
from trimtab.space import Distribution, Floats, Space

_TRIES = 16
_COMPLETE = int(TrialState.COMPLETE)
_UNIT = np.array([0.0, 1.0])

EliteStrategy = Callable[[History, list[FrozenTrial]], list[FrozenTrial]]
ChildStrategy = Callable[[History, dict[str, Distribution], list[FrozenTrial]], dict[str, Any]]


class GeneticSampler(Sampler):
    """Chooses parents among completed trials, generation by generation, and crosses them.

    The first generation is random. A generation ends when ``population_size`` trials have
    completed that no selection has looked at yet, whoever proposed them: parallel workers wait
    for nothing, late and enqueued trials take part in the next selection. What was chosen, and
    from what, travels in the record of the trial that begins a generation.

    Subclasses say who survives (`select`) and which of two parents is better (`merit`).
    """

    _prefix = "genetic:"

    def __init__(
        self,
        *,
        population_size: int,
        mutation: BaseMutation | None,
        mutation_prob: float | None,
        crossover: BaseCrossover | None,
        crossover_prob: float,
        swapping_prob: float,
        seed: int | None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None,
        elite_population_selection_strategy: EliteStrategy | None,
        child_generation_strategy: ChildStrategy | None,
        after_trial_strategy: Callable[..., None] | None,
    ) -> None:
        super().__init__(seed)
        self._swapping_prob = probability("swapping_prob", swapping_prob)
        crossover = UniformCrossover(swapping_prob) if crossover is None else crossover
        if not isinstance(crossover, BaseCrossover):
            raise InvalidArgument("crossover", "a trimtab.samplers.nsgaii.BaseCrossover", crossover)
        if mutation is not None and not isinstance(mutation, BaseMutation):
            raise InvalidArgument("mutation", "a trimtab.samplers.nsgaii.BaseMutation", mutation)
        if population_size < max(2, crossover.n_parents):
            raise InvalidArgument(
                "population_size",
                f"at least {max(2, crossover.n_parents)} with {crossover}",
                population_size,
            )
        if after_trial_strategy is not None:
            raise InvalidArgument(
                "after_trial_strategy",
                "None: pass a callback to `Study.optimize` instead",
                after_trial_strategy,
            )
        if mutation_prob is not None:
            mutation_prob = probability("mutation_prob", mutation_prob)
        self.population_size = population_size
        self.constraints_func = constraints_func
        self._crossover = crossover
        self._crossover_prob = probability("crossover_prob", crossover_prob)
        self._mutation = mutation
        self._mutation_prob = mutation_prob
        self._elite = elite_population_selection_strategy
        self._child = child_generation_strategy
        self._followed = Follower(partial(_Generations, self._prefix))
        self._parents: _Parents | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_parents": None}  # it can be derived again, and holds a history

    # ------------------------------------------------------------------ for subclasses

    @abstractmethod
    def select(
        self, losses: Floats, violation: Floats, n: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Who survives.

        Args:
            losses: Shape (k, m), k >= n, turned to be small.
            violation: Shape (k,), 0 where feasible.
            n: How many survive.
            rng: The only source of randomness.

        Returns:
            Shape (n,), indices.
        """

    @abstractmethod
    def merit(self, losses: Floats, violation: Floats) -> NDArray[np.int64]:
        """Shape (k,): smaller for the parent that wins a tournament; arguments as `select`."""

    # ------------------------------------------------------------------ proposing

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A child of the latest parents; a random point in the first generation."""
        generations = self._followed.at(history)
        state: dict[str, Any] = {}
        generation = generations.latest
        chosen = generations.parents(history)
        if len(generations.fresh) >= self.population_size:
            generation += 1
            pool = sorted(generations.fresh)
            chosen = self._survivors(history, generations, sorted({*chosen, *pool}), rng)
            state[self._prefix + "selection"] = {
                "generation": generation,
                "parents": chosen,
                "pool": _runs(pool),
            }
        state[self._prefix + "generation"] = generation
        if len(chosen) < self._crossover.n_parents:
            return Proposal(rng.random(len(space)), state)
        parents = self._parents
        if parents is None or not parents.fit(history, space, chosen):
            parents = self._parents = _Parents(history, generations.arms, space, chosen, self.merit)
        if self._child is not None:
            params = self._child(history, dict(space), parents.trials())
            return Proposal(rng.random(len(space)), state, params)
        return Proposal(self._offspring(history, space, parents, rng), state)

    def _survivors(
        self,
        history: History,
        generations: _Generations,
        pool: list[int],
        rng: np.random.Generator,
    ) -> list[int]:
        if self._elite is not None:
            chosen = self._elite(history, [history.trial(number) for number in pool])
            return [trial.number for trial in chosen]
        rows = np.array(pool, dtype=np.int64)
        losses = generations.arms.losses(history, rows)
        kept = self.select(losses, history.violation[rows], self.population_size, rng)
        return [int(number) for number in np.sort(rows[kept])]

    def _offspring(
        self, history: History, space: Space, parents: _Parents, rng: np.random.Generator
    ) -> Floats:
        """A child in the unit cube."""
        d = len(space)
        if rng.random() < self._crossover_prob:
            child = self._cross(history, space, parents, rng)
        else:
            child = parents.points[int(rng.integers(len(parents.points)))].copy()
        if not parents.complete:  # conditional parameters that no parent has
            unknown = np.isnan(child)
            child[unknown] = rng.random(int(unknown.sum()))
        rate = 1.0 / max(d, 1) if self._mutation_prob is None else self._mutation_prob
        for j in np.nonzero(rng.random(d) < rate)[0].tolist():
            if self._mutation is None or space.is_categorical[j]:
                child[j] = rng.random()
            else:
                child[j] = self._mutation.mutation(float(child[j]), rng, history, _UNIT)
        return np.clip(child, 0.0, 1.0)

    def _cross(
        self, history: History, space: Space, parents: _Parents, rng: np.random.Generator
    ) -> Floats:
        child = np.empty(0)
        for _ in range(_TRIES):  # until the child lies inside the bounds
            points = parents.points[parents.tournament(self._crossover.n_parents, rng)]
            if parents.plain:
                child = self._crossover.crossover(points, rng, history, parents.bounds)
                if child.min() >= 0.0 and child.max() <= 1.0:
                    break
                continue
            child = points[-1].copy()
            first = rng.random(len(child)) < self._swapping_prob
            child[first] = points[0, first]
            crossed = parents.numerical
            if not parents.complete:
                # A conditional parameter comes from one of the parents that have it.
                crossed = crossed & np.isfinite(points).all(axis=0)
                for j in np.nonzero(np.isnan(child))[0].tolist():
                    known = points[np.isfinite(points[:, j]), j]
                    if len(known):
                        child[j] = known[int(rng.integers(len(known)))]
            if crossed.any():
                bounds = parents.bounds[crossed]
                child[crossed] = self._crossover.crossover(points[:, crossed], rng, history, bounds)
            if not ((child < 0.0) | (child > 1.0)).any():
                break
        return np.clip(child, 0.0, 1.0)


class _Parents:
    """One generation's parents under one space, ready to be crossed.

    Attributes:
        points: Shape (p, d), in the unit cube, NaN where a parent lacks a parameter.
        numerical: Shape (d,), whether a column is numerical.
        complete: Whether nothing is missing.
        plain: Whether moreover all columns are numerical.
        bounds: Shape (d, 2).
    """

    def __init__(
        self,
        history: History,
        arms: Arms,
        space: Space,
        numbers: list[int],
        merit: Callable[[Floats, Floats], NDArray[np.int64]],
    ) -> None:
        rows = np.array(numbers, dtype=np.int64)
        self._history = history
        self._space = space
        self._numbers = numbers
        self._trials: list[FrozenTrial] | None = None
        self._merit = merit(arms.losses(history, rows), history.violation[rows]).tolist()
        self.points = history.unit_rows(space, rows)
        self.numerical: NDArray[np.bool_] = ~space.is_categorical
        self.complete = bool(np.isfinite(self.points).all())
        self.plain = self.complete and bool(self.numerical.all()) and len(space) > 0
        self.bounds = np.tile(_UNIT, (len(space), 1))

    def fit(self, history: History, space: Space, numbers: list[int]) -> bool:
        """Whether these are the parents asked for."""
        return (
            self._history is history
            and (self._numbers is numbers or self._numbers == numbers)
            and (self._space is space or self._space == space)
        )

    def tournament(self, n: int, rng: np.random.Generator) -> list[int]:
        """Indices of n different parents, each the better of two drawn at random."""
        merit = self._merit
        left = list(range(len(merit)))
        winners = []
        for _ in range(n):
            a, b = (left[i] for i in rng.integers(len(left), size=2).tolist())
            winner = a if merit[a] < merit[b] else b
            winners.append(winner)
            left.remove(winner)
        return winners

    def trials(self) -> list[FrozenTrial]:
        """The parents as records."""
        if self._trials is None:
            self._trials = [self._history.trial(number) for number in self._numbers]
        return self._trials


class _Generations:
    """The selections made so far, and the trials that none of them has looked at.

    Args:
        prefix: Of the keys in the trials' records.
    """

    def __init__(self, prefix: str) -> None:
        self._key = prefix + "selection"
        self._selections: dict[int, int] = {}
        self.arms = Arms()
        self._chosen: list[int] | None = None
        self.fresh: set[int] = set()

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """See `Derived.absorb`."""
        self.arms.absorb(history, rows, finished)
        states = history.states
        self.fresh.update(
            number
            for number in finished
            if states[number] == _COMPLETE and REPLICATE_OF not in history.system_attrs(number)
        )
        for number in rows:
            selection = history.system_attrs(number).get(self._key)
            if selection is not None:
                self._take(history, number, selection)
            elif states[number] == DELETED and number in self._selections.values():
                self._selections = {g: n for g, n in self._selections.items() if n != number}
                self._chosen = None

    def _take(self, history: History, number: int, selection: Mapping[str, Any]) -> None:
        # Two workers may have made one selection: the earlier trial's holds.
        generation = int(selection["generation"])
        known = self._selections.get(generation)
        if known is not None and known < number:
            return
        if known is not None and known != number:
            self.fresh.update(_numbers(history.system_attrs(known)[self._key]["pool"]))
        self._selections[generation] = number
        self._chosen = None
        self.fresh.difference_update(_numbers(selection["pool"]))

    @property
    def latest(self) -> int:
        """The generation of the latest selection; 0 before the first one."""
        return max(self._selections, default=0)

    def parents(self, history: History) -> list[int]:
        """Numbers chosen by the latest selection; the same list until there is another one."""
        if self._chosen is None:
            self._chosen = []
            if self._selections:
                attrs = history.system_attrs(self._selections[self.latest])
                states, archived = history.states, history.archived
                self._chosen = [
                    n
                    for n in attrs[self._key]["parents"]
                    if n < len(states) and states[n] == _COMPLETE and not archived[n]
                ]
        return self._chosen


def _runs(numbers: Iterable[int]) -> list[int]:
    """Ascending numbers as first, length, first, length, ... of their runs."""
    out: list[int] = []
    for number in numbers:
        if out and out[-2] + out[-1] == number:
            out[-1] += 1
        else:
            out += [number, 1]
    return out


def _numbers(runs: Sequence[int]) -> list[int]:
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return [first + i for first, length in pairs for i in range(length)]
