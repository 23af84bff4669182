"""A dashboard that listens on a real socket, in a thread of the test."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from trimtab.dashboard.app import asgi
from trimtab.storage import HTTPStorage, Storage

TOKEN = "a token of the tests"


@contextlib.contextmanager
def served(
    *storages: Storage, artifact_store: str | Path | None = None, port: int = 0, **options: Any
) -> Iterator[str]:
    """The URL of a server of these storages, which has stopped when the block ends."""
    app = asgi(list(storages), artifact_store, token=TOKEN, **options)
    # asyncio sends without delay only on sockets that say they are TCP's.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 20.0
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20.0)
        listener.close()


@contextlib.contextmanager
def served_storage(storage: Storage, **options: Any) -> Iterator[HTTPStorage]:
    """A client of a server of ``storage``."""
    with served(storage) as url, HTTPStorage(url, TOKEN, **options) as client:
        yield client
