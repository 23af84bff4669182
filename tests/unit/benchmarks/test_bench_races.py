"""What is counted in simulated sweeps."""

import math
from collections.abc import Iterator

import pytest

import trimtab
from benchmarks.races import RandomArms, TPEArms, contest, sweep
from benchmarks.racing import pooled
from trimtab.samplers.racing import Race


@pytest.fixture(autouse=True)
def verbosity() -> Iterator[None]:
    before = trimtab.logging.get_verbosity()
    yield
    trimtab.logging.set_verbosity(before)


def test_without_noise_no_winner_is_wrong() -> None:
    found = sweep(RandomArms(1), Race(2, 4), 20, None, 0.0, 1)
    assert found["wrong"] == 0.0
    assert found["arms"] == 10


def test_noise_is_that_of_the_arm_and_the_run_whoever_asks() -> None:
    fixed = contest("random", (3, 3, 0.0), 3, 30, 10, 1.0, 4)
    assert fixed["race wrong"] == fixed["fixed wrong"]
    assert fixed["race loss"] == fixed["fixed loss"]


def test_a_space_that_is_exhausted_ends_a_sweep() -> None:
    found = sweep(RandomArms(1), Race(2, 3), 100, 5, 1.0, 1)
    assert found["arms"] == 5
    assert found["runs"] <= 15


def test_loud_noise_makes_wrong_winners() -> None:
    found = contest("random", (2, 8, 0.5), 4, 40, 10, 50.0, 12)
    assert found["fixed wrong"] > 0.5
    assert found["race wrong"] > 0.5


def test_tpe_is_told_of_every_run() -> None:
    arms = TPEArms(1)
    found = sweep(arms, Race(2, 4), 12, None, 0.1, 1)
    trials = arms.study.trials
    assert len(trials) == 12
    assert len({tuple(trial.params.values()) for trial in trials}) == found["arms"]


def test_the_pooled_ratio_is_of_all_wrong_winners() -> None:
    rows = [
        {"race wrong": 0.1, "fixed wrong": 0.2},
        {"race wrong": 0.6, "fixed wrong": 0.8},
        {"race wrong": 0.0, "fixed wrong": 0.0},
    ]
    spread = pooled([rows])
    assert spread.median == pytest.approx(0.7)
    assert spread.low == pytest.approx(0.5)
    assert spread.high == pytest.approx(0.75)
    assert pooled([[{"race wrong": 0.1, "fixed wrong": 0.0}, rows[0]]]).high == math.inf
