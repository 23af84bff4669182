"""What sets the best trials apart from the rest, one parameter at a time.

PED-ANOVA: Watanabe, Bansal and Hutter (2023), "PED-ANOVA: Efficiently Quantifying Hyperparameter
Importance in Arbitrary Subspaces" (IJCAI). For parameters that only some trials have it is
weighted by regime as in "Conditional PED-ANOVA: Hyperparameter Importance in Hierarchical &
Dynamic Search Spaces" (arXiv 2601.20800), theorem 4.2.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument, warn
from trimtab.importance.base import (
    BaseImportanceEvaluator,
    Target,
    check_params,
    completed,
    descending,
    distinct_spaces,
)
from trimtab.importance.pareto import best_of_several
from trimtab.records import History
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    Floats,
)
from trimtab.space.checks import check_number

Mask = NDArray[np.bool_]

_GRID = 50
"""Values of a continuous parameter are counted at so many places."""

_PRIOR_WEIGHT = 1.0
"""Of the even density that is mixed in, against 1 for each trial."""

_SMALLEST_REGIME = 2
"""Regimes with fewer trials are left out."""

_FLOOR = 1e-12
"""Added to densities, so that their ratio exists."""


class PedAnovaImportanceEvaluator(BaseImportanceEvaluator):
    """PED-ANOVA: how far the best trials' values lie from those of all.

    The importance of a parameter is the Pearson divergence between the density of its values
    among the best ``target_quantile`` of the trials and among the best ``region_quantile``. A
    parameter that not every trial has, or not with the same distribution, is assessed regime by
    regime. With several objectives and no ``target`` the best trials are those of the first
    Pareto fronts; the front that does not fit as a whole is thinned greedily by hypervolume.

    A ``target`` that is a function is taken to be minimized.

    Args:
        target_quantile: Part of the trials that count as the best, above 0.
        region_quantile: Part of the trials they are compared with, above ``target_quantile``,
            at most 1.
        evaluate_on_local: Compare with the trials of the region (what mattered in this search);
            False: with an even density over the space.

    Raises:
        InvalidArgument: If not ``0 < target_quantile < region_quantile <= 1``.
    """

    def __init__(
        self,
        *,
        target_quantile: float = 0.1,
        region_quantile: float = 1.0,
        evaluate_on_local: bool = True,
    ) -> None:
        self._region = check_number("region_quantile", region_quantile, 0.0, 1.0)
        self._target = check_number("target_quantile", target_quantile, 0.0, 1.0)
        if not 0.0 < self._target < self._region:
            raise InvalidArgument(
                "target_quantile",
                f"a number in (0, `region_quantile`={region_quantile})",
                target_quantile,
            )
        if self._region != 1.0 and not evaluate_on_local:
            warn("`region_quantile` has no effect on densities where evaluate_on_local=False.")
        self._local = evaluate_on_local

    def evaluate(
        self,
        study: Any,
        params: list[str] | None = None,
        *,
        target: Target | None = None,
    ) -> dict[str, float]:
        """Divergences; see the base class.

        Raises:
            InvalidType: If ``params`` is not a list of names.
            InvalidArgument: If one of ``params`` is in no completed trial.

        Warns:
            TrimtabWarning: Where there are too few trials to tell, or a ``target`` function is
                taken to be minimized.
        """
        history = study.history
        names = _resolve(history, check_params(params))
        rows, values = completed(history, target)
        if len(rows) < 2:
            warn("There are too few completed trials to tell importances apart.")
            return dict.fromkeys(names, 0.0)
        if target is None:
            losses = values * history.signs
        elif isinstance(target, int):
            losses = values * history.signs[target]
        else:
            losses = values
            warn("The importances are those for a low `target`; negate it if high values are good.")
        best = best_part(losses, self._target)
        region = best_part(losses, self._region)  # `best` is part of it
        if best.sum() == region.sum():
            warn("The best trials and those they are compared with are the same ones.")
        rows, best = rows[region], best[region]
        importances = {name: self._importance(history, name, rows, best) for name in names}
        return descending(importances)

    def _importance(
        self, history: History, name: str, rows: NDArray[np.int64], best: Mask
    ) -> float:
        total, all_best = 0.0, int(best.sum())
        for distribution, members in _regimes(history, name, rows):
            n_best = int(best[members].sum())
            if distribution is None or distribution.single() or n_best == 0:
                continue
            values = history.raw(name)[rows[members]]
            grid = Grid(distribution)
            top = grid.density(values[best[members]]) + _FLOOR
            if self._local:
                all_ = grid.density(values) + _FLOOR
            else:
                all_ = np.full(grid.size, 1.0 / grid.size)
            divergence = float(all_ @ (top / all_ - 1.0) ** 2)
            total += (n_best / all_best) ** 2 / (len(members) / len(rows)) * divergence
        return total * (all_best / len(rows)) ** 2


def best_part(losses: Floats, quantile: float) -> Mask:
    """The trials of the best ``quantile``, rounded up; of one objective with all ties.

    Args:
        losses: Shape (n, m), smaller is better.
        quantile: In (0, 1].

    Returns:
        Shape (n,).
    """
    n, m = losses.shape
    wanted = math.ceil(quantile * n)
    if wanted == n:
        return np.ones(n, dtype=bool)
    if m > 1:
        return best_of_several(losses, wanted)
    column = losses[:, 0]
    return np.asarray(column <= np.partition(column, wanted - 1)[wanted - 1])


class Grid:
    """A parameter's range as places at which values are counted.

    Args:
        distribution: Of more than one value.

    Attributes:
        size: How many places; as many as choices where there is no order.
    """

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution
        if isinstance(distribution, CategoricalDistribution):
            self.size = distribution.levels
            return
        levels = distribution.levels
        if distribution.log and levels:
            # Levels crowd at the upper end of a log scale: count by powers of two instead.
            levels = math.ceil(math.log2(levels)) + 1
        self.size = min(levels or _GRID, _GRID)

    def density(self, values: Floats) -> Floats:
        """A kernel estimate of the probability of each place.

        Scott's rule (Scott, 1992, "Multivariate Density Estimation") sets the width of truncated
        normal kernels on the grid; choices have one kernel each. An even prior is mixed in.

        Args:
            values: Shape (n,), internal values, at least one.

        Returns:
            Shape (size,), summing to 1.
        """
        counts = np.bincount(self._places(values), minlength=self.size).astype(np.float64)
        seen = np.flatnonzero(counts)
        weights = np.append(counts[seen], _PRIOR_WEIGHT)
        weights /= weights.sum()
        if isinstance(self._distribution, CategoricalDistribution):
            kernels = np.full((len(weights), self.size), _PRIOR_WEIGHT / len(weights))
            kernels[np.arange(len(seen)), seen] += 1.0
            kernels /= kernels.sum(axis=1, keepdims=True)
        else:
            kernels = self._normal_kernels(seen, counts[seen])
        return np.asarray(weights @ kernels)

    def _places(self, values: Floats) -> NDArray[np.int64]:
        distribution = self._distribution
        if isinstance(distribution, CategoricalDistribution):
            return values.astype(np.int64)
        low, high = float(distribution.low), float(distribution.high)
        if distribution.log:
            low, high, values = math.log(low), math.log(high), np.log(values)
        # A value half-way between two places counts at the lower one.
        # Bounds of huge integers may be one float.
        places = np.ceil((values - low) / ((high - low) or 1.0) * (self.size - 1) - 0.5)
        return np.clip(places, 0, self.size - 1).astype(np.int64)

    def _normal_kernels(self, centres: NDArray[np.int64], counts: Floats) -> Floats:
        from scipy.special import ndtr

        n = counts.sum()
        mean = centres @ counts / n
        spread = math.sqrt((centres - mean) ** 2 @ counts / max(1.0, n - 1.0))
        below = np.cumsum(counts)
        lower = centres[np.searchsorted(below, n // 4, side="left")]
        upper_place = int(np.searchsorted(below, n * 3 // 4, side="right"))
        upper = centres[min(upper_place, len(centres) - 1)]
        width = 1.059 * min((upper - lower) / 1.34, spread) * n**-0.2
        # At least so wide that 90 % of a kernel fall on its own place.
        width = max(width, 0.5 / 1.64)
        mu = np.append(centres, 0.5 * (self.size - 1))
        sigma = np.append(np.full(len(centres), width), float(self.size))
        edges = np.arange(self.size + 1) - 0.5
        mass = ndtr((edges - mu[:, None]) / sigma[:, None])
        return np.asarray(np.diff(mass, axis=1) / (mass[:, -1:] - mass[:, :1]))


def _regimes(
    history: History, name: str, rows: NDArray[np.int64]
) -> list[tuple[Distribution | None, NDArray[np.int64]]]:
    """Positions in ``rows`` of the trials with each distribution of a parameter; None: without."""
    layout, spaces = history.layouts()
    layout = layout[rows]
    # A column starts anew where a parameter changed its kind; what it held before is NaN.
    known = ~np.isnan(history.raw(name)[rows])
    positions: dict[Distribution | None, list[NDArray[np.int64]]] = defaultdict(list)
    for i in np.unique(layout).tolist():
        here = layout == i
        distribution = spaces[i].get(name)
        if distribution is not None:
            here &= known
        positions[distribution].append(np.flatnonzero(here))
    regimes = [(d, np.concatenate(parts)) for d, parts in positions.items()]
    large = [(d, members) for d, members in regimes if len(members) >= _SMALLEST_REGIME]
    if len(large) < len(regimes):
        warn(
            f"Some distributions of `{name}` occur in fewer than {_SMALLEST_REGIME} trials; its "
            "importance may be inaccurate."
        )
    return large


def _resolve(history: History, params: list[str] | None) -> list[str]:
    known = dict.fromkeys(name for space in distinct_spaces(history) for name in space)
    if params is None:
        return list(known)
    missing = [name for name in params if name not in known]
    if missing:
        raise InvalidArgument("params", f"some of {list(known)}", missing)
    return params
