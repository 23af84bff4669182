"""The unit cube and back: in bounds, on the grid, nothing lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    column_to_unit,
    float_to_unit,
    from_unit,
    to_unit,
)

UNIT = st.floats(0.0, 1.0)


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    """Any distribution, small or huge."""
    kind = draw(st.sampled_from(["float", "int", "categorical"]))
    if kind == "categorical":
        return CategoricalDistribution(tuple(range(draw(st.integers(1, 20)))))
    log = draw(st.booleans())
    if kind == "int":
        low = draw(st.integers(1 if log else -(2**70), 2**70))
        span = draw(st.integers(0, 50) | st.integers(0, 2**70))
        step = draw(st.integers(1, 7))
        return IntDistribution(low, low + span // step * step, log, step)
    low_f = draw(st.floats(1e-12 if log else -1e12, 1e12))
    if draw(st.booleans()):
        return FloatDistribution(low_f, low_f + draw(st.floats(0.0, 1e12)), log)
    step_f = draw(st.sampled_from([0.1, 0.25, 1.0, 3.0]))
    base = float(draw(st.integers(1 if log else -100, 100)))
    levels = draw(st.integers(0, 50))
    return FloatDistribution(base, float(f"{base + levels * step_f:.12g}"), log, step_f)


@given(distribution=distributions(), unit=UNIT)
def test_every_point_of_the_cube_is_an_admissible_value(
    distribution: Distribution, unit: float
) -> None:
    assert distribution._contains(from_unit(distribution, unit))


@given(distribution=distributions(), unit=UNIT)
def test_a_value_keeps_its_place(distribution: Distribution, unit: float) -> None:
    value = from_unit(distribution, unit)
    there = to_unit(distribution, value)
    assert 0.0 <= there <= 1.0
    back = from_unit(distribution, there)
    if 0 < distribution.levels < 10_000:
        assert back == value
    else:
        assert math.isclose(back, value, rel_tol=1e-6, abs_tol=1e-6 * _span(distribution))


@given(distribution=distributions(), units=st.lists(UNIT, min_size=1, max_size=40))
def test_one_float_is_encoded_bit_for_bit_as_a_column_is(
    distribution: Distribution, units: list[float]
) -> None:
    values = np.array([float(from_unit(distribution, unit)) for unit in units])
    one_by_one = [float_to_unit(distribution, value) for value in values.tolist()]
    assert column_to_unit(distribution, values).tolist() == one_by_one


@given(distribution=distributions(), units=st.lists(UNIT, min_size=1, max_size=5))
def test_columns_agree_with_single_values(distribution: Distribution, units: list[float]) -> None:
    values = [from_unit(distribution, unit) for unit in units]
    column = column_to_unit(distribution, np.array([float(v) for v in values] + [np.nan]))
    assert math.isnan(column[-1])
    # A column holds floats, through which integers beyond 2**53 are seen some levels off.
    assume(max(abs(value) for value in values) < 2**53)
    for value, got in zip(values, column[:-1], strict=True):
        assert got == pytest.approx(to_unit(distribution, value), abs=1e-9)


@pytest.mark.parametrize(
    "distribution",
    [
        IntDistribution(3, 7),
        IntDistribution(0, 12, step=4),
        FloatDistribution(0.0, 1.0, step=0.25),
        CategoricalDistribution(("a", "b", "c")),
    ],
)
def test_levels_get_equal_shares(distribution: Distribution) -> None:
    n = distribution.levels
    grid = (np.arange(n * 100) + 0.5) / (n * 100)
    _, counts = np.unique([from_unit(distribution, float(u)) for u in grid], return_counts=True)
    assert (counts == 100).all()


def test_log_draws_are_uniform_on_the_log_scale() -> None:
    distribution = FloatDistribution(1e-4, 1.0, log=True)
    assert from_unit(distribution, 0.5) == pytest.approx(1e-2)
    stepped = FloatDistribution(1.0, 100.0, log=True, step=1.0)
    assert from_unit(stepped, 0.5) == pytest.approx(math.sqrt(0.5 * 100.5), abs=0.5)


def test_the_outermost_values_are_reached() -> None:
    for distribution in (IntDistribution(1, 100, log=True), FloatDistribution(-3.0, 7.5)):
        assert from_unit(distribution, 0.0) == distribution.low
        assert from_unit(distribution, 1.0) == distribution.high


def test_huge_integers_are_drawn_exactly() -> None:
    distribution = IntDistribution(2**70, 2**70 + 2**60)
    value = from_unit(distribution, 0.123456789)
    assert isinstance(value, int)
    assert distribution._contains(value)


def test_the_whole_float_range_does_not_overflow() -> None:
    distribution = FloatDistribution(-1.7e308, 1.7e308)
    assert math.isfinite(from_unit(distribution, 0.75))


def _span(distribution: Distribution) -> float:
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.levels)
    return max(float(distribution.high - distribution.low), abs(float(distribution.low)), 1e-9)
