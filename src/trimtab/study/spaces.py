"""The spaces that trials of one study share, made once."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.records import EMPTY_SPACE, History, TrialState
from trimtab.space import Distribution, Space

_MAX_CACHED = 10_000


class Spaces:
    """Interns spaces by the identity of their distributions, and knows which part is certain.

    Define-by-run makes the same few spaces in every trial; building one costs more than the
    rest of a trial's bookkeeping.
    """

    def __init__(self) -> None:
        self._by_identity: dict[tuple[int, ...], Space] = {}
        self._singles: dict[tuple[str, int], Space] = {}
        self._joined: dict[tuple[int, int], tuple[Space, Space, Space]] = {}
        self._seen = 0
        self._rewrites = 0
        self._layouts: set[int] = set()
        self._certain: Space = EMPTY_SPACE

    def of(self, distributions: Mapping[str, Distribution]) -> Space:
        """The space of some named distributions."""
        key = tuple(map(id, distributions.values()))
        known = self._by_identity.get(key)
        # The cached space keeps its distributions alive, so an id cannot come to mean another.
        if known is not None and known.names == tuple(distributions):
            return known
        if len(self._by_identity) >= _MAX_CACHED:
            self._by_identity.clear()
        space = self._by_identity[key] = Space(distributions)
        return space

    def single(self, name: str, distribution: Distribution) -> Space:
        """The space of one column."""
        key = (name, id(distribution))
        known = self._singles.get(key)
        if known is None:
            if len(self._singles) >= _MAX_CACHED:
                self._singles.clear()
            known = self._singles[key] = Space({name: distribution})
        return known

    def joined(self, space: Space, more: Mapping[str, Distribution]) -> Space:
        """``space`` with the columns of ``more`` added or replaced."""
        if not more or all(space.get(name) == d for name, d in more.items()):
            return space
        extra = self.of(more)
        key = (id(space), id(extra))
        known = self._joined.get(key)
        if known is None:
            if len(self._joined) >= _MAX_CACHED:
                self._joined.clear()
            known = self._joined[key] = (space, extra, Space({**space, **extra}))
        return known[2]

    def certain(self, history: History) -> Space:
        """The parameters that every trial that ran to an end has, as last distributed.

        A trial's share of them can be written when it is asked for; the others only once they
        are suggested, as a conditional parameter may not be part of the trial.
        """
        if history.rewrites != self._rewrites:
            self._rewrites = history.rewrites
            self._seen = 0
            self._layouts = set()
            self._certain = EMPTY_SPACE
        finished = history.finished
        if len(finished) == self._seen:
            return self._certain
        _, layouts = history.layouts()
        # Plain integers: comparing NumPy's with an enum's costs more than all the rest here.
        failed, states = int(TrialState.FAIL), history.states
        fresh = {
            history.layout_id(number)
            for number in finished[self._seen :].tolist()
            if states.item(number) != failed
        }
        self._seen = len(finished)
        if fresh <= self._layouts:
            return self._certain
        self._layouts |= fresh
        spaces = [layouts[layout] for layout in self._layouts]
        latest = history.space
        names = [name for name in latest if all(name in space for space in spaces)]
        if tuple(names) == latest.names:
            self._certain = latest
        else:
            self._certain = Space({name: latest[name] for name in names})
        return self._certain
