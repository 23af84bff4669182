"""Notes: Markdown about a study or trial, with a version so that nobody's text is lost."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from trimtab.artifacts import load_note, save_note
from trimtab.dashboard.api import models
from trimtab.dashboard.api.answers import answer
from trimtab.dashboard.api.models import READING, WRITING
from trimtab.dashboard.api.owners import OWNERS, Owner


def make_router() -> APIRouter:
    """The routes: the same for a study and for a trial."""
    router = APIRouter(tags=["notes"])
    for kind, path, find in OWNERS:
        _add(router, kind, path, find)
    return router


def _add(router: APIRouter, kind: str, path: str, find: Callable[..., Owner]) -> None:
    @router.get(
        f"{path}/note",
        summary=f"Read the note of a {kind}",
        operation_id=f"read_{kind}_note",
        response_model=models.Note,
        responses=READING,
    )
    def read_note(owner: Annotated[Owner, Depends(find)]) -> Response:
        """The note; empty, of version 0, where none was written."""
        note = load_note(owner.who, study=owner.study)
        return answer(note.to_json())

    @router.put(
        f"{path}/note",
        summary=f"Write the note of a {kind}",
        operation_id=f"write_{kind}_note",
        response_model=models.Note,
        responses=WRITING,
    )
    def write_note(owner: Annotated[Owner, Depends(find)], body: models.NewNote) -> Response:
        """Save it in place of the one before; refused (409) if that is of another version."""
        version = save_note(owner.who, body.body, expected_version=body.version, study=owner.study)
        return answer({"body": body.body, "version": version})
