"""Every combination of given values, each once."""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import EMPTY_SPACE, FINISHED, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.follow import Follower
from trimtab.space import Distribution, Internal, Space

_ID = "grid:id"
_GRID = "grid:of"
_TRIES = 32


class HasHistory(Protocol):
    """A study."""

    @property
    def history(self) -> History:
        """Its trials as columns."""


class _Visits:
    """Which combinations of a grid have been tried, and which are being tried."""

    def __init__(self) -> None:
        self._done: dict[str, set[int]] = {}
        self._open: dict[int, tuple[str, int]] = {}

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """See `Derived.absorb`."""
        for number in rows:
            attrs = history.system_attrs(number)
            if _ID in attrs:
                self._open[number] = (attrs[_GRID], int(attrs[_ID]))
            else:
                self._open.pop(number, None)
        for number in finished:
            visit = self._open.pop(number, None)
            if visit is not None:
                self._done.setdefault(visit[0], set()).add(visit[1])

    def done(self, grid: str) -> set[int]:
        """Indices of the combinations whose trials have finished; not to be changed."""
        return self._done.setdefault(grid, set())

    def busy(self, history: History, grid: str, number: int | None = None) -> set[int]:
        """Indices of further combinations whose trials are under way or wait.

        Args:
            history: The history.
            grid: Digest of the grid.
            number: A trial that is looking for a combination: only those before it count.
        """
        for gone in [n for n in self._open if history.states[n] in FINISHED]:
            del self._open[gone]  # it was archived
        indices = {
            index
            for n, (of, index) in self._open.items()
            if of == grid and not history.archived[n] and (number is None or n < number)
        }
        return indices - self.done(grid)

    def held(self, grid: str, number: int) -> int | None:
        """The combination that an unfinished trial was given."""
        of, index = self._open.get(number, ("", 0))
        return index if of == grid else None


class GridSampler(Sampler):
    """Tries every combination of the given values once, in random order, then stops the study.

    A combination counts as tried when its trial has finished, in whatever state, and is not
    handed out again while its trial runs. Two processes that ask at the same instant may still
    get the same one; leave ``seed`` out there, so that they draw apart.

    Args:
        search_space: The values of every parameter, as the objective is to see them. They need
            not lie on the grid of the suggested distribution.
        seed: Of the order.

    Raises:
        InvalidArgument: If a parameter has no values.
    """

    def __init__(self, search_space: Mapping[str, Sequence[Any]], seed: int | None = None) -> None:
        super().__init__(seed)
        self._grid = {name: list(values) for name, values in sorted(search_space.items())}
        for name, values in self._grid.items():
            if not values:
                raise InvalidArgument(f"search_space[{name!r}]", "at least one value", values)
            for value in values:
                if value is not None and not isinstance(value, (str, int, float, bool)):
                    warnings.warn(
                        f"`search_space[{name!r}]` should hold None, bool, int, float or str, so "
                        f"that any storage can keep it; got {value!r} of type "
                        f"{type(value).__name__}.",
                        UserWarning,
                        stacklevel=2,
                    )
        self._size = math.prod(len(values) for values in self._grid.values())
        text = json.dumps([[name, [repr(v) for v in vs]] for name, vs in self._grid.items()])
        self._digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._visits: Follower[_Visits] = Follower(_Visits)

    def search_space(self, history: History) -> Space:
        """Empty: the values are the user's and need no distribution."""
        return EMPTY_SPACE

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """A combination that was not tried and is not being tried, each equally likely.

        Where there is none left, one that was tried, with a warning.
        """
        visits = self._visits.at(history)
        done, busy = visits.done(self._digest), visits.busy(history, self._digest, number)
        held = visits.held(self._digest, number)
        if held is not None and held not in done and held not in busy:
            return self._proposal(space, held)  # the trial was reclaimed from another worker
        if len(done) + len(busy) >= self._size:
            warnings.warn(
                "GridSampler tries a combination again: all of them have been tried or are "
                "being tried.",
                UserWarning,
                stacklevel=2,
            )
            busy = set()
            done = done if len(done) < self._size else busy
        return self._proposal(space, self._pick(done, busy, rng))

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """The parameter's value in the trial's combination.

        Raises:
            InvalidArgument: If the parameter is not in the grid, or the trial has no combination
                (it was enqueued with some parameters only).
        """
        (name,) = space.names
        if name not in self._grid:
            raise InvalidArgument("name", f"a parameter of the grid, {sorted(self._grid)}", name)
        attrs = history.system_attrs(number)
        if attrs.get(_GRID) != self._digest:
            raise InvalidArgument(
                "params", "all parameters to be enqueued where GridSampler is used", sorted(given)
            )
        values = self._values(int(attrs[_ID]))
        return Proposal(np.array([np.nan]), params={name: values[name]})

    def exhausted(self, history: History, space: Space) -> bool:
        """Whether every combination was tried or is being tried."""
        visits = self._visits.at(history)
        n_busy = len(visits.busy(history, self._digest))
        return len(visits.done(self._digest)) + n_busy >= self._size

    def is_exhausted(self, study: HasHistory) -> bool:
        """Whether every combination was tried to the end."""
        return len(self._visits.at(study.history).done(self._digest)) >= self._size

    def _pick(self, done: set[int], busy: set[int], rng: np.random.Generator) -> int:
        index = 0
        for _ in range(_TRIES):  # a free one is soon met, unless few are left
            index = int(rng.integers(self._size))
            if index not in done and index not in busy:
                return index
        stride = int(rng.integers(self._size)) | 1
        if math.gcd(stride, self._size) != 1:
            stride = 1  # a stride without a common factor passes through all of them
        while index in done or index in busy:
            index = (index + stride) % self._size
        return index

    def _proposal(self, space: Space, index: int) -> Proposal:
        point = np.full(len(space), np.nan)
        return Proposal(point, {_ID: index, _GRID: self._digest}, self._values(index))

    def _values(self, index: int) -> dict[str, Any]:
        values = {}
        for name, column in self._grid.items():
            index, place = divmod(index, len(column))
            values[name] = column[place]
        return values
