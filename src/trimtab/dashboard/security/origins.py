"""Requests come from our own pages, or from no page at all."""

from __future__ import annotations

from urllib.parse import urlsplit

from trimtab.dashboard.security.asgi import (
    SAFE_METHODS,
    App,
    Receive,
    Scope,
    Send,
    header,
    headers,
    refusal,
)


def is_own(scope: Scope, *, https: bool = False) -> bool:
    """Whether no other site's page made this request.

    Browsers say so in Sec-Fetch-Site; those that do not know it, and all that come by plain http
    to another machine, send Origin. A program that is no browser sends neither.

    Args:
        scope: The request.
        https: Whether our own pages are https ones.
    """
    if any(True for _ in headers(scope, b"sec-fetch-site")):
        return header(scope, b"sec-fetch-site") in ("same-origin", "none")
    if not any(True for _ in headers(scope, b"origin")):
        return True
    try:
        origin = urlsplit(header(scope, b"origin") or "null")
    except ValueError:
        return False
    host = header(scope, b"host") or ""
    schemes = ("https",) if https else ("http", "https")
    return origin.scheme in schemes and origin.netloc.lower() == host.lower()


def _is_visit(scope: Scope) -> bool:
    """Whether somebody follows a link to a page, which other sites may have."""
    return (
        scope["method"] in SAFE_METHODS
        and header(scope, b"sec-fetch-mode") == "navigate"
        and header(scope, b"sec-fetch-dest") == "document"
    )


class Origins:
    """Refuses what another site's page asks for.

    Above all what would change something (cross-site request forgery). But another port of this
    machine is the same site to a cookie, so neither may its pages embed or fetch what is here;
    links to our pages are all they may have.
    """

    def __init__(self, app: App, *, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what our own pages ask for, and visits."""
        if is_own(scope, https=self._https) or _is_visit(scope):
            await self._app(scope, receive, send)
            return
        response = refusal(
            scope, 403, "ForeignOrigin", "Another site's page may not use this dashboard."
        )
        await response(scope, receive, send)
