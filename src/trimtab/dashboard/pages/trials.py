"""The table of a study's trials, side by side, and as files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.statuses import status_words
from trimtab.dashboard.templating import render, render_study
from trimtab.dashboard.trialactions import act
from trimtab.dashboard.trialview import LIMITS, MAX_SELECTED, TrialView
from trimtab.errors import InvalidArgument, InvalidFilter
from trimtab.query import Fields, Page, default_columns, export, page
from trimtab.query.nodes import is_number

router = APIRouter()

MAX_COMPARED: Final = 12
"""Trials that stand side by side."""

_TIMES: Final = ("started", "finished")
_SHORT: Final = ("params", "values")
"""Fields whose columns are headed by their key alone."""

_TYPES: Final = {"csv": "text/csv", "jsonl": "application/jsonl"}

_Study = Annotated[StudyView, Depends(get_study)]


@router.get("/studies/{ref}/trials")
def trials(request: Request, study: _Study) -> Response:
    """The whole page."""
    view = TrialView.read(request.query_params)
    try:
        values = {**_table(study, view), "fault": None}
    except InvalidFilter as fault:
        values = {"found": None, "columns": [], "fault": fault}
    with study.storage.lock:
        fields = Fields(study.history, study)
        names = fields.names()
        chosen = view.columns or tuple(default_columns(fields))
    return render_study(
        request,
        "trials.html",
        study,
        "trials",
        view=view,
        names=names,
        chosen=chosen,
        limits=LIMITS,
        **values,
    )


@router.get("/studies/{ref}/trials/table")
def table(request: Request, study: _Study) -> Response:
    """The rows alone, or what is wrong with the filter: what changes while one looks on."""
    view = TrialView.read(request.query_params)
    try:
        values = _table(study, view)
    except InvalidFilter as fault:
        return render(request, "trials_fault.html", 422, fault=fault)
    return render(request, "trials_table.html", study=study, view=view, **values)


@router.get("/studies/{ref}/trials/export.{style}")
def export_trials(request: Request, study: _Study, style: Literal["csv", "jsonl"]) -> Response:
    """All trials of the view as a file, or the selected ones where some are."""
    view = TrialView.read(request.query_params)
    chosen = dict(view.chosen)
    if view.selected:
        only = f"number in ({', '.join(map(str, view.selected))})"
        chosen |= {"where": only, "archived": True}
    pieces = export(
        study.history,
        study,
        style,
        columns=view.columns or None,
        lock=study.storage.lock,
        **chosen,
    )
    name = f"trials-{study.ref}.{style}"
    return StreamingResponse(
        pieces,
        media_type=_TYPES[style],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.get("/studies/{ref}/trials/compare")
def compare(request: Request, study: _Study, only: Literal["0", "1"] = "0") -> Response:
    """Some trials side by side, what differs marked."""
    query = request.query_params
    view = TrialView.read(type(query)([(k, v) for k, v in query.multi_items() if k != "only"]))
    with study.storage.lock:
        fields = Fields(study.history, study)
        exist = fields.exist(archived=True)
        there = [n for n in view.selected if n < len(exist) and exist[n]]
        shown = there[:MAX_COMPARED]
        rows = _compared(fields, shown)
    return render_study(
        request,
        "compare.html",
        study,
        "trials",
        view=view,
        numbers=shown,
        left_out=len(view.selected) - len(shown),
        rows=[row for row in rows if row["differs"] or only == "0"],
        only=only == "1",
    )


class Action(BaseModel):
    """What to do to which trials."""

    action: str
    numbers: list[int] = Field(max_length=MAX_SELECTED)


@router.post("/studies/{ref}/trials/actions")
def actions(study: _Study, wanted: Action) -> dict[str, Any]:
    """Archive, restore, fail, stop or queue again."""
    if not wanted.numbers:
        raise InvalidArgument("numbers", "at least one trial", wanted.numbers)
    return asdict(act(study, wanted.action, wanted.numbers))


def _table(study: StudyView, view: TrialView) -> dict[str, Any]:
    with study.storage.lock:
        found = _page(study, view, view.offset)
        if not found.rows and found.matched:  # there are fewer than there were
            found = _page(study, view, (found.matched - 1) // view.limit * view.limit)
        words = status_words(study, found.numbers)
    columns = [_column(found, name) for name in found.columns]
    return {"found": found, "columns": columns, "words": words}


def _page(study: StudyView, view: TrialView, offset: int) -> Page:
    columns = view.columns or None
    return page(
        study.history, study, offset=offset, limit=view.limit, columns=columns, **view.chosen
    )


def _column(found: Page, name: str) -> dict[str, Any]:
    """How a column is headed, and whether it holds numbers."""
    root, dot, key = name.partition(".")
    cells = [row[name] for row in found.rows if row[name] is not None]
    return {
        "name": name,
        "label": f"{name} (UTC)" if name in _TIMES else key if dot and root in _SHORT else name,
        "numeric": bool(cells) and all(map(is_number, cells)) and name != "number",
    }


def _compared(fields: Fields, numbers: list[int]) -> list[dict[str, Any]]:
    """One row a field that any of the trials has."""
    rows = []
    for name in fields.names():
        cells = fields.named(name).read(np.array(numbers, dtype=np.int64), None)
        if name != "number" and any(cell is not None for cell in cells):
            first = (type(cells[0]), cells[0])
            # That they ran at different times is no news.
            differs = name not in _TIMES and any((type(cell), cell) != first for cell in cells)
            rows.append({"name": name, "cells": cells, "differs": differs})
    return rows
