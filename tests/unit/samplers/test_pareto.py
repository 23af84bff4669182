"""Dominance and hypervolume against definitions written out in full."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.samplers.pareto import (
    crowding_distance,
    hypervolume,
    hypervolume_contributions,
    is_pareto,
    nondominated_rank,
)
from trimtab.space import Floats

_SIDE = 5


@st.composite
def grid_points(draw: st.DrawFn) -> Floats:
    m = draw(st.integers(1, 4))
    coordinate = st.integers(0, _SIDE).map(float)
    rows = draw(st.lists(st.lists(coordinate, min_size=m, max_size=m), max_size=12))
    return np.array(rows, dtype=np.float64).reshape(len(rows), m)


def peeled(losses: Floats) -> NDArray[np.int64]:
    """Ranks by peeling off one front after another."""
    ranks = np.zeros(len(losses), dtype=np.int64)
    left = set(range(len(losses)))
    rank = 0
    while left:
        front = {
            i
            for i in left
            if not any(
                (losses[j] <= losses[i]).all() and (losses[j] < losses[i]).any() for j in left
            )
        }
        ranks[list(front)] = rank
        left -= front
        rank += 1
    return ranks


def cells(points: Floats) -> float:
    """Hypervolume up to (5, ..., 5) of points on the integers, by counting unit cells."""
    corners = itertools.product(range(_SIDE), repeat=points.shape[1])
    return float(sum(bool((points <= np.array(c)).all(axis=1).any()) for c in corners))


@settings(max_examples=60, deadline=None)
@given(grid_points())
def test_ranks_are_those_of_peeling(losses: Floats) -> None:
    expected = peeled(losses)
    assert nondominated_rank(losses).tolist() == expected.tolist()
    assert is_pareto(losses).tolist() == (expected == 0).tolist()


@pytest.mark.parametrize("m", [2, 3])
def test_ranks_hold_across_blocks(m: int) -> None:
    losses = np.random.default_rng(0).integers(0, 40, (600, m)).astype(float)
    expected = peeled(losses)
    assert nondominated_rank(losses).tolist() == expected.tolist()
    assert is_pareto(losses).tolist() == (expected == 0).tolist()


def test_infeasible_points_follow_by_violation() -> None:
    losses = np.array([[5.0, 5.0], [0.0, 0.0], [6.0, 6.0], [1.0, 1.0], [0.0, 0.0]])
    violation = np.array([0.0, 2.0, 0.0, 1.0, np.nan])
    assert nondominated_rank(losses, violation).tolist() == [0, 3, 1, 2, 4]
    assert is_pareto(losses, violation).tolist() == [True, False, False, False, False]
    assert not is_pareto(losses, np.ones(5)).any()


def test_a_missing_value_dominates_nothing() -> None:
    losses = np.array([[np.nan, 0.0], [1.0, 1.0], [2.0, 0.0]])
    assert nondominated_rank(losses).tolist() == [1, 0, 0]


@settings(max_examples=60, deadline=None)
@given(grid_points())
def test_hypervolume_counts_cells(points: Floats) -> None:
    reference = np.full(points.shape[1], float(_SIDE))
    total = cells(points)
    assert hypervolume(points, reference) == pytest.approx(total, abs=1e-9)
    contributions = hypervolume_contributions(points, reference)
    for i in range(len(points)):
        rest = cells(np.delete(points, i, axis=0))
        assert contributions[i] == pytest.approx(total - rest, abs=1e-9)


def test_crowding_distance_of_a_line() -> None:
    losses = np.array([[0.0, 4.0], [1.0, 3.0], [4.0, 0.0], [2.0, 2.0]])
    assert crowding_distance(losses).tolist() == [np.inf, 1.0, np.inf, 1.5]
    assert crowding_distance(np.ones((3, 2))).tolist() == [0.0, 0.0, 0.0]
    assert crowding_distance(np.empty((0, 2))).shape == (0,)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(InvalidArgument, match="losses"):
        nondominated_rank(np.zeros(3))
    with pytest.raises(InvalidArgument, match="violation"):
        is_pareto(np.zeros((3, 2)), np.zeros(2))
    with pytest.raises(InvalidArgument, match="reference"):
        hypervolume(np.zeros((3, 2)), np.zeros(3))
