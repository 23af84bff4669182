"""How much a request may send."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.exceptions import HTTPException

from trimtab.dashboard.security.asgi import (
    App,
    Message,
    Receive,
    Scope,
    Send,
    header,
    headers,
    refusal,
)
from trimtab.dashboard.settings import Settings

SLOWEST: Final = 1000.0
"""Bytes a second that a body must bring, but for `Settings.patience`."""

UPLOAD_OVERHEAD = 1 << 16
"""Bytes of a multipart body around the file."""
_MAX_DIGITS = 15


class _TooLarge(HTTPException):
    """A body that did not say how long it is went past the limit: no fault for the log."""

    def __init__(self) -> None:
        super().__init__(413)


class _TooSlow(HTTPException):
    """A body kept us waiting for too long."""

    def __init__(self) -> None:
        super().__init__(408)


class _Wait:
    """How long a body has kept us waiting, against what it may.

    A short silence is no fault, nor is a slow network; who sends a byte now and then, to keep
    connections busy, is not waited for.
    """

    def __init__(self, patience: float) -> None:
        self._left = patience

    async def __call__(self, receive: Receive) -> Message:
        """The next message; raises `_TooSlow`."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                message = await receive()
        except TimeoutError:
            raise _TooSlow from None
        self._left += len(message.get("body", b"")) / SLOWEST - (time.monotonic() - began)
        return message


class Bodies:
    """Refuses bodies that are too long, before they are read where they say so, or too slow."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    def _limit(self, scope: Scope) -> int:
        is_upload = scope["path"].rstrip("/").endswith("/artifacts")
        if is_upload and scope["method"] == "POST":
            return self._settings.max_upload + UPLOAD_OVERHEAD
        return self._settings.max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request, counting its bytes."""
        limit = self._limit(scope)
        refused = refusal(
            scope, 413, "TooLarge", f"A request of this kind may have at most {limit:,} bytes."
        )
        if _declares_more(scope, limit):
            await refused(scope, receive, send)
            return
        seen, is_started, is_refused, is_slow, is_whole = 0, False, False, False, False
        wait = _Wait(self._settings.patience)

        async def counted() -> Message:
            nonlocal seen, is_slow, is_whole
            if seen > limit:
                raise _TooLarge
            if is_whole:  # what comes next is that the client has gone, perhaps hours from now
                return await receive()
            try:
                message = await wait(receive)
            except _TooSlow:
                is_slow = True
                raise
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise _TooLarge
            is_whole = not message.get("more_body", False)
            return message

        async def watched(message: Message) -> None:
            # Who parses the body may take our exception for a fault of the body's and answer by
            # itself: that answer is not the one to give.
            nonlocal is_started, is_refused
            if (seen > limit or is_slow) and not is_started:
                is_refused = True
            else:
                is_started = True
                await send(message)

        try:
            await self._app(scope, counted, watched)
        except (_TooLarge, _TooSlow):
            if is_started:
                raise
            is_refused = True
        if is_slow and is_refused:
            refused = refusal(
                scope, 408, "TooSlow", "The body of the request did not come in time."
            )
            refused.headers["connection"] = "close"
        if is_refused:
            await refused(scope, receive, send)


def _declares_more(scope: Scope, limit: int) -> bool:
    """Whether the request says that it is too long, or says what cannot be believed."""
    if not any(True for _ in headers(scope, b"content-length")):
        return False
    length = header(scope, b"content-length") or ""
    is_number = length.isascii() and length.isdigit() and len(length) <= _MAX_DIGITS
    return not is_number or int(length) > limit
