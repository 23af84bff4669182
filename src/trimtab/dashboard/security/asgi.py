"""The words of ASGI, and how a layer answers a request by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, TypeAlias

from starlette.responses import Response

from trimtab.dashboard.faults import fault_response

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def headers(scope: Scope, name: bytes) -> Iterator[str]:
    """All values of one header; its name in lower case."""
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name)


def header(scope: Scope, name: bytes) -> str | None:
    """The only value of one header; None where there is none, or more than one."""
    values = list(headers(scope, name))
    return values[0] if len(values) == 1 else None


def refusal(scope: Scope, status: int, kind: str, message: str) -> Response:
    """An answer that says no, as a page or in the API's error shape."""
    return fault_response(scope, status, kind, message)
