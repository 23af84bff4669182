"""One field of all trials, in a form in which NumPy compares and sorts it at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.query.nodes import is_number
from trimtab.space import Floats

EXACT: Final = 1 << 53
"""Integers up to here are floats without loss."""

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A field whose values are numbers.

    Attributes:
        values: Shape (n,), NaN where missing.
        unit: What they count: ``"time"`` is microseconds since the epoch.
    """

    values: Floats
    unit: Literal["number", "time"] = "number"

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> Mask:
        """Shape (n,): where there is no value."""
        return np.isnan(self.values)

    def ranks(self) -> Floats:
        """Shape (n,): numbers in the order of the values, NaN where missing."""
        return self.values

    def coded(self) -> Codes:
        """The same field as codes."""
        present = ~self.missing
        levels, inverse = np.unique(self.values[present], return_inverse=True)
        codes = np.full(len(self), -1, dtype=np.int64)
        codes[present] = inverse
        return Codes(codes, tuple(levels.tolist()))


@dataclass(frozen=True, slots=True)
class Codes:
    """A field whose values are anything that JSON holds.

    Attributes:
        codes: Shape (n,), index into ``levels``, -1 where missing.
        levels: The different values.
        closed: Whether no others are possible: states, yes or no, choices of a parameter. Choices
            are told apart by type: 1 is not 1.0 where both are.
    """

    codes: NDArray[np.int64]
    levels: tuple[Any, ...]
    closed: bool = False

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def missing(self) -> Mask:
        """Shape (n,): where there is no value, or None."""
        return self.pick([level is None for level in self.levels], missing=True)

    def pick(self, wanted: Sequence[bool], missing: bool = False) -> Mask:
        """Shape (n,): the trials at a level that is wanted, one answer a level."""
        return np.array([*wanted, missing], dtype=bool)[self.codes]

    def ranks(self) -> Floats:
        """Shape (n,): numbers in the order of the values, NaN where missing.

        False and True come first, then numbers, then text, then the rest.
        """
        levels = self.levels
        if not set(map(type, levels)) <= {str}:
            levels = tuple(map(_sort_key, levels))
        order = sorted(range(len(levels)), key=levels.__getitem__)
        ranks = np.full(len(self.levels) + 1, np.nan)
        for rank, code in enumerate(order):
            ranks[code] = np.nan if self.levels[code] is None else rank
        return ranks[self.codes]


Column: TypeAlias = Numbers | Codes


def column_of(n: int, present: Iterable[tuple[int, Any]]) -> Column:
    """A column of n trials from the values of some of them, by number."""
    rows, values = [], []
    for row, value in present:
        rows.append(row)
        values.append(value)
    kinds = set(map(type, values))
    if kinds <= {float, int} and not (int in kinds and _any_huge(values)):
        numbers = np.full(n, np.nan)
        numbers[rows] = values
        return Numbers(numbers)
    codes = np.full(n, -1, dtype=np.int64)
    if kinds == {str}:  # the usual case, three times as fast
        texts = {text: code for code, text in enumerate(dict.fromkeys(values))}
        codes[rows] = list(map(texts.__getitem__, values))
        return Codes(codes, tuple(texts))
    known: dict[Any, int] = {}
    levels: list[Any] = []
    for row, value in zip(rows, values, strict=True):
        try:
            code = known.setdefault((type(value), value), len(levels))
        except TypeError:  # a list or a dictionary
            code = len(levels)
        if code == len(levels):
            levels.append(value)
        codes[row] = code
    return Codes(codes, tuple(levels))


def _any_huge(values: Sequence[float]) -> bool:
    return any(isinstance(value, int) and not -EXACT <= value <= EXACT for value in values)


def _sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 0, value
    if is_number(value):
        return (1, value) if value == value else (2, 0)
    if isinstance(value, str):
        return 3, value
    return 4, repr(value)
