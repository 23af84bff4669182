"""The functions of a search space."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import FloatDistribution, IntDistribution
from trimtab.space.domains import (
    Choice,
    Domain,
    choice,
    grid_of,
    grid_search,
    lograndint,
    loguniform,
    qlograndint,
    qloguniform,
    qrandint,
    qrandn,
    quniform,
    randint,
    randn,
    sample_from,
    uniform,
)

ALL: list[Domain] = [
    uniform(-1, 1),
    quniform(0.0, 1.0, 0.25),
    loguniform(1e-4, 1e-1),
    qloguniform(5e-3, 1e-1, 5e-4),
    randint(0, 10),
    qrandint(0, 10, 5),
    lograndint(1, 100),
    qlograndint(2, 64, 2),
    randn(10, 2),
    qrandn(0, 1, 0.5),
    choice([1, "a", None, True]),
]


@pytest.mark.parametrize(
    ("domain", "distribution"),
    [
        (uniform(0, 1), FloatDistribution(0, 1)),
        (quniform(0.1, 0.9, 0.1), FloatDistribution(0.1, 0.9, step=0.1)),
        (loguniform(1, 10), FloatDistribution(1, 10, log=True)),
        (qloguniform(5e-3, 1e-1, 5e-4), FloatDistribution(5e-3, 1e-1, log=True, step=5e-4)),
        (randint(0, 10), IntDistribution(0, 9)),
        (qrandint(0, 10), IntDistribution(0, 9)),
        (qrandint(0, 10, 5), IntDistribution(0, 10, step=5)),
        (lograndint(1, 10), IntDistribution(1, 9, log=True)),
        (qlograndint(2, 10, 2), IntDistribution(2, 10, log=True, step=2)),
    ],
)
def test_domains_are_the_engine_s_distributions(domain: Domain, distribution: object) -> None:
    assert domain.distribution == distribution


@pytest.mark.parametrize("domain", ALL, ids=lambda domain: str(domain.distribution)[:40])
def test_what_is_drawn_is_valid(domain: Domain) -> None:
    values = domain.sample(size=300, random_state=0)
    assert all(domain.is_valid(value) for value in values)
    assert values == domain.sample(size=300, random_state=0)
    assert len(set(map(str, values))) > 1


def test_both_bounds_of_a_grid_are_drawn() -> None:
    values = qloguniform(5e-3, 1e-1, 5e-4).sample(size=5000, random_state=1)
    assert (min(values), max(values)) == (5e-3, 1e-1)
    assert all(math.isclose(value / 5e-4, round(value / 5e-4)) for value in values)
    assert set(qrandint(0, 10, 5).sample(size=200, random_state=0)) == {0, 5, 10}
    assert max(randint(0, 3).sample(size=200, random_state=0)) == 2


def test_normal_values_are_normal() -> None:
    values = np.array(randn(10, 2).sample(size=4000, random_state=0))
    assert abs(values.mean() - 10) < 0.2
    assert abs(values.std() - 2) < 0.2


@given(value=st.floats(-1e6, 1e6), domain=st.sampled_from(ALL[:-1]))
def test_the_nearest_value_is_admissible(value: float, domain: Domain) -> None:
    assert domain.is_valid(domain.value(domain.internal(value)))


@pytest.mark.parametrize(
    ("wrong", "error", "argument"),
    [
        (lambda: uniform(3, 1), InvalidArgument, "upper"),
        (lambda: uniform(1, 1), InvalidArgument, "upper"),
        (lambda: uniform(0, math.inf), InvalidArgument, "high"),
        (lambda: uniform("0", 1), InvalidType, "lower"),  # type: ignore[arg-type]  # the point
        (lambda: loguniform(0, 1), InvalidArgument, "low"),
        (lambda: quniform(0, 1, 0.3), InvalidArgument, "upper"),
        (lambda: quniform(0, 1, 0), InvalidArgument, "q"),
        (lambda: randint(0, 0), InvalidArgument, "upper"),
        (lambda: randint(0.5, 2), InvalidType, "lower"),  # type: ignore[arg-type]  # the point
        (lambda: qrandint(1, 10, 5), InvalidArgument, "lower"),
        (lambda: randn(0, 0), InvalidArgument, "sd"),
        (lambda: choice([]), InvalidArgument, "categories"),
        (lambda: choice("abc"), InvalidType, "categories"),
        (lambda: grid_search([]), InvalidArgument, "values"),
        (lambda: sample_from(3), InvalidType, "function"),  # type: ignore[arg-type]  # the point
    ],
)
def test_wrong_bounds_are_refused_when_defined(
    wrong: Callable[[], Any], error: type[Exception], argument: str
) -> None:
    with pytest.raises(error, match=f"`{argument}`"):
        wrong()


def test_a_choice_may_be_of_anything() -> None:
    branch = {"kind": "svm", "C": uniform(0, 1)}
    things = choice([branch, len, None])
    assert things.distribution.choices == ("0: kind=svm", "1: len", "2: None")  # type: ignore[union-attr]  # it is categorical
    assert things.value(0) is branch
    assert things.internal(len) == 1
    assert choice([1, True, 1.0]).internal(True) == 1
    with pytest.raises(InvalidArgument, match="one of"):
        things.internal("svm")


def test_a_grid_search_is_a_plain_dictionary() -> None:
    assert grid_search(range(3)) == {"grid_search": [0, 1, 2]}
    grid = grid_of({"grid_search": [1, 2]})
    assert isinstance(grid, Choice)
    assert grid.categories == (1, 2)
    assert grid_of({"grid_search": [1], "more": 2}) is None
    assert grid_of([1]) is None
