"""A dashboard that only shows."""

from __future__ import annotations

from trimtab.dashboard.security.asgi import SAFE_METHODS, App, Receive, Scope, Send, refusal


class ReadOnly:
    """Refuses every request that is not a reading one."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what reads."""
        if scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        response = refusal(
            scope, 403, "ReadOnly", "This dashboard was started with --read-only: nothing changes."
        )
        await response(scope, receive, send)
