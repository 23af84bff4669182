"""Studies written by the installed Optuna, and what is expected of their import."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import pytest

from trimtab.records import FrozenTrial
from trimtab.space import CategoricalDistribution
from trimtab.storage import Storage

optuna: Any = pytest.importorskip("optuna", reason="Optuna (extra dev) writes what is imported")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def rdb(url: str) -> Any:
    """Optuna's RDB storage, without waiting for the disk after each of its many commits."""
    from sqlalchemy import event

    storage = optuna.storages.RDBStorage(url)
    if url.startswith("sqlite"):
        event.listen(
            storage.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF")
        )
        storage.engine.dispose()
    return storage


def journal(path: str) -> Any:
    """Optuna's journal storage."""
    backend = optuna.storages.journal.JournalFileBackend(path)
    return optuna.storages.JournalStorage(backend)


def write_study(storage: Any, name: str = "first", n_trials: int = 12) -> Any:
    """A study with some of everything that one objective may have: ``n_trials`` and three."""
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=1),
    )
    study.set_user_attr("data", {"rows": [1, 2.5, None], "name": "digits", "π": True})
    study.set_metric_names(["accuracy"])
    study.enqueue_trial({"x": 0.25, "kind": "b"}, user_attrs={"queued": "yes"})
    study.optimize(_objective, n_trials=n_trials, catch=(ZeroDivisionError,))
    study.ask().suggest_float("x", 0, 1)
    study.enqueue_trial({"x": 0.5, "n": 3}, user_attrs={"why": "a hunch"})
    study.add_trial(
        optuna.create_trial(
            params={"x": 0.125, "old": 1e-5},
            distributions={
                "x": optuna.distributions.FloatDistribution(0, 2),
                "old": optuna.distributions.FloatDistribution(1e-6, 1.0, log=True),
            },
            value=-1.5,
            intermediate_values={0: 1.0, 7: math.inf},
        )
    )
    return study


def _objective(trial: Any) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    half = trial.suggest_float("half", -1.0, 1.0, step=0.5)
    n = trial.suggest_int("n", 1, 9, step=2)
    size = trial.suggest_int("size", 1, 1024, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b", None, 1, 2.5, True])
    if kind == "a":
        trial.suggest_int("only_of_a", -(2**40), 2**40)
    trial.set_user_attr("list", [trial.number, "é", {"deep": None}])
    trial.set_constraint("weight", n - 4.0)
    trial.set_constraint("cost", -math.inf)
    for step in range(3):
        trial.report(math.nan if step == 1 else x + step, step * 10)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    if trial.number % 5 == 4:
        raise ZeroDivisionError
    return float(x + rate + half + n + size)


def write_two_objectives(storage: Any) -> Any:
    study = optuna.create_study(
        storage=storage, study_name="two", directions=["minimize", "maximize"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.NSGAIISampler(
            seed=1, population_size=4, constraints_func=lambda t: (t.number - 3.0, -1.0)
        )
    study.sampler = sampler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.optimize(
            lambda t: (t.suggest_float("x", 0, 1), t.suggest_int("n", 0, 3)), n_trials=10
        )
    return study


def assert_same(theirs: Any, target: Storage, study_id: int) -> None:
    """Hold every field of an imported study against what Optuna reads."""
    ours = target.study(study_id)
    assert [d.name for d in ours.directions] == [d.name for d in theirs.directions]
    assert (list(ours.metric_names) if ours.metric_names else None) == theirs.metric_names
    assert ours.user_attrs == theirs.user_attrs
    trials = theirs.get_trials(deepcopy=False)
    history = target.history(study_id)
    assert len(history) == len(trials)
    for trial in trials:
        assert_same_trial(trial, target.trial(study_id, trial.number))


def assert_same_trial(theirs: Any, ours: FrozenTrial) -> None:
    assert ours.number == theirs.number
    assert ours.state.name == theirs.state.name
    assert ours.state.value == theirs.state.value
    assert (None if ours.values is None else list(ours.values)) == theirs.values
    assert _typed(ours.params) == _typed(theirs.params)
    assert {n: _fields(d) for n, d in ours.distributions.items()} == {
        n: _fields(d) for n, d in theirs.distributions.items()
    }
    assert repr(ours.intermediate_values) == repr(dict(sorted(theirs.intermediate_values.items())))
    assert ours.user_attrs == theirs.user_attrs
    assert ours.constraints == theirs.constraints
    assert ours.datetime_start == theirs.datetime_start
    assert ours.datetime_complete == theirs.datetime_complete
    assert ours.system_attrs.get("fixed_params") == theirs.system_attrs.get("fixed_params")
    for key, value in theirs.system_attrs.items():
        if key != "fixed_params" and not key.startswith("constraints"):
            assert ours.system_attrs[f"optuna:{key}"] == value


def _typed(params: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    return {name: (type(value).__name__, value) for name, value in params.items()}


def _fields(distribution: Any) -> tuple[Any, ...]:
    kind = type(distribution).__name__
    if kind == CategoricalDistribution.__name__:
        return kind, tuple((type(c).__name__, c) for c in distribution.choices)
    return kind, distribution.low, distribution.high, distribution.log, distribution.step
