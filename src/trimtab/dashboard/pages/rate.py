"""Where people rate: one trial after the other, the form below it, keys for all of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, StrictFloat
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from trimtab.dashboard import ratings
from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.media import FileView, files_in, first_image
from trimtab.dashboard.pages.note import note_values
from trimtab.dashboard.ratings import Answer, Rating
from trimtab.dashboard.templating import number as shown_number
from trimtab.dashboard.templating import render, render_study
from trimtab.dashboard.widgets import ChoiceWidget, Form, ObjectiveUserAttrRef
from trimtab.errors import NoForm, UnknownTrial
from trimtab.records import FrozenTrial, TrialState

router = APIRouter()

COOKIE: Final = "trimtab_rater"
"""Holds the rater's name, percent-encoded, for the next visit."""

_LAST: Final = 8
"""Ratings of one's own that are shown."""
_NEXT: Final = 3
"""Trials whose pictures are loaded before they are shown."""
_MAX_SKIPPED: Final = 200

_Study = Annotated[StudyView, Depends(get_study)]
_Skipped = Annotated[list[int] | None, Query(max_length=_MAX_SKIPPED)]


class Given(BaseModel):
    """What a rater says of a trial; the fields are those of `ratings.rate`."""

    number: int
    rater: str
    answers: list[StrictFloat | str | None] = Field(max_length=1000)
    skipped: list[int] = Field(default_factory=list, max_length=_MAX_SKIPPED)


class Back(BaseModel):
    """Whose last rating is taken back; or that of a trial."""

    rater: str
    number: int | None = None
    skipped: list[int] = Field(default_factory=list, max_length=_MAX_SKIPPED)


@dataclass(frozen=True, slots=True)
class Said:
    """A rating of one's own as the page lists it."""

    number: int
    words: str
    image: FileView | None


@router.get("/studies/{ref}/rate")
def rate_page(request: Request, study: _Study, at: int | None = None) -> Response:
    """The page; ``at`` opens a trial whose rating is to be corrected."""
    values = card_values(request, study, rater_of(request), at=at)
    return render_study(request, "rate.html", study, "rate", **values)


@router.get("/studies/{ref}/rate/card")
def rate_card(
    request: Request,
    study: _Study,
    at: int | None = None,
    keep: int | None = None,
    skip: _Skipped = None,
) -> Response:
    """What the page shows now, as a fragment.

    Args:
        request: Its cookie says who asks.
        study: Whose trials.
        at: Show this trial, whether it waits or not.
        keep: Show this trial as long as it waits.
        skip: Numbers of trials that are to come last.
    """
    values = card_values(request, study, rater_of(request), at=at, keep=keep, skipped=skip or [])
    return render(request, "rate_card.html", study=study, **values)


@router.post("/studies/{ref}/rate")
def give_rating(request: Request, study: _Study, given: Given) -> Response:
    """Keep a rating; what the page shows next."""
    ratings.rate(study.storage, study.study_id, given.number, given.rater, given.answers)
    values = card_values(request, study, given.rater, skipped=given.skipped)
    return render(request, "rate_card.html", study=study, **values)


@router.post("/studies/{ref}/rate/undo")
def take_back(request: Request, study: _Study, back: Back) -> Response:
    """Take a rating back; the page shows its trial again."""
    trial = ratings.undo(study.storage, study.study_id, back.rater, back.number)
    values = card_values(request, study, back.rater, keep=trial.number, skipped=back.skipped)
    return render(request, "rate_card.html", study=study, **values)


@router.get("/studies/{ref}/rate/badge")
def rate_badge(study: _Study) -> Response:
    """How many trials wait, as the tab shows it."""
    return HTMLResponse(badge_text(study))


@router.get("/studies/{ref}/trials/{number}/ratings")
def trial_ratings(study: _Study, number: int) -> Response:
    """Who said what of a trial."""
    trial = study.storage.trial(study.study_id, number)
    found = ratings.ratings_in(trial.system_attrs)
    return JSONResponse([{"rater": each.rater, **each.to_json()} for each in found])


def has_form(study: StudyView) -> bool:
    """Whether people are asked anything about the study's trials."""
    return study.form is not None


def badge_text(study: StudyView) -> str:
    """How many trials wait for a person; empty for none."""
    form = study.form
    if form is None:
        return ""
    with study.storage.lock:
        waiting = ratings.n_waiting(study.history, form)
    return str(waiting) if waiting else ""


def rater_of(request: Request) -> str:
    """The name that the visitor gave earlier, or an empty one."""
    return unquote(request.cookies.get(COOKIE, ""))[: ratings.MAX_NAME].strip()


