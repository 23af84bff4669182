"""Posteriors of Gaussian processes against plain formulas."""

import numpy as np
import pytest

from tests.unit.samplers.gp_support import cube, posterior, slopes
from trimtab.samplers.gp.arms import grouped, pooled
from trimtab.samplers.gp.fit import Sample, _Evidence, fit
from trimtab.samplers.gp.kernel import Encoding, Kernel, matern52, rbf, squares
from trimtab.samplers.gp.model import Posterior, factor
from trimtab.space import CategoricalDistribution, FloatDistribution, Floats, Space

KERNELS = pytest.mark.parametrize("kernel", [matern52, rbf])


def naive(
    kernel: Kernel, points: Floats, noise: Floats, y: Floats, mean: float, at: Floats
) -> tuple[Floats, Floats]:
    """Mean and variance by the formulas of GPML, eq. 2.25 and 2.26."""
    covariance = kernel(squares(points, points))[0] + np.diag(noise)
    cross = kernel(squares(at, points))[0]
    middle = mean + cross @ np.linalg.solve(covariance, y - mean)
    return middle, 1.0 - np.einsum("ij,ji->i", cross, np.linalg.solve(covariance, cross.T))


@KERNELS
def test_posterior(kernel: Kernel) -> None:
    rng = np.random.default_rng(0)
    x, y, at = rng.random((9, 2)), rng.standard_normal(9), rng.random((4, 2))
    noise = rng.uniform(0.01, 0.2, 9)
    scales = np.array([2.0, 5.0])
    whole = Posterior.of(kernel, scales, 0.3, x, noise, y)
    grown = Posterior.of(kernel, scales, 0.3, x[:4], noise[:4], y[:4])
    grown = grown.observing(x[4:], noise[4:], y[4:])
    mean, variance = naive(kernel, x * scales, noise, y, 0.3, at * scales)
    for model in (whole, grown):
        found, spread = model.predict(at)
        assert np.allclose(found[:, 0], mean, atol=1e-6)
        assert np.allclose(spread, variance, atol=1e-6)


def test_samples_have_the_posterior_s_moments() -> None:
    model = posterior()
    at = np.random.default_rng(1).random((3, 3))
    normals = np.random.default_rng(2).standard_normal((3, 20_000))
    _, values = model.sampling(at, normals)
    mean, variance = model.predict(at)
    assert np.allclose(values.mean(axis=1), mean[:, 0], atol=0.03)
    assert np.allclose(values.var(axis=1), variance, atol=0.03)


def test_a_sampled_point_is_known() -> None:
    model = posterior()
    at = np.random.default_rng(1).random((2, 3))
    sampled, values = model.sampling(at, np.random.default_rng(2).standard_normal((2, 5)))
    mean, variance = sampled.predict(at)
    assert np.allclose(mean, values, atol=1e-3)
    assert (variance < 1e-4).all()


def test_slopes_of_predictions() -> None:
    model = posterior()
    x = np.random.default_rng(3).random((2, 3))
    at = model.at(x)
    by_mean = at.gradient(np.ones((2, 1)), np.zeros(2))
    by_variance = at.gradient(np.zeros((2, 1)), np.ones(2))
    for i in range(2):
        mean = slopes(lambda p: float(model.predict(p[None])[0][0, 0]), x[i])
        variance = slopes(lambda p: float(model.predict(p[None])[1][0]), x[i])
        assert np.allclose(by_mean[i], mean, atol=1e-5)
        assert np.allclose(by_variance[i], variance, atol=1e-5)


def mixed() -> tuple[Encoding, Sample]:
    """A choice, a parameter that may be absent, and noise known for some of the arms."""
    space = Space(
        {
            "a": FloatDistribution(0.0, 1.0),
            "b": FloatDistribution(0.0, 1.0),
            "c": CategoricalDistribution(("p", "q", "r")),
        }
    )
    rng = np.random.default_rng(0)
    points = rng.random((12, 3))
    points[3, 0] = points[5, 2] = np.nan
    encoding = Encoding(space, absent=np.array([True, False, True]))
    told = np.arange(12) < 4
    sample = Sample(
        encoding.features(points),
        rng.standard_normal(12),
        np.where(told, 0.1, 0.0),
        np.where(told, 0.0, 1.0),
        np.arange(12),
        0.7,
        3,
    )
    return encoding, sample


@KERNELS
def test_the_gradient_of_the_evidence(kernel: Kernel) -> None:
    evidence = _Evidence(*mixed()[:1], kernel, mixed()[1])
    logs = evidence.starts()[0] + np.random.default_rng(1).normal(size=4)
    gradient = evidence(logs)[1]
    assert np.allclose(gradient, slopes(lambda p: evidence(p)[0], logs), rtol=1e-4, atol=1e-4)


