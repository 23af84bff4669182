"""The process that serves: uvicorn, told to end its streams when it is stopped."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Final

import uvicorn

from trimtab.dashboard.connection import Connection
from trimtab.dashboard.live import Hub
from trimtab.dashboard.security.gate import Gate

_GRACE: Final = 1
"""Seconds that requests get to end when the server is stopped."""


class Server(uvicorn.Server):
    """One dashboard.

    Args:
        app: What is served.
        hub: Whose streams end with it.
    """

    def __init__(self, app: Gate, hub: Hub) -> None:
        config = uvicorn.Config(
            app,
            # Of the protocols that uvicorn knows, the one that bounds what it reads of a header.
            http=Connection,
            ws="none",
            log_level="warning",
            # Who asks is known by the token, and where by the settings: not by such headers.
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
        super().__init__(config)
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, which would not end by themselves, and then the rest."""
        self._hub.close()
        await super().shutdown(sockets)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of the log tells more than that its stop cut off what the server was at."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
