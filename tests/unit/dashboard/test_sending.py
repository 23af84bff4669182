"""Open files as answers: what is sent of them, and that they are closed."""

import asyncio
import gc
import io
from collections.abc import MutableMapping
from typing import Any

import pytest

from trimtab.dashboard.sending import FileStream

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


async def _silent() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def _gone() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize(("size", "sent"), [(None, 600_000), (0, 0), (5, 5), (300_000, 300_000)])
def test_as_many_bytes_as_are_wanted(size: int | None, sent: int) -> None:
    body = io.BytesIO(b"x" * 600_000)
    messages = []

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    asyncio.run(FileStream(body, size)(SCOPE, _silent, send))
    assert sum(len(message.get("body", b"")) for message in messages) == sent
    assert body.closed


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
def test_the_file_of_a_client_that_left_before_the_first_byte_is_closed(spec_version: str) -> None:
    body = io.BytesIO(b"content")
    scope = {"type": "http", "asgi": {"spec_version": spec_version}}

    async def send(message: MutableMapping[str, Any]) -> None:
        if spec_version == "2.3":
            await asyncio.Event().wait()  # until it is known that nobody reads
        raise OSError

    stream = FileStream(body)
    gc.disable()  # it is not to be left to the collector
    try:
        if spec_version == "2.3":
            asyncio.run(stream(scope, _gone, send))
        else:
            with pytest.raises(Exception, match=r"^$"):
                asyncio.run(stream(scope, _gone, send))
        assert body.closed
    finally:
        gc.enable()
