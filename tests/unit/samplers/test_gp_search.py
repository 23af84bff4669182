"""Where an acquisition is maximized, and how."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.samplers.gp_support import cube
from trimtab.errors import InvalidArgument
from trimtab.samplers.gp.activity import Activity
from trimtab.samplers.gp.ascent import Rows, ascend
from trimtab.samplers.gp.domain import Domain
from trimtab.samplers.gp.grid import Grid
from trimtab.samplers.gp.kernel import Encoding
from trimtab.samplers.gp.region import Region
from trimtab.samplers.gp.search import Budget, Search
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    Floats,
    IntDistribution,
    LinearConstraint,
    Space,
    parse_constraint,
)
from trimtab.testing.samplers import spaces

MIXED = Space(
    {
        "a": FloatDistribution(0.0, 10.0),
        "b": FloatDistribution(0.001, 10.0, log=True),
        "n": IntDistribution(0, 10),
        "s": FloatDistribution(0.0, 2.0, step=0.25),
        "w": IntDistribution(1, 64, log=True),
        "k": CategoricalDistribution(("u", "v", "w")),
    }
)


class Bowl:
    """An acquisition with its maximum of 0 at one point of the features."""

    def __init__(self, top: Floats) -> None:
        self._top = top

    def value(self, features: Floats) -> Floats:
        return -np.asarray(((features - self._top) ** 2).sum(axis=1))

    def gradient(self, features: Floats) -> tuple[Floats, Floats]:
        return self.value(features), -2.0 * (features - self._top)


@given(spaces(), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_the_grid_is_what_is_decoded(space: Space, seed: int) -> None:
    grid = Grid(space)
    points = grid.draw(5, np.random.default_rng(seed))
    for point in points:
        again = space.encode(space.decode(point.tolist()))
        assert np.allclose(again[grid.discrete], point[grid.discrete], atol=1e-12)
    assert np.array_equal(grid.snap(points), points)


def test_many_climb_at_once() -> None:
    tops = np.random.default_rng(0).uniform(-0.2, 1.2, (7, 3))
    weights = np.array([1.0, 30.0, 900.0])

    def function(x: Floats, rows: Rows) -> tuple[Floats, Floats]:
        off = x - tops[rows]
        return -np.asarray((weights * off**2).sum(axis=1)), -2.0 * weights * off

    starts = np.random.default_rng(1).random((7, 3))
    found, values = ascend(function, starts, np.full(3, 0.3), 60, 1e-9)
    assert np.allclose(found, np.clip(tops, 0.0, 1.0), atol=1e-3)
    assert np.allclose(values, function(found, np.arange(7))[0])


def test_a_search_ends_no_lower_than_it_began() -> None:
    def cliff(x: Floats, rows: Rows) -> tuple[Floats, Floats]:
        del rows
        return np.where(x[:, 0] > 0.5, -np.inf, x[:, 0]), np.ones_like(x)

    found, values = ascend(cliff, np.array([[0.2], [0.45]]), np.ones(1), 30)
    assert (values >= [0.2, 0.45]).all()
    assert (found[:, 0] <= 0.5).all()


def best(domain: Domain, space: Space, top: Floats, ordered: frozenset[str]) -> Floats:
    encoding = Encoding(space, ordered)
    search = Search(Bowl(top), encoding, domain, np.full(len(space), 0.3))
    good = domain.draw(2, np.random.default_rng(1))
    return next(search.best(good, Budget(), np.random.default_rng(0)))


def test_the_best_mixed_point_is_found() -> None:
    top = np.array([0.31, 0.77, 0.7, 0.2, 0.9, 0.5])
    domain = Domain(Grid(MIXED))
    found = best(domain, MIXED, top, frozenset("k"))
    assert np.allclose(found[:2], top[:2], atol=0.02)
    assert np.array_equal(found, domain.grid.snap(found[None])[0])
    assert np.array_equal(found[2:], domain.grid.snap(top[None])[0, 2:])


def test_fixed_columns_are_held() -> None:
    fixed = np.array([np.nan, 0.25, np.nan])
    domain = Domain(Grid(cube(3)), fixed)
    found = best(domain, cube(3), np.array([0.9, 0.9, 0.1]), frozenset())
    assert found == pytest.approx([0.9, 0.25, 0.1], abs=0.02)


def test_a_small_space_is_searched_whole() -> None:
    space = MIXED.subset(("n", "k"))
    domain = Domain(Grid(space))
    assert domain.size == len(domain.every()) == 33
    found = best(domain, space, np.array([0.9, 0.1]), frozenset("k"))
    assert space.decode(found.tolist()) == (9, 0)


# ---------------------------------------------------------------------- linear constraints


TEXTS = st.sampled_from(
    [
        ["a + b + n <= 6"],
        ["a + b + n <= 6", "s - a >= -3"],
        ["a + 0.5*s <= 1"],
        ["n + s <= 0.25", "w <= 3"],
        ["b >= 9.5", "a - b <= -9.4"],
        ["w - 6*n <= 0", "w >= 60"],
    ]
)


@given(TEXTS, st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_repaired_points_are_inside(texts: list[str], seed: int) -> None:
    constraints = [parse_constraint(text, MIXED) for text in texts]
    grid = Grid(MIXED)
    region = Region(constraints, MIXED, grid)
    rng = np.random.default_rng(seed)
    points = region.repaired(grid.draw(40, rng), rng)
    assert region.inside(points).all()
    for point in points[:5]:
        settled = region.settled(point)
        assert settled is not None
        params = MIXED.external(MIXED.decode(settled.tolist()))
        assert all(constraint.holds(params) for constraint in constraints)


def test_points_inside_stay() -> None:
    region = Region([parse_constraint("a + n <= 12", MIXED)], MIXED, Grid(MIXED))
    points = np.full((1, 6), 0.1)
    assert np.array_equal(region.repaired(points, np.random.default_rng(0)), points)
    assert region.settled(points[0]) is not None


def test_a_search_ends_on_the_boundary() -> None:
    space = cube(2)
    region = Region([parse_constraint("x0 + x1 <= 1", space)], space, Grid(space))
    domain = Domain(Grid(space), region=region)
    found = best(domain, space, np.array([0.9, 0.7]), frozenset())
    assert found == pytest.approx([0.6, 0.4], abs=1e-2)
    assert region.holds(found)


def test_slopes_of_constraints() -> None:
    constraints = [parse_constraint("2*a - b <= 6", MIXED)]
    region = Region(constraints, MIXED, Grid(MIXED))
    points = np.full((1, 6), 0.4)
    for j in (0, 1):
        ahead = points.copy()
        ahead[0, j] += 1e-7
        plain = (region.excess(ahead) - region.excess(points))[0, 0] / 1e-7
        assert region.slopes(points)[0, 0, j] == pytest.approx(plain, rel=1e-4)


def test_no_point_is_left() -> None:
    constraint = LinearConstraint({"a": 1.0}, 11.0, ">=")
    with pytest.raises(InvalidArgument, match="parameter_constraints"):
        Region([constraint], MIXED, Grid(MIXED))


# ---------------------------------------------------------------------- conditional columns


def branches() -> tuple[Space, Floats]:
    """``c`` is there where k is u; ``d`` where k is v; ``e`` where d is at least 2."""
    space = Space(
        {
            "k": CategoricalDistribution(("u", "v")),
            "c": FloatDistribution(0.0, 1.0),
            "d": IntDistribution(1, 3),
            "e": FloatDistribution(0.0, 1.0),
        }
    )
    nan = np.nan
    rows = [[0.25, 0.3, nan, nan], [0.75, nan, 1 / 6, nan], [0.75, nan, 0.5, 0.2]]
    return space, np.array([*rows, [0.75, nan, 5 / 6, 0.9], [0.25, 0.8, nan, nan]])


def test_rules_are_learnt() -> None:
    space, points = branches()
    grid = Grid(space)
    activity = Activity(points, grid)
    assert np.array_equal(activity.applied(points), points, equal_nan=True)
    drawn = activity.applied(grid.draw(50, np.random.default_rng(0)))
    assert (np.isnan(drawn[:, 1]) == (drawn[:, 0] > 0.5)).all()
    assert (np.isnan(drawn[:, 2]) == (drawn[:, 0] < 0.5)).all()
    assert (np.isnan(drawn[:, 3]) == ~(drawn[:, 2] > 0.4)).all()


def test_what_follows_no_rule_is_always_there() -> None:
    points = np.array([[0.25, 0.3], [0.25, np.nan], [0.75, 0.1], [0.75, np.nan]])
    space = Space({"k": CategoricalDistribution(("u", "v")), "c": FloatDistribution(0.0, 1.0)})
    activity = Activity(points, Grid(space))
    assert not activity.rules
    assert np.array_equal(activity.applied(points), points, equal_nan=True)
