"""The JSON API: one file a resource."""

from typing import Any, Final

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from trimtab.dashboard.api import artifacts, asking, notes, ratings, storages, studies, trials
from trimtab.dashboard.api.queries import check_query
from trimtab.dashboard.api.replies import Replies

TAGS: Final[list[dict[str, Any]]] = [
    {"name": "studies", "description": "Studies of all storages that the server opened."},
    {"name": "trials", "description": "The trials of a study, by pages and filters."},
    {"name": "ask and tell", "description": "Run trials from any language; the server samples."},
    {"name": "artifacts", "description": "Files of a study or trial."},
    {"name": "notes", "description": "Markdown about a study or trial."},
    {"name": "ratings", "description": "What people say of trials."},
    {"name": "storage", "description": "What `trimtab.storage.HTTPStorage` speaks."},
]
"""What the routes are about."""

# The token is checked before any route is looked for; this tells OpenAPI of it.
_TOKEN = HTTPBearer(auto_error=False, description="The token that `trimtab dashboard` printed.")


def make_router() -> APIRouter:
    """All routes of the API, to be included below ``/api``."""
    router = APIRouter(dependencies=[Depends(_TOKEN)])
    replies = Replies()
    for part in (
        studies.make_router(replies),
        trials.make_router(replies),
        asking.make_router(replies),
        artifacts.make_router(),
        notes.make_router(),
        ratings.make_router(),
    ):
        router.include_router(part, dependencies=[Depends(check_query)])
    # Its operations take their arguments from the query themselves.
    router.include_router(storages.make_router(replies))
    return router
