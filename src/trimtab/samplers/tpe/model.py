"""The two densities of one split in one space, and the point at which their ratio is largest.

Bergstra et al., "Algorithms for hyper-parameter optimization" (NIPS 2011), section 4: the expected
improvement grows with l(x) / g(x), where l is the density of the good trials and g that of the
bad. What departs from the paper follows Watanabe, "Tree-structured Parzen estimator: understanding
its algorithm components and their roles for better empirical performance" (2023), and the
measurements of benchmarks/tpe_ablation.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History
from trimtab.samplers.tpe.parzen import Columns, gain
from trimtab.samplers.tpe.split import Pool
from trimtab.space import Floats, Space

_TINY = 1e-300
"""Keeps ratios finite where there is no flat kernel."""

_MANY_COLUMNS = 100
"""Columns from which a density may overflow: each of them multiplies it by up to about 1,000."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """How kernels are made of trials.

    Attributes:
        prior_weight: Weight of the flat kernel; that of the good ones averages 1.
        spread: Width over the standard deviation of the good trials, besides Scott's factor
            ``n ** (-1 / (4 + q))`` ("Multivariate density estimation", 1992, eq. 6.41).
        prior_trials: The spread starts at that of the uniform distribution, which counts as
            this many good trials and loses force as trials come in, by ``1 + n * forgetting``.
        forgetting: See there.
        widest: Largest width.
        narrowest: Smallest width.
        cell: Smallest width in cells of a discrete column.
        miss: Probability that a kernel draws a choice anew.
        rank_weight: 0 weighs the good trials alike; else by ``log(1 + rank_weight n / rank)``.
        weights: Weights by age, oldest first, in place of all that; None: none.
        endpoints: Whether both ends of a column count as good trials for its spread.
    """

    prior_weight: float = 1.0
    spread: float = 0.65
    prior_trials: float = 1.0
    forgetting: float = 0.2
    widest: float = 0.5
    narrowest: float = 1e-4
    cell: float = 0.3
    miss: float = 0.1
    rank_weight: float = 1.0
    weights: Callable[[int], Floats] | None = None
    endpoints: bool = False


class Model:
    """Kernels of one pool's trials in one space; rows follow the pool's slots.

    Args:
        pool: The split.
        space: The columns to be proposed.
        settings: How kernels are made.
    """

    def __init__(self, pool: Pool, space: Space, settings: Kernels) -> None:
        self.pool = pool
        self.columns = Columns(space)
        self._settings = settings
        self._points: Floats = np.full((0, len(space)), np.nan)
        self._kernels: Floats = np.zeros((0, self.columns.width))
        self._read = 0
        self._masses: Floats = np.zeros((0, 2))
        self._cumulated: Floats = np.zeros(0)
        self._made_for = (-1, -1)
        self._centres: Floats = self._points
        self._width: Floats = np.zeros(self.columns.q)
        cells = self.columns.cells
        self._floor = np.full(len(cells), settings.narrowest)
        self._floor[cells > 0] = settings.cell / cells[cells > 0]

    def candidates(
        self,
        history: History,
        pending: list[int],
        count: int,
        rng: np.random.Generator,
        *,
        independent: bool,
    ) -> tuple[Floats, Floats]:
        """Points drawn from the good density, and how promising each is.

        Args:
            history: Where the trials' parameters are.
            pending: Trials whose outcome is not known; they count as bad, so that workers spread
                (the constant liar of Ginsbourger et al., 2010).
            count: n, how many points.
            rng: The only randomness.
            independent: Whether columns are modelled one by one.

        Returns:
            Points, shape (n, d), and l / g, shape (n,), or (n, d) if ``independent``.
        """
        columns, pool, settings = self.columns, self.pool, self._settings
        good = pool.good()
        fresh, rows = self._sync(history, pending)
        kernels, masses = self._kernels[:rows], self._masses[:rows]
        if self._renew(good):
            fresh = list(range(rows))
        widths = self._width
        used = rows - len(pending)
        masses[:used, 1] = pool.is_bad[:used]
        masses[used:] = 0.0, 1.0
        if settings.weights is not None:
            self._weigh_bad_by_age(masses[:used, 1], len(good))
        points = self._draw(widths, count, rng, independent)
        if independent:
            return points, self._ratios_by_column(points, kernels, masses, widths)
        if fresh:
            where = slice(fresh[0], fresh[0] + 1) if len(fresh) == 1 else fresh
            kernels[where, 2 * columns.q] = columns.constants(kernels[where], widths, settings.miss)
        densities = columns.point_features(points, widths, settings.miss) @ kernels.T
        flat = settings.prior_weight + _TINY
        if points.shape[1] > _MANY_COLUMNS:
            # Both sums of a point may be scaled alike; unscaled, a product of so many
            # densities is more than a float holds.
            peaks = np.maximum(densities.max(axis=1, keepdims=True), 0.0)
            densities -= peaks
            flat = flat * np.exp(-peaks)
        np.exp(densities, out=densities)
        sums = densities @ masses
        sums += flat
        if points.shape[1] > _MANY_COLUMNS:
            sums = np.maximum(sums, np.finfo(np.float64).tiny)
        return points, sums[:, 0] / sums[:, 1]

    def _renew(self, good: list[int]) -> bool:
        """Centres, widths and weights, where the good trials or the rounded count are others."""
        pool = self.pool
        # Rounded down to four binary digits: as widths fall slowly, they need not fall every time.
        count = pool.count >> (digits := max(pool.count.bit_length() - 4, 0)) << digits
        if (pool.version, count) == self._made_for:
            return False
        self._made_for = pool.version, count
        # The last row is that of the flat kernel: absent everywhere.
        self._centres = self._points[[*good, -1]]
        self._width = self._widths(self._centres[:-1], count)
        weights, self._cumulated = self._good_weights(good)
        self._masses[:, 0] = 0.0
        self._masses[good, 0] = weights
        return True

    def _sync(self, history: History, pending: list[int]) -> tuple[list[int], int]:
        """Bring the rows up to date; returns those that changed, and how many there are.

        The rows of pending trials come last; they are always new.
        """
        pool, space = self.pool, self.columns.space
        slots, takes = pool.slots, pool.takes
        used = len(slots)
        rows = used + len(pending)
        if rows >= len(self._points):
            self._points = _extended(self._points, 2 * rows + 1, np.nan)
            self._kernels = _extended(self._kernels, 2 * rows + 1, 0.0)
            self._masses = _extended(self._masses, 2 * rows + 1, 0.0)
        if len(takes) - self._read > used:
            fresh = list(range(used))
        else:
            fresh = list(dict.fromkeys(takes[self._read :]))
        self._read = len(takes)
        numbers = [slots[slot] for slot in fresh] + pending
        fresh = fresh + list(range(used, rows))
        if len(fresh) == 1:
            self._write(fresh[0], history.unit_row(space, numbers[0]))
        elif fresh:
            if len(fresh) < 16:
                points = np.array([history.unit_row(space, number) for number in numbers])
            else:
                points = history.unit_rows(space, np.array(numbers))
            features = np.empty((len(fresh), self.columns.width))
            self.columns.kernel_features(points, features)
            self._points[fresh] = points
            self._kernels[fresh] = features
        return fresh, rows

    def _write(self, row: int, point: list[float]) -> None:
        """One row of both arrays, with few calls of NumPy where it is plain."""
        q = self.columns.q
        self._points[row] = point
        if self.columns.all_numeric and not math.isnan(sum(point)):
            kernel = self._kernels[row]
            kernel[:q] = 1.0
            kernel[q : 2 * q] = point
        else:
            rows = slice(row, row + 1)
            self.columns.kernel_features(self._points[rows], self._kernels[rows])

    def _good_weights(self, good: list[int]) -> tuple[Floats, Floats]:
        """Weights of the good trials, shape (n,), best first, and their running sums."""
        settings, n = self._settings, len(good)
        if settings.weights is not None:
            numbers = [self.pool.slots[slot] for slot in good]
            age = np.argsort(np.array(numbers, dtype=np.int64))
            weights = np.empty(n)
            weights[age] = _checked(settings.weights, n)
            return weights, np.cumsum(weights)
        strength = settings.rank_weight if self.pool.ranked else 0.0
        return _rank_weights(n, strength)

    def _weigh_bad_by_age(self, masses: Floats, n_good: int) -> None:
        """Multiply by the user's weights; of all the bad trials the pool has the latest."""
        if self._settings.weights is None:
            return
        age = np.argsort(np.array(self.pool.slots), kind="stable")
        rows = age[masses[age] > 0.0]
        if len(rows):
            masses[rows] = _checked(self._settings.weights, self.pool.count - n_good)[-len(rows) :]

    def _widths(self, centres: Floats, count: int) -> Floats:
        """One width for each numeric column, shape (q,)."""
        settings, columns = self._settings, self.columns
        numeric = columns.numbers(centres)
        n, q = numeric.shape
        force = settings.prior_trials / (1.0 + settings.forgetting * count)
        counts: Floats | float = float(n)
        totals = np.add.reduce(numeric)
        if math.isnan(totals.sum()):  # some are absent
            counts = n - np.isnan(numeric).sum(axis=0)
            means = np.nansum(numeric, axis=0) / np.maximum(counts, 1.0)
            off = np.nan_to_num(numeric - means)
        else:
            means = totals / max(n, 1)
            off = numeric - means
        squares = np.add.reduce(off * off)
        if settings.endpoints:
            squares += means * means + (1.0 - means) ** 2
            counts = counts + 2.0
        # The uniform distribution has variance 1 / 12.
        force = max(force, 1e-3 if n < 2 else 1e-12)
        widths = np.sqrt((squares + force / 12.0) / (counts + force))
        widths *= settings.spread * max(n, 1) ** (-1.0 / (4 + q))
        out: Floats = np.minimum(np.maximum(widths, self._floor), settings.widest)
        return out

    def _draw(
        self,
        widths: Floats,
        count: int,
        rng: np.random.Generator,
        independent: bool,
    ) -> Floats:
        """Points from the good density, shape (count, d); reflected at the faces of the cube."""
        columns, centres, cumulated = self.columns, self._centres, self._cumulated
        d, q = columns.d, columns.q
        flat = rng.random((count, d))
        total = (float(cumulated[-1]) if len(cumulated) else 0.0) + self._settings.prior_weight
        if independent:
            picks = cumulated.searchsorted(rng.random((count, d)) * total, side="right")
            points = centres[picks, np.arange(d)]
        else:
            picks = cumulated.searchsorted(rng.random(count) * total, side="right")
            points = centres[picks]
        if q:
            noise = rng.standard_normal((count, q))
            noise *= widths
            if columns.all_numeric:
                points += noise
            else:
                points[:, columns.numeric] += noise
            # A triangle wave: reflects at 0 and 1 however far out.
            points %= 2.0
            np.subtract(1.0, points, out=points)
            np.abs(points, out=points)
            np.subtract(1.0, points, out=points)
        if columns.c:
            anew = np.zeros((count, d), dtype=bool)
            anew[:, columns.categorical] = rng.random((count, columns.c)) < self._settings.miss
            np.copyto(points, flat, where=anew)
        np.copyto(points, flat, where=np.isnan(points))
        columns.snap(points)
        return points

    def _ratios_by_column(
        self, points: Floats, kernels: Floats, masses: Floats, widths: Floats
    ) -> Floats:
        """l / g of every column alone, shape (n, d)."""
        columns, settings = self.columns, self._settings
        q = columns.q
        out = np.empty(points.shape)
        if q:
            present, centres = kernels[:, :q], kernels[:, q : 2 * q]
            logs = columns.numbers(points)[:, None, :] - centres
            logs /= widths
            logs *= logs
            logs *= -0.5
            logs -= columns.log_scale(centres, widths)
            logs *= present
            density = np.exp(logs, out=logs)
            sums = np.einsum("nkq,kt->nqt", density, masses)
            sums += settings.prior_weight + _TINY
            out[:, columns.numeric] = sums[:, :, 0] / sums[:, :, 1]
        start = 2 * q + 1
        rows = np.arange(len(points))
        for column, count in zip(
            columns.categorical.tolist(), columns.choices.tolist(), strict=True
        ):
            hits = kernels[:, start : start + count]
            present = hits.sum(axis=1, keepdims=True)
            density = (1.0 - present) + present * settings.miss * np.exp(
                hits * gain(count, settings.miss)
            )
            sums = density.T @ masses + (settings.prior_weight + _TINY)
            choice = np.minimum((points[:, column] * count).astype(np.int64), count - 1)
            out[:, column] = (sums[:, 0] / sums[:, 1])[choice[rows]]
            start += count
        return out


def _checked(weights: Callable[[int], Floats], n: int) -> Floats:
    """What the user's function gives for n trials, if these are weights."""
    out = np.asarray(weights(n), dtype=np.float64)
    if out.shape != (n,) or not np.all((out >= 0.0) & np.isfinite(out)) or (n and not out.any()):
        raise InvalidArgument("weights", f"{n} weights of at least 0, not all 0", out)
    return out


@lru_cache(maxsize=256)
def _rank_weights(n: int, strength: float) -> tuple[Floats, Floats]:
    """Weights with mean 1, falling by rank unless ``strength`` is 0, and their running sums."""
    weights = np.ones(n)
    if strength and n:
        weights = np.maximum(np.log1p(strength * n) - np.log(np.arange(1, n + 1)), 0.05)
        weights *= n / weights.sum()
    return weights, np.cumsum(weights)


def _extended(rows: Floats, capacity: int, fill: float) -> Floats:
    out = np.full((capacity, rows.shape[1]), fill)
    out[: len(rows)] = rows
    return out
