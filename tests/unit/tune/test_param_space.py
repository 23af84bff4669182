"""From a `param_space` to configs."""

from typing import Any

import numpy as np
import pytest

from trimtab import tune
from trimtab.errors import InvalidType
from trimtab.space.paths import flattened, value_at, with_value
from trimtab.tune.space import ParamSpace, Variant


def variants(space: dict[str, Any], samples: int = 1, seed: int = 0) -> list[Variant]:
    rng = np.random.default_rng(seed)
    made = ParamSpace(space)
    return [
        each
        for _ in range(samples)
        for each in made.variants(lambda name, domain: domain.draw(rng))
    ]


def test_grids_are_combined_the_first_name_varies_fastest() -> None:
    found = variants({"b": tune.grid_search([1, 2]), "a": tune.grid_search(["x", "y", "z"])})
    assert [(each.config["a"], each.config["b"]) for each in found] == [
        ("x", 1), ("y", 1), ("z", 1), ("x", 2), ("y", 2), ("z", 2),
    ]  # fmt: skip
    assert [dict(zip(v.space, v.point, strict=True)) for v in found[:2]] == [
        {"b": 0, "a": 0},
        {"b": 0, "a": 1},
    ]


def test_samples_times_grid() -> None:
    found = variants({"a": tune.grid_search([1, 2]), "b": tune.uniform(0, 1)}, samples=3)
    assert [each.config["a"] for each in found] == [1, 2] * 3
    assert len({each.config["b"] for each in found}) == 6


@pytest.mark.parametrize(
    "computed", [lambda config: 1.0 - config["a"], lambda spec: 1.0 - spec.config["a"]]
)
def test_computed_values_see_the_grid(computed: Any) -> None:
    space = {"b": tune.sample_from(computed), "a": tune.grid_search([0.0, 1.0])}
    assert [each.config for each in variants(space)] == [{"b": 1.0, "a": 0.0}, {"b": 0.0, "a": 1.0}]
    assert list(variants(space)[0].space) == ["a"]


def test_nests_and_lists() -> None:
    (found,) = variants(
        {"m": {"lr": tune.uniform(0, 1), "fixed": 3}, "l": [tune.randint(0, 5), "c"]}
    )
    assert list(found.space) == ["m/lr", "l/0"]
    assert found.config["m"]["fixed"] == 3
    assert found.config["l"][1] == "c"
    assert found.config["m"]["lr"] == found.point[0]


def test_what_stands_in_a_branch_is_there_with_the_branch_only() -> None:
    space = {
        "model": tune.choice(
            [
                {"kind": "svm", "C": tune.loguniform(0.1, 10)},
                {"kind": "forest", "C": tune.randint(1, 9), "depth": tune.grid_search([2, 4])},
            ]
        )
    }
    for found in variants(space, samples=30):
        if found.config["model"]["kind"] == "svm":
            assert list(found.space) == ["model", "model/C"]
            assert isinstance(found.config["model"]["C"], float)
        else:
            # The same name for another thing is another parameter.
            assert set(found.space) == {"model", "model/C#2", "model/depth"}
            assert found.config["model"]["depth"] in (2, 4)


def test_one_domain_in_two_places_is_two_parameters() -> None:
    shared = tune.uniform(0, 1)
    (found,) = variants({"a": shared, "b": shared})
    assert list(found.space) == ["a", "b"]
    assert found.config["a"] != found.config["b"]


def test_a_config_is_the_trial_s_own() -> None:
    space: dict[str, Any] = {"m": {"lr": tune.uniform(0, 1)}, "c": {"d": 1}}
    first, second = variants(space, samples=2)
    assert first.config["m"] != second.config["m"]
    assert space["m"]["lr"] == tune.uniform(0, 1)


@pytest.mark.parametrize("wrong", [3, [tune.uniform(0, 1)], {1: tune.uniform(0, 1)}])
def test_what_is_no_space(wrong: Any) -> None:
    with pytest.raises(InvalidType):
        ParamSpace(wrong)


def test_paths() -> None:
    config = {"a": {"b": [1, {"c": 2}]}, "d": {}}
    assert flattened({"a": {"b": {"c": 1}}, "d": {}}) == {"a/b/c": 1, "d": {}}
    assert value_at(config, "a/b/1/c") == 2
    changed = with_value(config, "a/b/1/c", 5)
    assert value_at(changed, "a/b/1/c") == 5
    assert value_at(config, "a/b/1/c") == 2
    assert with_value({}, "x/y", 1) == {"x": {"y": 1}}
