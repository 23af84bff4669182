"""Trials told to trackers, in a thread of its own: no slot waits for them."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Final

from trimtab.integrations.tracking import Tracker
from trimtab.records import FrozenTrial
from trimtab.study import Study

_logger = logging.getLogger(__name__)

_CLOSING: Final = 60.0
"""Seconds that trackers have for what is left, once the sweep is over."""


class TrackedSweep:
    """Tells trackers of the trials of a sweep.

    What goes wrong with one is logged and does not end the sweep.

    Args:
        study: Whose trials they are.
        trackers: That are told.
    """

    def __init__(self, study: Study, trackers: Sequence[Tracker]) -> None:
        self._study = study
        self._trackers = tuple(trackers)
        self._trials: queue.SimpleQueue[FrozenTrial | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="trimtab-tracking", daemon=True)

    def tell(self, trial: FrozenTrial) -> None:
        """A trial has ended."""
        if self._trackers:
            self._trials.put(trial)

    def __enter__(self) -> TrackedSweep:
        if self._trackers:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._trackers:
            return
        self._trials.put(None)
        self._thread.join(_CLOSING)
        if self._thread.is_alive():
            _logger.warning("Not everything was logged within %.0f s.", _CLOSING)

    def _work(self) -> None:
        while (trial := self._trials.get()) is not None:
            for tracker in self._trackers:
                self._try(tracker, partial(tracker, self._study, trial))
        for tracker in self._trackers:
            self._try(tracker, tracker.finish)

    def _try(self, tracker: Tracker, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - of other people's code: never the sweep's end
            _logger.warning(
                "%s failed: %s: %s", type(tracker).__name__, type(error).__name__, error
            )
