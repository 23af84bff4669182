"""Linear constraints: read from text, checked exactly, and refused where nothing is left."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    LinearConstraint,
    Space,
    check_constraints,
    constraint_arrays,
    feasible_point,
    parse_constraint,
)
from trimtab.space.constraints import Sense

NAMES = ("x1", "x2", "x3", "lr-init", "a b", "model.depth")


@pytest.mark.parametrize(
    ("text", "weights", "bound", "sense"),
    [
        ("x1 <= x2", {"x1": 1.0, "x2": -1.0}, 0.0, "<="),
        ("-x1 + 2.1*x2 <= 3", {"x1": -1.0, "x2": 2.1}, 3.0, "<="),
        ("x1 + x2 >= 0.5", {"x1": 1.0, "x2": 1.0}, 0.5, ">="),
        ("x1+x2>=.5", {"x1": 1.0, "x2": 1.0}, 0.5, ">="),
        ("  2 *x1 -x2*3e-1<= 1e2 - 4. ", {"x1": 2.0, "x2": -0.3}, 96.0, "<="),
        ("3 >= x1 - x2", {"x1": -1.0, "x2": 1.0}, -3.0, ">="),
        ("x1 + x1 <= 2*3 + x3", {"x1": 2.0, "x3": -1.0}, 6.0, "<="),
        ("lr-init - 2*a b <= model.depth", {"lr-init": 1, "a b": -2, "model.depth": -1}, 0, "<="),
        ("0.1*x1 + 0.2*x1 <= 0.3", {"x1": 0.3}, 0.3, "<="),
    ],
)
def test_text_is_read(text: str, weights: dict[str, float], bound: float, sense: str) -> None:
    constraint = parse_constraint(text, NAMES)
    assert dict(constraint.weights) == weights
    assert (constraint.bound, constraint.sense) == (bound, sense)
    assert parse_constraint(str(constraint), NAMES) == constraint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x1 + x4 <= 3", r"one of .*'x1'.*character 6"),
        ("x1 = x2", "equalities are not supported"),
        ("x1 == x2", "equalities are not supported"),
        ("x1 < x2", r"'<=' or '>='.*character 4"),
        ("x1 * x2 <= 3", "linear"),
        ("x1 <= x2 <= x3", "one comparison"),
        ("x1 <=", "a number or a parameter at character 6"),
        ("", "a number or a parameter at character 1"),
        ("x1", "'<=' or '>='"),
        ("(x1) <= 2", "a number or a parameter"),
        ("x1 <= x1", "does not cancel out"),
        ("1 <= 2", "does not cancel out"),
        ("2 x1 <= 2", "'<=' or '>='"),
        ("x1 <= 1e999", "finite"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match=says):
        parse_constraint(text, NAMES)


def test_only_text_is_read() -> None:
    with pytest.raises(InvalidType, match="parameter_constraints"):
        parse_constraint(3, NAMES)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("weights", "bound", "sense"),
    [
        ({}, 1.0, "<="),
        ({"x1": 0.0}, 1.0, "<="),
        ({"x1": float("nan")}, 1.0, "<="),
        ({"x1": 1.0}, float("inf"), "<="),
        ({"x1": "1"}, 1.0, "<="),
        ({"x1": True}, 1.0, "<="),
        ({"": 1.0}, 1.0, "<="),
        ({"x1": 1.0}, 1.0, "<"),
        ([("x1", 1.0)], 1.0, "<="),
    ],
)
def test_an_illegal_constraint_cannot_exist(weights: Any, bound: float, sense: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        LinearConstraint(weights, bound, sense)


def test_the_check_is_exact_in_the_decimals_people_read() -> None:
    most = LinearConstraint({"x1": 1.0, "x2": 1.0}, 0.3)
    assert most.holds({"x1": 0.1, "x2": 0.2, "other": "text"})
    assert most.excess({"x1": 0.1, "x2": 0.2}) == 0.0
    assert not most.holds({"x1": 0.1, "x2": 0.2000000000000001})
    least = LinearConstraint({"x1": 2.0}, 3.0, ">=")
    assert least.excess({"x1": 1}) == 1.0
    assert least.holds({"x1": 1.5})


def test_integers_are_exact_at_any_size() -> None:
    order = LinearConstraint({"a": 1.0, "b": -1.0}, 0.0)
    assert order.holds({"a": 2**70, "b": 2**70})
    assert not order.holds({"a": 2**70 + 1, "b": 2**70})


def test_numpy_numbers_are_numbers() -> None:
    assert LinearConstraint({"x": 1.0}, 1.0).holds({"x": np.float64(1.0)})
    assert LinearConstraint({"x": 1.0}, 1.0).holds({"x": np.int64(1)})


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(InvalidArgument, match="`x2`"):
        LinearConstraint({"x1": 1.0, "x2": 1.0}, 0.3).holds({"x1": 1.0})


@pytest.mark.parametrize("value", ["1", None, True, 1j])
def test_a_value_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(InvalidType):
        LinearConstraint({"x1": 1.0}, 0.3).holds({"x1": value})


def test_it_is_a_value() -> None:
    one = LinearConstraint({"a": 1.0, "b": 2}, 1)
    other = LinearConstraint({"b": 2.0, "a": 1.0}, 1.0)
    assert one == other
    assert hash(one) == hash(other)
    assert copy.deepcopy(one) == one
    assert LinearConstraint.from_json(one.to_json()) == one
    with pytest.raises(TypeError, match="item assignment"):
        one.weights["a"] = 2.0  # type: ignore[index]  # wrong on purpose


@pytest.mark.parametrize("data", [{}, {"weights": {"a": 1}, "bound": 1}, {"weights": 1}])
def test_json_that_is_no_constraint_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        LinearConstraint.from_json(data)


def test_arrays_are_at_most_forms() -> None:
    A, b = constraint_arrays(
        [LinearConstraint({"x": 1.0, "y": 2.0}, 3.0), LinearConstraint({"y": 1.0}, 0.5, ">=")],
        ["y", "x"],
    )
    assert A.tolist() == [[2.0, 1.0], [-1.0, 0.0]]
    assert b.tolist() == [3.0, -0.5]
    with pytest.raises(InvalidArgument, match="'y'"):
        constraint_arrays([LinearConstraint({"y": 1.0}, 0.5)], ["x"])


SPACE = Space(
    {
        "x": FloatDistribution(0.0, 1.0),
        "y": FloatDistribution(0.001, 1.0, log=True),
        "n": IntDistribution(1, 9, step=2),
        "s": FloatDistribution(0.0, 1.0, step=0.25),
        "kind": CategoricalDistribution(("a", "b")),
    }
)


@pytest.mark.parametrize(
    ("texts", "possible"),
    [
        ([], True),
        (["x + y <= 1"], True),
        (["x + y >= 2"], True),
        (["x + y >= 2.1"], False),
        (["x >= y", "y >= x + 0.5"], False),
        (["n >= 3.5", "n <= 4.5"], False),  # only its relaxation has a solution
        (["n >= 4.5", "n <= 5.5"], True),
        (["s >= 0.3", "s <= 0.45"], False),
        (["s + n <= 1", "x >= 1"], True),
    ],
)
def test_whether_any_point_is_feasible(texts: list[str], possible: bool) -> None:
    constraints = [parse_constraint(text, SPACE) for text in texts]
    point = feasible_point(constraints, SPACE)
    assert (point is not None) == possible
    if point is not None:
        for name, value in point.items():
            assert SPACE[name]._contains(SPACE[name].to_internal_repr(value))
        assert all(constraint.excess(point) <= 1e-6 for constraint in constraints)


def test_a_constraint_must_fit_the_space() -> None:
    with pytest.raises(InvalidArgument, match="`kind` is a choice"):
        check_constraints([LinearConstraint({"kind": 1.0}, 0.0)], SPACE)
    with pytest.raises(InvalidArgument, match="'z'"):
        feasible_point([LinearConstraint({"z": 1.0}, 0.0)], SPACE)


def test_only_choices_leave_nothing_to_constrain() -> None:
    assert feasible_point([], {"kind": CategoricalDistribution(("a",))}) == {}


_FINITE = st.floats(allow_nan=False, allow_infinity=False).filter(bool)


@given(st.dictionaries(st.sampled_from(["x1", "x2"]), _FINITE, min_size=1), _FINITE)
def test_its_text_reads_back_as_itself(weights: dict[str, float], bound: float) -> None:
    senses: tuple[Sense, ...] = ("<=", ">=")
    for sense in senses:
        constraint = LinearConstraint(weights, bound, sense)
        assert parse_constraint(str(constraint), NAMES) == constraint
