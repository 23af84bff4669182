"""What every answer tells the browser not to do."""

from __future__ import annotations

from typing import Final

from trimtab.dashboard.policy import PAGE_POLICY
from trimtab.dashboard.security.asgi import App, Message, Receive, Scope, Send

_ALWAYS: Final = {
    b"content-security-policy": PAGE_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"cache-control": b"no-store",
}


class Headers:
    """Adds the headers that an answer does not set itself."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the next layer does, with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                known = {name.lower() for name, _ in given}
                given += [(name, value) for name, value in _ALWAYS.items() if name not in known]
                message["headers"] = given
            await send(message)

        await self._app(scope, receive, with_headers)
