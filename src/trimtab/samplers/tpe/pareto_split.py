"""The split of several objectives.

Good are the trials of the first fronts; the front that does not fit whole gives those that cover
the most hypervolume (Ozaki et al., "Multiobjective tree-structured Parzen estimator", JAIR 73,
2022, section 4.2). The hypervolume is the mean over directions of a scalarization (Golovin and
Zhang, "Random hypervolume scalarizations for provable multi-objective black box optimization",
ICML 2020, Lemma 5), which costs the same for any number of objectives and adds up greedily.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trimtab.samplers.tpe.split import Key, Pool
from trimtab.space import Floats

_DIRECTIONS = 64
_ARCHIVE = 100


class ParetoSplit(Pool):
    """The good by front and hypervolume, from a bounded archive.

    Whoever is dominated by more trials than can be good never is good again, so that little is
    lost by keeping an archive of the best only; it is cut back when it has grown to twice its
    size.
    """

    ranked = False

    def __init__(self, gamma: Callable[[int], int], capacity: int) -> None:
        super().__init__(gamma, capacity)
        self._archive: dict[int, tuple[float, ...]] = {}
        self._others: list[Key] = []  # pruned and infeasible, best first
        self._chosen: list[int] | None = None
        self._chosen_of = 0  # how many were wanted
        self._losses: Floats = np.empty((0, 0))  # of the archive when it was last looked through

    def add(self, key: Key, losses: tuple[float, ...]) -> None:
        """Take in a trial."""
        self.count += 1
        self._enter(key, losses)
        number = key[3]
        slot = self._take_slot(number)
        self.is_bad[slot] = 1.0
        self._latest[number] = None
        if len(self._latest) > self._capacity:
            oldest = next(iter(self._latest))
            del self._latest[oldest]
            self._let_go(oldest)

    def replace(self, old: Key, new: Key, losses: tuple[float, ...]) -> None:
        """Take in that a trial's rank changed."""
        self._chosen = None
        self._losses = np.empty((0, 0))
        self._archive.pop(old[3], None)
        place = bisect_left(self._others, old)
        if place < len(self._others) and self._others[place] == old:
            del self._others[place]
        slot = self._take_slot(new[3])
        self.is_bad[slot] = 1.0
        self._enter(new, losses)

    def good(self) -> list[int]:
        """Slots of the good trials, front by front."""
        wanted = self._gamma(self.count)
        if self._chosen is None or wanted != self._chosen_of:
            numbers = self._best(wanted)
            self.is_bad[: len(self.slots)] = 0.0
            for slot in self._slot_of.values():
                self.is_bad[slot] = 1.0
            self._chosen = [self._slot_of[number] for number in numbers]
            self._chosen_of = wanted
            self.is_bad[self._chosen] = 0.0
            self.version += 1
        return self._chosen

    def _enter(self, key: Key, losses: tuple[float, ...]) -> None:
        number = key[3]
        self._take_slot(number)
        if key[0] != 0 or not self._is_hopeless(losses):
            self._chosen = None
        room = max(_ARCHIVE, 2 * self._gamma(self.count))
        if key[0] == 0:
            self._archive[number] = losses
            if len(self._archive) > 2 * room:
                kept = set(self._best(room, feasible_only=True))
                for gone in [n for n in self._archive if n not in kept]:
                    del self._archive[gone]
                    self._let_go(gone)
        else:
            insort(self._others, key)
            if len(self._others) > room:
                self._let_go(self._others.pop()[3])

    def _is_hopeless(self, losses: tuple[float, ...]) -> bool:
        """Whether so many dominate a trial that who is good does not depend on it."""
        if len(self._losses) <= self._chosen_of:
            return False
        point = np.array(losses)
        worse = (self._losses <= point).all(axis=1) & (self._losses < point).any(axis=1)
        return int(np.count_nonzero(worse)) >= max(self._chosen_of, 1)

    def _let_go(self, number: int) -> None:
        """Free the slot of a trial that is neither among the latest nor among the best."""
        if number in self._latest or number in self._archive:
            return
        if any(key[3] == number for key in self._others):
            return
        self._free_slot(number)

    def _best(self, wanted: int, *, feasible_only: bool = False) -> list[int]:
        numbers = list(self._archive)
        chosen: list[int] = []
        if numbers:
            losses = self._losses = np.array(list(self._archive.values()))
            chosen = [numbers[i] for i in best_by_hypervolume(losses, wanted).tolist()]
        if not feasible_only:
            chosen += [key[3] for key in self._others[: max(wanted - len(chosen), 0)]]
        return chosen


def best_by_hypervolume(losses: Floats, wanted: int) -> NDArray[np.int64]:
    """Rows of the best points: whole fronts, then what covers most of the next one.

    Args:
        losses: Shape (n, m), smaller is better.
        wanted: How many; at most n are returned.

    Returns:
        Row numbers, front by front.
    """
    if wanted >= len(losses):
        return np.arange(len(losses))
    not_worse = np.ones((len(losses), len(losses)), dtype=bool)
    for column in losses.T:
        not_worse &= column[:, None] <= column
    dominates = not_worse & ~not_worse.T
    dominators = dominates.sum(axis=0)
    chosen: list[NDArray[np.int64]] = []
    while wanted > 0:
        front = np.nonzero(dominators == 0)[0]
        if len(front) > wanted:
            front = front[_cover(losses[front], wanted)]
        chosen.append(front)
        wanted -= len(front)
        dominators -= dominates[front].sum(axis=0)
        dominators[front] = -1
    return np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64)


def _cover(losses: Floats, wanted: int) -> list[int]:
    """Greedily, rows of one front that cover the most hypervolume."""
    low, high = losses.min(axis=0), losses.max(axis=0)
    room = np.where(high > low, high - low, 1.0)
    # The worst of the front, moved out by a tenth of its range, is the reference point.
    heights = (high + 0.1 * room - losses) / (1.1 * room)
    m = losses.shape[1]
    scales = _directions(m)
    covered = heights[:, :1] / scales[:, 0]
    for j in range(1, m):
        np.minimum(covered, heights[:, j : j + 1] / scales[:, j], out=covered)
    covered **= m
    best = np.zeros(len(scales))
    chosen: list[int] = []
    free = np.ones(len(losses), dtype=bool)
    for _ in range(wanted):
        gains = np.maximum(covered - best, 0.0).sum(axis=1)
        gains[~free] = -1.0
        winner = int(np.argmax(gains))
        chosen.append(winner)
        free[winner] = False
        np.maximum(best, covered[winner], out=best)
    return chosen


@lru_cache(maxsize=8)
def _directions(m: int) -> Floats:
    """Directions of the positive orthant, always the same; shape (64, m)."""
    draws = np.abs(np.random.Generator(np.random.PCG64(m)).standard_normal((_DIRECTIONS, m)))
    draws /= np.linalg.norm(draws, axis=1, keepdims=True)
    out: Floats = np.maximum(draws, 1e-6)
    return out
