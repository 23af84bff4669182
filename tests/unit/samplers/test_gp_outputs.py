"""Outputs on the scales of a process, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.samplers.gp.outputs import Bilog, Standardization

ANY = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30)


@given(ANY)
def test_any_losses_become_tame(values: list[float]) -> None:
    losses = np.array(values)
    outputs = Standardization.of(losses).forward(losses)
    assert np.isfinite(outputs).all()
    assert np.abs(outputs).max() < 40.0
    order = np.argsort(losses, kind="stable")
    assert (np.diff(outputs[order]) >= 0.0).all()


@given(ANY)
def test_any_constraint_keeps_its_side(values: list[float]) -> None:
    given = np.array(values)
    outputs = Bilog.of(given).forward(given)
    assert np.isfinite(outputs).all()
    assert (np.sign(outputs) * np.sign(given) >= 0.0).all()


def test_mean_and_variance() -> None:
    losses = np.random.default_rng(0).lognormal(0.0, 3.0, 50)
    outputs = Standardization.of(losses).forward(losses)
    assert outputs.mean() == pytest.approx(0.0, abs=1e-9)
    assert outputs.std() == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1.0, 1e300])
def test_scale_does_not_matter(scale: float) -> None:
    losses = np.random.default_rng(0).normal(5.0, 1.0, 20)
    one, two = (Standardization.of(s * losses).forward(s * losses) for s in (1.0, scale))
    assert np.allclose(one, two)


def test_there_and_back() -> None:
    losses = np.linspace(-3.0, 7.0, 15)
    scale = Standardization.of(losses)
    middle, half = scale.backward(scale.forward(losses), np.zeros(15))
    assert np.allclose(middle, losses)
    assert np.allclose(half, 0.0)


def test_an_outlier_does_not_hide_the_others() -> None:
    losses = np.append(np.linspace(0.0, 1.0, 12), 1e12)
    outputs = Standardization.of(losses).forward(losses)
    assert np.ptp(outputs[:-1]) > 1.0
    assert outputs[-1] > outputs[-2]


def test_a_standard_error_goes_along() -> None:
    losses = np.linspace(0.0, 10.0, 11)
    scale = Standardization.of(losses)
    variance = scale.variance(losses, np.array([0.01] * 9 + [0.0, np.nan]))
    near = scale.forward(losses + 0.01) - scale.forward(losses)
    assert np.allclose(np.sqrt(variance[:9]), near[:9], rtol=0.01)
    assert variance[9] == 0.0
    assert np.isnan(variance[10])
