"""Which sampler the automatic one leaves a trial to."""

import subprocess
import sys

import numpy as np
import pytest

import trimtab
from tests.unit.samplers.gp_support import cube, new_study
from trimtab.errors import InvalidArgument
from trimtab.samplers import AutoSampler, GPSampler
from trimtab.space import CategoricalDistribution, Space
from trimtab.study import Study


def with_trials(sampler: AutoSampler, space: Space, n: int, m: int = 1) -> Study:
    """A study after n random trials."""
    study = new_study(sampler, m)
    rng = np.random.default_rng(0)
    for _ in range(n):
        params = space.external(space.decode(rng.random(len(space)).tolist()))
        values = [float(v) for v in rng.random(m)]
        study.add_trial(
            trimtab.create_trial(params=params, distributions=dict(space), values=values)
        )
    return study


CHOICES = Space({**cube(2), "k": CategoricalDistribution(tuple(range(65)))})


@pytest.mark.parametrize(
    ("space", "n", "m", "budget", "name"),
    [
        (cube(2), 4, 1, None, "QMCSampler"),
        (cube(2), 5, 1, None, "GPSampler"),
        (cube(2), 7, 2, None, "QMCSampler"),
        (cube(2), 8, 2, None, "GPSampler"),
        (cube(2), 249, 1, None, "GPSampler"),
        (cube(2), 250, 1, None, "TPESampler"),
        (cube(2), 250, 1, 1999, "TPESampler"),
        (cube(2), 250, 1, 2000, "CmaEsSampler"),
        (cube(1), 250, 1, 2000, "TPESampler"),
        (cube(51), 20, 1, None, "TPESampler"),
        (CHOICES, 20, 1, None, "TPESampler"),
        (cube(2), 119, 2, None, "GPSampler"),
        (cube(2), 120, 2, None, "TPESampler"),
        (cube(2), 20, 4, None, "TPESampler"),
        (cube(2), 1000, 4, None, "NSGAIIISampler"),
    ],
)
def test_the_rules(space: Space, n: int, m: int, budget: int | None, name: str) -> None:
    study = with_trials(AutoSampler(seed=0, budget=budget), space, n, m)
    trial = study.ask(dict(space))
    assert study.get_trial(trial.number).system_attrs["sampler"] == name


def test_constraints_and_choices_are_not_for_cmaes() -> None:
    mixed = Space({**cube(2), "k": CategoricalDistribution(("a", "b"))})
    study = with_trials(AutoSampler(seed=0, budget=5000), mixed, 250)
    assert study.get_trial(study.ask(dict(mixed)).number).system_attrs["sampler"] == "TPESampler"
    study = with_trials(AutoSampler(seed=0, budget=5000), cube(2), 250)
    trial = study.ask(dict(cube(2)))
    trial.set_constraint("c", 1.0)
    study.tell(trial, 1.0)
    assert study.get_trial(study.ask(dict(cube(2))).number).system_attrs["sampler"] == "TPESampler"


def test_a_trial_s_sampler_is_the_one_that_proposed_it() -> None:
    study = trimtab.create_study(sampler=trimtab.samplers.RandomSampler(seed=0))
    study.sampler = AutoSampler(seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=10)
    names = [trial.system_attrs["sampler"] for trial in study.trials]
    assert names == ["QMCSampler"] * 5 + ["GPSampler"] * 5


def test_the_best_arm_is_the_gaussian_process_s() -> None:
    rng = np.random.default_rng(0)
    study = new_study(AutoSampler(seed=0))
    for _ in range(25):
        trial = study.ask(dict(cube(1)))
        study.tell(trial, (trial.params["x0"] - 0.3) ** 2 + 0.03 * rng.normal())
    assert study.sampler.best(study.history) in study.best_arm.trials
    assert AutoSampler(seed=0).best(with_trials(AutoSampler(), cube(2), 260).history) is None


def test_reseeding_reseeds_all() -> None:
    sampler = AutoSampler(seed=0)
    sampler.reseed_rng()
    one, two = (with_trials(s, cube(2), 1) for s in (sampler, AutoSampler(seed=0)))
    assert one.ask(dict(cube(2))).params != two.ask(dict(cube(2))).params


def test_arguments() -> None:
    with pytest.raises(InvalidArgument, match="budget"):
        AutoSampler(budget=0)


def test_the_first_trials_of_a_finite_space_do_not_repeat() -> None:
    study = trimtab.create_study(sampler=AutoSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_int("n", 1, 8), n_trials=8)
    assert sorted(trial.params["n"] for trial in study.trials) == list(range(1, 9))


def test_failed_trials_are_not_counted_as_measured() -> None:
    study = trimtab.create_study(sampler=AutoSampler(seed=0))
    for number in range(20):
        trial = study.ask(dict(cube(2)))
        assert study.get_trial(number).system_attrs["sampler"] == "QMCSampler"
        study.tell(trial, state=trimtab.TrialState.FAIL)


FIRST_TRIALS = """
import sys
import trimtab
study = trimtab.create_study()
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
study.ask({"x": trimtab.distributions.FloatDistribution(0, 1)})
print([name for name in sys.modules if name.split(".")[0] in ("scipy", "cmaes")])
"""


def test_the_first_trials_of_a_study_load_no_scipy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_TRIALS], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_the_model_expected_is_kept() -> None:
    study = trimtab.create_study(sampler=AutoSampler(seed=0))
    for number in range(12):
        trial = study.ask(dict(cube(2)))
        attrs = study.get_trial(number).system_attrs
        if number < 5:
            assert "expected" not in attrs
        else:
            predictor = GPSampler(seed=0).predictor(study.history)
            units = np.array([[trial.params["x0"], trial.params["x1"]]])
            ((mean, sd),) = attrs["expected"]["values"]
            assert mean == pytest.approx(float(predictor.predict(units)[0][0]), abs=0.5)
            assert sd > 0.0
            assert 0.0 <= attrs["expected"]["feasible"] <= 1.0
        trial.set_constraint("c", trial.params["x1"] - 0.5)
        study.tell(trial, 3.0 + trial.params["x0"])


def test_a_study_without_parameters_goes_on() -> None:
    study = trimtab.create_study(sampler=AutoSampler(seed=0))
    study.optimize(lambda trial: float(trial.number % 3), n_trials=12)
    assert study.best_value == 0.0
    assert not any("expected" in trial.system_attrs for trial in study.trials)


def test_nothing_is_expected_of_a_point_that_may_not_be_measured() -> None:
    """In a conditional space a trial may take another way than the one that was foreseen."""

    def objective(trial: trimtab.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        return x + (trial.suggest_float("y", 0.0, 1.0) if x > 0.5 else 0.0)

    study = trimtab.create_study(sampler=AutoSampler(seed=0))
    study.optimize(objective, n_trials=12)
    assert study.trials[-1].system_attrs == {"sampler": "GPSampler"}
