"""The routes that `HTTPStorage` uses: a storage's methods, called by name."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from trimtab.dashboard.api.arguments import Arguments
from trimtab.dashboard.api.models import READING, WRITING, Key, KeyAttempt, Result
from trimtab.dashboard.api.operations import READS, WRITES, Operation
from trimtab.dashboard.api.replies import Replies, Reply
from trimtab.dashboard.context import Context, get_context
from trimtab.dashboard.faults import status_of
from trimtab.errors import TrimtabError
from trimtab.storage import wire

FRAMES: Final = "application/vnd.trimtab.frames"
"""The media type of columns of bytes."""

_FRAMES: Final = {"type": "string", "format": "binary"}
_LARGE: Final = 64 << 10
"""Bytes from which an answer is compressed where the client can read that."""

_ARGUMENTS: Final = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "object"},
            "examples": {"delete_study": {"value": {"study_id": 1}}},
        }
    },
}
_StoreKey = Annotated[str, Path(description="Which storage: 0 for the first.", examples=["0"])]


async def _body_of(request: Request) -> bytes:
    return await request.body()  # how large it may be was checked before


def make_router(replies: Replies) -> APIRouter:
    """The routes.

    Args:
        replies: Remembers requests that have a key.
    """
    router = APIRouter(tags=["storage"], prefix="/storages/{store}")

    @router.get(
        "/history",
        summary="Read a whole study",
        response_class=Response,
        responses={**READING, 200: {"content": {FRAMES: {"schema": _FRAMES}}}},
    )
    def read_history(
        context: Annotated[Context, Depends(get_context)],
        store: _StoreKey,
        study_id: Annotated[int, Query(ge=0, lt=1 << 63)],
    ) -> Response:
        """All trials as columns of bytes, in the form of `trimtab.storage.wire.histories`.

        `changes` since the revision that is told in it are all that a reader lacks afterwards.
        """
        storage = context.opened(store).storage
        with storage.lock:
            snapshot = wire.Snapshot(storage.history(study_id))
        return StreamingResponse(snapshot.frames(), media_type=FRAMES)

    @router.get(
        "/{operation}",
        summary="Read from a storage",
        response_model=Result,
        responses=READING,
    )
    def read_storage(
        request: Request,
        context: Annotated[Context, Depends(get_context)],
        store: _StoreKey,
        operation: Annotated[str, Path(json_schema_extra={"enum": sorted(READS)})],
    ) -> Response:
        """A method of `Storage` that changes nothing, its arguments in the query.

        Trials are sent as columns; `HTTPStorage` is the reader of this, and other programs are
        better served by the other routes.
        """
        return _sent(
            _perform(context, store, READS, operation, lambda: Arguments(request.query_params)),
            request,
        )

    @router.post(
        "/{operation}",
        summary="Write to a storage",
        response_model=Result,
        responses=WRITING,
        openapi_extra={"requestBody": _ARGUMENTS},
    )
    def write_storage(
        request: Request,
        context: Annotated[Context, Depends(get_context)],
        store: _StoreKey,
        operation: Annotated[str, Path(json_schema_extra={"enum": sorted(WRITES)})],
        body: Annotated[bytes, Depends(_body_of)],
        key: Key = None,
        attempt: KeyAttempt = None,
    ) -> Response:
        """A method of `Storage` that changes it, its arguments in the body.

        With an `Idempotency-Key` it is done once, however often it is sent: for ten minutes
        the same key is given the same answer. What begins or adds trials is done once even if
        the server was started anew meanwhile.
        """
        place = f"{store}/{operation}/{key}"
        ticket = None if key is None else replies.ticket(place, attempt)

        def work() -> Reply:
            return _perform(
                context, store, WRITES, operation, lambda: Arguments(wire.from_bytes(body), ticket)
            )

        if key is None:
            return _sent(work(), request)
        return _sent(replies.once(place, work), request)

    return router


def _perform(
    context: Context,
    store: str,
    operations: Mapping[str, Operation],
    operation: str,
    arguments: Callable[[], Arguments],
) -> Reply:
    """Call an operation; what it refuses is an answer, too, and is remembered as one."""
    work = operations.get(operation)
    if work is None:
        raise HTTPException(
            404, f"`operation`: expected one of {', '.join(sorted(operations))}, got {operation!r}."
        )
    try:
        result: dict[str, Any] = {"result": work(context.opened(store).storage, arguments())}
    except TrimtabError as error:
        return Reply(status_of(error), wire.to_bytes(wire.dump_error(error)))
    return Reply(200, wire.to_bytes(result))


def _sent(reply: Reply, request: Request) -> Response:
    response = Response(reply.body, reply.status, media_type="application/json")
    if len(reply.body) > _LARGE and "gzip" in request.headers.get("accept-encoding", ""):
        # Level 1: a quarter of a second for 100,000 trials, and two thirds of the bytes.
        response = Response(
            gzip.compress(reply.body, 1, mtime=0), reply.status, media_type="application/json"
        )
        response.headers["content-encoding"] = "gzip"
    response.headers["vary"] = "accept-encoding"
    return response
