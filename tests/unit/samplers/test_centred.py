"""Where the Gaussian process sampler looks before it has a model."""

from typing import Any

import pytest

from tests.unit.samplers.gp_support import cube, new_study
from trimtab.samplers import AutoSampler, GPSampler
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    parse_constraint,
)
from trimtab.study import Trial

MIXED: dict[str, Distribution] = {
    "x": FloatDistribution(-1.0, 3.0),
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "n": IntDistribution(0, 10),
    "size": CategoricalDistribution((1, 2, 4)),
    "kind": CategoricalDistribution(tuple("abcdefgh")),
}


def middle_of(sampler: GPSampler, by_name: bool) -> dict[str, Any]:
    study = new_study(sampler)
    trial = study.ask(None if by_name else MIXED)
    if by_name:
        for name, distribution in MIXED.items():
            trial._suggest(name, distribution)
    return dict(trial.params)


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_the_first_trial_is_the_middle(by_name: bool, known: bool) -> None:
    space = MIXED if known else None
    found = [
        middle_of(GPSampler(seed=seed, ordered=("size",), search_space=space), by_name)
        for seed in range(12)
    ]
    for params in found:
        kind = params.pop("kind")
        assert kind in "abcdefgh"
        assert params == {"x": 1.0, "rate": pytest.approx(0.01), "n": 5, "size": 2}


def test_choices_without_an_order_have_no_middle() -> None:
    kinds = {
        new_study(GPSampler(seed=seed)).ask({"kind": MIXED["kind"]}).params["kind"]
        for seed in range(30)
    }
    assert len(kinds) > 4


def test_only_the_first_trial_is() -> None:
    study = new_study(GPSampler(seed=0))
    points = [tuple(study.ask(dict(cube(2))).params.values()) for _ in range(4)]
    assert points[0] == (0.5, 0.5)
    assert len(set(points)) == 4


def test_the_middle_keeps_to_constraints() -> None:
    constraint = parse_constraint("x0 + x1 <= 0.3", ("x0", "x1"))
    sampler = GPSampler(seed=0, search_space=cube(2), parameter_constraints=[constraint])
    params = new_study(sampler).ask(dict(cube(2))).params
    assert params["x0"] + params["x1"] <= 0.3 + 1e-9


@pytest.mark.parametrize(("m", "first"), [(1, 5), (2, 8)])
@pytest.mark.parametrize("batch", [1, 4])
def test_running_trials_count_among_the_first_ones(m: int, first: int, batch: int) -> None:
    study = new_study(AutoSampler(seed=0), m)
    names: list[str] = []
    while len(names) < 12:
        trials: list[Trial] = [study.ask(dict(cube(2))) for _ in range(batch)]
        names += [study.get_trial(trial.number).system_attrs["sampler"] for trial in trials]
        for trial in trials:
            study.tell(trial, [sum(trial.params.values())] * m)
    assert names == ["QMCSampler"] * first + ["GPSampler"] * (12 - first)


def test_half_of_the_first_trials_are_complete_before_a_fit() -> None:
    study = new_study(AutoSampler(seed=0))
    trials = [study.ask(dict(cube(2))) for _ in range(9)]
    for trial in trials[:3]:
        study.tell(trial, 1.0)
    last = study.ask(dict(cube(2)))
    names = [study.get_trial(t.number).system_attrs["sampler"] for t in (trials[-1], last)]
    assert names == ["QMCSampler", "GPSampler"]
