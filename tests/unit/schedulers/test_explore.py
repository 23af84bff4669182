"""Exploring: whatever the domain and the value, what comes of it is admissible, and moves."""

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.schedulers.explore import check_mutations, draw, explore
from trimtab.space import FloatDistribution, IntDistribution
from trimtab.space import domains as tune
from trimtab.space.domains import Domain

FACTORS = (1.2, 0.8)


def moves(mutation: Any, value: Any, *, p: float = 0.0, n: int = 40) -> set[Any]:
    """What a value becomes, in ``n`` trials."""
    rng = np.random.default_rng(0)
    checked = check_mutations("m", {"x": mutation})["x"]
    return {explore(checked, value, p, FACTORS, rng) for _ in range(n)}


floats = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)
ints = st.integers(-(2**60), 2**60)


@st.composite
def numeric_domains(draw: st.DrawFn) -> Domain:
    kind = draw(
        st.sampled_from(["uniform", "log", "q", "qlog", "int", "logint", "qint", "n", "qn"])
    )
    low, width = draw(floats), draw(positive)
    q, k = draw(st.sampled_from([0.1, 0.25, 3.0, 5e-4])), draw(st.integers(1, 500))
    start = draw(st.integers(-100, 100))
    if kind == "uniform":
        return tune.uniform(low, low + width)
    if kind == "log":
        return tune.loguniform(width, width * 10.0)
    if kind == "q":
        return tune.quniform(start * q, (start + k) * q, q)
    if kind == "qlog":
        return tune.qloguniform(q, (1 + k) * q, q)
    if kind == "int":
        least = draw(ints)
        return tune.randint(least, least + k)
    if kind == "logint":
        return tune.lograndint(abs(start) + 1, abs(start) + 1 + k)
    if kind == "qint":
        return tune.qrandint(start * 3, (start + k) * 3, 3)
    if kind == "n":
        return tune.randn(low, width)
    return tune.qrandn(start * q, 3 * q, q)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(2**70), 2**70),
    st.integers(-9, 9).map(np.int64),
    st.floats(-9, 9).map(np.float32),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(numeric_domains(), values, st.floats(0, 1), st.floats(0, 5), st.integers(0, 9))
