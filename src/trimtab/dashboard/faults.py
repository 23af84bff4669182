"""What went wrong, as an answer: one shape in the API, one page in the browser."""

from __future__ import annotations

import errno
import logging
import re
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import Any, Final, TypeGuard

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from trimtab.dashboard.plainpage import plain_page
from trimtab.errors import (
    AccessDenied,
    ArtifactDamaged,
    ArtifactNotFound,
    AttributeConflict,
    DuplicateStudy,
    IncompatibleDistribution,
    InvalidArgument,
    InvalidFilter,
    InvalidType,
    MissingDependency,
    NoForm,
    NoteConflict,
    NotRated,
    NoVariance,
    SpaceExhausted,
    StaleAttempt,
    StorageBusy,
    StorageError,
    StorageFull,
    TrialFinished,
    TrialUnfinished,
    TrimtabError,
    UnknownStudy,
    UnknownTrial,
    WrongStatus,
)
from trimtab.storage.wire import describe, dump_error, to_bytes

_logger = logging.getLogger(__name__)

API: Final = "/api"

ADMITTED: Final = "trimtab.admitted"
"""In a scope: the visitor has shown the token, and can have style sheets."""

_AGAIN_AFTER: Final = 5
"""Seconds after which a browser asks again for a page that cannot be had at the time."""

# The first that fits; subclasses stand before their bases.
_STATUS: Final[tuple[tuple[type[TrimtabError], int], ...]] = (
    (UnknownStudy, 404),
    (UnknownTrial, 404),
    (ArtifactNotFound, 404),
    (NoForm, 404),
    (NotRated, 404),
    (DuplicateStudy, 409),
    (TrialFinished, 409),
    (TrialUnfinished, 409),
    (WrongStatus, 409),
    (SpaceExhausted, 409),
    (StaleAttempt, 409),
    (NoteConflict, 409),
    (AttributeConflict, 409),
    (IncompatibleDistribution, 422),
    (InvalidArgument, 422),
    (InvalidFilter, 422),
    (InvalidType, 422),
    (NoVariance, 422),
    (ArtifactDamaged, 410),
    (AccessDenied, 403),
    (StorageBusy, 503),
    (StorageFull, 507),
    (StorageError, 503),
    (MissingDependency, 501),
    (TrimtabError, 422),
)

_HTTP_NAMES: Final = {
    400: "BadRequest",
    403: "NotAllowed",
    404: "NotFound",
    405: "MethodNotAllowed",
    410: "Gone",
    413: "TooLarge",
    422: "InvalidArgument",
}

_TITLES: Final = {
    400: "That request was not understood",
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "It changed meanwhile",
    410: "Gone",
    413: "Too large",
    422: "That cannot be",
    429: "Too many tries",
    503: "The storage does not answer",
    507: "The storage is full",
}
_TITLE: Final = "Something went wrong"


def status_of(error: TrimtabError) -> int:
    """The HTTP status that tells of an error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def local_path(scope: Mapping[str, Any]) -> str:
    """The path below the place where the dashboard is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root + "/") else path


def wants_page(scope: Mapping[str, Any]) -> bool:
    """Whether a person's browser asks for a page, rather than a program or a script of ours."""
    if local_path(scope).startswith(API + "/") or local_path(scope) == API:
        return False
    names = dict(scope["headers"])
    return b"hx-request" not in names and b"text/html" in names.get(b"accept", b"")


def fault_response(
    scope: Mapping[str, Any],
    status: int,
    kind: str,
    message: str,
    argument: str | None = None,
    detail: Any = None,
) -> Response:
    """An error as JSON, as a fragment for htmx, or as a page of its own."""
    if wants_page(scope) and ADMITTED not in scope:
        title = _TITLES.get(status, _TITLE)
        body = f"<h1>{title}</h1>\n<p>{escape(message)}</p>"
        return plain_page(f"{title} · Trimtab", body, status)
    if wants_page(scope):
        # What was only looked at may be asked for again until it is there.
        is_passing = status == 503 and scope["method"] == "GET"
        headers = {"refresh": str(_AGAIN_AFTER)} if is_passing else None
        return HTMLResponse(_page(scope, status, message, is_passing), status, headers)
    if b"hx-request" in dict(scope["headers"]):
        return HTMLResponse(
            f'<p class="notice notice-bad" role="alert">{escape(message)}</p>',
            status,
            {"trimtab-error": kind},
        )
    told = describe(kind, message, argument, detail)
    return Response(to_bytes(told), status, media_type="application/json")


