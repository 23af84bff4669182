"""One number for a learning curve, whatever its length and sign."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.integrations.hydra import hyperopt_score

curves = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=12)


def test_it_is_the_mean_of_all_and_of_the_last() -> None:
    assert hyperopt_score([0.0, 0.2, 0.4, 1.0], 2) == pytest.approx((0.4 + 0.7) / 2)
    assert hyperopt_score([0.0, 0.2, 0.4, 1.0], 9) == pytest.approx(0.4)


@given(level=st.floats(-100.0, 100.0), epochs=st.integers(1, 60), last_n=st.integers(1, 9))
def test_a_constant_run_scores_its_level_however_long_it_is(
    level: float, epochs: int, last_n: int
) -> None:
    assert hyperopt_score([level] * epochs, last_n) == pytest.approx(level)
    assert hyperopt_score([level] * epochs, last_n, 60) == pytest.approx(level)


@given(curve=curves, last_n=st.integers(1, 6), more=st.integers(0, 20))
def test_stopping_early_is_worth_what_keeping_the_level_is(
    curve: list[float], last_n: int, more: int
) -> None:
    last = curve[-last_n:]
    kept = curve + [sum(last) / len(last)] * more
    longest = len(curve) + more
    expected = (sum(kept) / longest + sum(last) / len(last)) / 2
    assert hyperopt_score(curve, last_n, longest) == pytest.approx(expected)


@pytest.mark.parametrize("offset", [0.0, -50.0])
def test_the_sooner_the_better_in_either_sign(offset: float) -> None:
    soon = [offset + value for value in (0.5, 1.0, 1.0)]
    late = [offset + value for value in (0.0, 0.0, 0.5, 1.0, 1.0)]
    never = [offset] * 10
    scores = [hyperopt_score(curve, 2, 10) for curve in (soon, late, never)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


@given(curve=curves, shift=st.floats(-50.0, 50.0), last_n=st.integers(1, 6))
def test_shifting_a_curve_shifts_its_score(curve: list[float], shift: float, last_n: int) -> None:
    shifted = hyperopt_score([value + shift for value in curve], last_n, 20)
    assert shifted == pytest.approx(hyperopt_score(curve, last_n, 20) + shift, abs=1e-9)


@pytest.mark.parametrize("history", [[], [math.nan], [0.5, math.inf]])
def test_what_has_no_score_is_refused(history: list[float]) -> None:
    with pytest.raises(InvalidArgument, match="history"):
        hyperopt_score(history, 1)


def test_more_evaluations_than_epochs_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at most 2"):
        hyperopt_score([1.0, 1.0, 1.0], 1, 2)


@pytest.mark.parametrize("last_n", [0, -1])
def test_no_last_evaluation_is_refused(last_n: int) -> None:
    with pytest.raises(InvalidArgument, match="last_n"):
        hyperopt_score([1.0], last_n)


def test_half_an_epoch_is_refused() -> None:
    with pytest.raises(InvalidType, match="n_epochs"):
        hyperopt_score([1.0], 1, 1.5)  # type: ignore[arg-type]
