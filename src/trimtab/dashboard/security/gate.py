"""The order of the layers."""

from __future__ import annotations

from trimtab.dashboard.security.asgi import App, Receive, Scope, Send
from trimtab.dashboard.security.bodies import Bodies
from trimtab.dashboard.security.headers import Headers
from trimtab.dashboard.security.hosts import Hosts
from trimtab.dashboard.security.origins import Origins
from trimtab.dashboard.security.readonly import ReadOnly
from trimtab.dashboard.security.tokens import Tokens
from trimtab.dashboard.settings import Settings


def guarded(app: App, settings: Settings) -> App:
    """``app`` behind all layers."""
    if settings.read_only:
        app = ReadOnly(app)
    app = Bodies(app, settings)
    app = Tokens(app, settings)
    app = Origins(app, https=settings.https)
    app = Hosts(app, settings.hosts)
    return Headers(app)


class Gate:
    """Middleware: HTTP goes through the layers, WebSockets do not exist.

    Args:
        app: What is guarded.
        settings: By which rules.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self.settings = settings
        self._guarded = guarded(app, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            self._place(scope)
            await self._guarded(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _place(self, scope: Scope) -> None:
        """Where browsers see us is what the settings say: no header of a request is asked."""
        if self.settings.https:
            scope["scheme"] = "https"
        root = self.settings.root_path
        if root and not scope.get("root_path"):
            scope["root_path"] = root
            if not scope["path"].startswith(root + "/"):
                scope["path"] = root + scope["path"]
