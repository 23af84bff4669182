"""Points of the space with all that was measured of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.records import History, TrialState
from trimtab.space import Floats, Internal

_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class Arm:
    """A point of the space with all that was measured of it.

    Attributes:
        params: As the objective saw them.
        trials: Numbers of its complete trials.
        means: Pooled mean per objective.
        sems: Standard error of each mean; None where one trial says nothing of its noise.
    """

    params: dict[str, Any]
    trials: tuple[int, ...]
    means: tuple[float, ...]
    sems: tuple[float | None, ...]

    @property
    def n(self) -> int:
        """How many complete trials measured it."""
        return len(self.trials)

    def _repr_html_(self) -> str:
        from trimtab.records.html import facts, titled

        measured = zip(self.means, self.sems, strict=True)
        values = [f"{m:.6g}" if sem is None else f"{m:.6g} ± {sem:.3g}" for m, sem in measured]
        shown = [("value", ", ".join(values)), ("measured by", f"{self.n:,} trials")]
        return titled("Arm", facts([*shown, *self.params.items()]))


class Arms:
    """All k arms with a complete feasible trial, in order of their first trial, as columns.

    Args:
        history: The study.

    Attributes:
        counts: Shape (k,), trials of each arm.
        means: Shape (k, m), pooled means.
        sems: Shape (k, m), their standard errors, NaN where one trial says nothing of its noise.
        told: Shape (k, m), whether all trials of the arm told theirs.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        complete = history.usable(TrialState.COMPLETE)
        self._numbers = complete[history.violation[complete] <= 0.0]
        self._groups = _grouped(history, self._numbers)
        k = int(self._groups.max()) + 1 if len(self._groups) else 0
        self.counts = np.bincount(self._groups, minlength=k)
        pools = [
            pool(self._groups, history.values[self._numbers, j], history.sems[self._numbers, j], k)
            for j in range(history.n_objectives)
        ]
        self.means: Floats = np.column_stack([means for means, _, _ in pools])
        self.sems: Floats = np.column_stack([sems for _, sems, _ in pools])
        self.told: NDArray[np.bool_] = np.column_stack([told for _, _, told in pools])

    def __len__(self) -> int:
        return len(self.counts)

    def index(self, number: int) -> int | None:
        """The arm that a trial measured; None where it is not among those that count."""
        place = np.nonzero(self._numbers == number)[0]
        return int(self._groups[place[0]]) if len(place) else None

    def __getitem__(self, index: int) -> Arm:
        numbers = self._numbers[self._groups == index].tolist()
        return Arm(
            self._history.layout(numbers[0]).external(self._history.point(numbers[0])),
            tuple(numbers),
            tuple(self.means[index].tolist()),
            tuple([sem if sem == sem else None for sem in self.sems[index].tolist()]),
        )


def _grouped(history: History, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of each trial's arm, shape (len(numbers),): trials with equal points share one.

    Args:
        history: The study.
        numbers: Of the trials, ascending; arms are counted in the order of their first ones.
    """
    index, layouts = history.layouts()
    firsts = np.empty(len(numbers), dtype=np.int64)  # place of the first trial of each one's arm
    for layout in np.unique(index[numbers]).tolist():
        places = np.nonzero(index[numbers] == layout)[0]
        columns = [history.raw(name)[numbers[places]] for name in layouts[layout]]
        points = np.column_stack(columns) if columns else np.zeros((len(places), 0))
        firsts[places] = places[_first_equal(points)]
        # An integer too large for a column may be equal to its neighbours there.
        seen: dict[tuple[Internal, ...], int] = {}
        for place in places[(np.abs(points) >= _EXACT).any(axis=1)].tolist():
            firsts[place] = seen.setdefault(history.point(int(numbers[place])), place)
    return np.unique(firsts, return_inverse=True)[1].astype(np.int64)


_Sorted: TypeAlias = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Rows in an order in which equal ones are neighbours, ascending; and where others begin."""


def _sorted(points: Floats) -> _Sorted:
    order = np.lexsort((np.arange(len(points)), *points.T))
    return order, _begins(points[order])


def _sorted_by_sum(points: Floats) -> _Sorted | None:
    """The same in a tenth of the time, or None.

    Equal points have equal weighted sums, and others hardly ever do: one column is sorted instead
    of all. Where sums of others are equal, or none, this is not the way.
    """
    sums = np.zeros(len(points))
    with np.errstate(over="ignore", invalid="ignore"):
        # Column by column, as a product of matrices may sum up equal rows differently.
        weights = np.random.default_rng(0).random(points.shape[1:])
        for j, weight in enumerate(weights.tolist()):
            sums += weight * points[:, j]
    if not np.isfinite(sums).all():
        return None
    order = np.argsort(sums, kind="stable")
    begins = _begins(points[order])
    sums = sums[order]
    return None if (begins[1:] & (sums[1:] == sums[:-1])).any() else (order, begins)


def _begins(ordered: Floats) -> NDArray[np.bool_]:
    begins = np.ones(len(ordered), dtype=bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return begins


def _first_equal(points: Floats) -> NDArray[np.int64]:
    """Row of the first point that is equal to each one, shape (n,).

    Args:
        points: Shape (n, d), without NaN.
    """
    order, begins = _sorted_by_sum(points) or _sorted(points)
    out = np.empty(len(points), dtype=np.int64)
    out[order] = order[np.maximum.accumulate(np.where(begins, np.arange(len(points)), 0))]
    return out


def pool(
    groups: NDArray[np.int64], values: Floats, sems: Floats, k: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Mean and standard error of the replicates in each of k groups.

    With all standard errors known the replicates are weighted by their precision; otherwise they
    count alike and their spread tells the error.

    Args:
        groups: Shape (n,), each of 0 to k - 1 at least once.
        values: Shape (n,).
        sems: Shape (n,), NaN where unknown.
        k: How many groups there are.

    Returns:
        Means and standard errors, NaN where nothing tells of them, and whether all replicates
        told theirs; shape (k,) each.
    """
    counts = np.bincount(groups, minlength=k)
    told = np.bincount(groups, np.isnan(sems), k) == 0
    least = np.full(k, np.inf)
    np.fmin.at(least, groups, sems)
    weights: Floats = np.ones(len(groups))
    exact = (told & (least == 0.0))[groups]
    weights[exact] = sems[exact] == 0.0
    known = (told & (least > 0.0))[groups]
    # Relative: the square of an extreme one would overflow.
    weights[known] = (least[groups][known] / sems[known]) ** 2
    total = np.bincount(groups, weights, k)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        means: Floats = np.bincount(groups, values * weights, k) / total
        if not np.isfinite(means).all():  # the sum was too large
            means[:] = np.bincount(groups, values * (weights / total[groups]), k)
        squares = np.bincount(groups, (values - means[groups]) ** 2, k)
        spread = np.sqrt(squares / (counts - 1) / counts)
    errors = np.where(told, least / np.sqrt(total), np.where(counts > 1, spread, np.nan))
    return means, errors, told
