"""The stream of changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from trimtab.dashboard.context import Context, get_context
from trimtab.dashboard.live import EventStream

router = APIRouter()

_MAX_STUDIES = 50


@router.get("/events")
def events(
    context: Annotated[Context, Depends(get_context)],
    study: Annotated[list[str] | None, Query(max_length=_MAX_STUDIES)] = None,
) -> EventStream:
    """Server-sent events of some studies, or of all; see `Hub.events`."""
    return EventStream(context.hub, study)