def _page(scope: Mapping[str, Any], status: int, message: str, is_passing: bool) -> str:
    root = escape(scope.get("root_path", ""), quote=True)
    title = _TITLES.get(status, _TITLE)
    again = "<p>This page tries again by itself.</p>" if is_passing else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Trimtab</title>
<link rel="icon" href="{root}/static/img/trimtab.svg" type="image/svg+xml">
<link rel="stylesheet" href="{root}/static/css/trimtab.css">
<script src="{root}/static/js/theme.js"></script>
</head>
<body class="alone">
<main class="card fault">
<a class="brand" href="{root}/">
<img src="{root}/static/img/trimtab.svg" alt="" width="22" height="22"> Trimtab</a>
<p class="fault-status">{status}</p>
<h1>{title}</h1>
<p>{escape(message)}</p>
{again}<p class="bar">{_way_back(scope)}<a class="button" href="{root}/">All studies</a></p>
</main>
</body>
</html>
"""


def _way_back(scope: Mapping[str, Any]) -> str:
    """A link to the study, from an address below it."""
    match = re.match(r"/studies/([0-9a-z]+-[0-9]+)/", local_path(scope))
    root = escape(scope.get("root_path", ""), quote=True)
    return f'<a class="button" href="{root}/studies/{match[1]}">The study</a>' if match else ""


async def on_trimtab_error(request: Request, error: Exception) -> Response:
    """Answer with the status that fits a typed error."""
    if not isinstance(error, TrimtabError):
        return await on_crash(request, error)
    status = status_of(error)
    if status >= 500:
        _logger.error("%s: %s", type(error).__name__, error)
    told = dump_error(error)["error"]
    return fault_response(
        request.scope,
        status,
        type(error).__name__,
        told["message"],
        told["argument"],
        told["detail"],
    )


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer for unknown routes, wrong methods and the like."""
    if not isinstance(error, HTTPException):
        return await on_crash(request, error)
    if _is_full(error.__cause__):  # which whoever parses a form takes for a fault of the form's
        return await on_os_error(request, error.__cause__)
    kind = _HTTP_NAMES.get(error.status_code, "HTTPError")
    response = fault_response(request.scope, error.status_code, kind, _said(error))
    response.headers.update(error.headers or {})
    return response


def _said(error: HTTPException) -> str:
    is_bare = error.status_code == 404 and error.detail == HTTPStatus.NOT_FOUND.phrase
    return "There is nothing at this address." if is_bare else str(error.detail)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer where a request does not fit what the route documents."""
    if not isinstance(error, RequestValidationError):
        return await on_crash(request, error)
    problems = [
        {"argument": _argument(problem["loc"]), "message": str(problem["msg"])}
        for problem in error.errors()
    ]
    message = "; ".join(f"`{each['argument']}`: {each['message']}" for each in problems)
    if any(problem["type"] == "json_invalid" for problem in error.errors()):
        return fault_response(
            request.scope, 400, _HTTP_NAMES[400], "The body is not JSON.", detail=problems
        )
    return fault_response(
        request.scope, 422, _HTTP_NAMES[422], message, problems[0]["argument"], problems
    )


async def on_os_error(request: Request, error: Exception) -> Response:
    """Answer where the server's disk has no room for what a request sends."""
    if not _is_full(error):
        return await on_crash(request, error)
    _logger.error("%r: no room in %s: %s", request.scope["path"], tempfile.gettempdir(), error)
    message = "The server has no room for what was sent; nothing of it was kept."
    return fault_response(request.scope, 507, StorageFull.__name__, message)


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer for what should not happen: the log has it, the visitor does not."""
    _logger.error("%r failed.", request.scope["path"], exc_info=error)
    return fault_response(
        request.scope, 500, "InternalError", "The server failed; its log says how."
    )


def _is_full(error: BaseException | None) -> TypeGuard[OSError]:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _argument(location: Sequence[str | int]) -> str:
    """Which argument is meant: ``("body", "values", 0)`` is ``values.0``."""
    inner = location[1:] or location
    return ".".join(map(str, inner))
