"""Figures as JSON, for plotly.js to draw, and as files to keep."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import trimtab
from trimtab.artifacts.figures import PREFIX
from trimtab.dashboard.context import StudyView, get_context, get_study
from trimtab.dashboard.figures import FIGURES, figure_json, figure_page, page_of
from trimtab.dashboard.harmless import harmless
from trimtab.dashboard.saved_figures import read_figure
from trimtab.errors import InvalidArgument

router = APIRouter()


@router.get("/studies/{ref}/figures/{name}")
def figure(
    request: Request,
    name: str,
    study: Annotated[StudyView, Depends(get_study)],
    download: Literal["", "json", "html"] = "",
) -> Response:
    """One figure of a study; 304 where the browser has it as it is now."""
    if name not in FIGURES:
        raise InvalidArgument("figure", f"one of {', '.join(FIGURES)}", name)
    options = [pair for pair in request.query_params.multi_items() if pair[0] != "download"]
    if not download:
        return figure_response(request, [study], lambda: figure_json(study, name, options))
    make = figure_page if download == "html" else figure_json
    return file_response(make(study, name, options), f"{study.study_name} {name}.{download}")


@router.get("/studies/{ref}/figures/saved/{name}")
def saved_figure(
    request: Request,
    name: str,
    study: Annotated[StudyView, Depends(get_study)],
    theme: Literal["light", "dark"] = "light",
    download: Literal["", "json", "html"] = "",
) -> Response:
    """A figure that a user keeps with the study, without what a page must not draw."""

    def text() -> str:
        return json.dumps(harmless(read_figure(study.record.system_attrs, name), theme))

    if not download:
        return figure_response(request, [study], text)
    body = page_of(json.loads(text())) if download == "html" else text()
    return file_response(body, f"{study.study_name} {name}.{download}")


@router.post("/studies/{ref}/figures/saved/{name}/delete")
def delete_figure(name: str, study: Annotated[StudyView, Depends(get_study)]) -> Response:
    """Delete a figure that a user kept."""
    if name not in study.saved_figures:
        raise HTTPException(404, "There is no such figure.")
    study.storage.set_study_attrs(study.study_id, system={PREFIX + name: None})
    return Response(status_code=204)


def figure_response(
    request: Request, studies: Sequence[StudyView], draw: Callable[[], str]
) -> Response:
    """A figure from the cache or drawn anew.

    Args:
        request: Its address says which figure of the studies is asked for, and how drawn.
        studies: All that it shows.
        draw: Makes its JSON.
    """
    # A study of the same ref and revision may be another one: of a file that was made anew.
    states = "-".join(f"{each.record.created:x}.{each.record.revision:x}" for each in studies)
    tag = f'"{trimtab.__version__}-{states}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    key = (request.url.path, request.url.query, states)
    body = get_context(request).figures.get(key, draw)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, media_type="application/json", headers=headers)


def file_response(body: str, name: str) -> Response:
    """A file to keep, ``.json`` or ``.html``; a browser does not open it as a page of ours."""
    kind = "text/html" if name.endswith(".html") else "application/json"
    headers = {"content-disposition": attachment(name), "content-security-policy": "sandbox"}
    return Response(body, media_type=kind, headers=headers)


def attachment(name: str) -> str:
    """A Content-Disposition header that has the browser save a file of about that name."""
    kept = "".join(c if c.isalnum() or c in " .-_" else "_" for c in name)[-120:].strip(" .")
    plain = kept.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(kept, safe='')}"
