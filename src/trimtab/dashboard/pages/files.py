"""The files of a study as a whole, and those of a trial as a fragment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.media import files_in
from trimtab.dashboard.templating import render, render_study

router = APIRouter()

_Study = Annotated[StudyView, Depends(get_study)]


@router.get("/studies/{ref}/files")
def files(request: Request, study: _Study) -> Response:
    """The study's files, and where to put more."""
    found = files_in(study.record.system_attrs, study.ref, None)
    return render_study(request, "files.html", study, "files", files=found)


@router.get("/studies/{ref}/files/view")
def files_view(request: Request, study: _Study) -> Response:
    """The list of the study's files as a fragment."""
    found = files_in(study.record.system_attrs, study.ref, None)
    path = f"/studies/{study.ref}/artifacts"
    return render(request, "files_view.html", files=found, upload_path=path)


@router.get("/studies/{ref}/trials/{number}/files/view")
def trial_files_view(request: Request, study: _Study, number: int) -> Response:
    """The list of a trial's files as a fragment."""
    trial = study.storage.trial(study.study_id, number)
    found = files_in(trial.system_attrs, study.ref, number)
    path = f"/studies/{study.ref}/trials/{number}/artifacts"
    return render(request, "files_view.html", files=found, upload_path=path)
