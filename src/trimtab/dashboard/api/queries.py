"""No argument of a query goes unheeded: a misspelt filter must not answer with everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Request

from trimtab.errors import InvalidArgument


def check_query(request: Request) -> None:
    """Refuse arguments that the route does not have (a FastAPI dependency).

    Raises:
        InvalidArgument: Naming the first of them.
    """
    if not request.query_params:
        return
    known = set(_names(request.scope["route"].dependant))
    for name, value in request.query_params.items():
        if name not in known:
            expected = f"one of {', '.join(sorted(known))}" if known else "none"
            raise InvalidArgument(name, f"another argument of the query ({expected})", value)


def _names(dependant: Any) -> Iterator[str]:
    """Of the arguments that a route and its dependencies take from the query."""
    for parameter in dependant.query_params:
        yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _names(dependency)
