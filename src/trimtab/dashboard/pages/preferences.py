"""Where people compare: a few pictures, of which one is the worst (or the best)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from trimtab.artifacts.notes import KEY as NOTE
from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.markdown import render_note
from trimtab.dashboard.media import FileView, files_in
from trimtab.dashboard.templating import render, render_study
from trimtab.preferential import Judgement, PreferentialStudy, load_study
from trimtab.preferential.attributes import component_of
from trimtab.records import FrozenTrial

router = APIRouter()

_SHOWN_JUDGEMENTS: Final = 30
_MOST_CANDIDATES: Final = 100


@dataclass(frozen=True, slots=True)
class Card:
    """One trial as it is shown for comparison.

    Attributes:
        trial: The trial.
        file: The file to show; None: there is none, or the study shows notes.
        note_html: The note to show; empty: likewise.
    """

    trial: FrozenTrial
    file: FileView | None = None
    note_html: str = ""


class Said(BaseModel):
    """What a person clicked."""

    id: Annotated[str, Field(pattern="^[A-Za-z0-9]{1,64}$")]
    candidates: Annotated[list[int], Field(min_length=1, max_length=_MOST_CANDIDATES)]
    clicked: int | None = None
    mode: Literal["worst", "best", "skip"] = "worst"
    rater: Annotated[str, Field(max_length=255)] = ""


class Change(BaseModel):
    """Whether a judgement is taken back."""

    undone: bool


def get_preferential(study: Annotated[StudyView, Depends(get_study)]) -> PreferentialStudy:
    """The study of comparisons that a path names (a FastAPI dependency).

    Raises:
        UnknownStudy: If there is no such study.
        InvalidArgument: If it is not one of comparisons.
    """
    return load_study(study.study_name, study.storage)


View = Annotated[StudyView, Depends(get_study)]
Compared = Annotated[PreferentialStudy, Depends(get_preferential)]


@router.get("/studies/{ref}/preferences")
def preferences(request: Request, study: View, compared: Compared) -> Response:
    """The pictures to compare, and what was said so far."""
    values = _choice(request, study, compared)
    return render_study(request, "preferences.html", study, "preferences", **values)


@router.get("/studies/{ref}/preferences/choice")
def choice(request: Request, study: View, compared: Compared) -> Response:
    """What changes on the page when someone judged or a picture was made."""
    return render(
        request, "preferences_choice.html", study=study, **_choice(request, study, compared)
    )


@router.get("/studies/{ref}/preferences/graph")
def graph(request: Request, study: View, compared: Compared) -> Response:
    """Who beat whom."""
    best = compared.best_trials
    return render_study(
        request, "preferences_graph.html", study, "preferences", compared=compared, best=best
    )


@router.post("/studies/{ref}/preferences/judgements")
def judge(compared: Compared, said: Said) -> Response:
    """Keep a judgement; the same id sent again is the same judgement."""
    judgement = compared.judge(
        said.candidates, said.clicked, said.mode, rater=said.rater, id=said.id
    )
    return JSONResponse(_shape(judgement), 201)


@router.post("/studies/{ref}/preferences/judgements/{judgement}")
def change(compared: Compared, judgement: str, change: Change) -> Response:
    """Take a judgement back, or let it count again."""
    changed = compared.undo(judgement) if change.undone else compared.restore(judgement)
    return JSONResponse(_shape(changed))


def _shape(judgement: Judgement) -> dict[str, Any]:
    return {"id": judgement.id, **judgement.to_json()}


def _choice(request: Request, study: StudyView, compared: PreferentialStudy) -> dict[str, Any]:
    """What the templates show."""
    with compared.storage.lock:
        candidates = compared.candidates
        making = compared.generating
        judgements = compared.judgements
    component = component_of(compared.system_attrs)
    wanted = compared.n_generate
    return {
        "cards": [_card(request, study, trial, component) for trial in candidates],
        "n_making": len(making),
        "n_missing": max(0, wanted - len(candidates)),
        "judgements": judgements[: -_SHOWN_JUDGEMENTS - 1 : -1],
        "n_judgements": sum(not judgement.undone for judgement in judgements),
        "token": secrets.token_hex(8),
    }


def _card(
    request: Request, study: StudyView, trial: FrozenTrial, component: tuple[str, str | None]
) -> Card:
    kind, key = component
    if kind == "artifact" and key is not None:
        wanted = trial.user_attrs.get(key)
        files = files_in(trial.system_attrs, study.ref, trial.number)
        return Card(trial, next((f for f in files if f.meta.artifact_id == wanted), None))
    body = (trial.system_attrs.get(NOTE) or {}).get("body", "")
    root = request.scope.get("root_path", "")
    return Card(trial, None, render_note(body, key=study.opened.key, root=root) if body else "")
