"""Which names the server answers to: a page of another name must not reach it (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Iterable

from trimtab.dashboard.security.asgi import App, Receive, Scope, Send, header, refusal
from trimtab.dashboard.settings import split_host


def is_allowed(host: str | None, allowed: Iterable[str]) -> bool:
    """Whether a Host header is one of ``allowed``: each with its port, or without for any port."""
    if host is None:
        return False
    plain = host.lower()
    parts = split_host(plain)
    return parts is not None and any(entry in (plain, parts[0]) for entry in allowed)


class Hosts:
    """Refuses requests that name a host the server does not go by."""

    def __init__(self, app: App, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is for us."""
        if is_allowed(header(scope, b"host"), self._allowed):
            await self._app(scope, receive, send)
            return
        response = refusal(
            scope,
            400,
            "UnknownHost",
            "This server does not go by that name. Start it with --allowed-host to allow it.",
        )
        await response(scope, receive, send)
