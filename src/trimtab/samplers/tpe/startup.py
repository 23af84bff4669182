"""The first trials: stratified, so that few points leave no large part of a column unseen."""

from __future__ import annotations

import zlib

import numpy as np

from trimtab.space import Floats, Space


class Startup:
    """A Latin hypercube (McKay, Beckman and Conover, 1979), one column at a time.

    In every column the first k trials fall into k different strata, in an order that the seed and
    the column's name decide; so a column that turns up only in mid-trial is stratified as well.

    Args:
        seed: None for fresh entropy.
        trials: k; trial numbers beyond it begin anew.
    """

    def __init__(self, seed: int | None, trials: int) -> None:
        self._entropy = np.random.SeedSequence(seed).entropy
        self._trials = max(trials, 1)
        self._strata: dict[str, list[int]] = {}

    def point(self, space: Space, number: int, rng: np.random.Generator) -> Floats:
        """The point of one trial, shape (d,)."""
        out = rng.random(len(space))
        turn = number % self._trials
        for j, name in enumerate(space.names):
            strata = self._strata.get(name)
            if strata is None:
                key = (zlib.crc32(name.encode()),)
                sequence = np.random.SeedSequence(self._entropy, spawn_key=key)
                order = np.random.Generator(np.random.PCG64(sequence)).permutation(self._trials)
                strata = self._strata[name] = order.tolist()
            out[j] = (strata[turn] + out[j]) / self._trials
        return out
