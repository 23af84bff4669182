"""The notes of a study and of its trials: read, previewed and saved."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from trimtab.artifacts import Note, save_note
from trimtab.artifacts.notes import KEY
from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.faults import fault_response
from trimtab.dashboard.markdown import render_note
from trimtab.dashboard.templating import render, render_study
from trimtab.errors import NoteConflict
from trimtab.records import FrozenTrial

router = APIRouter()

_Study = Annotated[StudyView, Depends(get_study)]
_Text = Annotated[str, Body(embed=True)]
_Version = Annotated[int, Body(embed=True)]


@router.get("/studies/{ref}/note")
def study_note(request: Request, study: _Study) -> Response:
    """The study's note as a page."""
    return render_study(request, "note.html", study, "note", **note_values(request, study))


@router.get("/studies/{ref}/note/view")
def study_note_view(request: Request, study: _Study) -> Response:
    """The study's note as a fragment."""
    return render(request, "note_view.html", **note_values(request, study))


@router.get("/studies/{ref}/trials/{number}/note/view")
def trial_note_view(request: Request, study: _Study, number: int) -> Response:
    """A trial's note as a fragment."""
    trial = study.storage.trial(study.study_id, number)
    return render(request, "note_view.html", **note_values(request, study, trial))


@router.get("/studies/{ref}/note/source")
def study_note_source(study: _Study) -> Response:
    """The study's note as it was written, with its version."""
    return JSONResponse(_note(study, None).to_json())


@router.get("/studies/{ref}/trials/{number}/note/source")
def trial_note_source(study: _Study, number: int) -> Response:
    """A trial's note as it was written, with its version."""
    trial = study.storage.trial(study.study_id, number)
    return JSONResponse(_note(study, trial).to_json())


@router.post("/studies/{ref}/note/preview")
def note_preview(request: Request, study: _Study, body: _Text) -> Response:
    """What a text would look like as a note."""
    return HTMLResponse(_html(request, study, Note(body)))


@router.post("/studies/{ref}/note")
def save_study_note(request: Request, study: _Study, body: _Text, version: _Version) -> Response:
    """Save the study's note; see `_save`."""
    return _save(request, study, None, body, version)


@router.post("/studies/{ref}/trials/{number}/note")
def save_trial_note(
    request: Request, study: _Study, number: int, body: _Text, version: _Version
) -> Response:
    """Save a trial's note; see `_save`."""
    trial = study.storage.trial(study.study_id, number)
    return _save(request, study, trial, body, version)


def note_values(
    request: Request, study: StudyView, trial: FrozenTrial | None = None
) -> dict[str, Any]:
    """What the templates ``note_part.html`` and ``note_view.html`` need of a note."""
    note = _note(study, trial)
    owner = f"/studies/{study.ref}" + ("" if trial is None else f"/trials/{trial.number}")
    return {
        "note_path": f"{owner}/note",
        "note_preview_path": f"/studies/{study.ref}/note/preview",
        "note_source": note,
        "note_html": _html(request, study, note),
    }


def _note(study: StudyView, trial: FrozenTrial | None) -> Note:
    attrs = study.record.system_attrs if trial is None else trial.system_attrs
    data = attrs.get(KEY)
    return Note() if data is None else Note.from_json(data)


def _html(request: Request, study: StudyView, note: Note) -> str:
    return render_note(note.body, key=study.opened.key, root=request.scope.get("root_path", ""))


def _save(
    request: Request, study: StudyView, trial: FrozenTrial | None, body: str, version: int
) -> Response:
    """Save a note that was at ``version`` when it was read.

    Where someone else saved it meanwhile the answer is 409 with the note as it is now, and nothing
    is changed: neither text is lost.
    """
    owner: Any = study if trial is None else trial
    try:
        saved = save_note(
            owner, body, expected_version=version, study=None if trial is None else study
        )
    except NoteConflict as conflict:
        fresh = StudyView(study.ref, study.opened, study.storage.study(study.study_id))
        now = trial and study.storage.trial(study.study_id, trial.number)
        note = _note(fresh, now)
        told = {"note": note.to_json()}
        return fault_response(request.scope, 409, "NoteConflict", str(conflict), detail=told)
    return JSONResponse({"version": saved, "html": _html(request, study, Note(body, saved))})
