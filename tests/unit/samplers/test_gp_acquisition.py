"""Expected improvements against Monte Carlo, and their gradients against differences."""

import numpy as np
import pytest
from scipy.stats import norm

from tests.unit.samplers.gp_support import posterior, slopes
from trimtab.samplers.gp.acquisition import (
    Acquisition,
    LogExpectedImprovement,
    LogFeasibility,
    Sum,
    log_h,
)
from trimtab.samplers.gp.boxes import undominated_boxes
from trimtab.samplers.gp.hypervolume import LogHypervolumeImprovement
from trimtab.samplers.pareto import hypervolume

FAR = [-1e8, -1e5, -2e3, -999.0, -50.0, -1.5]


def test_log_h_is_the_logarithm_of_h() -> None:
    u = np.linspace(-5.0, 5.0, 41)
    assert np.allclose(log_h(u), np.log(norm.pdf(u) + u * norm.cdf(u)), atol=1e-9)


def test_log_h_far_from_any_improvement() -> None:
    u = np.array(FAR)
    assert np.isfinite(log_h(u)).all()
    assert (np.diff(log_h(u)) > 0.0).all()
    # To leading order phi(u) / u^2.
    assert np.allclose(log_h(u[:4]), norm.logpdf(u[:4]) - 2.0 * np.log(-u[:4]), rtol=1e-5)


def acquisitions() -> list[Acquisition]:
    model = posterior()
    at = np.random.default_rng(1).random((3, 3))
    sampled, values = model.sampling(at, np.random.default_rng(2).standard_normal((3, 4)))
    others = [posterior(seed=s) for s in (1, 2)]
    fronts = np.random.default_rng(3).standard_normal((5, 3))
    many = [m.sampling(at, np.random.default_rng(4).standard_normal((3, 2)))[0] for m in others]
    return [
        LogExpectedImprovement(model, np.array([-1.0])),
        LogExpectedImprovement(sampled, values.min(axis=0)),
        LogFeasibility(model),
        LogFeasibility(sampled),
        Sum([LogExpectedImprovement(model, np.array([-1.0])), LogFeasibility(others[0])]),
        LogHypervolumeImprovement([model, *others][:2], [fronts[:, :2]], np.full(2, 0.8)),
        LogHypervolumeImprovement([model, *others], [fronts], np.full(3, 0.8)),
        LogHypervolumeImprovement(many, [fronts[:, :2], fronts[:2, :2]], np.full(2, 0.8)),
    ]


@pytest.mark.parametrize("which", range(8))
def test_gradients(which: int) -> None:
    acquisition = acquisitions()[which]
    x = np.random.default_rng(5).random((4, 3))
    value, gradient = acquisition.gradient(x)
    assert np.allclose(value, acquisition.value(x))
    for i in range(len(x)):
        plain = slopes(lambda p: float(acquisition.value(p[None])[0]), x[i])
        assert np.allclose(gradient[i], plain, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_boxes_hold_what_a_point_adds(m: int) -> None:
    rng = np.random.default_rng(m)
    reference = np.full(m, 0.9)
    for k in (0, 1, 2, 6):
        front = rng.random((k, m))
        front[: k // 2] = np.round(front[: k // 2], 1)  # ties
        lower, upper = undominated_boxes(front, reference)
        for point in rng.random((5, m)):
            sides = np.maximum(upper - np.maximum(lower, point), 0.0)
            before = hypervolume(front, reference) if k else 0.0
            added = hypervolume(np.vstack([front, point]), reference) - before
            assert np.prod(sides, axis=1).sum() == pytest.approx(added, abs=1e-12)


@pytest.mark.parametrize("m", [2, 3])
def test_hypervolume_improvement_is_its_mean(m: int) -> None:
    models = [posterior(seed=s) for s in range(m)]
    rng = np.random.default_rng(0)
    front, reference = rng.standard_normal((6, m)), np.full(m, 2.0)
    x = rng.random((1, 3))
    predicted = [model.predict(x) for model in models]
    draws = np.column_stack(
        [mean[0, 0] + np.sqrt(v[0]) * rng.standard_normal(4000) for mean, v in predicted]
    )
    base = hypervolume(front, reference)
    gains = [hypervolume(np.vstack([front, draw]), reference) - base for draw in draws]
    found = LogHypervolumeImprovement(models, [front], reference).value(x)[0]
    assert np.exp(found) == pytest.approx(np.mean(gains), rel=0.15)
