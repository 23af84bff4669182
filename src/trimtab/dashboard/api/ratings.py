"""Ratings: what people say of trials, one rating for each rater."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from trimtab.dashboard.api import models
from trimtab.dashboard.api.answers import answer
from trimtab.dashboard.api.models import READING, WRITING
from trimtab.dashboard.api.shapes import moment, trial_shape
from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.ratings import (
    Rating,
    check_rater,
    load_form_of,
    queue,
    rate,
    ratings_in,
    undo,
)

_Study = Annotated[StudyView, Depends(get_study)]
_Rater = Annotated[str, Path(description="Who rates: a name.", min_length=1, max_length=80)]


def make_router() -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["ratings"], prefix="/studies/{ref}")

    @router.get(
        "/queue",
        summary="List the trials that wait for a rater",
        response_model=models.Queue,
        responses=READING,
    )
    def list_queue(
        ref: models.Ref,
        study: _Study,
        rater: Annotated[str, Query(min_length=1, max_length=80)],
        limit: models.Limit = 100,
    ) -> Response:
        """Their numbers, the oldest first."""
        form = load_form_of(study.storage, study.study_id)
        with study.storage.lock:
            numbers = queue(study.history, form, check_rater(rater))
        return answer({"total": len(numbers), "numbers": numbers[:limit]})

    @router.get(
        "/trials/{number}/ratings",
        summary="List the ratings of a trial",
        response_model=models.RatingList,
        responses=READING,
    )
    def list_ratings(ref: models.Ref, study: _Study, number: models.Number) -> Response:
        """Oldest first."""
        attrs = study.storage.trial(study.study_id, number).system_attrs
        return answer({"ratings": [_shape(rating) for rating in ratings_in(attrs)]})

    @router.put(
        "/trials/{number}/ratings/{rater}",
        summary="Rate a trial",
        response_model=models.Trial,
        responses=WRITING,
    )
    def put_rating(
        ref: models.Ref,
        study: _Study,
        number: models.Number,
        rater: _Rater,
        body: models.NewRating,
    ) -> Response:
        """Rate it, or correct what the same rater said before.

        A trial ends with the mean once it has as many ratings as the study wants.
        """
        return answer(trial_shape(rate(study.storage, study.study_id, number, rater, body.answers)))

    @router.delete(
        "/trials/{number}/ratings/{rater}",
        summary="Take a rating back",
        response_model=models.Trial,
        responses=WRITING,
    )
    def delete_rating(
        ref: models.Ref, study: _Study, number: models.Number, rater: _Rater
    ) -> Response:
        """A trial that it had ended runs again if there are too few ratings without it."""
        return answer(trial_shape(undo(study.storage, study.study_id, rater, number)))

    return router


def _shape(rating: Rating) -> dict[str, Any]:
    return {
        "rater": rating.rater,
        "answers": list(rating.answers),
        "when": moment(rating.when),
    }
