"""The dashboard as an ASGI application."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import trimtab
from trimtab.artifacts import ArtifactStore, FileSystemArtifactStore
from trimtab.dashboard import api, pages, static
from trimtab.dashboard.context import Context, Opened
from trimtab.dashboard.faults import (
    on_crash,
    on_http_error,
    on_invalid_request,
    on_os_error,
    on_trimtab_error,
)
from trimtab.dashboard.live import Hub
from trimtab.dashboard.security import Gate
from trimtab.dashboard.settings import Settings
from trimtab.errors import InvalidArgument, TrimtabError
from trimtab.storage import Storage, open_storage
from trimtab.storage.urls import safe_label

PATIENCE: Final = 5.0
"""Seconds after which a page says that its storage is locked or away."""

StorageLike: TypeAlias = Storage | str | os.PathLike[str]


def asgi(
    storage: StorageLike | Sequence[StorageLike],
    artifact_store: ArtifactStore | str | os.PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    **options: Any,
) -> Gate:
    """The dashboard, to be served or mounted by any ASGI server or framework.

    Mounted below a path it uses the mount's ``root_path``; Starlette and FastAPI set it.

    Args:
        storage: One storage or several: objects, URLs or paths.
        artifact_store: A store, or the folder of one; None: files cannot be shown.
        settings: How it is guarded; None: made of ``options``.
        options: Fields of `Settings`: ``token``, ``hosts``, ``read_only``, ...

    Raises:
        InvalidArgument: If there is no storage, or ``settings`` and ``options`` are both given.
        StorageError: If a storage cannot be used.
    """
    if settings is not None and options:
        raise InvalidArgument("settings", "settings or options, not both", sorted(options))
    settings = settings or Settings(**options)
    return guarded_app(open_context(storage, artifact_store, settings))


def open_context(
    storage: StorageLike | Sequence[StorageLike],
    artifact_store: ArtifactStore | str | os.PathLike[str] | None,
    settings: Settings,
) -> Context:
    """What a dashboard of these serves; see `asgi`."""
    given = [storage] if isinstance(storage, (Storage, str, os.PathLike)) else list(storage)
    if not given:
        raise InvalidArgument("storage", "at least one storage", given)
    opened = tuple(
        Opened(str(key), open_storage(each, patience=PATIENCE), safe_label(each))
        for key, each in enumerate(given)
    )
    if isinstance(artifact_store, (str, os.PathLike)):
        artifact_store = FileSystemArtifactStore(artifact_store)
    hub = Hub({each.key: each.storage for each in opened}, settings.max_streams)
    return Context(opened, artifact_store, settings, hub)


def guarded_app(context: Context) -> Gate:
    """The dashboard behind its layers."""
    return Gate(_application(context), context.settings)


def _application(context: Context) -> FastAPI:
    app = FastAPI(
        title="Trimtab",
        version=trimtab.__version__,
        summary="Studies, trials, artifacts, notes and ratings over HTTP.",
        openapi_url="/api/openapi.json",
        openapi_tags=api.TAGS,
        # Both load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.add_exception_handler(TrimtabError, on_trimtab_error)
    app.add_exception_handler(OSError, on_os_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(Exception, on_crash)
    app.include_router(api.make_router(), prefix="/api")
    for router in pages.ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.include_router(static.router, include_in_schema=False)
    return app
