"""The pictures of a study in a grid, the best ones outlined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.media import FileView, first_image, has_image
from trimtab.dashboard.templating import render_study
from trimtab.errors import InvalidArgument, InvalidFilter
from trimtab.preferential import is_preferential, preference_graph
from trimtab.preferential.utilities import Utility, utilities_of
from trimtab.query import Fields, select
from trimtab.query.nodes import field_name
from trimtab.records import History, TrialState
from trimtab.study.best import pareto_numbers

router = APIRouter()

PAGE: Final = 60
"""Pictures of one page."""
_MAX_OBJECTIVE: Final = 1_000

Order = Literal["newest", "oldest", "best", "worst"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the grid.

    Attributes:
        number: Its trial.
        image: The trial's first picture.
        state: Of the trial.
        values: Of the trial, or None; its utility, where people compare trials.
        sems: Their standard errors, NaN where unknown.
        is_best: Whether no trial is better.
    """

    number: int
    image: FileView
    state: TrialState
    values: tuple[float, ...] | None
    sems: tuple[float, ...]
    is_best: bool


@router.get("/studies/{ref}/gallery")
def gallery(
    request: Request,
    study: Annotated[StudyView, Depends(get_study)],
    order: Order = "oldest",
    where: str = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    objective: Annotated[int, Query(ge=0, le=_MAX_OBJECTIVE)] = 0,
) -> Response:
    """One page of the grid.

    Args:
        request: The request.
        study: Whose pictures.
        order: By number, or by value.
        where: A filter of trials (`trimtab.query`).
        page: From 1.
        objective: Whose values ``order`` speaks of.
    """
    if objective >= len(study.directions):
        raise InvalidArgument("objective", f"below {len(study.directions)}", objective)
    fault: InvalidFilter | None = None
    with study.storage.lock:
        history = study.history
        try:
            numbers = _ordered(study, history, where, order, objective)
        except InvalidFilter as error:
            fault, numbers = error, []
        best = _best(study, history) if numbers else set()
        liked = utilities_of(history) if is_preferential(study.record) else {}
        n_pages = max(1, -(-len(numbers) // PAGE))
        page = min(page, n_pages)
        shown = [
            picture
            for number in numbers[(page - 1) * PAGE : page * PAGE]
            if (picture := _picture(study, history, number, number in best, liked.get(number)))
        ]
    values: dict[str, Any] = {
        "pictures": shown,
        "n_found": len(numbers),
        "page": page,
        "n_pages": n_pages,
        "order": order,
        "where": where,
        "objective": objective,
        "fault": fault,
        "names": study.metric_names or [f"Objective {i}" for i in range(len(study.directions))],
    }
    return render_study(request, "gallery.html", study, "gallery", **values)


def _ordered(
    study: StudyView, history: History, where: str, order: Order, objective: int
) -> list[int]:
    """Numbers of the trials that have a picture and pass the filter, in order."""
    sort, descending = "number", order == "newest"
    if order in ("best", "worst"):
        fields = Fields(history, study)
        key = fields.keys("values")[objective] if history.n_objectives > 1 else None
        sort = "value" if key is None else field_name("values", key)
        descending = (history.signs[objective] < 0) == (order == "best")
        if fields.is_preferential:
            sort, descending = "utility", order == "best"
    chosen = select(Fields(history, study), where=where, sort=sort, descending=descending)
    return [n for n in chosen.numbers.tolist() if has_image(history.system_attrs(n))]


def _best(study: StudyView, history: History) -> set[int]:
    """Trials that are not worse than any other, or that beat another and lost to none."""
    if not is_preferential(study.record):
        return set(pareto_numbers(history).tolist())
    nodes = preference_graph(history).nodes
    return {node.number for node in nodes if node.wins and not node.losses and not node.skipped}


def _picture(
    study: StudyView, history: History, number: int, is_best: bool, liked: Utility | None
) -> Picture | None:
    image = first_image(history.system_attrs(number), study.ref, number)
    if image is None:
        return None
    state = TrialState(int(history.states[number]))
    if liked is not None:
        # Two digits after the point: what is further on says nothing beside the deviation.
        return Picture(number, image, state, (round(liked.mean, 2),), (liked.deviation,), is_best)
    values = history.values[number]
    shown = None if np.isnan(values).any() else tuple(values.tolist())
    return Picture(number, image, state, shown, tuple(history.sems[number].tolist()), is_best)
