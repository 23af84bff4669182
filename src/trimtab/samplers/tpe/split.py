"""Which trials are good, and which of the others still count.

The good ones are the best ``gamma(n)``. Of the rest, however many, only the latest stand in the
density of the bad: older ones lie where the search no longer is, and leaving them out changed no
result (see benchmarks/tpe_ablation.md) while it bounds the cost. What a split holds depends on the
trials and their order alone, not on when a proposal was asked for, so that a rebuilt one is equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from typing import TypeAlias

import numpy as np

from trimtab.space import Floats

Key: TypeAlias = tuple[int, float, float, int]
"""(tier, first criterion, second criterion, trial number): smaller is better. Tier 0 holds the
feasible complete trials by loss, 1 the pruned ones, 2 the infeasible ones by violation."""


_MOST_TIES = 100
"""Good trials at most where many are as good as the last of them; more would only cost time."""


class Pool(ABC):
    """Trials in slots, so that arrays of them change in one row at a time.

    Args:
        gamma: How many of n trials are good.
        capacity: How many of the latest bad trials are kept.

    Attributes:
        count: n, trials added so far.
        slots: Trial number by slot; what stands in a free slot is stale.
        takes: Every slot that was ever given a trial, in order.
        is_bad: Shape (at least len(slots),), 1 where the slot's trial is among the bad.
        version: Another one whenever the good trials are others.
    """

    ranked = True
    """Whether the first of the good are better than the last."""

    def __init__(self, gamma: Callable[[int], int], capacity: int) -> None:
        self.count = 0
        self.slots: list[int] = []
        self.takes: list[int] = []
        self.is_bad: Floats = np.zeros(64)
        self.version = 0
        self._gamma = gamma
        self._capacity = capacity
        self._slot_of: dict[int, int] = {}
        self._free: list[int] = []
        self._latest: dict[int, None] = {}  # bad trials, the one longest there first

    @abstractmethod
    def add(self, key: Key, losses: tuple[float, ...]) -> None:
        """Take in a trial."""

    @abstractmethod
    def replace(self, old: Key, new: Key, losses: tuple[float, ...]) -> None:
        """Take in that a trial's rank changed (a replicate came in)."""

    @abstractmethod
    def good(self) -> list[int]:
        """Slots of the good trials, best first."""

    def _take_slot(self, number: int) -> int:
        slot = self._slot_of.get(number)
        if slot is not None:
            return slot
        if self._free:
            slot = self._free.pop()
            self.slots[slot] = number
        else:
            slot = len(self.slots)
            self.slots.append(number)
            if slot >= len(self.is_bad):
                self.is_bad = np.concatenate([self.is_bad, np.zeros_like(self.is_bad)])
        self._slot_of[number] = slot
        self.takes.append(slot)
        return slot

    def _free_slot(self, number: int) -> None:
        slot = self._slot_of.pop(number)
        self.is_bad[slot] = 0.0
        self._free.append(slot)


class Split(Pool):
    """The split of one objective: a sorted list of the good and a heap of the others.

    An entry costs O(log n) however long the study is.
    """

    def __init__(self, gamma: Callable[[int], int], capacity: int) -> None:
        super().__init__(gamma, capacity)
        self._good: list[Key] = []
        self._rest: list[Key] = []
        self._dead: set[Key] = set()  # in the heap still, but replaced

    def add(self, key: Key, losses: tuple[float, ...]) -> None:
        """Take in a trial."""
        self.count += 1
        good, wanted = self._good, self._gamma(self.count)
        if len(good) >= wanted and (not good or (key > good[-1] and not self._joins(key))):
            heappush(self._rest, key)
            self._retire(key[3])
            if good and self._joins(self._rest[0]):  # one more trial is room for one more tie
                self._balance(wanted)
        else:
            insort(good, key)
            self._promote(key[3])
            self._balance(wanted)

    def replace(self, old: Key, new: Key, losses: tuple[float, ...]) -> None:
        """Take in that a trial's rank changed."""
        if old in self._good:
            self._good.remove(old)
            self.version += 1
        else:
            self._dead.add(old)
        heappush(self._rest, new)
        self._balance(self._gamma(self.count))
        if new[3] in self._slot_of and new not in self._good:
            self._retire(new[3])

    def good(self) -> list[int]:
        """Slots of the good trials, best first."""
        slot_of = self._slot_of
        return [slot_of[key[3]] for key in self._good]

    def _joins(self, key: Key) -> bool:
        """Whether a trial is as good as the last of the good, and there is room for it.

        Ratings by people have few levels: of ten trials rated best, three may not be called good
        and seven bad. At most half of all trials are good for this reason.
        """
        room = min(self.count // 2, _MOST_TIES)
        return len(self._good) < room and key[:3] == self._good[-1][:3]

    def _too_many(self, wanted: int) -> bool:
        """Whether the last of the good is not among the ``wanted`` best, nor as good as they."""
        good = self._good
        if len(good) <= wanted:
            return False
        room = min(self.count // 2, _MOST_TIES)
        return wanted == 0 or len(good) > max(wanted, room) or good[-1][:3] != good[wanted - 1][:3]

    def _balance(self, wanted: int) -> None:
        """Make the good trials the ``wanted`` best again, and those that are as good."""
        good, rest = self._good, self._rest
        while self._too_many(wanted):
            self.version += 1
            key = good.pop()
            heappush(rest, key)
            self._retire(key[3])
        while True:
            while rest and rest[0] in self._dead:
                self._dead.discard(heappop(rest))
            if not rest:
                return
            if len(good) < wanted or (good and self._joins(rest[0])):
                best = heappop(rest)
            elif good and rest[0] < good[-1]:
                worst = good.pop()
                best = heapreplace(rest, worst)
                self._retire(worst[3])
            else:
                return
            insort(good, best)
            self._promote(best[3])

    def _promote(self, number: int) -> None:
        """A trial is good now."""
        self.version += 1
        self._latest.pop(number, None)
        slot = self._take_slot(number)
        self.is_bad[slot] = 0.0

    def _retire(self, number: int) -> None:
        """A trial is bad now; where the pool is full, the one longest there leaves."""
        if number in self._latest:
            return
        slot = self._take_slot(number)
        self.is_bad[slot] = 1.0
        self._latest[number] = None
        if len(self._latest) > self._capacity:
            oldest = next(iter(self._latest))
            del self._latest[oldest]
            self._free_slot(oldest)
