"""What a trial is said to need."""

from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.tune.resources import DEFAULT, PlacementGroupFactory, as_needs
from trimtab.tune.trainable import Needs


def train(config: dict[str, Any]) -> int:
    return 0


def test_names_as_ray_tunes_users_write_them() -> None:
    needs = as_needs({"cpu": 2, "gpu": 0.5, "custom_resources": {"license": 1}, "tpu": 1})
    assert needs.required_resources == {"CPU": 2.0, "GPU": 0.5, "license": 1.0, "tpu": 1.0}
    assert str(needs) == "2 CPU, 0.5 GPU, 1 tpu, 1 license"
    assert as_needs(None) is DEFAULT
    assert as_needs(needs) is needs


def test_bundles_are_added_up() -> None:
    needs = PlacementGroupFactory([{"CPU": 1}, {"CPU": 2, "x": 1}, {"CPU": 2}], strategy="SPREAD")
    assert needs.required_resources == {"CPU": 5.0, "x": 1.0}
    assert needs.head_cpus == 1.0
    assert PlacementGroupFactory([{}, {"CPU": 1}]).head_cpus == 0.0
    assert needs == PlacementGroupFactory([{"cpu": 1}, {"cpu": 2, "x": 1}, {"cpu": 2}], "SPREAD")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cpu": -1}, "at least 0 for 'cpu'"),
        ({"cpu": float("nan")}, "at least 0"),
        ({"cpu": float("inf")}, "at least 0"),
        ({"cpu": True}, "at least 0"),
        ({"cpu": "2"}, "at least 0"),
        ({"gpu": 1.5}, "whole GPUs"),
        ({"cpu": 0}, "more than 0 of something"),
        ({}, "more than 0 of something"),
    ],
)
def test_amounts_that_are_none(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        tune.with_resources(train, given)
    with pytest.raises(InvalidArgument, match=words):
        tune.Tuner(train, tune_config=tune.TuneConfig(resources_per_trial=given))


@pytest.mark.parametrize("given", [3, "2 CPU", [{"cpu": 1}], {1: 1}])
def test_what_is_no_request(given: Any) -> None:
    with pytest.raises(InvalidType, match="resources"):
        tune.with_resources(train, given)


@pytest.mark.parametrize("bundles", [[], {"CPU": 1}, [{"CPU": 1}, {}], [{}]])
def test_bundles_that_are_none(bundles: Any) -> None:
    with pytest.raises(InvalidArgument):
        PlacementGroupFactory(bundles)
    with pytest.raises(InvalidArgument, match="strategy"):
        PlacementGroupFactory([{"CPU": 1}], "NEAR")  # type: ignore[arg-type]  # on purpose


def test_who_says_what_a_trial_needs() -> None:
    class Plain(tune.Trainable):
        pass

    class Asks(tune.Trainable):
        @classmethod
        def default_resource_request(cls, config: dict[str, Any]) -> Any:
            return {"cpu": config["n"]} if config["n"] else None

    run = {"cpu": 4}
    assert Needs(train).same == Needs(Plain).same == DEFAULT
    assert Needs(train, run).same == Needs(Plain, run).same == as_needs(run)
    assert Needs(tune.with_resources(train, {"cpu": 2}), run).same == as_needs({"cpu": 2})
    assert Needs(tune.with_resources(Asks, {"cpu": 2}), run).same == as_needs({"cpu": 2})
    asks = Needs(Asks, run)
    assert asks.same is None
    assert asks({"n": 3}) == as_needs({"cpu": 3})
    assert asks({"n": 0}) == as_needs(run)
    by_config = Needs(Asks, lambda config: {"cpu": 7})
    assert by_config({"n": 0}) == as_needs({"cpu": 7})
    given = Needs(tune.with_resources(train, lambda config: {"cpu": config["a"]}))
    assert given({"a": 2}) == as_needs({"cpu": 2})
    with_data = tune.with_parameters(tune.with_resources(Plain, {"gpu": 1}), data=[1])
    assert Needs(with_data).same == as_needs({"gpu": 1})
    with pytest.raises(InvalidType, match="function of the config"):
        Needs(tune.with_resources(train, lambda config: 3))({})
