"""The first page: all studies of all storages."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trimtab.dashboard import listing
from trimtab.dashboard.context import Context, StudyView, get_context, get_study
from trimtab.dashboard.templating import render
from trimtab.errors import InvalidArgument
from trimtab.records import parse_directions

router = APIRouter()

_MAX_TEXT = 255
_MAX_OBJECTIVES = 20


def get_query(
    q: Annotated[str, Query(max_length=_MAX_TEXT)] = "",
    sort: str = "-activity",
    archived: bool = False,
    page: Annotated[int, Query(ge=1, le=10**6)] = 1,
) -> listing.Query:
    """What an address asks for (a FastAPI dependency)."""
    return listing.Query(q.strip(), sort, archived, page)


Asked = Annotated[listing.Query, Depends(get_query)]
Served = Annotated[Context, Depends(get_context)]
Named = Annotated[StudyView, Depends(get_study)]


def _values(context: Context, query: listing.Query) -> dict[str, Any]:
    def address(**changes: Any) -> str:
        """Of this list with something else about it; what is usual is left out."""
        wanted = {
            "q": query.text,
            "sort": query.sort,
            "archived": int(query.archived),
            "page": query.page,
        }
        wanted |= changes
        usual = {"q": "", "sort": "-activity", "archived": 0, "page": 1}
        text = urlencode({key: value for key, value in wanted.items() if value != usual[key]})
        return "?" + text if text else ""

    return {
        "query": query,
        "listing": listing.list_studies(context.storages, query, context.hub),
        "address": address,
    }


@router.get("/")
def studies(request: Request, context: Served, query: Asked) -> Response:
    """All studies, with what can be done about them."""
    return render(request, "studies.html", **_values(context, query))


@router.get("/studies")
def study_list(request: Request, context: Served, query: Asked) -> Response:
    """The list alone; the address of the page that shows it goes with it."""
    root = request.scope.get("root_path", "")
    if "hx-request" not in request.headers:  # opened by a person, for whom there is the page
        asked = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{root}/{asked}", 303)
    values = _values(context, query)
    response = render(request, "studies_list.html", **values)
    response.headers["hx-replace-url"] = f"{root}/{values['address']()}"
    return response


@router.post("/studies")
def create(
    request: Request,
    context: Served,
    name: Annotated[str, Form()] = "",
    direction: Annotated[list[str] | None, Form(max_length=_MAX_OBJECTIVES)] = None,
    metric: Annotated[list[str] | None, Form(max_length=_MAX_OBJECTIVES)] = None,
    storage: Annotated[str, Form()] = "0",
) -> Response:
    """Make a study, and go to it."""
    directions = parse_directions(direction or ())
    metrics = [each.strip() for each in metric or ()]
    if any(metrics) and (not all(metrics) or len(metrics) != len(directions)):
        raise InvalidArgument("metric", "a name for each objective, or for none", metrics)
    if len(set(metrics)) < len(metrics) and any(metrics):
        raise InvalidArgument("metric", "a name of its own for each objective", metrics)
    opened = context.opened(storage)
    record = opened.storage.create_study(name.strip(), directions)
    if any(metrics):
        opened.storage.update_study(record.id, metric_names=metrics)
    return _done(request, "", f"/studies/{opened.key}-{record.id}")


@router.post("/studies/{ref}/rename")
def rename(request: Request, study: Named, name: Annotated[str, Form()] = "") -> Response:
    """Give a study another name."""
    study.storage.update_study(study.study_id, name=name.strip())
    return _done(request, f"Renamed to “{name.strip()}”.")


@router.post("/studies/{ref}/archive")
def archive(request: Request, study: Named, archived: Annotated[bool, Form()]) -> Response:
    """Hide a study from the list, or show it again."""
    study.storage.update_study(study.study_id, archived=archived)
    return _done(request, f"“{study.study_name}” is {'archived' if archived else 'back'}.")


@router.post("/studies/{ref}/delete")
def delete(request: Request, study: Named, name: Annotated[str, Form()] = "") -> Response:
    """Remove a study for good; its name says that this one is meant."""
    if name.strip() != study.study_name:
        raise InvalidArgument("name", f"the study's name, {study.study_name!r}", name)
    study.storage.delete_study(study.study_id)
    return _done(request, f"“{study.study_name}” is deleted.")


def _done(request: Request, text: str, address: str | None = None) -> Response:
    """The answer to what was done: for htmx events, else the list, or the page at ``address``."""
    root = request.scope.get("root_path", "")
    if "hx-request" not in request.headers:
        return RedirectResponse(root + (address or "/"), 303)
    if address is not None:
        return Response(status_code=204, headers={"hx-redirect": root + address})
    events = {"trimtab:done": {}, "trimtab:toast": {"text": text, "kind": "good"}}
    return Response(status_code=204, headers={"hx-trigger": json.dumps(events)})
