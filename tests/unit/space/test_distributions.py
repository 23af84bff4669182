"""Distributions: exact, validated, and the same after JSON."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import IncompatibleDistribution, InvalidArgument, InvalidType
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    check_compatible,
    decode_json,
    encode_json,
    from_json,
    to_json,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)
BIG = st.integers(-(2**80), 2**80)
CHOICES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: FloatDistribution(1.0, 0.0), "low"),
        (lambda: FloatDistribution(math.nan, 1.0), "low"),
        (lambda: FloatDistribution(0.0, math.inf), "high"),
        (lambda: FloatDistribution(0.0, 1.0, step=0.0), "step"),
        (lambda: FloatDistribution(0.0, 1.0, step=-1.0), "step"),
        (lambda: FloatDistribution(0.0, 1.0, log=True), "low"),
        (lambda: IntDistribution(2, 1), "low"),
        (lambda: IntDistribution(0, 5, log=True), "low"),
        (lambda: IntDistribution(0, 5, step=0), "step"),
        (lambda: CategoricalDistribution(()), "choices"),
    ],
)
def test_impossible_distributions_are_refused(make: Any, argument: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert caught.value.argument == argument
    assert "expected" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: FloatDistribution("0", 1.0),  # type: ignore[arg-type]  # wrong on purpose
        lambda: FloatDistribution(0.0, None),  # type: ignore[arg-type]  # wrong on purpose
        lambda: IntDistribution(0.5, 2),  # type: ignore[arg-type]  # wrong on purpose
        lambda: IntDistribution(True, 2),
        lambda: CategoricalDistribution(3),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_arguments_of_the_wrong_type_are_refused(make: Any) -> None:
    with pytest.raises(InvalidType):
        make()


def test_a_bound_off_the_grid_is_lowered_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="not on the grid"):
        assert FloatDistribution(0.0, 1.0, step=0.3).high == 0.9
    with pytest.warns(UserWarning, match="not on the grid"):
        assert IntDistribution(0, 10, step=4).high == 8


def test_decimal_steps_are_read_as_people_write_them() -> None:
    assert FloatDistribution(0.0, 0.3, step=0.1).levels == 4
    assert FloatDistribution(0.1, 0.7, step=0.2).high == 0.7


@given(st.floats(-100.0, 100.0), st.integers(0, 1000), st.sampled_from([0.1, 0.25, 0.3, 7.0]))
def test_a_grid_that_was_cut_to_its_bound_is_cut_no_more(low: float, k: int, step: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cut = FloatDistribution(low, low + k * step + step / 2, step=step)
    assert FloatDistribution(cut.low, cut.high, step=step) == cut
    assert cut.levels == k + 1
    assert from_json(to_json(cut)) == cut


def test_a_bound_that_misses_the_grid_by_rounding_is_on_it() -> None:
    fine = FloatDistribution(3.4000000000000004, 4.5, step=0.1)
    assert (fine.high, fine.levels) == (4.5, 12)
    with pytest.warns(UserWarning, match="not on the grid"):
        wide = FloatDistribution(-1e200, 1.5e200, step=1e200)
    assert wide.high == 1e200


def test_true_one_and_one_point_zero_are_three_choices() -> None:
    kinds = CategoricalDistribution((True, 1, 1.0, "1", None))
    assert [kinds.to_internal_repr(c) for c in (True, 1, 1.0, "1", None)] == [0, 1, 2, 3, 4]
    back = from_json(to_json(kinds))
    assert isinstance(back, CategoricalDistribution)
    assert [type(c) for c in back.choices] == [bool, int, float, str, type(None)]
    assert CategoricalDistribution((1,)) != CategoricalDistribution((True,))
    assert CategoricalDistribution((1,)) != CategoricalDistribution((1.0,))
    assert hash(kinds) == hash(back)


def test_a_nan_choice_is_found_again() -> None:
    kinds = CategoricalDistribution((math.nan, 1.0))
    assert kinds.to_internal_repr(float("nan")) == 0
    assert from_json(to_json(kinds)) == kinds


def test_a_choice_that_is_none_of_them_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="one of"):
        CategoricalDistribution(("a", "b")).to_internal_repr("c")
    with pytest.raises(InvalidArgument):
        CategoricalDistribution((1, 2)).to_internal_repr(True)


def test_choices_json_cannot_promise_are_allowed_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="None, bool, int, float or str"):
        kinds = CategoricalDistribution(((1, 2), (3,)))
    assert from_json(to_json(kinds)) == kinds


@given(low=BIG, high=BIG, log=st.booleans())
def test_integers_of_any_size_come_back_exact(low: int, high: int, log: bool) -> None:
    low, high = min(low, high), max(low, high)
    if log:
        low, high = max(1, abs(low)), max(1, abs(low), abs(high))
    distribution = IntDistribution(low, high, log)
    assert from_json(to_json(distribution)) == distribution
    assert distribution.to_internal_repr(high) == high
    assert distribution.to_external_repr(high) == high


@pytest.mark.parametrize("value", [1.5, math.inf, math.nan])
def test_numbers_that_are_no_integers_are_refused(value: float) -> None:
    with pytest.raises(InvalidArgument):
        IntDistribution(0, 10).to_internal_repr(value)


@given(choices=st.lists(CHOICES, min_size=1, max_size=6))
def test_choices_survive_json(choices: list[Any]) -> None:
    kinds = CategoricalDistribution(tuple(choices))
    assert from_json(to_json(kinds)) == kinds


@given(
    st.recursive(
        CHOICES,
        lambda inner: (
            st.lists(inner)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text() | st.sampled_from(["$float", "$tuple"]), inner)
        ),
        max_leaves=8,
    )
)
def test_json_values_survive(value: Any) -> None:
    assert repr(decode_json(encode_json(value))) == repr(value)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidType):
        encode_json({1, 2})
    with pytest.raises(InvalidType):
        encode_json({1: "a key that is no string"})


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        (FloatDistribution(0, 1), FloatDistribution(-5, 5), True),
        (FloatDistribution(0, 1), FloatDistribution(0, 1, step=0.5), True),
        (IntDistribution(0, 1), IntDistribution(0, 9), True),
        (FloatDistribution(0, 1), IntDistribution(0, 1), False),
        (FloatDistribution(1, 2), FloatDistribution(1, 2, log=True), False),
        (CategoricalDistribution(("a",)), CategoricalDistribution(("a", "b")), False),
        (CategoricalDistribution((1,)), CategoricalDistribution((True,)), False),
    ],
)
def test_only_bounds_and_steps_may_change(
    old: Distribution, new: Distribution, allowed: bool
) -> None:
    if allowed:
        check_compatible("x", old, new)
        return
    with pytest.raises(IncompatibleDistribution, match="`x`"):
        check_compatible("x", old, new)


@pytest.mark.parametrize("data", [{}, {"type": "float"}, {"type": "x"}, {"type": "int", "q": 1}])
def test_json_that_is_no_distribution_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        from_json(data)
