"""The functions that tutorials and benchmarks minimize."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from trimtab.benchmarks import SyntheticFunction, branin, hartmann6
from trimtab.errors import InvalidArgument, InvalidType

FUNCTIONS = [branin, hartmann6]
both = pytest.mark.parametrize("function", FUNCTIONS, ids=[f.name for f in FUNCTIONS])


@both
def test_the_minimum_is_reached_where_it_is_said_to_be(function: SyntheticFunction) -> None:
    for place in function.minimums:
        assert function(np.array(place)) == pytest.approx(function.fmin, abs=2e-6)


@both
def test_no_descent_from_anywhere_gets_below_it(function: SyntheticFunction) -> None:
    low, high = np.array(function.domain).T
    starts = np.random.default_rng(0).uniform(low, high, (20, len(low)))
    found = [minimize(function, start, bounds=function.domain).fun for start in starts]
    assert min(found) == pytest.approx(function.fmin, abs=1e-5)
    assert min(found) >= function.fmin - 1e-6


def test_known_values() -> None:
    # By hand: at the origin Branin is 36 + 10 (1 - 1/(8 pi)) + 10.
    assert branin(0, 0) == pytest.approx(55.602113, abs=1e-6)
    assert hartmann6(*[0.5] * 6) == pytest.approx(-0.505315, abs=1e-6)


@both
def test_one_point_gives_a_float_however_it_is_written(function: SyntheticFunction) -> None:
    point = np.array(function.minimums[0]) + 0.1
    value = function(point)
    assert type(value) is float
    assert function(*point) == value
    assert function(list(point)) == value
    assert type(function(*point)) is float


@both
def test_rows_and_columns_give_an_array(function: SyntheticFunction) -> None:
    low, high = np.array(function.domain).T
    rows = np.random.default_rng(1).uniform(low, high, (7, len(low)))
    expected = [function(row) for row in rows]
    np.testing.assert_allclose(function(rows), expected, rtol=1e-12)
    np.testing.assert_allclose(function(*rows.T), expected, rtol=1e-12)
    assert function(rows.reshape(7, 1, -1)).shape == (7, 1)


def test_a_number_is_broadcast_along_an_array() -> None:
    np.testing.assert_allclose(branin(np.array([0.0, 1.0]), 2.0), [branin(0, 2), branin(1, 2)])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((), InvalidArgument, r"one array or 2 coordinates"),
        ((1.0, 2.0, 3.0), InvalidArgument, r"one array or 2 coordinates"),
        ((1.0,), InvalidArgument, r"shape \(2,\) or \(n, 2\)"),
        ((np.zeros(3),), InvalidArgument, r"shape \(2,\) or \(n, 2\)"),
        ((np.zeros(2), np.zeros(3)), InvalidArgument, r"of one shape, got \(\(2,\), \(3,\)\)"),
        (([[1.0], [1.0, 2.0]],), InvalidArgument, "array of numbers"),
        ((None, 1.0), InvalidType, "`x1`: expected a number .* got None"),
        ((1.0, "2"), InvalidType, "`x2`: expected a number"),
        (([None, 1.0],), InvalidType, "`x`: expected a number"),
    ],
)
def test_what_is_no_point_is_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        branin(*given)
