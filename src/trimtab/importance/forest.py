"""A random forest for regression whose leaves are known as boxes of the unit cube.

Breiman (2001), "Random Forests": every tree is grown on a bootstrap sample, each split the one
that lowers the squared error most over all columns. All trees grow together, one level at a time:
a level costs a few passes over the columns, whatever the number of nodes, so that NumPy alone is
fast enough. A column without order is split by any subset of its levels; where the levels are
ordered by their mean, the best subset is one of the prefixes (Fisher, 1958).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.space import Floats

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

_ROWS_AT_ONCE = 15_000
"""Trees are grown in groups of about so many rows, which stay in the processor's cache."""

_LARGEST_SAMPLE = 10_000
"""A tree is grown on no more draws than that: from 100,000 trials it learns as much, sooner."""

_TIE = 1e-9
"""Columns whose best splits differ by less, relative to the node's error, are equally good."""

_PURE = 1e-24
"""A node whose variance is less, relative to that of all targets, is a leaf."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers to learn from.

    Attributes:
        unit: Shape (n, d), in [0, 1]; the index of the level in a column without order.
        levels: Shape (d,), the number of levels of a column without order, 0 of one with order.
        target: Shape (n,), of mean 0 and variance 1.
    """

    unit: Floats
    levels: Indices
    target: Floats


@dataclass(frozen=True, slots=True)
class Leaves:
    """The leaves of a group of trees; those of one tree tile the unit cube.

    Attributes:
        tree: Shape (k,), index of the tree in its group.
        value: Shape (k,), mean target of the leaf's rows.
        low: Shape (k, d), lower corners; 0 in columns without order.
        high: Shape (k, d), upper corners; 1 in columns without order.
        member: By column without order, shape (k, levels): whether a level is in the leaf.
        decrease: Shape (trees, d), by how much each column's splits lowered the squared error.
    """

    tree: Indices
    value: Floats
    low: Floats
    high: Floats
    member: dict[int, Mask]
    decrease: Floats

    def widths(self) -> Floats:
        """Shape (k, d): the part of each column's range that a leaf takes up."""
        widths = self.high - self.low
        for column, member in self.member.items():
            widths[:, column] = member.mean(axis=1)
        return widths


