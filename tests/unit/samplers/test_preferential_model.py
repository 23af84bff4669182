"""The Gaussian process on comparisons."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr
from scipy.stats import multivariate_normal

from trimtab.samplers.preferential.fit import fit, prior_mean
from trimtab.samplers.preferential.model import Comparisons, Kernel, Posterior, slopes
from trimtab.space import Floats

_FEW = settings(max_examples=25, deadline=None)


def comparisons(seed: int, n: int = 8, d: int = 2, m: int = 12) -> Comparisons:
    rng = np.random.default_rng(seed)
    better = rng.integers(0, n, m)
    worse = (better + rng.integers(1, n, m)) % n
    return Comparisons(rng.random((n, d)), np.arange(d), better, worse)


def kernel(data: Comparisons, scale: float = 3.0) -> Kernel:
    return Kernel(np.full(int(data.group.max()) + 1, 0.4), scale, data.group)


@st.composite
def any_comparisons(draw: st.DrawFn) -> Comparisons:
    """Duplicates of points, contradictions, and as few as one comparison."""
    n = draw(st.integers(2, 6))
    grid = st.sampled_from([0.0, 0.5, 1.0])  # few values: many points are the same
    features = np.array(draw(st.lists(st.tuples(grid, grid), min_size=n, max_size=n)))
    pair = st.tuples(st.integers(0, n - 1), st.integers(1, n - 1))
    pairs = draw(st.lists(pair, min_size=1, max_size=8))
    better = np.array([b for b, _ in pairs])
    worse = np.array([(b + step) % n for b, step in pairs])
    return Comparisons(features, np.arange(2), better, worse)


def test_slopes_are_those_of_log_phi() -> None:
    u = np.linspace(-12.0, 12.0, 41)
    first, second, third = slopes(u)
    h = 1e-4
    assert np.allclose(first, (log_ndtr(u + h) - log_ndtr(u - h)) / (2 * h), atol=1e-6)
    assert np.allclose(second, -(slopes(u + h)[0] - slopes(u - h)[0]) / (2 * h), atol=1e-6)
    assert np.allclose(third, (slopes(u + h)[1] - slopes(u - h)[1]) / (2 * h), atol=1e-6)


@pytest.mark.parametrize("group", [[0, 1, 2], [0, 1, 1]])
def test_the_evidence_has_its_gradient(group: list[int]) -> None:
    plain = comparisons(0, n=10, d=3, m=25)
    data = Comparisons(plain.features, np.array(group), plain.better, plain.worse)
    theta = np.log(np.append(np.linspace(0.3, 0.8, max(group) + 1), 3.0))

    def posterior(at: Floats) -> Posterior:
        return Posterior(data, Kernel(np.exp(at[:-1]), float(np.exp(at[-1])), data.group))

    steps = 1e-5 * np.eye(len(theta))
    numeric = [
        (posterior(theta + e).evidence - posterior(theta - e).evidence) / 2e-5 for e in steps
    ]
    lengths, scale = posterior(theta).evidence_gradient()
    assert np.allclose([*lengths, scale], numeric, rtol=1e-4, atol=1e-5)


def test_the_mode_is_the_most_probable() -> None:
    data = comparisons(1)
    covariance = kernel(data)(data.features, data.features) + 9e-6 * np.eye(8)
    posterior = Posterior(data, kernel(data))

    def height(utility: Floats) -> float:
        prior = multivariate_normal(np.zeros(8), covariance, allow_singular=True)
        return float(log_ndtr(data.differences(utility)).sum() + prior.logpdf(utility))

    rng = np.random.default_rng(0)
    L = np.linalg.cholesky(covariance)
    top = height(posterior.utility)
    assert all(top > height(posterior.utility + 0.05 * L @ rng.normal(size=8)) for _ in range(20))


def test_draws_are_from_the_exact_posterior() -> None:
    # Of one comparison the posterior is known: its moments by brute force.
    data = Comparisons(np.array([[0.0], [1.0]]), np.array([0]), np.array([0]), np.array([1]))
    posterior = Posterior(data, Kernel(np.array([0.5]), 4.0, data.group))
    rng = np.random.default_rng(0)
    utilities = posterior.at_data(posterior.draws(4000, 60, rng))
    covariance = posterior.kernel(data.features, data.features)
    prior = rng.multivariate_normal(np.zeros(2), covariance, size=200_000).T
    weights = np.exp(log_ndtr(prior[0] - prior[1]))
    mean = (prior * weights).sum(1) / weights.sum()
    assert np.allclose(utilities.mean(1), mean, atol=0.25)
    # Laplace's mode is far from it: that is why there are draws.
    assert abs(posterior.utility[0] - mean[0]) > 0.5
    spread = np.sqrt((weights * (prior[1] - mean[1]) ** 2).sum() / weights.sum())
    assert utilities[1].std() == pytest.approx(spread, rel=0.1)


@given(any_comparisons())
@_FEW
def test_reversed_comparisons_mirror_the_posterior(data: Comparisons) -> None:
    turned = Comparisons(data.features, data.group, data.worse, data.better)
    one, two = Posterior(data, kernel(data)), Posterior(turned, kernel(data))
    at = np.random.default_rng(0).random((5, 2))
    assert np.allclose(one.utility, -two.utility, atol=1e-6)
    assert one.evidence == pytest.approx(two.evidence, rel=1e-6)
    assert np.allclose(one.predict(at)[0], -two.predict(at)[0], atol=1e-6)
    assert np.allclose(one.predict(at)[1], two.predict(at)[1], atol=1e-6)


@given(any_comparisons(), st.randoms(use_true_random=False))
@_FEW
def test_order_is_of_no_importance(data: Comparisons, random: Any) -> None:
    n, m = len(data.features), len(data.better)
    points, rows = random.sample(range(n), n), random.sample(range(m), m)
    place = np.argsort(points)
    shuffled = Comparisons(
        data.features[points], data.group, place[data.better][rows], place[data.worse][rows]
    )
    one, two = Posterior(data, kernel(data)), Posterior(shuffled, kernel(data))
    assert np.allclose(one.utility[points], two.utility, atol=1e-5)
    assert one.evidence == pytest.approx(two.evidence, rel=1e-5)


@given(any_comparisons())
@_FEW
def test_anything_can_be_fitted(data: Comparisons) -> None:
    theta = fit(data, None).theta
    assert np.isfinite(theta).all()
    fitted = Kernel(np.exp(theta[:-1]), float(np.exp(theta[-1])), data.group)
    posterior = Posterior(data, fitted)
    assert np.isfinite(posterior.draws(4, 3, np.random.default_rng(0))).all()
    mean, variance = posterior.predict(data.features)
    assert np.allclose(mean, posterior.utility, atol=1e-3 * fitted.scale)
    assert (variance > 0.0).all()
    assert (variance <= fitted.scale**2 * 1.0001).all()


def test_one_comparison_says_who_is_better() -> None:
    data = Comparisons(np.array([[0.2], [0.8]]), np.array([0]), np.array([0]), np.array([1]))
    posterior = Posterior(data, kernel(data))
    assert posterior.utility[0] > 0.0 > posterior.utility[1]
    mean, _ = posterior.predict(np.array([[0.1], [0.9]]))
    assert mean[0] > mean[1]


def test_the_judges_consistency_shows_in_the_scale() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((30, 1))
    first, second = rng.permuted(np.tile(np.arange(30), (40, 1)), axis=1)[:, :2].T
    up = features[first, 0] > features[second, 0]
    careful = Comparisons(
        features, np.array([0]), np.where(up, first, second), np.where(up, second, first)
    )
    coin = rng.random(40) < 0.5
    careless = Comparisons(
        features, np.array([0]), np.where(coin, first, second), np.where(coin, second, first)
    )
    assert fit(careful, None).theta[-1] > fit(careless, None).theta[-1] + 0.5


def test_a_later_fit_goes_on_from_an_earlier() -> None:
    data = comparisons(3, n=20, m=40)
    whole = fit(data, None).theta
    again = fit(data, whole).theta
    assert np.allclose(whole, again, atol=0.1)


def test_the_prior_is_wider_in_more_dimensions() -> None:
    assert prior_mean(9)[0] - prior_mean(1)[0] == pytest.approx(np.log(3.0))
