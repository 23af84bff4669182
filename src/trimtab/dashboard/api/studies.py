"""Studies: list, make, read, change, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from trimtab.dashboard.api import models
from trimtab.dashboard.api.answers import answer, answer_once
from trimtab.dashboard.api.models import READING, WRITING, failures
from trimtab.dashboard.api.replies import Replies
from trimtab.dashboard.api.shapes import study_shape, summary_shape
from trimtab.dashboard.context import Context, StudyView, get_context, get_study
from trimtab.dashboard.listing import read_summaries
from trimtab.errors import InvalidArgument
from trimtab.storage import Ticket
from trimtab.storage.wire import load_attrs, load_directions

_Context = Annotated[Context, Depends(get_context)]
_Study = Annotated[StudyView, Depends(get_study)]


def make_router(replies: Replies) -> APIRouter:
    """The routes.

    Args:
        replies: Remembers requests that have a key.
    """
    router = APIRouter(tags=["studies"], prefix="/studies")

    @router.get("", summary="List studies", response_model=models.StudyList, responses=failures())
    def list_studies(
        context: _Context,
        limit: models.Limit = 100,
        cursor: Annotated[str | None, Query(description="`next_cursor` of a page.")] = None,
        archived: models.Archived = False,
    ) -> Response:
        """Studies of all storages in the order in which they were made.

        One that does not answer is named, and hides no other; if none does, that is an error.
        """
        after = None if cursor is None else _position(context, cursor)
        read, faults = read_summaries(context.storages, context.hub)
        if not read:
            raise faults[0][1]
        found = [
            (opened.key, summary)
            for opened, summaries in read
            for summary in summaries
            if (archived or not summary.study.archived)
            and (after is None or (int(opened.key), summary.study.id) > after)
        ]
        listed = [summary_shape(f"{key}-{each.study.id}", each) for key, each in found[:limit]]
        return answer(
            {
                "studies": listed,
                "absent": [
                    {"storage": opened.key, "message": str(error)} for opened, error in faults
                ],
                "next_cursor": listed[-1]["ref"] if len(found) > limit else None,
            }
        )

    @router.post(
        "",
        summary="Make a study",
        status_code=201,
        response_model=models.Study,
        responses=WRITING,
    )
    def create_study(
        context: _Context,
        body: models.NewStudy,
        key: models.Key = None,
        attempt: models.KeyAttempt = None,
    ) -> Response:
        """A new study; its name must not be taken."""

        def work(ticket: Ticket | None) -> dict[str, Any]:
            opened = context.opened(body.storage)
            directions = load_directions(body.directions)
            if body.metric_names is not None and len(body.metric_names) != len(directions):
                raise InvalidArgument("metric_names", f"{len(directions)} names", body.metric_names)
            attrs = load_attrs(body.user_attrs)
            record = opened.storage.create_study(body.name, directions, ticket)
            if body.metric_names is not None:
                opened.storage.update_study(record.id, metric_names=body.metric_names)
            if attrs:
                opened.storage.set_study_attrs(record.id, user=attrs)
            return study_shape(f"{opened.key}-{record.id}", opened.storage.study(record.id))

        return answer_once(replies, key, attempt, "create_study", 201, work)

    @router.get("/{ref}", summary="Read a study", response_model=models.Study, responses=READING)
    def read_study(ref: models.Ref, study: _Study) -> Response:
        """A study as it is now."""
        return answer(study_shape(ref, study.record))

    @router.patch(
        "/{ref}", summary="Change a study", response_model=models.Study, responses=WRITING
    )
    def change_study(ref: models.Ref, study: _Study, body: models.StudyChange) -> Response:
        """Rename it, set it aside or take it back, name its objectives, set attributes."""
        attrs = load_attrs(body.user_attrs)
        if (body.name, body.archived, body.metric_names) != (None, None, None):
            study.storage.update_study(
                study.study_id,
                name=body.name,
                archived=body.archived,
                metric_names=body.metric_names,
            )
        if attrs:
            study.storage.set_study_attrs(study.study_id, user=attrs)
        return answer(study_shape(ref, study.storage.study(study.study_id)))

    @router.delete("/{ref}", summary="Delete a study", status_code=204, responses=WRITING)
    def delete_study(ref: models.Ref, study: _Study) -> Response:
        """Remove it with all its trials, for good."""
        study.storage.delete_study(study.study_id)
        return Response(status_code=204)

    return router


def _position(context: Context, cursor: str) -> tuple[int, int]:
    """Place of the storage and id of the study that a page ended with; it may be gone since."""
    key, _, number = cursor.partition("-")
    for place, opened in enumerate(context.storages):
        if opened.key == key and number.isascii() and number.isdigit() and len(number) < 20:
            return place, int(number)
    raise InvalidArgument("cursor", "the `next_cursor` of a page", cursor)
