"""Parameters and search spaces: what is refused, and which points are inside."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.experiment import (
    ChoiceParameter,
    FixedParameter,
    ParameterType,
    RangeParameter,
    SearchSpace,
)
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution

FLOAT, INT, STRING, BOOL = (
    ParameterType.FLOAT,
    ParameterType.INT,
    ParameterType.STRING,
    ParameterType.BOOL,
)


def test_parameters_are_distributions() -> None:
    assert RangeParameter("x", FLOAT, 0, 1).distribution == FloatDistribution(0.0, 1.0)
    assert RangeParameter("x", FLOAT, 0.1, 1, log_scale=True).distribution == FloatDistribution(
        0.1, 1.0, log=True
    )
    assert RangeParameter("x", FLOAT, 0, 1, digits=2).distribution == FloatDistribution(
        0.0, 1.0, step=0.01
    )
    assert RangeParameter("x", INT, 1, 8).distribution == IntDistribution(1, 8)
    assert ChoiceParameter("x", STRING, ["a", "b"]).distribution == CategoricalDistribution(
        ("a", "b")
    )
    assert FixedParameter("x", BOOL, True).distribution == CategoricalDistribution((True,))


@pytest.mark.parametrize(
    ("values", "kind", "ordered"),
    [([1, 2, 3], INT, True), (["a", "b", "c"], STRING, False), (["a", "b"], STRING, True)],
)
def test_numbers_are_ordered_choices(values: Any, kind: ParameterType, ordered: bool) -> None:
    assert ChoiceParameter("x", kind, values).is_ordered is ordered


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RangeParameter("x", STRING, 0, 1), "INT or FLOAT"),
        (lambda: RangeParameter("x", FLOAT, 1, 1), "below"),
        (lambda: RangeParameter("x", FLOAT, 2, 1), "below"),
        (lambda: RangeParameter("x", INT, 0.5, 2), "type int"),
        (lambda: RangeParameter("x", FLOAT, 0, float("inf")), "type float"),
        (lambda: RangeParameter("x", FLOAT, 0, 1, log_scale=True), "positive"),
        (lambda: RangeParameter("x", INT, 0, 3, digits=1), "digits"),
        (lambda: RangeParameter("", FLOAT, 0, 1), "name"),
        (lambda: ChoiceParameter("x", INT, [1]), "two or more"),
        (lambda: ChoiceParameter("x", INT, [1, 1]), "all different"),
        (lambda: ChoiceParameter("x", INT, [1, "a"]), "type int"),
        (lambda: ChoiceParameter("x", INT, [1, True]), "type int"),
        (lambda: ChoiceParameter("x", STRING, "ab"), "sequence"),
        (lambda: ChoiceParameter("x", STRING, ["a", "b"], dependents={"c": ["y"]}), "values"),
        (lambda: FixedParameter("x", FLOAT, "a"), "type float"),
    ],
)
def test_impossible_parameters_are_refused(make: Any, says: str) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match=says):
        make()


X = RangeParameter("x", FLOAT, 0, 1)
Y = RangeParameter("y", FLOAT, 0, 1)
N = RangeParameter("n", INT, 1, 9)
KIND = ChoiceParameter("kind", STRING, ["a", "b"], dependents={"b": ["n"]})


@pytest.mark.parametrize(
    ("parameters", "constraints", "says"),
    [
        ([], [], "at least one"),
        ([X, X], [], "different names"),
        (["x"], [], "a range, choice or fixed"),
        ([X, Y], ["x + y >= 3"], "some point within the bounds"),
        ([X, Y], ["x >= 0.6", "x <= 0.5"], "some point within the bounds"),
        ([X, Y], ["x + z <= 3"], "'x', 'y'"),
        ([X, KIND, N], ["n <= 3"], "every arm has"),
        ([X, KIND, N], ["kind <= 3"], "is a choice"),
        ([KIND], [], "n"),
        ([KIND, N, ChoiceParameter("k", INT, [1, 2], dependents={1: ["n"]})], [], "one parent"),
    ],
)
def test_impossible_spaces_are_refused(parameters: Any, constraints: Any, says: str) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match=says):
        SearchSpace(parameters, constraints)


SPACE = SearchSpace([X, Y, KIND, N, FixedParameter("f", STRING, "v")], ["x + y <= 1.5"])


def test_points_are_checked_and_cast() -> None:
    inside = SPACE.check({"kind": "b", "x": 1, "y": np.float64(0.5), "n": 3.0, "f": "v"})
    assert inside == {"x": 1.0, "y": 0.5, "kind": "b", "n": 3, "f": "v"}
    assert [type(value) for value in inside.values()] == [float, float, str, str, int]
    assert "n" not in SPACE.check({"kind": "a", "x": 1, "y": 0.5, "f": "v"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x": None}, "x"),
        ({"x": "0.5"}, "type float"),
        ({"x": 1.01}, r"parameters.x.*low=0.0"),
        ({"x": float("nan")}, "type float"),
        ({"n": 2.5}, "type int"),
        ({"n": 10}, "parameters.n"),
        ({"kind": "c"}, "parameters.kind"),
        ({"kind": "a"}, r"got \['n'\]"),
        ({"f": "w"}, "parameters.f"),
        ({"more": 1}, r"got \['more'\]"),
        ({"x": 1.0, "y": 1.0}, r"x \+ 1.0\*y <= 1.5"),
    ],
)
def test_points_outside_are_refused(change: dict[str, Any], says: str) -> None:
    point = {"x": 0.1, "y": 0.2, "kind": "b", "n": 3, "f": "v"} | change
    with pytest.raises((InvalidArgument, InvalidType), match=says):
        SPACE.check(point)
    with pytest.raises(InvalidArgument, match="`x`"):
        SPACE.check({"y": 0.1})
    with pytest.raises(InvalidType, match="by parameter name"):
        SPACE.check([0.1])


def test_a_space_survives_json() -> None:
    again = SearchSpace.from_json(json.loads(json.dumps(SPACE.to_json())))
    assert again == SPACE
    assert hash(again) == hash(SPACE)
    assert again.parameters == SPACE.parameters
