"""Trials: list, read, change, delete, queue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from trimtab.dashboard.api import models
from trimtab.dashboard.api.answers import answer, answer_once
from trimtab.dashboard.api.models import READING, WRITING
from trimtab.dashboard.api.replies import Replies
from trimtab.dashboard.api.shapes import trial_shape
from trimtab.dashboard.context import StudyView, get_study
from trimtab.query import Fields, select
from trimtab.records import FrozenTrial, TrialState, TrialUpdate
from trimtab.storage import Ticket
from trimtab.storage.wire import load_attrs
from trimtab.study.trial import FIXED_PARAMS

_Study = Annotated[StudyView, Depends(get_study)]


def make_router(replies: Replies) -> APIRouter:
    """The routes.

    Args:
        replies: Remembers requests that have a key.
    """
    router = APIRouter(tags=["trials"], prefix="/studies/{ref}/trials")

    @router.get("", summary="List trials", response_model=models.TrialList, responses=READING)
    def list_trials(
        ref: models.Ref,
        study: _Study,
        where: Annotated[
            str,
            Query(
                max_length=4000,
                description="A filter, as on the Trials page.",
                examples=['value < 0.2 and params.lr > 1e-3 and state == "COMPLETE"'],
            ),
        ] = "",
        limit: models.Limit = 100,
        cursor: Annotated[int, Query(ge=-1, description="`next_cursor` of a page.")] = -1,
        archived: models.Archived = False,
    ) -> Response:
        """Trials by number, those that a filter lets through; without their reports."""
        with study.storage.lock:
            history = study.history
            chosen = select(Fields(history, study.record), where=where, archived=archived).numbers
            rest = chosen[chosen > cursor]
            trials = [history.trial(number) for number in rest[:limit].tolist()]
        return answer(
            {
                "total": len(chosen),
                "trials": [trial_shape(trial, whole=False) for trial in trials],
                "next_cursor": str(trials[-1].number) if len(rest) > limit else None,
            }
        )

    @router.post(
        "",
        summary="Queue a trial",
        status_code=201,
        response_model=models.Trial,
        responses=WRITING,
    )
    def queue_trial(
        ref: models.Ref,
        study: _Study,
        body: models.Queued,
        key: models.Key = None,
        attempt: models.KeyAttempt = None,
    ) -> Response:
        """A trial that waits; the next `ask` begins it. Parameters not named are sampled then."""

        def work(ticket: Ticket | None) -> object:
            waiting = FrozenTrial.build(
                0,
                TrialState.WAITING,
                user_attrs=load_attrs(body.user_attrs),
                system_attrs={FIXED_PARAMS: load_attrs(body.params)},
            )
            (number,) = study.storage.add(study.study_id, [waiting], ticket)
            return trial_shape(study.storage.trial(study.study_id, number))

        return answer_once(replies, key, attempt, f"queue {ref}", 201, work)

    @router.get("/{number}", summary="Read a trial", response_model=models.Trial, responses=READING)
    def read_trial(ref: models.Ref, study: _Study, number: models.Number) -> Response:
        """A trial with its reports."""
        return answer(trial_shape(study.storage.trial(study.study_id, number)))

    @router.patch(
        "/{number}", summary="Change a trial", response_model=models.Trial, responses=WRITING
    )
    def change_trial(
        ref: models.Ref, study: _Study, number: models.Number, body: models.TrialChange
    ) -> Response:
        """Set it aside or take it back, set attributes."""
        storage, study_id = study.storage, study.study_id
        storage.trial(study_id, number)
        if body.user_attrs:
            update = TrialUpdate(user_attrs=load_attrs(body.user_attrs))
            storage.write(study_id, number, None, update)
        if body.archived is not None:
            storage.archive_trials(study_id, [number], body.archived)
        return answer(trial_shape(storage.trial(study_id, number)))

    @router.delete("/{number}", summary="Delete a trial", status_code=204, responses=WRITING)
    def delete_trial(ref: models.Ref, study: _Study, number: models.Number) -> Response:
        """Remove it for good; its number is not given again."""
        study.storage.delete_trials(study.study_id, [number])
        return Response(status_code=204)

    return router
