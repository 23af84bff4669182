"""A connection that does not wait for ever for the head of a request."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from trimtab.dashboard.security.gate import Gate


class Connection(H11Protocol):
    """uvicorn's, which hangs up on who takes too long to say what is wanted.

    How long a body may take is for `trimtab.dashboard.security.bodies` to say: only there it is
    known whether somebody waits for it.

    The clock runs from the connection, or from the end of the request before; `Settings.patience`
    of the `Gate` that is served says how long.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """The client says something."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        super().connection_lost(exc)
        self._unwatch()

    def _watch(self) -> None:
        """Run the clock while a head is on its way, and only then."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._unwatch()
        elif self._deadline is None:
            gate: Gate = self.config.app  # type: ignore[assignment]
            self._deadline = self.loop.call_later(gate.settings.patience, self._hang_up)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
