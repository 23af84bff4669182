"""New points only, within the constraints."""

from __future__ import annotations

import numpy as np
import pytest

from hydra_plugins.trimtab_sweeper._arms import Point, point_of
from hydra_plugins.trimtab_sweeper._propose import NewPoints, Region
from trimtab.errors import SpaceExhausted
from trimtab.records import History, StudyDirection
from trimtab.samplers import Proposal, RandomSampler, Sampler
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
    Space,
)

HISTORY = History((StudyDirection.MINIMIZE,))
SMALL = Space({"n": IntDistribution(1, 3), "c": CategoricalDistribution(("a", "b"))})
X = Space({"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)})


class Stubborn(Sampler):
    """Proposes the same point for ever."""

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        return Proposal(np.full(len(space), 0.9), {"stubborn:state": number})


def proposed(sampler: NewPoints, space: Space, number: int) -> tuple[Internal, ...]:
    proposal = sampler.propose(HISTORY, space, number, sampler.streams.at(number))
    point = space.decode(proposal.point.tolist())
    assert dict(proposal.params) == space.external(point)
    return point


def sampler(base: Sampler, space: Space, tried: set[Point], *constraints: str) -> NewPoints:
    return NewPoints(base, Region.of(space, constraints), tried.__contains__)


@pytest.mark.parametrize("base", [RandomSampler(seed=1), Stubborn(seed=1)])
def test_each_point_of_a_finite_space_once(base: Sampler) -> None:
    tried: set[Point] = set()
    new = sampler(base, SMALL, tried)
    for number in range(6):
        assert not new.exhausted(HISTORY, SMALL)
        tried.add(point_of(SMALL, proposed(new, SMALL, number)))
    assert len(tried) == 6
    assert new.exhausted(HISTORY, SMALL)
    with pytest.raises(SpaceExhausted, match="All 6 points"):
        proposed(new, SMALL, 6)


def test_a_point_that_was_tried_gives_way_to_the_nearest() -> None:
    space = Space({"n": IntDistribution(0, 9)})
    nine = point_of(space, proposed(sampler(Stubborn(), space, set()), space, 0))
    assert proposed(sampler(Stubborn(), space, {nine}), space, 1) == (8,)


def test_the_order_of_columns_does_not_matter() -> None:
    other = Space({name: SMALL[name] for name in ("c", "n")})
    tried = {point_of(SMALL, (n, c)) for n in (1, 2, 3) for c in (0, 1) if (n, c) != (2, 1)}
    new = sampler(RandomSampler(seed=1), SMALL, tried)
    assert proposed(new, other, 0) == (1, 2)


def test_a_space_too_large_to_list() -> None:
    space = Space({"n": IntDistribution(0, 10**6)})
    new = sampler(Stubborn(seed=1), space, {point_of(space, (900_000,))})
    assert proposed(new, space, 0) != (900_000,)
    assert not new.exhausted(HISTORY, space)


def test_constraints_hold() -> None:
    new = sampler(Stubborn(seed=1), X, set(), "x + y <= 0.5")
    for number in range(5):
        x, y = proposed(new, X, number)
        assert x + y <= 0.5


def test_a_finite_space_ends_with_its_feasible_points() -> None:
    space = Space({"n": IntDistribution(1, 3), "m": IntDistribution(1, 3)})
    tried: set[Point] = set()
    new = sampler(RandomSampler(seed=1), space, tried, "n + m <= 3")
    for number in range(3):
        tried.add(point_of(space, proposed(new, space, number)))
    assert len(tried) == 3
    assert new.exhausted(HISTORY, space)


def test_what_the_sampler_keeps_is_kept() -> None:
    new = sampler(Stubborn(), X, set())
    assert new.propose(HISTORY, X, 3, new.streams.at(3)).state == {"stubborn:state": 3}


def test_the_same_number_gets_the_same_point() -> None:
    points = [proposed(sampler(RandomSampler(seed=4), X, set()), X, 2) for _ in range(2)]
    assert points[0] == points[1]


def test_parameters_of_a_custom_space_are_left_to_the_sampler() -> None:
    more: dict[str, Distribution] = {**X, "z": FloatDistribution(0, 1)}
    space = Space(more)
    new = sampler(Stubborn(), X, {point_of(X, (0.9, 0.9))})
    assert new.propose(HISTORY, space, 0, new.streams.at(0)).point.tolist() == [0.9] * 3