def test_a_choice_is_as_far_from_any_other() -> None:
    encoding, _ = mixed()
    third = np.array([[0.5, 0.5, (k + 0.5) / 3] for k in range(3)])
    distances = encoding.distances(encoding.features(third))
    assert np.allclose(distances[2], 1.0 - np.eye(3))
    assert np.allclose(distances[:2], 0.0)
    assert np.allclose(squares(*[encoding.features(third)] * 2), distances.sum(axis=0))


def test_absence_is_a_distance() -> None:
    encoding, _ = mixed()
    points = np.array([[np.nan, 0.5, 0.1], [0.5, 0.5, 0.1], [np.nan, 0.5, 0.1]])
    distances = encoding.distances(encoding.features(points))[0]
    assert distances[0, 1] == pytest.approx(0.5)
    assert distances[0, 2] == 0.0


def test_what_matters_not_gets_a_long_scale() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((40, 3))
    y = np.sin(6.0 * x[:, 0])
    sample = Sample(x, (y - y.mean()) / y.std(), np.zeros(40), np.ones(40), np.arange(40))
    found = fit(Encoding(cube(3)), matern52, sample)
    assert found.lengths[0] < 0.3 * found.lengths[1:].min()
    assert found.noise < 1e-2


def test_choices_are_taken_to_be_alike() -> None:
    space = Space({**cube(1), "k": CategoricalDistribution(("a", "b", "c"))})

    def lengths(ordered: frozenset[str]) -> Floats:
        encoding = Encoding(space, ordered)
        features, zero = encoding.features(np.full((1, 2), 0.5)), np.zeros(1)
        sample = Sample(features, zero, zero, np.ones(1), np.arange(1))
        return fit(encoding, matern52, sample).lengths

    assert np.ptp(lengths(frozenset({"k"}))) < 0.01
    rate, kind = lengths(frozenset())
    assert kind / rate == pytest.approx(np.e, rel=0.02)


def test_noise_is_inferred() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((80, 2))
    y = np.sin(6.0 * x[:, 0]) + rng.normal(0.0, 0.5, 80)
    scale = float(y.std())
    sample = Sample(x, (y - y.mean()) / scale, np.zeros(80), np.ones(80), np.arange(80))
    found = fit(Encoding(cube(2)), matern52, sample)
    assert 0.35 < np.sqrt(found.noise) * scale < 0.65


def test_replicates_alone_tell_the_noise() -> None:
    x = np.full((30, 1), 0.5)
    y = np.random.default_rng(0).normal(0.0, 0.3, 30)
    sample = pooled(x, grouped(x), y, np.full(30, np.nan))
    assert len(sample.y) == 1
    assert sample.degrees == 29
    assert np.sqrt(fit(Encoding(cube(1)), matern52, sample).noise) == pytest.approx(0.3, rel=0.3)


def test_pooling() -> None:
    features = np.array([[0.1], [0.2], [0.1], [0.1], [0.2], [0.3], [0.3]])
    y = np.array([1.0, 5.0, 3.0, 7.0, 9.0, 2.0, 4.0])
    variance = np.array([1.0, np.nan, 3.0, np.nan, np.nan, 0.0, 1.0])
    sample = pooled(features, grouped(features), y, variance)
    assert sample.features[:, 0].tolist() == [0.1, 0.2, 0.1, 0.3]
    assert sample.y.tolist() == [1.5, 7.0, 7.0, 2.0]  # by precision; alike; alone; the exact one
    assert np.allclose(sample.variance, [0.75, 0.0, 0.0, 0.0])
    assert sample.share.tolist() == [0.0, 0.5, 1.0, 0.0]
    assert sample.first.tolist() == [0, 1, 3, 5]
    assert (sample.scatter, sample.degrees) == (8.0, 1)


def test_exact_is_not_unknown() -> None:
    x = np.array([[0.2], [0.8]])
    exact = pooled(x, grouped(x), np.zeros(2), np.zeros(2))
    unknown = pooled(x, grouped(x), np.zeros(2), np.full(2, np.nan))
    assert exact.noise(0.5).tolist() == [0.0, 0.0]
    assert unknown.noise(0.5).tolist() == [0.5, 0.5]


def test_what_no_jitter_mends_has_no_factor() -> None:
    """It is said, and not tried for ever."""
    with pytest.raises(np.linalg.LinAlgError, match="jitter"):
        factor(np.full((3, 3), -1e9))
    assert factor(np.ones((3, 3))).shape == (3, 3)
