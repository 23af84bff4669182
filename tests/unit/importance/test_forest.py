"""Trees are what they are said to be: boxes that tile the cube, split where it pays most."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.importance.forest import Leaves, Table, _Growth, grow

Levels = list[int]


def table(seed: int, n: int, levels: Levels, decimals: int = 8) -> Table:
    rng = np.random.default_rng(seed)
    unit = rng.random((n, len(levels))).round(decimals)
    for j, k in enumerate(levels):
        if k:
            unit[:, j] = rng.integers(k, size=n)
    target = rng.normal(size=n).round(decimals)
    return Table(unit, np.array(levels), target)


def inside(leaves: Leaves, tree: int, unit: np.ndarray) -> np.ndarray:
    """Shape (rows, leaves of the tree): whether a row is in a leaf."""
    mine = leaves.tree == tree
    found = np.ones((len(unit), mine.sum()), dtype=bool)
    for j in range(unit.shape[1]):
        if j in leaves.member:
            found &= leaves.member[j][mine].T[unit[:, j].astype(int)]
        else:
            low, high = leaves.low[mine, j], leaves.high[mine, j]
            found &= (unit[:, j, None] > low) | (low == 0.0)
            found &= unit[:, j, None] <= high
    return found


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 40),
    levels=st.lists(st.sampled_from([0, 0, 2, 5]), min_size=1, max_size=4),
    decimals=st.sampled_from([1, 8]),
    max_depth=st.integers(1, 12),
)
def test_leaves_tile_the_cube_and_hold_their_rows_mean(
    seed: int, n: int, levels: Levels, decimals: int, max_depth: int
) -> None:
    data = table(seed, n, levels, decimals)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=3)
    leaves = _Growth(data, counts, np.random.default_rng(seed)).run(max_depth)
    volumes = np.bincount(leaves.tree, leaves.widths().prod(axis=1))
    assert volumes == pytest.approx(1.0)
    for tree, weight in enumerate(counts):
        assert (inside(leaves, tree, data.unit).sum(axis=1) == 1).all()
        drawn = weight > 0
        held = inside(leaves, tree, data.unit[drawn]) * weight[drawn][:, None]
        means = (held * data.target[drawn][:, None]).sum(axis=0) / held.sum(axis=0)
        assert leaves.value[leaves.tree == tree] == pytest.approx(means)


def best_decrease(data: Table) -> float:
    """By trying every split of every column."""

    def error(target: np.ndarray) -> float:
        return float(((target - target.mean()) ** 2).sum()) if len(target) else 0.0

    best = 0.0
    for j, k in enumerate(data.levels):
        column = data.unit[:, j]
        if k:
            subsets = itertools.chain.from_iterable(
                itertools.combinations(range(k), r) for r in range(1, k)
            )
            sides = [np.isin(column, subset) for subset in subsets]
        else:
            sides = [column <= cut for cut in column]
        for side in sides:
            gain = error(data.target) - error(data.target[side]) - error(data.target[~side])
            best = max(best, gain)
    return best


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(2, 20),
    levels=st.lists(st.sampled_from([0, 3, 5]), min_size=1, max_size=3),
    decimals=st.sampled_from([1, 8]),
)
def test_the_first_split_is_the_best_of_all(
    seed: int, n: int, levels: Levels, decimals: int
) -> None:
    data = table(seed, n, levels, decimals)
    growth = _Growth(data, np.ones((1, n), dtype=np.int64), np.random.default_rng(0))
    assert growth.run(1).decrease.sum() == pytest.approx(best_decrease(data), abs=1e-9)


def test_a_deep_tree_predicts_its_rows() -> None:
    data = table(0, 200, [0, 4, 0])
    growth = _Growth(data, np.ones((1, 200), dtype=np.int64), np.random.default_rng(0))
    leaves = growth.run(64)
    predicted = inside(leaves, 0, data.unit) @ leaves.value
    assert predicted == pytest.approx(data.target)
    assert leaves.decrease.sum() == pytest.approx(((data.target - data.target.mean()) ** 2).sum())


def test_equal_columns_are_split_equally_often() -> None:
    rng = np.random.default_rng(0)
    column = rng.random(300)
    data = Table(np.column_stack([column] * 3), np.zeros(3, dtype=np.int64), rng.normal(size=300))
    decrease = np.concatenate([leaves.decrease for leaves in grow(data, 60, 64, rng)])
    shares = (decrease / decrease.sum(axis=1, keepdims=True)).mean(axis=0)
    assert shares == pytest.approx(1 / 3, abs=0.1)


def test_large_tables_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.importance.forest._LARGEST_SAMPLE", 50)
    data = table(0, 500, [0, 0])
    (leaves,) = grow(data, 2, 64, np.random.default_rng(0))
    assert np.bincount(leaves.tree).max() <= 50


def test_equal_targets_are_not_split_by_their_rounding() -> None:
    rng = np.random.default_rng(0)
    side = rng.integers(2, size=300)
    target = np.where(side, 0.1, 0.7) * np.pi
    data = Table(np.column_stack([side, rng.random(300)]), np.array([2, 0]), target)
    for leaves in grow(data, 10, 64, rng):
        assert (np.bincount(leaves.tree) == 2).all()


def test_a_constant_target_grows_no_tree() -> None:
    data = Table(np.random.default_rng(0).random((20, 2)), np.zeros(2, dtype=int), np.zeros(20))
    (leaves,) = grow(data, 3, 64, np.random.default_rng(0))
    assert len(leaves.tree) == 3
    assert not leaves.decrease.any()