def test_any_value_becomes_an_admissible_one(
    domain: Domain, value: Any, p: float, factor: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    found = explore(domain, value, p, (factor, 1.0 / (factor + 0.1)), rng)
    assert domain.is_valid(found)
    assert type(found) is (int if isinstance(domain.distribution, IntDistribution) else float)


@settings(max_examples=200, deadline=None)
@given(numeric_domains(), st.integers(0, 9))
def test_admissible_values_move(domain: Domain, seed: int) -> None:
    rng = np.random.default_rng(seed)
    value = domain.value(domain.draw(rng))
    found = {explore(domain, value, 0.0, FACTORS, rng) for _ in range(30)}
    assert found - {value} or domain.distribution.levels == 1


things = st.one_of(
    st.none(), st.booleans(), st.text(max_size=2), st.integers(-3, 3), st.floats(-1, 1)
)


@settings(max_examples=200, deadline=None)
@given(st.lists(things, min_size=1, max_size=5), values, st.booleans(), st.integers(0, 9))
def test_choices_and_lists_stay_among_their_values(
    entries: list[Any], value: Any, as_choice: bool, seed: int
) -> None:
    mutation = check_mutations("m", {"x": tune.choice(entries) if as_choice else entries})["x"]
    found = explore(mutation, value, 0.0, FACTORS, np.random.default_rng(seed))
    assert any(found is entry or found == entry for entry in entries)


@pytest.mark.parametrize("value", [1, 2, 3])
def test_small_integers_move_both_ways(value: int) -> None:
    assert moves(tune.randint(1, 100), value) - {value}
    assert moves(tune.randint(-5, 100), value) == {value - 1, value + 1}
    assert moves(lambda: 7, value) == {value - 1, value + 1}


def test_numpy_integers_stay_integers() -> None:
    for mutation in (tune.randint(1, 100), lambda: np.int64(7)):
        found = moves(mutation, np.int64(10))
        assert found == {8, 12}
        assert all(type(value) is int for value in found)
        assert all(type(value) is int for value in moves(mutation, np.int64(10), p=1.0))


def test_zero_moves() -> None:
    assert moves(tune.uniform(0.0, 1.0), 0.0) == {0.1}
    assert sorted(moves(tune.uniform(-1.0, 1.0), 0.0)) == pytest.approx([-0.2, 0.2])
    assert moves(tune.quniform(0.0, 1.0, 0.5), 0.0) == {0.5}
    assert moves(tune.randint(0, 3), 0) == {1}
    assert moves(lambda: 0.5, 0.0) == {0.5}


def test_strings_and_none_move() -> None:
    assert moves(tune.choice(["relu", "tanh", None]), "relu") == {"tanh", None}
    assert moves(tune.choice(["relu", "tanh", None]), None) == {"tanh", "relu"}
    assert moves(["a", None, "b"], None) == {"a", "b"}
    assert moves(tune.choice([False, True]), True) == {False}


def test_numbers_to_choose_from_are_neighbours_not_products() -> None:
    assert moves(tune.choice([16, 32, 64]), 32) == {16, 64}
    assert moves([16, 32, 64], 16) == {16, 32}  # at the end of a list: as in Ray Tune
    assert moves([16, 32, 64], 17) == {16, 32, 64}


def test_bounds_and_grids_are_kept() -> None:
    assert moves(tune.uniform(0.0, 1.0), 0.9) == {1.0, 0.9 * 0.8}
    assert moves(tune.qloguniform(5e-3, 1e-1, 5e-4), 0.1) == {0.1, 0.08}
    assert moves(tune.uniform(0.0, 1.0), 7.0) == {1.0}


def test_a_tuple_is_known_by_the_list_that_was_stored() -> None:
    assert moves([(64, 64), (32, 32), (16,)], [32, 32]) == {(64, 64), (16,)}
    assert moves(tune.choice([(64, 64), (32, 32)]), [32, 32]) == {(64, 64)}


def test_huge_integers_stay_exact() -> None:
    domain = tune.randint(2**60, 2**60 + 11)
    assert moves(domain, 2**60 + 10) == {2**60 + 10, 2**60}
    assert IntDistribution(2**60, 2**60 + 10) == domain.distribution


def test_engine_distributions_are_mutations() -> None:
    mutations = check_mutations(
        "m", {"a": FloatDistribution(0, 1), "b": {"c": IntDistribution(1, 9)}}
    )
    assert list(mutations) == ["a", "b/c"]
    assert 0.0 <= draw(mutations["a"], np.random.default_rng(0)) <= 1.0


def test_functions_use_their_own_randomness() -> None:
    mutation = check_mutations("m", {"x": random.random})["x"]
    random.seed(1)
    first = draw(mutation, np.random.default_rng(0))
    random.seed(1)
    assert draw(mutation, np.random.default_rng(99)) == first


@pytest.mark.parametrize(
    ("mutations", "error"),
    [
        (["lr"], InvalidType),
        ({"lr": 0.1}, InvalidType),
        ({"lr": "abc"}, InvalidType),
        ({"lr": []}, InvalidArgument),
        ({"lr": tune.sample_from(lambda spec: 1)}, InvalidArgument),
        ({"opt": tune.choice([{"lr": tune.uniform(0, 1)}, 2])}, InvalidArgument),
    ],
)
def test_what_is_no_mutation_is_refused(mutations: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="hyperparam_mutations"):
        check_mutations("hyperparam_mutations", mutations)


def test_a_factor_of_one_moves_nothing() -> None:
    rng = np.random.default_rng(0)
    assert explore(tune.uniform(0, 1), 0.0, 0.0, (1.0, 1.0), rng) == 0.0
    assert explore(tune.randint(0, 9), 3, 0.0, (1.0, 1.0), rng) == 3
    assert math.isfinite(explore(tune.uniform(0, 1e308), 1e308, 0.0, (5.0, 5.0), rng))
