"""Answers that were given, by key: a request that is sent again is answered and not done again."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Final

from trimtab.errors import StorageBusy
from trimtab.storage import Ticket

SECONDS: Final = 600.0
"""How long an answer is remembered."""

ENTRIES: Final = 20_000
"""How many answers are remembered."""

SIZE: Final = 32 << 20
"""How many bytes of answers are remembered."""

_PATIENCE: Final = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes over the wire.

    Attributes:
        status: HTTP's.
        body: JSON.
    """

    status: int
    body: bytes


class Replies:
    """Remembers the answers to requests that have a key, within limits.

    Args:
        seconds: How long.
        entries: How many.
        size: Bytes in all.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        entries: int = ENTRIES,
        size: int = SIZE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._entries = entries
        self._limit = size
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._given: OrderedDict[str, tuple[float, Reply]] = OrderedDict()
        self._running: dict[str, Future[Reply]] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._given)

    def ticket(self, key: str, attempt: int | None) -> Ticket:
        """What a storage knows the request of this key by, also when this server has died.

        Args:
            key: As `once` is given it.
            attempt: How often the request was sent, as the client says; None: it does not, and a
                server that is new must reckon with a server before it.
        """
        digest = hashlib.sha256(key.encode()).digest()
        is_new = self._clock() - self._began < self._seconds
        again = is_new if attempt is None else attempt > 1
        return Ticket(int.from_bytes(digest[:8]) >> 1, again)

    def once(self, key: str, work: Callable[[], Reply]) -> Reply:
        """The answer to the request of this key: ``work`` is done for the first that brings it.

        Who brings it while the work is being done waits for its answer. Answers that say "try
        again" (503) are not remembered, nor is what raised.

        Raises:
            StorageBusy: If the first is still at work after 20 seconds.
        """
        with self._lock:
            self._forget()
            if key in self._given:
                return self._given[key][1]
            running = self._running.get(key)
            if running is None:
                ours = self._running[key] = Future()
        if running is not None:
            try:
                return running.result(_PATIENCE)
            except NotYet:
                raise StorageBusy("The same request is still being worked on.") from None
        try:
            reply = work()
        except BaseException as error:
            with self._lock:
                del self._running[key]
            ours.set_exception(error)
            raise
        with self._lock:
            del self._running[key]
            if reply.status != 503:
                self._given[key] = (self._clock(), reply)
                self._size += len(reply.body)
                self._forget()
        ours.set_result(reply)
        return reply

    def _forget(self) -> None:
        """Let go of the oldest answers: those past the limits."""
        oldest = self._clock() - self._seconds
        while self._given:
            when, reply = next(iter(self._given.values()))
            within = len(self._given) <= self._entries and self._size <= self._limit
            if within and when >= oldest:
                return
            self._given.popitem(last=False)
            self._size -= len(reply.body)
