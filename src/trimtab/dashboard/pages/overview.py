"""A study at a glance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from trimtab.dashboard.context import StudyView, get_context, get_study
from trimtab.dashboard.glance import FRONT_ROWS, Glance, attributes
from trimtab.dashboard.templating import render, render_study
from trimtab.preferential import is_preferential, load_study

router = APIRouter()

_PATIENCE: Final = 0.1  # seconds that the page waits for the study to be read
_FLAGS: Final = ("log", "pruned")
_MOST_BEST: Final = 5


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What people have said in a study of comparisons.

    Attributes:
        judgements: How many judgements count.
        candidates: How many trials wait to be compared.
        best: Numbers of those that beat another and lost to none, at most five, the best first.
    """

    judgements: int
    candidates: int
    best: Sequence[int]


def _comparisons(study: StudyView) -> Comparisons | None:
    if not is_preferential(study.record):
        return None
    compared = load_study(study.study_name, study.storage)
    with study.storage.lock:
        judgements = sum(not judgement.undone for judgement in compared.judgements)
        best = [trial.number for trial in compared.best_trials[:_MOST_BEST]]
        return Comparisons(judgements, len(compared.candidates), best)


def _choices(request: Request, study: StudyView) -> dict[str, str]:
    """How the history is drawn, as the address says; what it cannot be is left out."""
    asked, chosen = request.query_params, {}
    for flag in _FLAGS:
        if asked.get(flag) == "1":
            chosen[flag] = "1"
    if asked.get("x") in ("time", "elapsed"):
        chosen["x"] = asked["x"]
    objective = asked.get("objective", "")
    if objective in [str(index) for index in range(1, len(study.directions))]:
        chosen["objective"] = objective
    return chosen


def _history_options(study: StudyView, choices: dict[str, str]) -> str:
    names = {"log": "log", "pruned": "include_pruned", "x": "x", "objective": "target"}
    options = {names[key]: value for key, value in choices.items()}
    if len(study.directions) > 1:
        options.setdefault("target", "0")
    return urlencode(options)


def _values(study: StudyView, glance: Glance | None) -> dict[str, Any]:
    names = study.metric_names or [
        "Value" if len(study.directions) == 1 else f"Objective {index}"
        for index in range(len(study.directions))
    ]
    return {
        "glance": glance,
        "comparisons": None if glance is None else _comparisons(study),
        "objectives": list(zip(names, study.directions, strict=True)),
        "attributes": attributes(study.record.user_attrs),
        "front_rows": FRONT_ROWS,
    }


@router.get("/studies/{ref}")
def overview(request: Request, study: Annotated[StudyView, Depends(get_study)]) -> Response:
    """History, best trial, importances and what is going on."""
    glance = get_context(request).glances.soon(study, _PATIENCE)
    choices = _choices(request, study)
    return render_study(
        request,
        "overview.html",
        study,
        "",
        choices=choices,
        history_options=_history_options(study, choices),
        **_values(study, glance),
    )


@router.get("/studies/{ref}/glance")
def glance(request: Request, study: Annotated[StudyView, Depends(get_study)]) -> Response:
    """The words and numbers of the overview, as they are now."""
    found = get_context(request).glances.of(study, time.time())
    return render(request, "overview_glance.html", study=study, **_values(study, found))
