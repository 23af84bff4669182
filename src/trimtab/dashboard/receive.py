"""The body of a request as a file, taken in piece by piece."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

_IN_MEMORY: Final = 1 << 20
"""Bytes that wait in memory before they go to a temporary file."""


@asynccontextmanager
async def received(request: Request, limit: int) -> AsyncIterator[BinaryIO]:
    """The whole body in a temporary file, which goes when the block ends.

    Raises:
        HTTPException: 413 if it is longer than ``limit`` bytes, 400 if it ended too early.
    """
    expected = request.headers.get("content-length")
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spooled:
        body = cast("BinaryIO", spooled)
        size = 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise HTTPException(413, f"A file may have at most {limit:,} bytes.")
                if size > _IN_MEMORY:
                    await run_in_threadpool(body.write, chunk)
                else:
                    body.write(chunk)
        except ClientDisconnect:
            raise HTTPException(400, "The upload was cut off; nothing was kept.") from None
        if expected is not None and expected.isdigit() and int(expected) != size:
            raise HTTPException(400, "The upload was cut off; nothing was kept.")
        body.seek(0)
        yield body
