"""Which of many trials are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument
from trimtab.visualization.thinning import (
    check_limit,
    ends,
    extremes,
    incumbents,
    shared_limit,
    smallest,
    thin,
)


def test_all_are_kept_where_there_is_room() -> None:
    assert thin(7, [], 7).tolist() == list(range(7))
    assert thin(0, [], 7).tolist() == []


@settings(max_examples=60)
@given(
    n=st.integers(1, 400),
    limit=st.integers(1, 120),
    marks=st.lists(st.lists(st.integers(0, 399), max_size=30), max_size=3),
)
def test_the_limit_is_met_and_landmarks_come_first(
    n: int, limit: int, marks: list[list[int]]
) -> None:
    sets = [np.array([m % n for m in some], dtype=np.int64) for some in marks]
    kept = thin(n, sets, limit)
    assert len(kept) == min(n, limit)
    assert np.all(np.diff(kept) > 0)
    assert kept[0] >= 0
    assert kept[-1] < n
    together: set[int] = set()
    for some in sets:
        together |= set(some.tolist())
        if len(together) > limit:
            break
        assert together <= set(kept.tolist())


def test_the_rest_is_spread_evenly_and_the_same_every_time() -> None:
    kept = thin(100_000, [], 1_000)
    counts = np.bincount(kept // 1_000)  # a hundred runs of a thousand
    assert counts.tolist() == [10] * 100
    assert np.array_equal(kept, thin(100_000, [], 1_000))


def test_a_periodic_order_does_not_fool_it() -> None:
    phases = thin(100_000, [], 1_000) % 10
    assert np.bincount(phases, minlength=10).min() > 60


def test_landmarks() -> None:
    assert incumbents(np.array([3.0, 4.0, 2.0, 2.0, np.nan, np.inf, 1.0])).tolist() == [0, 2, 6]
    assert incumbents(np.array([np.inf, np.nan])).tolist() == []
    assert ends(5).tolist() == [0, 4]
    assert ends(1).tolist() == [0]
    assert ends(0).tolist() == []
    columns = [np.array([2.0, np.nan, 9.0, 1.0]), np.array([5.0, 5.0, 7.0, 6.0])]
    assert extremes(columns).tolist() == [0, 2, 3]
    assert extremes([np.array([np.nan, np.nan])]).tolist() == []
    assert sorted(smallest(np.array([4.0, 1.0, 3.0, 2.0]), 2).tolist()) == [1, 3]
    assert sorted(smallest(np.array([4.0, 1.0]), 5).tolist()) == [0, 1]


def test_limits() -> None:
    assert shared_limit(5_000, 1) == 5_000
    assert shared_limit(5_000, 10) == 1_500
    assert check_limit(10) == 10
    with pytest.raises(InvalidArgument, match=r"max_trials.*at least 10.*got 9"):
        check_limit(9)
