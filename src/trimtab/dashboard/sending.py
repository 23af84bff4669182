"""Open files as answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from starlette.responses import StreamingResponse

from trimtab.dashboard.security.asgi import Receive, Scope, Send

_CHUNK: Final = 1 << 18


class FileStream(StreamingResponse):
    """The bytes of an open file, which is closed even if the client leaves before the first one.

    Args:
        body: The file, at the first byte that is wanted.
        size: How many bytes are sent; None: all to the end.
        options: Of `StreamingResponse`: ``status_code``, ``headers``, ``media_type``.
    """

    def __init__(self, body: BinaryIO, size: int | None = None, **options: Any) -> None:
        super().__init__(_chunks(body, size), **options)
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._body:
            await super().__call__(scope, receive, send)


def _chunks(body: BinaryIO, left: int | None) -> Iterator[bytes]:
    while left is None or left > 0:
        chunk = body.read(_CHUNK if left is None else min(_CHUNK, left))
        if not chunk:
            return
        if left is not None:
            left -= len(chunk)
        yield chunk
