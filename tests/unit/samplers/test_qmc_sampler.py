"""QMCSampler: trial t is point t."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from trimtab.errors import InvalidArgument
from trimtab.records import StudyDirection
from trimtab.samplers import QMCSampler, RandomSampler
from trimtab.samplers.qmc import _Sequence
from trimtab.schedulers import NopPruner
from trimtab.storage import InMemoryStorage
from trimtab.study import Study, Trial


def study_of(sampler: QMCSampler) -> Study:
    storage = InMemoryStorage()
    storage.create_study("s", (StudyDirection.MINIMIZE,))
    return Study("s", storage, sampler, NopPruner())


def objective(trial: Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.suggest_int("n", 1, 4)
    trial.suggest_categorical("kind", ["a", "b"])
    return x


@pytest.mark.parametrize(("kind", "make"), [("sobol", qmc.Sobol), ("halton", qmc.Halton)])
@pytest.mark.parametrize("seed", [None, 3])
def test_any_point_in_any_order(kind: str, make: Any, seed: int | None) -> None:
    expected = make(d=32, scramble=seed is not None, seed=seed).random(1024)
    sequence = _Sequence(kind, seed)
    for number in (0, 1, 700, 5, 255, 256, 1023, 0):
        assert sequence.at(number, np.arange(3)).tolist() == expected[number, :3].tolist()
    assert sequence.at(9, np.array([40])).shape == (1,)
    if seed is None:
        assert sequence.at(9, np.arange(3)).tolist() == expected[9, :3].tolist()


def test_from_the_first_trial_on_all_kinds_are_balanced() -> None:
    study = study_of(QMCSampler(seed=1, scramble=True))
    study.optimize(objective, n_trials=64)
    trials = study.trials
    assert sorted(int(t.params["x"] * 64) for t in trials) == list(range(64))
    for name, levels in (("n", [1, 2, 3, 4]), ("kind", ["a", "b"])):
        counts = [sum(t.params[name] == level for t in trials) for level in levels]
        assert counts == [64 // len(levels)] * len(levels)
    cells = {(t.params["n"], t.params["kind"], int(t.params["x"] * 8)) for t in trials}
    assert len(cells) == 64


def test_a_late_parameter_moves_no_other() -> None:
    def late(trial: Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number >= 3:
            trial.suggest_float("y", 0.0, 1.0)
        return x

    one, two = (study_of(QMCSampler(seed=1, scramble=True)) for _ in range(2))
    one.optimize(late, n_trials=20)
    two.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=20)
    assert [t.params["x"] for t in one.trials] == [t.params["x"] for t in two.trials]
    rest = [t.params["y"] for t in one.trials[3:]]
    assert len(set(rest)) == len(rest)


def test_an_independent_sampler_draws_what_was_not_foreseen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    helper = RandomSampler(seed=7)
    study = study_of(QMCSampler(seed=1, independent_sampler=helper))
    with caplog.at_level(logging.WARNING):
        study.optimize(objective, n_trials=2)
        assert not caplog.records
        trial = study.ask()
        trial.suggest_float("late", 0.0, 1.0)
    assert "'late'" in caplog.text
    assert "RandomSampler" in caplog.text
    first = study.trials[0].params["x"]
    assert first == study.sampler.streams.at(0, 1).random()


def test_a_scrambling_without_a_seed_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        QMCSampler(scramble=True, warn_asynchronous_seeding=False)
        QMCSampler(scramble=False)
        assert not caplog.records
        QMCSampler(scramble=True)
    assert "seed" in caplog.text


def test_more_parameters_than_coordinates_are_filled_up() -> None:
    sampler = QMCSampler(seed=1)
    sampler._most = 1
    study = study_of(sampler)
    study.optimize(objective, n_trials=4)
    assert [t.params["x"] for t in study.trials] == [0.0, 0.5, 0.75, 0.25]
    assert len(study.trials) == 4


def test_other_kinds_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="qmc_type"):
        QMCSampler(qmc_type="lattice")
