"""Pictures of a Gaussian process: they show what it predicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

import trimtab
from trimtab.errors import InvalidArgument
from trimtab.samplers import GPSampler
from trimtab.samplers.gp.model import Posterior
from trimtab.space import Distribution
from trimtab.visualization import (
    plot_leave_one_out,
    plot_model_contour,
    plot_model_front,
    plot_model_sensitivity,
    plot_model_slice,
    plot_model_trace,
)


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


def test_the_trace_is_what_the_model_knew_then() -> None:
    """After k trials: the posterior mean of the best, by a process told of these k alone."""
    study = trimtab.create_study(sampler=GPSampler(seed=2), direction="maximize")
    rng = np.random.default_rng(3)
    for _ in range(14):
        trial = study.ask()
        x = trial.suggest_float("x", 0.0, 1.0)
        study.tell(trial, -((x - 0.4) ** 2) + 0.2 * rng.standard_normal())
    figure = plot_model_trace(study)
    model, raw = (
        next(t for t in figure.data if t.name == name)
        for name in ("Best by the model", "Best measured")
    )
    values = np.array([trial.value for trial in study.trials], np.float64)
    assert list(model.x) == list(raw.x) == list(range(1, 15))
    assert list(raw.y) == np.maximum.accumulate(values).tolist()
    predictor = GPSampler(seed=2).predictor(study.history)
    numbers, means, _ = predictor.at_trials()
    assert model.customdata[-1] == numbers[np.argmax(means)]
    assert model.y[-1] == pytest.approx(means.max(), rel=1e-3)
    assert model.y[-1] < raw.y[-1]  # the best of noisy values is in part luck
    prior = predictor._surrogate.ordered_posterior(0, predictor._seen)
    for k in (3, 9):
        first = Posterior(
            prior.kernel,
            prior.scales,
            prior.mean,
            prior.points[:k],
            np.asfortranarray(prior.lower[:k, :k]),
            prior.innovations[:k],
        )
        mean, variance = first.predict(prior.points[:k] / prior.scales)
        row = int(np.argmin(mean[:, 0]))
        transform = predictor._surrogate.objectives[0].transform
        middle, half = transform.backward(mean[[row], 0], np.sqrt(variance[[row]]))
        assert model.customdata[k - 1] == numbers[row]
        assert model.y[k - 1] == pytest.approx(-middle[0])
        band = [next(t for t in figure.data if t.name == n).y[k - 1] for n in ("Lower", "95 %")]
        assert (band[1] - band[0]) / 2 == pytest.approx(1.96 * half[0], rel=1e-3)


def test_the_trace_begins_with_the_first_feasible_trial() -> None:
    study = trimtab.create_study(sampler=GPSampler(seed=0))
    for number in range(6):
        trial = study.ask()
        trial.set_constraint("c", 1.0 if number < 2 else -1.0)
        study.tell(trial, trial.suggest_float("x", 0.0, 1.0) - 10.0 * (number < 2))
    figure = plot_model_trace(study)
    model, raw = (t for t in figure.data if t.name in ("Best by the model", "Best measured"))
    model, raw = (model, raw) if model.name == "Best by the model" else (raw, model)
    assert list(model.x) == [3, 4, 5, 6]
    assert min(model.customdata) >= 2
    assert np.isnan(raw.y[:2]).all()
    assert raw.y[2] > -1.0


def test_the_trace_of_a_long_study_is_not_drawn() -> None:
    study = trimtab.create_study()
    space: dict[str, Distribution] = {"x": trimtab.FloatDistribution(0, 1)}
    for i in range(1_001):
        study.add_trial(
            trimtab.create_trial(params={"x": i / 2000}, distributions=space, value=float(i))
        )
    assert "up to 1,000" in plot_model_trace(study).layout.annotations[0].text


def test_the_front_is_that_of_the_means() -> None:
    study = trimtab.create_study(directions=["minimize", "maximize"], sampler=GPSampler(seed=0))
    study.set_metric_names(["cost", "gain"])
    rng = np.random.default_rng(0)
    for _ in range(15):
        trial = study.ask({"x": trimtab.FloatDistribution(0.0, 1.0)})
        x = trial.params["x"]
        trial.set_constraint("c", x - 0.8)
        study.tell(trial, [x + 0.1 * rng.normal(), x * x + 0.1 * rng.normal()], sems=[0.1, 0.1])
    figure = plot_model_front(study)
    front = next(t for t in figure.data if t.name == "Expected, on the front")
    measured = next(t for t in figure.data if t.name == "Measured")
    shown = {n for t in figure.data for n in t.customdata.tolist()}
    assert shown == {t.number for t in study.trials if t.params["x"] <= 0.8}
    assert len(measured.x) == len(shown)
    predictor = GPSampler(seed=0).predictor(study.history)
    numbers, means, sds = predictor.at_trials(1)
    row = int(np.nonzero(numbers == front.customdata[0])[0][0])
    assert front.y[0] == pytest.approx(means[row], rel=1e-3)
    assert front.error_y.array[0] == pytest.approx(1.96 * sds[row], rel=1e-3)
    order = np.argsort(front.x)
    assert (np.diff(np.array(front.y)[order]) > 0.0).all()
    assert figure.layout.xaxis.title.text == "cost"
    with pytest.raises(InvalidArgument, match="two or three"):
        plot_model_front(trimtab.create_study())


def test_the_front_of_three_objectives_is_in_space() -> None:
    study = trimtab.create_study(directions=["minimize"] * 3, sampler=GPSampler(seed=0))
    for _ in range(6):
        trial = study.ask({"x": trimtab.FloatDistribution(0.0, 1.0)})
        x = trial.params["x"]
        study.tell(trial, [x, 1 - x, (x - 0.5) ** 2])
    figure = plot_model_front(study)
    assert {trace.type for trace in figure.data} == {"scatter3d"}
    assert len(figure.data[-1].error_z.array) == len(figure.data[-1].x)


def test_the_sensitivity_is_the_models(study: trimtab.Study) -> None:
    (bars,) = plot_model_sensitivity(study).data
    shares = GPSampler(seed=0).predictor(study.history).sensitivities()
    assert sorted(bars.x) == pytest.approx(sorted(shares[n] for n in ("x", "rate", "kind")))
    assert bars.x[-1] == max(bars.x)  # on top
    ticks = plot_model_sensitivity(study).layout.yaxis.ticktext
    assert ticks[0] == min(("x", "rate", "kind"), key=shares.__getitem__)
