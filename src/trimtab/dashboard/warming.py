"""What a server does while it waits for its first visitor, who then need not wait for it.

It visits itself: the first request to each page is slow, as routes are made, templates compiled,
libraries imported, and trials read for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from trimtab.dashboard.context import Context
from trimtab.dashboard.security.asgi import App, Message, Scope
from trimtab.dashboard.static import PLOTLY
from trimtab.errors import StorageError

_PARTS: Final = (
    "",
    "/figures/history?theme=light",
    "/figures/importances?theme=light",
    "/figures/timeline?theme=light",
    "/glance",
    "/trials",
)
"""What is looked at first of a study, below its address."""


def warm_up(app: App, context: Context) -> None:
    """Visit the pages that are likely to be visited first.

    Args:
        app: The dashboard.
        context: What it serves. The study that was active last in any of its storages is the
            likeliest to be looked at.
    """
    for path in (f"/static/{PLOTLY}", "/", *_paths_of_latest(context)):
        asyncio.run(_visit(app, context, path))


def _paths_of_latest(context: Context) -> Iterator[str]:
    active = []
    for opened in context.storages:
        with contextlib.suppress(StorageError):
            active += [
                (summary.last_activity or 0, opened.key, summary.study.id)
                for summary in opened.storage.summaries()
            ]
    if active:
        _, key, study_id = max(active)
        for part in _PARTS:
            yield f"/studies/{key}-{study_id}{part}"


async def _visit(app: App, context: Context, address: str) -> None:
    """Ask for one address as a browser does, and drop the answer."""
    path, _, query = address.partition("?")
    settings = context.settings
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", settings.hosts[0].encode()),
            (b"authorization", f"Bearer {settings.token}".encode()),
            (b"accept-encoding", b"gzip"),
        ],
        "client": None,
        "server": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        del message

    await app(scope, receive, send)
