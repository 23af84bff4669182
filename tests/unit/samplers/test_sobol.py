"""The Sobol' sequence of NumPy alone: balanced, scrambled, and as even as SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from tests.unit.samplers.gp_support import cube, new_study
from trimtab.samplers import sobol
from trimtab.samplers.sobol import MOST_COORDINATES, Sobol, SobolSampler
from trimtab.space import Floats

ALL = np.arange(MOST_COORDINATES)


def points(seed: int, n: int, d: int) -> Floats:
    sequence = Sobol(seed)
    return np.array([sequence.at(number, np.arange(d)) for number in range(n)])


@pytest.mark.parametrize("n", [8, 256])
def test_every_coordinate_has_one_point_in_each_of_n_intervals(n: int) -> None:
    cells = np.sort((points(3, n, MOST_COORDINATES) * n).astype(int), axis=0)
    assert (cells == np.arange(n)[:, None]).all()


def test_the_first_two_coordinates_are_balanced_in_every_elementary_rectangle() -> None:
    """A (0, m, 2)-net: every box of volume 1/64 with dyadic sides holds one point of 64."""
    found = points(1, 64, 2)
    for bits in range(7):
        cells = (found * [1 << bits, 1 << (6 - bits)]).astype(int)
        assert len(np.unique(cells, axis=0)) == 64


@pytest.mark.parametrize(("n", "d"), [(8, 6), (64, 4), (64, 10), (256, 20)])
def test_as_even_as_scipy_s(n: int, d: int) -> None:
    ours = np.median([qmc.discrepancy(points(seed, n, d)) for seed in range(11)])
    theirs = [qmc.Sobol(d, scramble=True, seed=seed).random(n) for seed in range(11)]
    assert ours < 1.3 * np.median([qmc.discrepancy(sample) for sample in theirs])


def test_polynomials_are_as_many_as_number_theory_says() -> None:
    degrees = [p.bit_length() - 1 for p in sobol._primitive_polynomials()]
    counts = [degrees.count(degree) for degree in range(1, 10)]
    assert counts == [1, 1, 2, 2, 6, 6, 18, 16, 48]  # phi(2^s - 1) / s
    assert sum(counts) + 1 == MOST_COORDINATES


def test_a_seed_decides_and_a_coordinate_does_not_depend_on_others() -> None:
    assert Sobol(5).at(9, ALL).tolist() == Sobol(5).at(9, ALL).tolist()
    assert Sobol(5).at(9, np.array([7])).tolist() == [Sobol(5).at(9, ALL)[7]]
    assert Sobol(5).at(9, ALL).tolist() != Sobol(6).at(9, ALL).tolist()
    assert Sobol(None).at(9, ALL).tolist() != Sobol(None).at(9, ALL).tolist()


def test_any_number_has_a_point() -> None:
    for number in (0, 2**31, 2**40 + 5):
        found = Sobol(0).at(number, ALL)
        assert ((found >= 0.0) & (found < 1.0)).all()


def test_more_parameters_than_coordinates_are_drawn() -> None:
    space = cube(MOST_COORDINATES + 2)
    trial = new_study(SobolSampler(seed=0)).ask(dict(space))
    assert len(trial.params) == MOST_COORDINATES + 2
