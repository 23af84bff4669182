"""Which arm is best when measurements are noisy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trimtab
from trimtab.space import Distribution
from trimtab.study import Study
from trimtab.study.arms import Arms, _first_equal, pool
from trimtab.study.best import between_variance

SPACE: dict[str, Distribution] = {"x": trimtab.FloatDistribution(0.0, 1.0)}


def study_of(arms: Sequence[tuple[Sequence[float], float | None]]) -> Study:
    """A study whose arm ``i``, at x = i / 100, was measured so, with such a standard error."""
    study = trimtab.create_study()
    study.add_trials(
        trimtab.create_trial(
            value=value,
            sems=None if sem is None else [sem],
            params={"x": i / 100.0},
            distributions=SPACE,
        )
        for i, (values, sem) in enumerate(arms)
        for value in values
    )
    return study


def best(study: Study) -> int:
    return round(float(study.best_arm.params["x"]) * 100.0)


def test_without_a_word_of_noise_the_best_trial_has_the_best_arm() -> None:
    assert best(study_of([([2.0], None), ([1.0], None), ([3.0], None)])) == 1


def test_one_very_noisy_arm_does_not_hide_how_the_others_differ() -> None:
    assert best(study_of([([-1.0], 10.0), ([5.0], 0.10), ([0.0], 0.11), ([3.0], 0.12)])) == 2


def test_a_lucky_run_does_not_win_against_many_good_ones() -> None:
    good = [0.0, 0.9, -0.9, 0.4, -0.4, 0.7, -0.7, 0.2]
    others = [([1.0], None), ([1.5, 0.9], None), ([0.8], None), ([1.2], None)]
    assert best(study_of([(good, None), ([-0.3], None), *others])) == 0


def test_replicates_that_agree_by_luck_do_not_count_as_exact() -> None:
    arms = [([-1.0, -1.01], None), ([-1.1, -0.4, -1.9, -0.9, -1.2, -1.3], None)]
    noisy = [([0.5, 2.5], None), ([1.0, -1.0], None), ([0.2, 2.0], None)]
    assert best(study_of(arms + noisy)) == 1


def test_more_noise_than_differences_still_finds_a_good_arm_more_often_than_the_mean() -> None:
    regrets = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        true = rng.normal(size=40) * 0.2
        counts = rng.choice([1, 1, 10], size=40)
        measured = [
            (rng.normal(mean, 1.0, size=n), None) for mean, n in zip(true, counts, strict=True)
        ]
        arm = best(study_of([(values.tolist(), sem) for values, sem in measured]))
        lucky = int(np.argmin([values.mean() for values, _ in measured]))
        regrets.append((true[arm] - true.min(), true[lucky] - true.min()))
    ours, naive = np.mean(regrets, axis=0)
    assert ours < 0.8 * naive


@pytest.mark.parametrize("sem", [1e-300, 1e-8, 1.0, 1e300])
def test_extreme_standard_errors_are_no_trouble(sem: float) -> None:
    assert best(study_of([([0.5], 1.0), ([0.1], sem), ([0.1], sem)])) in (0, 1, 2)
    means, sems, told = pool(np.zeros(2, np.int64), np.array([1.0, 3.0]), np.full(2, sem), 1)
    assert means == [2.0]
    assert sems == pytest.approx([sem / np.sqrt(2.0)])
    assert told.all()


@given(
    runs=st.lists(
        st.tuples(
            st.integers(0, 4),
            st.floats(-1e3, 1e3),
            st.sampled_from([np.nan, 0.0, 0.5, 2.0]),
        ),
        min_size=1,
    )
)
def test_pools_of_many_arms_are_those_of_each(runs: list[tuple[int, float, float]]) -> None:
    kinds, groups = np.unique([run[0] for run in runs], return_inverse=True)
    values, sems = np.array([run[1] for run in runs]), np.array([run[2] for run in runs])
    means, errors, told = pool(groups, values, sems, len(kinds))
    for k in range(len(kinds)):
        mine, known = values[groups == k], sems[groups == k]
        n = len(mine)
        assert told[k] == (not np.isnan(known).any())
        if not told[k]:
            assert means[k] == pytest.approx(mine.mean())
            spread = mine.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            assert errors[k] == pytest.approx(spread, nan_ok=True, abs=1e-9)
        elif (known == 0.0).any():
            assert means[k] == pytest.approx(mine[known == 0.0].mean())
            assert errors[k] == 0.0
        else:
            assert means[k] == pytest.approx(np.average(mine, weights=known**-2))
            assert errors[k] == pytest.approx(np.sqrt(1.0 / (known**-2).sum()))


def test_arms_are_told_apart_exactly() -> None:
    big = 2**53
    spaces: list[dict[str, Distribution]] = [
        {"x": trimtab.FloatDistribution(-1.0, 1.0)},
        {"n": trimtab.IntDistribution(0, 2**62), "c": trimtab.CategoricalDistribution("ab")},
        {},
    ]
    points: list[tuple[int, dict[str, Any]]] = [
        (0, {"x": 0.0}),
        (1, {"n": big, "c": "a"}),
        (0, {"x": -0.0}),
        (1, {"n": big + 1, "c": "a"}),
        (2, {}),
        (1, {"n": big, "c": "b"}),
        (1, {"n": big + 1, "c": "a"}),
        (1, {"n": 7, "c": "a"}),
        (2, {}),
        (0, {"x": 0.5}),
        (1, {"n": 7, "c": "a"}),
    ]
    study = trimtab.create_study()
    study.add_trials(
        trimtab.create_trial(value=float(i), params=params, distributions=spaces[kind])
        for i, (kind, params) in enumerate(points)
    )
    arms = Arms(study.history)
    assert [arms[i].trials for i in range(len(arms))] == [
        *((0, 2), (1,), (3, 6), (4, 8), (5,), (7, 10), (9,))
    ]
    assert arms.counts.tolist() == [2, 1, 2, 2, 1, 2, 1]
    assert arms[2].params == {"n": big + 1, "c": "a"}
    assert arms.means[:, 0].tolist() == [1.0, 1.0, 4.5, 6.0, 5.0, 8.5, 9.0]


def test_the_variance_between_arms() -> None:
    rng = np.random.default_rng(0)
    variances = rng.uniform(0.1, 4.0, size=2000)
    means = rng.normal(0.0, np.sqrt(1.5 + variances))
    assert between_variance(means, variances) == pytest.approx(1.5, rel=0.15)
    assert between_variance(rng.normal(0.0, 0.5, size=50), np.ones(50)) == 0.0
    assert between_variance(np.array([1.0]), np.array([1.0])) == 0.0


@given(
    st.lists(
        st.lists(
            st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 5e-324]),
            min_size=2,
            max_size=2,
        ),
        max_size=12,
    )
)
def test_equal_points_find_the_first_of_them(rows: list[list[float]]) -> None:
    points = np.array(rows, dtype=float).reshape(-1, 2)
    assert _first_equal(points).tolist() == [rows.index(row) for row in rows]


def test_points_whose_sums_are_equal_are_told_apart() -> None:
    # Next to the first parameter the others vanish in a sum.
    points = np.array([[1e300, 1.0], [1e300, 2.0], [1e300, 1.0]])
    assert _first_equal(points).tolist() == [0, 1, 0]
