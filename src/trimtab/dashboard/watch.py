"""One storage, looked at again and again: what is new in it, and whether it answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Final, Protocol

from trimtab.errors import StorageBusy, StorageError, TrimtabError
from trimtab.storage import Storage

_logger = logging.getLogger(__name__)

_STREAK: Final = 5
"""While every look finds something new, up to so many intervals pass between two."""
_PROBE: Final = 1.0
"""Seconds between two looks at a storage that is away, while nobody listens."""


class Audience(Protocol):
    """For whom a storage is looked at."""

    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""

    @property
    def is_closed(self) -> bool:
        """Whether the server stops."""

    def wake(self) -> None:
        """Tell all who listen that there may be news."""


class Watch:
    """Looks at one storage in a thread of its own.

    The thread lives while anyone listens, and as long as the storage is away: who comes then is
    told so at once.

    Args:
        key: The storage's.
        storage: What is looked at.
        audience: For whom.
        interval: Seconds between two looks.

    Attributes:
        news: Revision by study ref, as last seen.
        fault: What was wrong when it looked last, if something was.
        has_looked: Whether the other two mean anything yet.
        n_looks: The number of the look that ended last.
    """

    def __init__(self, key: str, storage: Storage, audience: Audience, interval: float) -> None:
        self._key = key
        self._storage = storage
        self._audience = audience
        self._interval = interval
        self._lock = threading.Lock()
        self._looked = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._now = threading.Event()
        self._absence: str | None = None
        self.news: Mapping[str, int] = {}
        self.fault: str | None = None
        self.has_looked = False
        self.n_looks = 0
        self._n_begun = 0

    @property
    def absence(self) -> str | None:
        """Why the storage did not answer at all; None if it did, or if what is known is old."""
        return self._absence if self._thread is not None and self.has_looked else None

    def look_now(self) -> int:
        """Look at once, for who came new.

        Returns:
            The number of the first look that begins after this.
        """
        with self._lock:
            if self._thread is None:
                self.has_looked = False
                self._start()
            self._now.set()
            return self._n_begun + 1

    def has_answered(self, number: int, deadline: float) -> bool:
        """Wait for the look of a number.

        Args:
            number: From `look_now`.
            deadline: By `time.monotonic`.

        Returns:
            Whether that look has ended, with an answer or without.
        """
        with self._looked:
            left = max(deadline - time.monotonic(), 0.0)
            return self._looked.wait_for(lambda: self.n_looks >= number, left)

    def note(self, error: StorageError) -> None:
        """Take it for away, as another reader was not answered, and look until it is back."""
        if not _is_away(error):
            return
        with self._lock:
            if self._thread is None and not self._audience.is_closed:
                self.fault = self._absence = str(error)
                self.has_looked = True
                self._start()

    def stop(self) -> None:
        """End the thread, as the server stops."""
        self._now.set()

    def _start(self) -> None:
        self._thread = threading.Thread(
            target=self._run, name=f"trimtab-live-{self._key}", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        streak = 0
        while True:
            with self._lock:
                is_asked = self._now.is_set()
                self._now.clear()
                self._n_begun += 1
            before = self.news, self.fault, self.has_looked
            self._look()
            is_new = before != (self.news, self.fault, self.has_looked)
            if is_asked or is_new:
                self._audience.wake()
            # What a person does is told at once; a study that runs needs its processor itself.
            streak = min(streak + 1, _STREAK) if is_new else 0
            pause = self._interval * max(streak, 1)
            self._now.wait(pause if self._audience.is_heard else max(pause, _PROBE))
            with self._lock:
                if self._is_done():
                    self._thread = None
                    return

    def _is_done(self) -> bool:
        if self._audience.is_heard:
            return False
        return self._audience.is_closed or (self._absence is None and not self._now.is_set())

    def _look(self) -> None:
        try:
            self.news = {
                f"{self._key}-{study_id}": revision
                for study_id, revision in self._storage.revisions().items()
            }
            self.fault = self._absence = None
        except TrimtabError as error:
            self.fault = str(error)
            # One that is damaged in places still answers, for the rest of it.
            self._absence = self.fault if _is_away(error) else None
        except Exception:  # The thread of all pages must not end.
            _logger.exception("Looking for changes failed.")
            self.fault = "The storage cannot be read; the server's log says why."
        self.has_looked = True
        with self._looked:
            self.n_looks = self._n_begun
            self._looked.notify_all()


def _is_away(error: TrimtabError) -> bool:
    return type(error) in (StorageError, StorageBusy)