def grow(table: Table, n_trees: int, max_depth: int, rng: np.random.Generator) -> Iterator[Leaves]:
    """Grow a forest, a group of trees at a time.

    Args:
        table: What to learn; at least one row and one column.
        n_trees: How many trees.
        max_depth: How many splits there may be above a leaf.
        rng: Draws the bootstrap samples and settles ties between columns.

    Yields:
        Leaves of at least one tree.
    """
    n = len(table.target)
    draws = min(n, _LARGEST_SAMPLE)
    group = max(1, _ROWS_AT_ONCE // draws)
    for first in range(0, n_trees, group):
        size = min(group, n_trees - first)
        counts = rng.multinomial(draws, np.full(n, 1.0 / n), size=size)
        yield _Growth(table, counts, rng).run(max_depth)


class _Growth:
    """The trees of a group while they grow.

    A row stands for a (tree, sample) pair with a weight: how often the bootstrap drew it. Nodes of
    the present level are numbered from 0. ``order[j]`` lists the rows that are still in them,
    grouped by node and then by value of column j; ``start`` and ``size`` say where a node's
    rows are, the same in every column. ``node`` is the node at each of these places.
    """

    def __init__(self, table: Table, counts: NDArray[np.int64], rng: np.random.Generator) -> None:
        n_trees, d = len(counts), len(table.levels)
        tree, sample = np.nonzero(counts)
        self.rng = rng
        self.levels = table.levels
        self.weight = counts[tree, sample].astype(np.float64)
        self.target = table.target[sample]
        self.centred = np.empty_like(self.target)
        self.column = np.ascontiguousarray(table.unit.T)[:, sample]
        self.order = np.stack([np.lexsort((column, tree)) for column in self.column])
        self.size = np.bincount(tree, minlength=n_trees)
        self.tree = np.arange(n_trees)
        self.low = np.zeros((n_trees, d))
        self.high = np.ones((n_trees, d))
        self.member = {
            int(j): np.ones((n_trees, self.levels[j]), dtype=bool)
            for j in np.flatnonzero(self.levels)
        }
        self.decrease = np.zeros((n_trees, d))
        self._index()

    def _index(self) -> None:
        self.start = _running(self.size)
        self.node = np.repeat(np.arange(len(self.size)), self.size)

    def run(self, max_depth: int) -> Leaves:
        """Grow to the end."""
        done: list[Leaves] = []
        for depth in range(max_depth + 1):
            mean, error, total = self._centre()
            splits = np.zeros(len(self.size), dtype=bool)
            if depth < max_depth:
                for j in self.member:
                    self._arrange(j, mean)
                gain, column, last = self._best_splits(error, total)
                splits = (gain >= 0.0) & (error > _PURE * total)
            done.append(self._leaves(~splits, mean))
            if not splits.any():
                break
            np.add.at(self.decrease, (self.tree[splits], column[splits]), gain[splits])
            self._split(splits, column, last)
        return Leaves(
            np.concatenate([leaves.tree for leaves in done]),
            np.concatenate([leaves.value for leaves in done]),
            np.concatenate([leaves.low for leaves in done]),
            np.concatenate([leaves.high for leaves in done]),
            {j: np.concatenate([leaves.member[j] for leaves in done]) for j in self.member},
            self.decrease,
        )

    def _centre(self) -> tuple[Floats, Floats, Floats]:
        """Take every node's mean off its targets.

        Running sums of what is left come back to zero at the end of every node, so that their
        differences lose nothing, and the two sides of a split have opposite sums.

        Returns:
            By node, mean target, squared error and weight.
        """
        rows = self.order[0]
        weight, target = self.weight[rows], self.target[rows]
        total = np.add.reduceat(weight, self.start)
        mean = np.add.reduceat(weight * target, self.start) / total
        centred = target - mean[self.node]
        self.centred[rows] = centred
        return mean, np.add.reduceat(weight * centred**2, self.start), total

    def _arrange(self, j: int, mean: Floats) -> None:
        """Sort each node's rows by the mean of their level of column j, level by level."""
        rows = self.order[j]
        place = _first_of_runs(self.column[j][rows], self.node)
        weight = np.add.reduceat(self.weight[rows], place)
        moment = np.add.reduceat(self.weight[rows] * self.centred[rows], place)
        sorted_ = np.lexsort((moment / weight, self.node[place]))
        size = np.diff(place, append=len(rows))[sorted_]
        shift = place[sorted_] - _running(size)
        self.order[j] = rows[np.repeat(shift, size) + np.arange(len(rows))]

    def _best_splits(self, error: Floats, total: Floats) -> tuple[Floats, Indices, Indices]:
        """The best split of every node.

        Returns:
            By node: how much it lowers the squared error (-1 where there is no split), its
            column, and the last place of that column's order that goes left.
        """
        weight = self.weight[self.order]
        left = np.cumsum(weight, axis=1) - _running(total)[self.node]
        moment = np.cumsum(weight * self.centred[self.order], axis=1)
        value = np.take_along_axis(self.column, self.order, axis=1)
        splittable = np.zeros(value.shape, dtype=bool)
        splittable[:, :-1] = value[:, 1:] != value[:, :-1]
        splittable[:, self.start[1:] - 1] = False
        whole = total[self.node]
        gain = np.full(value.shape, -1.0)
        np.divide(moment**2 * whole, left * (whole - left), out=gain, where=splittable)

        best = np.maximum.reduceat(gain, self.start, axis=1)
        # Small nodes are split equally well by many columns: which one is drawn by lot.
        lots = self.rng.random(best.shape)
        lots[best < best.max(axis=0) - _TIE * error] = -1.0
        column = lots.argmax(axis=0)
        nodes = np.arange(len(self.size))
        chosen = best[column, nodes]
        found = np.flatnonzero(gain[column[self.node], np.arange(len(whole))] == chosen[self.node])
        return chosen, column, found[np.searchsorted(self.node[found], nodes)]

    def _leaves(self, which: Mask, mean: Floats) -> Leaves:
        return Leaves(
            self.tree[which],
            mean[which],
            self.low[which],
            self.high[which],
            {j: member[which] for j, member in self.member.items()},
            self.decrease,
        )

    def _split(self, splits: Mask, column: Indices, last: Indices) -> None:
        """Go down one level; the children of the i-th split node are nodes 2i and 2i + 1."""
        places = np.arange(len(self.node))
        goes_left = np.zeros(len(self.weight), dtype=bool)
        goes_left[self.order[column[self.node], places]] = places <= last[self.node]

        nodes = np.flatnonzero(splits)
        column, last = column[nodes], last[nodes]
        self.tree = np.repeat(self.tree[nodes], 2)
        self.low = np.repeat(self.low[nodes], 2, axis=0)
        self.high = np.repeat(self.high[nodes], 2, axis=0)
        ordered = np.flatnonzero(self.levels[column] == 0)
        at, cut = column[ordered], last[ordered]
        below = self.column[at, self.order[at, cut]]
        above = self.column[at, self.order[at, cut + 1]]
        middle = 0.5 * (below + above)
        self.high[2 * ordered, at] = middle
        self.low[2 * ordered + 1, at] = middle

        kept = splits[self.node]
        parent = np.repeat(np.arange(len(nodes)), self.size[nodes])
        n_left = last - self.start[nodes] + 1
        self.size = np.stack([n_left, self.size[nodes] - n_left], axis=1).ravel()
        self.order = _partition(self.order[:, kept], goes_left, parent, self.size)
        self._index()
        for j, member in self.member.items():
            self.member[j] = self._split_levels(j, member[nodes], np.flatnonzero(column == j))

    def _split_levels(self, j: int, member: Mask, parents: Indices) -> Mask:
        """The levels of column j in each child: those of its rows.

        A level that none of the parent's rows has goes where most of them go.
        """
        children = np.repeat(member, 2, axis=0)
        rows = self.order[j]
        seen = np.zeros_like(children)
        seen[self.node, self.column[j][rows].astype(np.int64)] = True
        left, right = 2 * parents, 2 * parents + 1
        weight = np.add.reduceat(self.weight[rows], self.start)
        unseen = member[parents] & ~seen[left] & ~seen[right]
        more_left = (weight[left] >= weight[right])[:, None]
        children[left] = seen[left] | (unseen & more_left)
        children[right] = seen[right] | (unseen & ~more_left)
        return children


def _partition(order: Indices, goes_left: Mask, parent: Indices, size: Indices) -> Indices:
    """Every node's rows parted into left and right, in their order otherwise.

    Args:
        order: Shape (d, n), rows grouped by node.
        goes_left: By row.
        parent: Shape (n,), the node of each place, the same in every column.
        size: Shape (2 * nodes,), of the left and the right child of every node.

    Returns:
        Shape (d, n), rows grouped by child.
    """
    start = _running(size)
    start_left, start_right = start[::2][parent], start[1::2][parent]
    lefts_before = _running(size[::2])[parent]
    left = goes_left[order]
    count = np.cumsum(left, axis=1)
    to_left = start_left - lefts_before - 1
    to_right = np.arange(order.shape[1]) - start_left + lefts_before + start_right
    target = np.where(left, count + to_left, to_right - count)
    parted = np.empty_like(order)
    np.put_along_axis(parted, target, order, axis=1)
    return parted


def _running(sizes: NDArray[np.number]) -> Indices:
    """Sums of all before each entry."""
    return np.asarray(np.cumsum(sizes) - sizes)


def _first_of_runs(values: Floats, node: Indices) -> Indices:
    """Where a new value or a new node begins."""
    new = np.ones(len(values), dtype=bool)
    new[1:] = (values[1:] != values[:-1]) | (node[1:] != node[:-1])
    return np.flatnonzero(new)
