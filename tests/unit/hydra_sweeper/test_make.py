"""Samplers and pruners by name; a configuration cannot name anything else."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from hydra_plugins.trimtab_sweeper._make import PRUNERS, make_pruner, make_sampler
from hydra_plugins.trimtab_sweeper.trimtab_sweeper import SAMPLERS
from trimtab import pruners, samplers
from trimtab.errors import InvalidArgument, TrimtabError
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    LinearConstraint,
)

SPACE: dict[str, Distribution] = {
    "x": FloatDistribution(0, 1, step=0.5),
    "n": IntDistribution(1, 3),
    "c": CategoricalDistribution(("a", "b")),
}


@pytest.mark.parametrize(("name", "kind"), SAMPLERS.items())
def test_every_name_of_a_sampler(name: str, kind: str) -> None:
    sampler = make_sampler(name, 3, SPACE)
    assert type(sampler) is getattr(samplers, kind)
    assert sampler.seed == 3


@pytest.mark.parametrize(("name", "kind"), PRUNERS.items())
def test_every_name_of_a_pruner(name: str, kind: str) -> None:
    assert type(make_pruner(name)) is getattr(pruners, kind)


def test_without_a_pruner_nothing_is_pruned() -> None:
    assert type(make_pruner(None)) is pruners.NopPruner


def test_arguments() -> None:
    pruner = make_pruner({"_target_": "trimtab.pruners.ThresholdPruner", "upper": 1.0})
    assert type(pruner) is pruners.ThresholdPruner
    wanted = {"_target_": "trimtab.samplers.TPESampler", "seed": 5, "n_startup_trials": 2}
    assert make_sampler(wanted, 3, SPACE).seed == 5


def test_a_target_of_optunas_is_read_as_a_name() -> None:
    before = set(sys.modules)
    made = make_sampler({"_target_": "optuna.samplers.TPESampler", "seed": 5}, None, SPACE)
    assert type(made) is samplers.TPESampler
    assert not {name for name in set(sys.modules) - before if name.startswith("optuna")}


def test_a_grid_is_made_of_the_space() -> None:
    made = make_sampler("grid", 0, SPACE)
    assert isinstance(made, samplers.GridSampler)
    assert made._grid == {"x": [0.0, 0.5, 1.0], "n": [1, 2, 3], "c": ["a", "b"]}


def test_a_grid_of_a_continuum() -> None:
    with pytest.raises(InvalidArgument, match="`x`: expected a finite set of values"):
        make_sampler("grid", 0, {"x": FloatDistribution(0, 1)})


def test_a_sampler_that_knows_of_constraints_is_told() -> None:
    constraint = LinearConstraint({"x": 1.0, "n": 1.0}, 2.0)
    made = make_sampler("gp", 0, SPACE, [constraint])
    assert make_sampler("tpe", 0, SPACE, [constraint]).seed == 0
    assert constraint in vars(made).values() or any(
        constraint in value for value in vars(made).values() if isinstance(value, tuple)
    )


FOREIGN = [
    "os.system",
    "subprocess.Popen",
    "optuna.samplers.no_such",
    "optuna.samplers.MOTPESampler",
    "trimtab.samplers.base.Sampler",
    "trimtab.samplers.Sampler",
    "trimtab.samplers.PartialFixedSampler",
    "trimtab.samplers.__builtins__",
    "trimtab.study.create_study",
    "",
    None,
    3,
]


@pytest.mark.parametrize("target", FOREIGN)
def test_only_our_own_classes_are_made(target: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"a class of trimtab\.samplers"):
        make_sampler({"_target_": target, "args": "x"}, None, SPACE)
    with pytest.raises(InvalidArgument, match=r"a class of trimtab\.pruners"):
        make_pruner({"_target_": target})


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("tep", "perhaps tpe"),
        ("motpe", "one of auto, tpe"),
        ({}, "a class of trimtab"),
        ({"_target_": "trimtab.samplers.TPESampler", "sed": 3}, "arguments of TPESampler.*'sed'"),
        ({"_target_": "trimtab.samplers.TPESampler", "n_startup_trials": -1}, "at least 0"),
        ({"_target_": "trimtab.samplers.TPESampler", "n_startup_trials": "x"}, "TPESampler"),
    ],
)
def test_bad_names_and_arguments(wanted: Any, says: str) -> None:
    with pytest.raises(TrimtabError, match=says):
        make_sampler(wanted, None, SPACE)
