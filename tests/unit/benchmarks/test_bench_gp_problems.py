"""The problems have the optima they claim, and no instance gives them away in the middle."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint, minimize

from benchmarks.gp_instances import Instance, Outcome, ackley, levy, rosenbrock
from benchmarks.gp_problems import PROBLEMS, Problem
from trimtab import CategoricalDistribution, FloatDistribution
from trimtab.samplers.pareto import hypervolume

Params = dict[str, Any]

# Those of bbob know their own optimum, and need a package that only the benchmarks have.
OWN = [problem for problem in PROBLEMS if problem.kind not in ("bbob", "batch")]
SINGLE = [problem for problem in OWN if not problem.reference]


def at(distribution: FloatDistribution, u: float) -> float:
    low, high = distribution.low, distribution.high
    return low * (high / low) ** u if distribution.log else low + (high - low) * u


def share(distribution: FloatDistribution, value: float) -> float:
    low, high = distribution.low, distribution.high
    if distribution.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def values_of(distribution: Any) -> list[Any]:
    """Of what is no float."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    return list(range(distribution.low, distribution.high + 1))


def drawn(instance: Instance, rng: np.random.Generator) -> Params:
    return {
        name: at(one, float(rng.random()))
        if isinstance(one, FloatDistribution)
        else values_of(one)[int(rng.integers(len(values_of(one))))]
        for name, one in instance.space.items()
    }


def merit(outcome: Outcome) -> float:
    return outcome.values[0] + 1e3 * sum(max(0.0, c - 1e-7) for c in outcome.constraints)


def descended(instance: Instance, rng: np.random.Generator, n_constraints: int) -> float:
    """Where a search that knows the problem ends: whole values in turn, then the floats."""
    params = min(
        (drawn(instance, rng) for _ in range(50)), key=lambda p: merit(instance.outcome(p))
    )
    floats = {k: v for k, v in instance.space.items() if isinstance(v, FloatDistribution)}

    def outcome(u: Any) -> Outcome:
        shares = np.clip(u, 0.0, 1.0).tolist()
        moved = {name: at(floats[name], u) for name, u in zip(floats, shares, strict=True)}
        return instance.outcome({**params, **moved})

    def violations(u: Any) -> Any:
        return np.array(outcome(u).constraints)

    def objective(u: Any) -> float:
        return outcome(u).values[0]

    constraints = [NonlinearConstraint(violations, -np.inf, 0.0)] if n_constraints else []
    best = math.inf
    u = np.array([share(one, params[name]) for name, one in floats.items()])
    for _ in range(3):
        for name in instance.space.keys() - floats.keys():
            tried = [(merit(outcome(u)), params[name])]
            for value in values_of(instance.space[name]):
                params[name] = value
                tried.append((merit(outcome(u)), value))
            params[name] = min(tried, key=lambda pair: pair[0])[1]
        bounds = [(0.0, 1.0)] * len(floats)
        found = minimize(objective, u, bounds=bounds, constraints=constraints, tol=1e-10)
        if merit(outcome(found.x)) < best:
            best, u = merit(outcome(found.x)), np.clip(found.x, 0.0, 1.0)
    return best


@pytest.mark.parametrize("problem", SINGLE, ids=[p.name for p in SINGLE])
@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_below_the_optimum(problem: Problem, number: int) -> None:
    instance, rng = problem.make(number), np.random.default_rng(number)
    found = [descended(instance, rng, problem.n_constraints) for _ in range(4)]
    assert min(found) >= instance.optimum - 1e-5


@pytest.mark.parametrize(
    "name",
    ["branin", "hartmann6", "mixed network", "mixed wells", "gramacy", "hartmann6 in a ball"],
)
def test_the_optimum_is_reached(name: str) -> None:
    problem = next(problem for problem in PROBLEMS if problem.name == name)
    instance, rng, best = problem.make(1), np.random.default_rng(0), math.inf
    for _ in range(40):
        best = min(best, descended(instance, rng, problem.n_constraints))
        if best < instance.optimum + 1e-4:
            break
    assert best == pytest.approx(instance.optimum, abs=1e-4)


def test_functions_that_are_moved_are_zero_at_home() -> None:
    assert ackley(np.zeros(5)) == pytest.approx(0.0, abs=1e-12)
    assert levy(np.ones(4)) == pytest.approx(0.0, abs=1e-12)
    assert rosenbrock(np.ones(4)) == 0.0


@pytest.mark.parametrize("problem", OWN, ids=[p.name for p in OWN])
@pytest.mark.parametrize("number", range(1, 11))
def test_the_middle_is_not_the_answer(problem: Problem, number: int) -> None:
    instance = problem.make(number)
    params = {
        name: at(one, 0.5)
        if isinstance(one, FloatDistribution)
        else values_of(one)[len(values_of(one)) // 2]
        for name, one in instance.space.items()
    }
    rng = np.random.default_rng(number)
    outcomes = [instance.outcome(drawn(instance, rng)) for _ in range(200)]
    middle = instance.outcome(params)
    if problem.reference:
        reference = np.array(problem.reference)
        volumes = [hypervolume(np.array([o.values]), reference) for o in (*outcomes, middle)]
        assert volumes[-1] < max(volumes)
    else:
        assert merit(middle) > min(merit(outcome) for outcome in outcomes)


@pytest.mark.parametrize("problem", [p for p in OWN if p.reference], ids=lambda p: p.name)
def test_no_front_covers_more_than_the_largest_volume(problem: Problem) -> None:
    instance, rng = problem.make(1), np.random.default_rng(0)
    points = np.array([instance.outcome(drawn(instance, rng)).values for _ in range(20_000)])
    volume = hypervolume(points, np.array(problem.reference))
    assert 0.85 * instance.optimum < volume < instance.optimum


def test_instances_differ_and_are_the_same_each_time() -> None:
    for problem in OWN:
        params = drawn(problem.make(1), np.random.default_rng(0))
        one, again = problem.make(1).outcome(params), problem.make(1).outcome(params)
        assert one == again
        assert any(problem.make(i).outcome(params) != one for i in range(2, 8)), problem.name
