"""Pictures of a Gaussian process: they show what it predicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

import trimtab
from trimtab.errors import InvalidArgument
from trimtab.samplers import GPSampler
from trimtab.visualization import plot_leave_one_out, plot_model_contour, plot_model_slice


@pytest.fixture(scope="module")
def study() -> trimtab.Study:
    """A parabola in x, on a log scale in rate, and a choice that costs 2."""
    made = trimtab.create_study(sampler=GPSampler(seed=1))
    rng = np.random.default_rng(0)
    for _ in range(30):
        trial = made.ask()
        x = trial.suggest_float("x", -2.0, 2.0)
        rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
        kind = trial.suggest_categorical("kind", ["plain", "costly"])
        trial.suggest_categorical("idle", ["only"])
        value = (x - 0.5) ** 2 + 0.1 * (math.log10(rate) + 2.0) ** 2 + 2.0 * (kind == "costly")
        made.tell(trial, value + 0.01 * rng.standard_normal(), sems=[0.01])
    return made


def test_the_slice_is_the_posterior(study: trimtab.Study) -> None:
    figure = plot_model_slice(study, ["x", "kind"])
    line = next(t for t in figure.data if t.name == "Expected" and t.mode == "lines")
    assert (line.x[0], line.x[-1]) == (-2.0, 2.0)
    centre = study.best_trial.params
    middle = int(np.argmin(np.abs(np.array(line.x) - centre["x"])))
    predictor = GPSampler(seed=0).predictor(study.history)
    points = predictor.points([{**centre, "x": line.x[middle]}])
    assert line.y[middle] == pytest.approx(predictor.predict(points)[0][0], abs=0.05)
    assert abs(line.x[int(np.argmin(line.y))] - 0.5) < 0.25
    low, high = (next(t for t in figure.data if t.name == name) for name in ("Lower", "95 %"))
    assert (np.array(low.y) < np.array(line.y)).all()
    assert (np.array(high.y) > np.array(line.y)).all()
    choice = next(t for t in figure.data if t.name == "Expected" and t.mode == "markers")
    assert len(choice.x) == 2
    assert choice.y[1] - choice.y[0] == pytest.approx(2.0, abs=0.8)
    assert f"trial {study.best_trial.number}" in figure.layout.meta["notes"][0]


def test_the_other_parameters_may_be_those_of_another_trial(study: trimtab.Study) -> None:
    figure = plot_model_slice(study, ["x"], around=3)
    assert "trial 3" in figure.layout.meta["notes"][0]
    with pytest.raises(InvalidArgument, match="around"):
        plot_model_slice(study, around=99)


def test_the_contour_has_a_mean_and_a_deviation(study: trimtab.Study) -> None:
    figure = plot_model_contour(study, ["x", "rate"])
    mean, deviation = (t for t in figure.data if t.type == "contour")
    assert np.array(mean.z).shape == (len(mean.y), len(mean.x))
    row, column = np.unravel_index(np.argmin(mean.z), np.shape(mean.z))
    assert abs(mean.x[column] - 0.5) < 0.3
    assert -3.0 < math.log10(mean.y[row]) < -1.0
    assert (np.array(deviation.z) > 0.0).all()
    assert figure.layout.yaxis.type == "log"
    assert len([t for t in plot_model_contour(study).data if t.type == "contour"]) == 2
    for params in (["x"], ["x", "x"], ["x", "nope"]):
        with pytest.raises(InvalidArgument):
            plot_model_contour(study, params)


def test_left_out_arms_are_predicted(study: trimtab.Study) -> None:
    figure = plot_leave_one_out(study)
    arms = next(t for t in figure.data if t.name == "Arm")
    assert len(arms.x) == 30
    assert np.corrcoef(arms.x, arms.y)[0, 1] > 0.8
    assert "p = " in figure.layout.meta["notes"][0]


def test_too_few_trials_are_said_to_be() -> None:
    study = trimtab.create_study()
    study.add_trial(trimtab.create_trial(value=1.0))
    for plot in (plot_model_slice, plot_model_contour, plot_leave_one_out):
        assert "Fewer than 3 trials" in plot(study).layout.annotations[0].text


def test_one_of_several_objectives() -> None:
    study = trimtab.create_study(directions=["minimize", "maximize"], sampler=GPSampler(seed=0))
    study.set_metric_names(["cost", "gain"])
    for _ in range(8):
        trial = study.ask()
        x = trial.suggest_float("x", 0.0, 1.0)
        study.tell(trial, [x, -((x - 0.5) ** 2)])
    figure = plot_model_slice(study, target="gain")
    assert figure.layout.yaxis.title.text == "gain"
    line = next(t for t in figure.data if t.name == "Expected")
    assert abs(line.x[int(np.argmax(line.y))] - 0.5) < 0.1
    with pytest.raises(InvalidArgument, match="target"):
        plot_leave_one_out(study, target="nope")
