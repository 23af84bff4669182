"""A scrambled Sobol' sequence of NumPy alone.

`QMCSampler` reads SciPy's, which has thousands of coordinates. To load `scipy.stats` for it takes
longer than many a study's first trials: this one is for those who begin every study.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from trimtab.samplers.qmc import QMCSampler
from trimtab.space import Floats

_BITS: Final = 32
_INITIAL: Final = 20
"""Seed of the initial direction numbers."""

MOST_COORDINATES: Final = 101
"""As many as there are primitive polynomials of degree 9 and less, and the first one."""


class SobolSampler(QMCSampler):
    """`QMCSampler` with scrambling and a sequence of its own; random beyond its coordinates.

    Args:
        seed: See `Sampler`. Without one, workers of a study follow sequences of their own.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(scramble=True, seed=seed, warn_asynchronous_seeding=False)
        self._most = MOST_COORDINATES
        self._sequence = Sobol(seed)


class Sobol:
    """Sobol's sequence, scrambled by random lower triangular matrices and a digital shift.

    References:
        Sobol', "On the distribution of points in a cube", USSR Comput. Math. Math. Phys. 7, 1967.
        Bratley and Fox, "Algorithm 659", ACM TOMS 14, 1988: the recurrence.
        Matousek, "On the L2-discrepancy for anchored boxes", J. Complexity 14, 1998: scrambling.

    Args:
        seed: Of the scrambling; None for fresh entropy.
    """

    def __init__(self, seed: int | None) -> None:
        self._entropy = np.random.SeedSequence(seed).entropy
        self._columns: dict[int, tuple[list[int], int]] = {}

    def at(self, number: int, places: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
        """Some coordinates (below `MOST_COORDINATES`) of one point, in [0, 1); shape of places."""
        return np.array([self._coordinate(number, place) for place in places.tolist()])

    def _coordinate(self, number: int, place: int) -> float:
        found = self._columns.get(place)
        if found is None:
            found = self._columns[place] = self._scrambled(place)
        directions, digits = found
        for bit in range(min(number.bit_length(), _BITS)):
            if number >> bit & 1:
                digits ^= directions[bit]
        return digits / 2.0**_BITS

    def _scrambled(self, place: int) -> tuple[list[int], int]:
        """Direction numbers of a coordinate, and its shift."""
        rng = np.random.default_rng(np.random.SeedSequence(self._entropy, spawn_key=(place,)))
        lower = np.tril(rng.integers(0, 2, (_BITS, _BITS)), -1) + np.eye(_BITS, dtype=np.int64)
        weights = 1 << np.arange(_BITS - 1, -1, -1, dtype=np.int64)  # the first digit is the half
        digits = np.array(_directions(place))[:, None] & weights != 0  # (number, digit)
        mixed = digits.astype(np.int64) @ lower.T % 2
        return (mixed @ weights).tolist(), int(rng.integers(1 << _BITS))


@cache
def _directions(place: int) -> tuple[int, ...]:
    """Direction numbers of a coordinate: integers of `_BITS` binary digits after the point."""
    if place == 0:
        return tuple(1 << (_BITS - 1 - k) for k in range(_BITS))
    polynomial = _primitive_polynomials()[place - 1]
    degree = polynomial.bit_length() - 1
    rng = np.random.default_rng((_INITIAL, place))
    # Odd, and below 2^(k + 1): any such numbers begin a sequence.
    found = [2 * int(rng.integers(1 << k)) + 1 for k in range(degree)]
    for k in range(degree, _BITS):
        number = found[k - degree]
        for i in range(1, degree + 1):
            if polynomial >> (degree - i) & 1:
                number ^= found[k - i] << i
        found.append(number)
    return tuple(number << (_BITS - 1 - k) for k, number in enumerate(found))


@cache
def _primitive_polynomials() -> list[int]:
    """Over GF(2), up to degree 9, by degree; bit i is the coefficient of x^i."""
    return [
        polynomial
        for polynomial in range(0b11, 1 << 10, 2)
        if _is_primitive(polynomial, polynomial.bit_length() - 1)
    ]


def _is_primitive(polynomial: int, degree: int) -> bool:
    """Whether the powers of x run through all residues but 0."""
    residue, order = 1, 0
    while True:
        residue <<= 1
        if residue >> degree:
            residue ^= polynomial
        order += 1
        if residue <= 1:
            return residue == 1 and order == (1 << degree) - 1
