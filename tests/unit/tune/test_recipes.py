"""What a run was made of, as JSON and back."""

import json
import math
from datetime import timedelta
from typing import Any

import pytest

from trimtab import tune
from trimtab.samplers import TPESampler
from trimtab.schedulers import PopulationBasedTraining, SuccessiveHalvingPruner
from trimtab.tune.executors import ProcessExecutor
from trimtab.tune.recipes import NeedsAgain, describe, make
from trimtab.tune.search import BasicVariantGenerator, ConcurrencyLimiter, Repeater
from trimtab.tune.stoppers import CombinedStopper, DictStopper, MaximumIterationStopper


@pytest.mark.parametrize(
    "thing",
    [
        None,
        True,
        3,
        -math.inf,
        "text",
        {"a": [1, (2, 3)], 4: {}},
        timedelta(minutes=3),
        tune.uniform(0, 1),
        tune.qloguniform(5e-3, 1e-1, 5e-4),
        tune.randn(1, 2),
        tune.choice([1, "a", None]),
        {"lr": tune.loguniform(1e-3, 1), "grid": tune.grid_search([1, 2])},
    ],
)
def test_values_come_back(thing: Any) -> None:
    assert make(json.loads(json.dumps(describe(thing)))) == thing


@pytest.mark.parametrize(
    "made",
    [
        SuccessiveHalvingPruner(2, reduction_factor=3),
        TPESampler(seed=3, n_startup_trials=4),
        BasicVariantGenerator([{"a": {"b": 1}}], max_concurrent=2, random_state=5),
        ConcurrencyLimiter(Repeater(TPESampler(seed=3), repeat=2), max_concurrent=4),
        PopulationBasedTraining(
            perturbation_interval=2, hyperparam_mutations={"a": tune.uniform(0, 1), "b": [1, 2]}
        ),
        MaximumIterationStopper(3),
        ProcessExecutor(num_cpus=2),
        CombinedStopper(DictStopper({"a": 3}), MaximumIterationStopper(max_iter=4)),
    ],
)
def test_ours_is_made_anew(made: Any) -> None:
    again = make(json.loads(json.dumps(describe(made))))
    assert type(again) is type(made)
    assert describe(again) == describe(made)


class Own(TPESampler):
    """Not ours."""


@pytest.mark.parametrize("thing", [len, object(), Own(), {"a": [lambda: 0]}])
def test_what_is_not_ours_has_to_be_given_again(thing: Any) -> None:
    with pytest.raises(NeedsAgain, match="could not be stored"):
        make(json.loads(json.dumps(describe(thing))))


@pytest.mark.parametrize("name", ["os.system", "system", "open", "Tuner", "__import__", "Any"])
def test_a_file_names_no_code(name: str) -> None:
    with pytest.raises(NeedsAgain):
        make({"__made_of__": name, "args": describe(()), "kwargs": describe({})})
