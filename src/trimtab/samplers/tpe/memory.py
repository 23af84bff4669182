"""What a sampler derives from one history, brought up to date trial by trial."""

from __future__ import annotations

from collections.abc import Callable

from trimtab.records import History
from trimtab.samplers.tpe.ledger import Ledger
from trimtab.samplers.tpe.model import Kernels, Model
from trimtab.samplers.tpe.pareto_split import ParetoSplit
from trimtab.samplers.tpe.split import Pool, Split
from trimtab.space import Space

POOL = 64
"""How many bad trials have a kernel."""

_MOST_LAYOUTS = 64


class Memory:
    """Splits and models of a history; nothing here that the history does not decide.

    Args:
        history: The study.
        gamma: How many of n trials are good.
        settings: How kernels are made.
    """

    def __init__(self, history: History, gamma: Callable[[int], int], settings: Kernels) -> None:
        self.rewrites = history.rewrites
        self.ledger = Ledger(history)
        self._gamma = gamma
        self._settings = settings
        self._tracks: dict[frozenset[str], _Track] = {}
        self._models: dict[frozenset[str], Model] = {}
        self._last: tuple[int, Model] | None = None
        self._finite: tuple[int, Space, list[tuple[int, list[int]]]] | None = None
        self._all = self._track(history, frozenset())

    def sync(self, history: History) -> int:
        """Take in what finished since the last call.

        Returns:
            How many trials (complete or pruned) there are.
        """
        self.ledger.sync(history)
        self._all.sync(history, self.ledger)
        return self._all.pool.count

    def always(self, history: History, names: frozenset[str]) -> bool:
        """Whether every trial has all of these parameters."""
        layouts = history.layouts()[1]
        return all(names <= layouts[i].keys() for i in self._all.layouts)

    def seen(self) -> list[int]:
        """Indices of the layouts that finished trials have."""
        return list(self._all.layouts)

    def model(self, history: History, space: Space, *, whole: bool) -> Model:
        """The model of some columns.

        Args:
            history: The study.
            space: The columns.
            whole: Whether it is made of all trials, flat in what they lack, rather than of those
                that have all these columns.
        """
        known = len(self._all.layouts)
        if whole and self._last is not None:
            seen, last = self._last
            if seen == known and last.columns.space is space:
                return last
        names = frozenset(space.names)
        required = frozenset() if whole or self.always(history, names) else names
        track = self._track(history, required)
        track.sync(history, self.ledger)
        model = self._models.get(names)
        if model is None or model.pool is not track.pool or model.columns.space != space:
            model = self._models[names] = Model(track.pool, space, self._settings)
        if whole:
            self._last = known, model
        return model

    def finite_layouts(self, history: History, space: Space) -> list[tuple[int, list[int]]]:
        """Layouts whose parameters are columns of ``space`` and all have finitely many values.

        Returns:
            Index of each layout and its columns in ``space``; none where there are too many.
        """
        known = len(self._all.layouts)
        if self._finite is not None and self._finite[0] == known and self._finite[1] is space:
            return self._finite[2]
        layouts = history.layouts()[1]
        found = [
            (i, [space.index(name) for name in layouts[i]])
            for i in (self._all.layouts if known <= _MOST_LAYOUTS else ())
            if len(layouts[i])
            and layouts[i].keys() <= space.keys()
            and bool((layouts[i].levels > 0).all())
        ]
        self._finite = known, space, found
        return found

    def _track(self, history: History, required: frozenset[str]) -> _Track:
        track = self._tracks.get(required)
        if track is None:
            kind = Split if history.n_objectives == 1 else ParetoSplit
            track = self._tracks[required] = _Track(required, kind(self._gamma, POOL))
        return track


class _Track:
    """A split of the trials that have certain parameters."""

    def __init__(self, required: frozenset[str], pool: Pool) -> None:
        self.pool = pool
        self.layouts: dict[int, bool] = {}
        self._required = required
        self._read = 0

    def sync(self, history: History, ledger: Ledger) -> None:
        """Take in the ledger's new events."""
        events = ledger.events
        if self._read == len(events):
            return
        layouts = history.layouts()[1]
        for old, new in events[self._read :]:
            layout = history.layout_id(new[3])
            belongs = self.layouts.get(layout)
            if belongs is None:
                belongs = self.layouts[layout] = self._required <= layouts[layout].keys()
            if not belongs:
                continue
            losses = ledger.losses(history, new[3]) if not self.pool.ranked else ()
            if old is None:
                self.pool.add(new, losses)
            else:
                self.pool.replace(old, new, losses)
        self._read = len(events)
