"""What a sampler derives from a history, kept up to date at the price of what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from trimtab.records import DELETED, FINISHED, History, TrialState
from trimtab.space import Space

_ENDED = frozenset((DELETED, *map(int, FINISHED)))
_COMPLETE = int(TrialState.COMPLETE)


class Derived(Protocol):
    """Something that grows with a history."""

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """Take over what is new.

        Args:
            history: The history. Read only.
            rows: Numbers met for the first time, in whatever state, and those of unfinished
                trials whose system attributes were written again or that were deleted.
            finished: Numbers of the trials, ascending and not archived, that have finished.
        """


T = TypeVar("T", bound=Derived)


class _Kept(Generic[T]):
    def __init__(self, rewrites: int, derived: T) -> None:
        self.rewrites = rewrites
        self.derived = derived
        self.n_rows = 0
        self.n_finished = 0
        self.open: dict[int, Mapping[str, Any]] = {}


class Follower(Generic[T]):
    """One derived object for every history; it starts anew when a finished row was rewritten.

    Args:
        make: Makes an empty derived object.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._kept: WeakKeyDictionary[History, _Kept[T]] = WeakKeyDictionary()

    def at(self, history: History) -> T:
        """The derived object, up to date with ``history``."""
        kept = self._kept.get(history)
        if kept is None or kept.rewrites != history.rewrites:
            kept = self._kept[history] = _Kept(history.rewrites, self._make())
        rows = self._new_rows(kept, history)
        order = history.finished
        if len(order) > kept.n_finished:
            archived = history.archived
            finished = sorted(n for n in order[kept.n_finished :].tolist() if not archived[n])
            kept.n_finished = len(order)
        else:
            finished = []
        if rows or finished:
            kept.derived.absorb(history, rows, finished)
        return kept.derived

    def _new_rows(self, kept: _Kept[T], history: History) -> list[int]:
        states = history.states
        rows = []
        for number, attrs in list(kept.open.items()):
            now = history.system_attrs(number)
            if now is not attrs and now != attrs:
                rows.append(number)
                kept.open[number] = now
            if int(states[number]) in _ENDED:
                del kept.open[number]
        fresh = range(kept.n_rows, len(history))
        kept.n_rows = len(history)
        rows.extend(fresh)
        for number in fresh:
            if int(states[number]) not in _ENDED:
                kept.open[number] = history.system_attrs(number)
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._make,)  # what was derived can be derived again


class SharedSpace:
    """The parameters that all completed trials have, under their latest distributions."""

    def __init__(self) -> None:
        self._layouts: set[int] = set()
        self._names: dict[str, None] | None = None
        self._space = Space()
        self._source: Space | None = None

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """See `Derived.absorb`."""
        del rows
        index, layouts = history.layouts()
        states = history.states
        for number in finished:
            layout = int(index[number])
            if layout in self._layouts or states[number] != _COMPLETE:
                continue
            self._layouts.add(layout)
            if self._names is None:
                self._names = dict.fromkeys(layouts[layout])
            else:
                self._names = {n: None for n in self._names if n in layouts[layout]}
            self._source = None

    def space(self, history: History) -> Space:
        """Empty before the first trial has completed."""
        if self._source is not history.space:
            self._source = history.space
            # By name: the order in which trials end must not decide which column is which.
            names = tuple(sorted(name for name in self._names or () if name in history.space))
            self._space = history.space.subset(names)
        return self._space
