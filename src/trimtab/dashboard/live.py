"""What changed, told to browsers as it happens (server-sent events).

Every change to a study raises its revision, whoever made it: this process, a worker, another
machine. Asking a storage for its revisions is one cheap query, and all that a running study notices
of an open dashboard. One thread a storage asks, while there are pages that listen, on behalf of all
of them: a storage that does not answer holds up no page, no request and no other storage.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final

from starlette.responses import StreamingResponse

from trimtab.dashboard.faults import fault_response
from trimtab.dashboard.security.asgi import Receive, Scope, Send
from trimtab.dashboard.watch import Watch
from trimtab.errors import StorageError
from trimtab.storage import Storage

INTERVAL: Final = 0.05
"""Seconds between two looks at a storage."""
HEARTBEAT: Final = 15.0
"""Seconds after which a silent stream shows that it lives."""


class Listener:
    """One page that listens, to be made and woken in its event loop.

    Attributes:
        woken: Set when there may be news.
        awaited: By key of a storage, the number of the first look that began after it came: what
            is not there then is gone, and not merely too new to have been seen.
    """

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.awaited: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Tell it, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.woken.set)


class Hub:
    """Asks the storages for revisions, once for all who listen.

    Args:
        storages: By key.
        max_listeners: More than this many at one time are refused.
        interval: Seconds between two looks.
        heartbeat: Seconds after which a silent stream shows that it lives.
    """

    def __init__(
        self,
        storages: Mapping[str, Storage],
        max_listeners: int = 200,
        interval: float = INTERVAL,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._watches = {
            key: Watch(key, storage, self, interval) for key, storage in storages.items()
        }
        self._max_listeners = max_listeners
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._is_closed = False

    def join(self) -> Listener | None:
        """A listener; None where there are too many, or the hub is closed."""
        with self._lock:
            if self._is_closed or len(self._listeners) >= self._max_listeners:
                return None
            listener = Listener()
            self._listeners.add(listener)
        listener.awaited = {key: watch.look_now() for key, watch in self._watches.items()}
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        with self._lock:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams: the server stops."""
        with self._lock:
            self._is_closed = True
        self.wake()
        for watch in self._watches.values():
            watch.stop()

    def wake(self) -> None:
        """Tell all listeners that there may be news."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.wake()

    @property
    def is_closed(self) -> bool:
        """Whether the server stops."""
        return self._is_closed

    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""
        return bool(self._listeners) and not self._is_closed

    async def events(
        self, listener: Listener, refs: Collection[str] | None = None
    ) -> AsyncIterator[str]:
        """Server-sent events: ``changed`` with {ref: revision}, None for a study that is gone.

        The first one says where things stand; a study of ``refs`` that is not there is gone, too,
        which is told as soon as its storage could be read. ``storage`` tells, by its message or
        null, that a storage of theirs went away or came back; one that is away, before all else.

        Args:
            listener: From `join`.
            refs: Of which studies; None: of all.
        """
        known: dict[str, int | None] = {}
        known_fault: str | None = None
        is_first = True
        watches = self._concerned(refs)
        while not self._is_closed:
            if all(watch.has_looked for watch in watches):
                missing = self._missing(listener, refs)
                now, fault = _news(watches, refs)
                changed: dict[str, int | None] = {
                    ref: revision for ref, revision in now.items() if known.get(ref) != revision
                }
                gone = (known.keys() | missing) - now.keys()
                changed |= {ref: None for ref in gone if ref not in known or known[ref] is not None}
                if fault != known_fault:
                    yield _event("storage", fault)
                if changed or is_first:
                    yield _event("changed", changed)
                known |= changed
                known_fault, is_first = fault, False
            try:
                await asyncio.wait_for(listener.woken.wait(), self._heartbeat)
            except TimeoutError:
                yield ": still here\n\n"
            listener.woken.clear()

    def check(self, key: str) -> None:
        """Pass if a storage answers, or if it is not known whether it does.

        Who asks a storage waits in case it comes back at once; when that has been in vain, nobody
        else needs to wait until it is there again.

        Raises:
            StorageError: What is wrong with it.
        """
        if (message := self._watches[key].absence) is not None:
            raise StorageError(message)

    def note(self, key: str, error: StorageError) -> None:
        """Remember that a storage did not answer when it was read, until it does again."""
        self._watches[key].note(error)

    def absences(self, patience: float) -> dict[str, str]:
        """Which storages do not answer, and why; all are asked at once.

        Args:
            patience: Seconds that each of them has to answer, if it is not known to be away.

        Returns:
            What is wrong by key.
        """
        deadline = time.monotonic() + patience
        looks = {
            key: watch.look_now()
            for key, watch in self._watches.items()
            if len(self._watches) > 1 and watch.absence is None
        }
        silent = {
            key: f"It has not answered for {patience:g} s; it is asked again."
            for key, number in looks.items()
            if not self._watches[key].has_answered(number, deadline)
        }
        known = {key: watch.absence for key, watch in self._watches.items()}
        return silent | {key: message for key, message in known.items() if message is not None}

    def _concerned(self, refs: Collection[str] | None) -> list[Watch]:
        keys = None if refs is None else {ref.partition("-")[0] for ref in refs}
        return [watch for key, watch in self._watches.items() if keys is None or key in keys]

    def _missing(self, listener: Listener, refs: Collection[str] | None) -> set[str]:
        """Those of ``refs`` that are gone if the news, read after this, do not have them."""
        read = {
            key
            for key, watch in self._watches.items()
            if watch.n_looks >= listener.awaited[key] and watch.fault is None
        }
        return {ref for ref in refs or () if ref.partition("-")[0] in read}


def _news(
    watches: Collection[Watch], refs: Collection[str] | None
) -> tuple[dict[str, int], str | None]:
    now = {ref: revision for watch in watches for ref, revision in watch.news.items()}
    if refs is not None:
        now = {ref: now[ref] for ref in refs if ref in now}
    faults = [watch.fault for watch in watches if watch.fault is not None]
    return now, " ".join(faults) or None


class EventStream(StreamingResponse):
    """The events of some studies, or of all, as an answer; 503 where too many listen already."""

    def __init__(self, hub: Hub, refs: Collection[str] | None) -> None:
        # Proxies that collect an answer before they pass it on must not.
        super().__init__((), headers={"x-accel-buffering": "no"}, media_type="text/event-stream")
        self._hub = hub
        self._refs = refs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the browser leaves or the server stops."""
        listener = self._hub.join()
        if listener is None:
            message = "Too many pages are open: this one is not told of changes."
            await fault_response(scope, 503, "TooManyStreams", message)(scope, receive, send)
            return
        self.body_iterator = self._hub.events(listener, self._refs)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(listener)


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
