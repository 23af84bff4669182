"""Which of very many trials a figure shows.

A screen has some thousand pixels across; what 100,000 markers add to 5,000 cannot be seen, and
takes a browser minutes. `thin` keeps all landmarks (the first and the last trial, each that was
the best so far, the smallest and the largest of every column, the best tenth of the limit) and
fills up with a stratified sample: the others are cut, in their order, into as many runs of equal
length as there is room, and one of each run is drawn. The draw has a fixed seed, so that a figure
made twice is the same; it is a draw, and not every k-th trial, because a sampler may be periodic.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.space import Floats

Indices = NDArray[np.int64]

MAX_TRIALS = 5_000
"""How many trials a figure shows unless it is told otherwise."""

_LEAST = 10


def check_limit(max_trials: int) -> int:
    """``max_trials`` if it may be a limit.

    Raises:
        InvalidArgument: If it is below 10.
    """
    if max_trials < _LEAST:
        raise InvalidArgument("max_trials", f"an integer of at least {_LEAST}", max_trials)
    return int(max_trials)


def shared_limit(limit: int, panels: int) -> int:
    """How many trials each panel may show, so that all have at most three times the limit."""
    return max(min(limit, 3 * limit // panels), _LEAST)


def thin(n: int, landmarks: Iterable[Indices], limit: int) -> Indices:
    """Indices, ascending, of at most ``limit`` of ``n`` rows.

    Args:
        n: Rows there are.
        landmarks: Rows to keep, in sets, the most important first. Where all sets together are
            more than the limit, the set that no longer fits is itself sampled.
        limit: At least 1.
    """
    if n <= limit:
        return np.arange(n)
    kept = np.zeros(n, dtype=bool)
    room = limit
    for rows in landmarks:
        fresh = np.unique(rows[~kept[rows]])
        kept[fresh if len(fresh) <= room else fresh[_spread(len(fresh), room)]] = True
        room = limit - int(np.count_nonzero(kept))
        if not room:
            break
    rest = np.nonzero(~kept)[0]
    kept[rest[_spread(len(rest), room)]] = True
    return np.nonzero(kept)[0]


def ends(n: int) -> Indices:
    """The first and the last of n rows, if there are any."""
    return np.unique(np.array([0, n - 1])) if n else np.empty(0, dtype=np.int64)


def extremes(columns: Iterable[Floats]) -> Indices:
    """The rows that hold the smallest and the largest value of each column; NaN is neither."""
    rows: list[int] = []
    for column in columns:
        known = np.nonzero(np.isfinite(column))[0]
        if len(known):
            rows += [int(known[np.argmin(column[known])]), int(known[np.argmax(column[known])])]
    return np.unique(np.array(rows, dtype=np.int64))


def incumbents(losses: Floats) -> Indices:
    """The rows that were better than all before them; NaN and inf never are."""
    clean = np.where(np.isnan(losses), np.inf, losses)
    before = np.concatenate([[np.inf], np.minimum.accumulate(clean)[:-1]])
    return np.nonzero(clean < before)[0]


def smallest(losses: Floats, count: int) -> Indices:
    """The rows of the ``count`` smallest losses, in no order."""
    if count >= len(losses):
        return np.arange(len(losses))
    return np.argpartition(losses, count)[:count]


def _spread(n: int, count: int) -> Indices:
    """One index of each of ``count`` runs of equal length that make up [0, n)."""
    if count >= n:
        return np.arange(n)
    bounds = np.linspace(0, n, count + 1).astype(np.int64)
    draws = np.random.default_rng(0).random(count)
    return bounds[:-1] + (draws * np.diff(bounds)).astype(np.int64)
