"""A study's figures, of the parameters that a person chooses, and trials chosen on their axes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from trimtab.dashboard.analytics import headings, objectives_of, view_of
from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.templating import render_study

router = APIRouter()


@router.get("/studies/{ref}/analytics")
def analytics(request: Request, study: Annotated[StudyView, Depends(get_study)]) -> Response:
    """Parallel coordinates with ranges and the trials in them, and the other figures."""
    view = view_of(study, request.query_params)
    return render_study(
        request,
        "analytics.html",
        study,
        "analytics",
        view=view,
        objectives=objectives_of(study),
        headings=headings(study, view),
    )
