"""Where the trials of a study stand in its space, as columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.records.block import EXACT
from trimtab.records.state import FINISHED
from trimtab.records.trial import EMPTY_SPACE, FrozenTrial
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    Floats,
    Internal,
    Space,
    column_to_unit,
    float_to_unit,
)


class _Column:
    """Internal values of one parameter, NaN where it is absent, and their unit form."""

    __slots__ = ("clean", "distribution", "unit", "values")

    def __init__(self, distribution: Distribution, capacity: int) -> None:
        self.distribution = distribution
        self.values: Floats = np.full(capacity, np.nan)
        self.unit: Floats = np.full(capacity, np.nan)
        self.clean = 0  # rows below this one have their unit form up to date

    def encoded(self, distribution: Distribution, n: int) -> Floats:
        """Unit form of rows [0, n) under ``distribution``; shape (n,)."""
        if distribution is not self.distribution and distribution != self.distribution:
            return column_to_unit(distribution, self.values[:n])
        if self.clean < n:
            rows = slice(self.clean, n)
            self.unit[rows] = column_to_unit(self.distribution, self.values[rows])
            self.clean = n
        return self.unit[:n]


class Points:
    """The layout of every trial (the space of its own parameters) and a column per parameter.

    Args:
        capacity: Rows to make room for.

    Attributes:
        space: The latest distribution of every parameter seen so far, in order of appearance.
        layout: Shape (capacity,): index of each trial's space in ``layouts``.
        layouts: The spaces that trials have, the empty one first.
    """

    def __init__(self, capacity: int) -> None:
        self.space: Space = EMPTY_SPACE
        self.layout = np.zeros(capacity, dtype=np.int32)
        self.layouts: list[Space] = [EMPTY_SPACE]
        self._capacity = capacity
        self._layout_ids: dict[Space, int] = {EMPTY_SPACE: 0}
        self._layout_columns: list[tuple[_Column, ...]] = [()]
        self._columns: dict[str, _Column] = {}
        self._open: dict[int, tuple[Internal, ...]] = {}  # of unfinished trials
        self._huge: dict[tuple[int, str], int] = {}

    # ------------------------------------------------------------------ reading

    def raw(self, name: str) -> Floats:
        """Shape (capacity,): internal values of one parameter, NaN where absent.

        Raises:
            KeyError: If no trial has the parameter.
        """
        return self._columns[name].values

    def unit(self, space: Space, n: int) -> Floats:
        """Shape (n, d): rows [0, n) of the columns of ``space``; see `History.unit`."""
        out = np.full((n, len(space)), np.nan)
        for j, (name, distribution) in enumerate(space.items()):
            column = self._columns.get(name)
            if column is not None:
                out[:, j] = column.encoded(distribution, n)
        return out

    def unit_rows(self, space: Space, rows: NDArray[np.int64]) -> Floats:
        """`unit` for some rows only, shape (len(rows), d)."""
        out = np.full((len(rows), len(space)), np.nan)
        for j, (name, distribution) in enumerate(space.items()):
            column = self._columns.get(name)
            if column is not None:
                out[:, j] = column_to_unit(distribution, column.values[rows])
        return out

    def unit_row(self, space: Space, number: int) -> list[float]:
        """One row of `unit`, bit for bit, as floats."""
        out = []
        for name, distribution in zip(space.names, space.distributions, strict=True):
            column = self._columns.get(name)
            value = math.nan if column is None else column.values.item(number)
            out.append(float_to_unit(distribution, value) if value == value else value)
        return out

    def has_layout(self, space: Space) -> bool:
        """Whether a trial had just these parameters and distributions."""
        return space in self._layout_ids

    def point(self, number: int) -> tuple[Internal, ...]:
        """Internal values of one trial, in the order of its layout."""
        if number in self._open:
            return self._open[number]
        layout = self.layout[number]
        space = self.layouts[layout]
        out: list[Internal] = []
        for name, distribution, column in zip(
            space.names, space.distributions, self._layout_columns[layout], strict=True
        ):
            internal = column.values.item(number)
            if isinstance(distribution, FloatDistribution):
                out.append(internal)
            elif self._huge and (number, name) in self._huge:
                out.append(self._huge[number, name])
            else:
                out.append(int(internal))
        return tuple(out)

    # ------------------------------------------------------------------ writing

    def put(self, number: int, trial: FrozenTrial) -> None:
        """Take over where one new or changed trial stands."""
        space, point = trial.space, trial.point
        layout = self._layout_ids.get(space)
        if layout is None:
            layout = self._learn(space)
        old = self.layout.item(number)
        placed = self._open.pop(number, None)
        if trial.state not in FINISHED:
            self._open[number] = point
        if placed is point and old == layout:
            return  # most trials end at the very point at which they began
        if old != layout and old != 0:
            for column in self._layout_columns[old]:
                column.values[number] = np.nan
                if column.clean > number:
                    column.clean = number
        self.layout[number] = layout
        for j, column in enumerate(self._layout_columns[layout] if point else ()):
            internal = point[j]
            column.values[number] = internal
            if column.clean > number:
                column.clean = number
            if internal.__class__ is int and not -EXACT <= internal <= EXACT:
                self._huge[number, space.names[j]] = int(internal)
            elif self._huge:
                self._huge.pop((number, space.names[j]), None)

    def put_block(self, numbers: NDArray[np.integer[Any]], space: Space, points: Floats) -> None:
        """Take over where many new trials of one space stand.

        Args:
            numbers: Shape (k,).
            space: Theirs, d parameters.
            points: Shape (k, d), internal values; integers below 2**53.
        """
        self.add_layout(space)
        layout = self._layout_ids[space]
        self.layout[numbers] = layout
        for j, column in enumerate(self._layout_columns[layout]):
            column.values[numbers] = points[:, j]
            column.clean = min(column.clean, int(numbers.min()))

    def remove(self, number: int) -> None:
        """Forget where one trial stood."""
        for column in self._layout_columns[self.layout[number]]:
            column.values[number] = np.nan
            column.clean = min(column.clean, number)
        self.layout[number] = 0
        self._open.pop(number, None)

    def add_layout(self, space: Space) -> None:
        """Learn of a space before a trial has it: columns appear in the order of this."""
        if space not in self._layout_ids:
            self._learn(space)

    def _learn(self, space: Space) -> int:
        layout = len(self.layouts)
        for name, distribution in space.items():
            column = self._columns.get(name)
            if column is None:
                self._columns[name] = _Column(distribution, self._capacity)
            elif column.distribution != distribution:
                if _is_categorical(column.distribution) or _is_categorical(distribution):
                    # A column keeps internal values: indices mean nothing under other choices.
                    # The live trial refuses such a change; what a damaged or foreign database
                    # brings is set aside.
                    self._columns[name] = _Column(distribution, self._capacity)
                else:
                    column.distribution = distribution
                    column.clean = 0
        known = dict(self.space)
        if any(name not in known or known[name] != d for name, d in space.items()):
            joined = Space({**known, **space})
            self.space = space if joined == space else joined  # one object is compared at once
        self.layouts.append(space)
        self._layout_ids[space] = layout
        self._layout_columns.append(tuple(self._columns[name] for name in space))
        return layout

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        self._capacity = capacity
        self.layout = extended(self.layout, capacity, 0)
        for column in self._columns.values():
            column.values = extended(column.values, capacity, np.nan)
            column.unit = extended(column.unit, capacity, np.nan)


def _is_categorical(distribution: Distribution) -> bool:
    return isinstance(distribution, CategoricalDistribution)


def extended(column: NDArray[Any], capacity: int, fill: float) -> NDArray[Any]:
    """A copy of a column with room for more rows, which hold ``fill``."""
    out = np.full((capacity, *column.shape[1:]), fill, dtype=column.dtype)
    out[: len(column)] = column
    return out
