"""Not measuring an arm again while others of a finite space are left."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from trimtab.records import History
from trimtab.samplers.tpe.memory import Memory
from trimtab.samplers.tpe.parzen import Columns
from trimtab.space import Floats, Internal, Space

_TRIES = 32
_SCAN = 2048


class Known:
    """Tells whether a point would repeat a finished or running trial.

    A program that asks for its parameters as it goes takes the same way when it gets the same
    values, so that a point repeats a trial if it agrees with all that the trial asked for.

    Args:
        history: The study.
        memory: What is known of it.
        space: Columns of the points.
        pending: Running trials.
    """

    def __init__(self, history: History, memory: Memory, space: Space, pending: list[int]) -> None:
        self._history = history
        self._ledger = memory.ledger
        self._space = space
        self._layouts = memory.finite_layouts(history, space)
        self._running: set[tuple[int, tuple[Internal, ...]]] = set()
        if self._layouts:
            ids = {i for i, _ in self._layouts}
            self._running = {
                (layout, history.point(number))
                for number in pending
                if (layout := history.layout_id(number)) in ids
            }

    def __bool__(self) -> bool:
        return bool(self._layouts)

    def __call__(self, point: Floats) -> bool:
        """Whether the point, shape (d,), is known."""
        internals = self._space.decode(point)
        for layout, columns in self._layouts:
            part: tuple[Internal, ...] = tuple([internals[j] for j in columns])
            if (layout, part) in self._running:
                return True
            if self._ledger.arm(self._history, part, layout) is not None:
                return True
        return False


def first_new(
    known: Callable[[Floats], bool],
    points: Iterator[Floats],
    columns: Columns,
    rng: np.random.Generator,
) -> Floats | None:
    """The first point that is not known: of those given, then of random ones, then of all.

    Args:
        known: Whether a point is known.
        points: Best first.
        columns: Of the points' space.
        rng: For the random ones.

    Returns:
        Shape (d,), or None where none was found.
    """
    for point in points:
        if not known(point):
            return point
    for _ in range(_TRIES):
        drawn: Floats = rng.random((1, columns.d))
        columns.snap(drawn)
        candidate: Floats = drawn[0]
        if not known(candidate):
            return candidate
    if not columns.finite:
        return None
    levels = columns.space.levels.tolist()
    total = math.prod(levels)
    if total > _SCAN:
        return None
    start = int(rng.integers(total))
    for index in range(total):
        rest = (start + index) % total
        cells = []
        for count in levels:
            rest, cell = divmod(rest, count)
            cells.append((cell + 0.5) / count)
        point = np.array(cells)
        if not known(point):
            return point
    return None