def card_values(
    request: Request,
    study: StudyView,
    rater: str,
    *,
    at: int | None = None,
    keep: int | None = None,
    skipped: list[int] | tuple[()] = (),
) -> dict[str, Any]:
    """What the templates ``rate.html`` and ``rate_card.html`` need; see `rate_card`."""
    form = study.form
    if form is None:
        raise NoForm
    with study.storage.lock:
        history = study.history
        waiting = ratings.queue(history, form, rater, skipped)
        n_waiting = ratings.n_waiting(history, form)
        given = ratings.rated_by(history, rater) if rater else []
        number = at if at is not None else keep if keep in waiting else next(iter(waiting), None)
        if number is not None and not 0 <= number < len(history):
            raise UnknownTrial(f"`number`: expected a trial of this study, got {number}.")
        trial = None if number is None else history.trial(number)
        following = [n for n in waiting if n != number][:_NEXT]
        images = [first_image(history.system_attrs(n), study.ref, n) for n in following]
        last = [
            Said(n, said(form, rating), first_image(history.system_attrs(n), study.ref, n))
            for n in given[:_LAST]
            if (rating := ratings.rating_by(rater, history.system_attrs(n)))
        ]
    return {
        "n_mine": len(waiting),
        "n_waiting": n_waiting,
        "n_rated": len(given),
        "last": last,
        "preload": [image.path for image in images if image is not None],
        "is_correction": at is not None,
        **form_values(study, trial, rater),
        **stage_values(request, study, trial),
    }


def stage_values(request: Request, study: StudyView, trial: FrozenTrial | None) -> dict[str, Any]:
    """What is shown of the trial that is rated."""
    if trial is None:
        return {"trial": None, "files": [], "stage_key": "none"}
    files = files_in(trial.system_attrs, study.ref, trial.number)
    note = note_values(request, study, trial)
    version = note["note_source"].version
    return {
        "trial": trial,
        "files": files,
        "stage_key": f"{trial.number}:{trial.attempt}:{len(files)}:{version}:{len(trial.space)}",
        **note,
    }


def form_values(study: StudyView, trial: FrozenTrial | None, rater: str) -> dict[str, Any]:
    """What the template ``rate_form.html`` needs besides the trial."""
    form = study.form
    if form is None or trial is None:
        return {"form": form, "form_key": "none", "rater": rater}
    refs = [w.key for w in form.widgets if isinstance(w, ObjectiveUserAttrRef)]
    rating = ratings.rating_by(rater, trial.system_attrs) if rater else None
    told = [trial.number, trial.attempt, rater, form.to_json(), rating and rating.to_json()]
    told.append([trial.user_attrs.get(key) for key in refs])
    return {
        "form": form,
        "rater": rater,
        "names": _names(study, form),
        "is_quick": len(form.widgets) == 1 and isinstance(form.widgets[0], ChoiceWidget),
        "given": rating.answers if rating and len(rating.answers) == len(form.widgets) else None,
        "missing": [key for key in refs if key not in trial.user_attrs],
        "form_key": hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16],
    }


def is_ratable(study: StudyView, trial: FrozenTrial, rater: str) -> bool:
    """Whether a person may say something of a trial, or correct it."""
    form = study.form
    if form is None or trial.state is TrialState.WAITING:
        return False
    if form.output_type == "user_attr" or not trial.state.is_finished():
        return True
    has_rated = bool(rater) and ratings.rating_by(rater, trial.system_attrs) is not None
    return has_rated and ratings.ended_by_ratings(trial)


def said(form: Form, rating: Rating) -> str:
    """A rating in words: the choices that were pressed, the numbers that were set."""
    if len(rating.answers) != len(form.widgets):
        return ", ".join(map(_word, rating.answers))
    words = []
    for widget, answer in zip(form.widgets, rating.answers, strict=True):
        if isinstance(widget, ChoiceWidget) and answer in widget.values:
            words.append(widget.choices[list(widget.values).index(float(answer))])
        else:
            words.append(_word(answer))
    return ", ".join(words)


def _word(answer: Answer) -> str:
    return answer if isinstance(answer, str) else shown_number(answer)


def _names(study: StudyView, form: Form) -> list[str]:
    """What each widget is about, where it does not say so itself."""
    if form.output_type == "user_attr":
        return [getattr(widget, "user_attr_key", None) or "" for widget in form.widgets]
    if study.metric_names is not None:
        return list(study.metric_names)
    m = len(form.widgets)
    return ["Rating"] if m == 1 else [f"Objective {index}" for index in range(m)]
