"""Several studies, also of several storages, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from trimtab.dashboard import comparison
from trimtab.dashboard.context import Context, StudyView, get_context
from trimtab.dashboard.pages.figures import figure_response
from trimtab.dashboard.templating import render
from trimtab.errors import UnknownStudy

router = APIRouter()

_MOST_ASKED = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """The studies that an address names.

    Attributes:
        studies: Those that are there, each once, at most `comparison.MOST`.
        missing: Refs of those that are not.
        left_out: How many there are beyond the most.
        objective: Which objective is compared.
    """

    studies: list[StudyView]
    missing: list[str]
    left_out: int
    objective: int

    @property
    def revisions(self) -> dict[str, int]:
        """By ref, those that were read: what comes later is news to the page."""
        return {study.ref: study.record.revision for study in self.studies}


def get_chosen(
    context: Annotated[Context, Depends(get_context)],
    study: Annotated[list[str] | None, Query(max_length=_MOST_ASKED)] = None,
    objective: Annotated[int, Query(ge=0, le=99)] = 0,
) -> Chosen:
    """The studies to compare (a FastAPI dependency)."""
    found, missing = [], []
    for ref in dict.fromkeys(study or ()):
        try:
            found.append(context.study(ref))
        except UnknownStudy:
            missing.append(ref)
    most = max((len(each.directions) for each in found), default=1)
    kept = found[: comparison.MOST]
    return Chosen(kept, missing, len(found) - len(kept), min(objective, most - 1))


Asked = Annotated[Chosen, Depends(get_chosen)]


def _values(chosen: Chosen) -> dict[str, Any]:
    columns = comparison.compare(chosen.studies, chosen.objective)
    notes = comparison.differences(chosen.studies, chosen.objective)
    if chosen.missing:
        notes.insert(0, f"No longer there: {', '.join(chosen.missing)}.")
    if chosen.left_out:
        notes.insert(0, f"At most {comparison.MOST} are shown; {chosen.left_out} more are not.")
    return {
        "chosen": chosen,
        "columns": columns,
        "notes": notes,
        "parameters": comparison.parameter_rows(columns),
        "studies_query": urlencode([("study", each.ref) for each in chosen.studies]),
        "without": lambda ref: urlencode(
            [("study", each.ref) for each in chosen.studies if each.ref != ref]
        ),
    }


@router.get("/compare")
def compare(request: Request, chosen: Asked) -> Response:
    """Histories and distributions overlaid, and a table of bests."""
    asked = request.query_params
    choices = {
        "log": asked.get("log") == "1",
        "points": asked.get("points") == "1",
        "x": asked.get("x") if asked.get("x") in ("time", "elapsed") else "number",
    }
    names = _objective_names(chosen.studies)
    return render(
        request, "compare_studies.html", choices=choices, objectives=names, **_values(chosen)
    )


@router.get("/compare/table")
def table(request: Request, chosen: Asked) -> Response:
    """The table alone, as it is now."""
    return render(request, "compare_studies_table.html", **_values(chosen))


@router.get("/compare/figures/{name}")
def figure(request: Request, name: str, chosen: Asked) -> Response:
    """One figure that overlays the studies."""
    options = dict(request.query_params)
    return figure_response(
        request,
        chosen.studies,
        lambda: comparison.overlay_json(chosen.studies, name, chosen.objective, options),
    )


def _objective_names(studies: list[StudyView]) -> list[str]:
    """What the objectives are called, by the first study that has a name for each."""
    most = max((len(study.directions) for study in studies), default=0)
    names = [f"Objective {index}" for index in range(most)]
    for study in reversed(studies):
        names[: len(study.metric_names or ())] = study.metric_names or ()
    return names
