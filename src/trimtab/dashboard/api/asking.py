"""Ask, report and tell, from any language: the server samples."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from trimtab.dashboard.api import models
from trimtab.dashboard.api.answers import answer, answer_once
from trimtab.dashboard.api.arguments import decoded
from trimtab.dashboard.api.handles import Clients, Handles
from trimtab.dashboard.api.models import WRITING
from trimtab.dashboard.api.replies import Replies
from trimtab.dashboard.api.shapes import trial_shape
from trimtab.dashboard.context import StudyView, get_study
from trimtab.errors import InvalidArgument, StaleAttempt
from trimtab.records import Outcome, Report, TrialState, TrialUpdate
from trimtab.space import check_name, decode_json, from_json
from trimtab.storage import Ticket
from trimtab.storage.wire import load_attrs
from trimtab.study import Trial
from trimtab.study.outcome import pruned_outcome

_Study = Annotated[StudyView, Depends(get_study)]


def make_router(replies: Replies) -> APIRouter:
    """The routes.

    Args:
        replies: Remembers requests that have a key.
    """
    router = APIRouter(tags=["ask and tell"], prefix="/studies/{ref}")
    handles = Handles()
    clients = Clients()

    @router.post(
        "/ask", summary="Ask", status_code=201, response_model=models.Trial, responses=WRITING
    )
    def ask(
        ref: models.Ref,
        study: _Study,
        body: models.Ask,
        key: models.Key = None,
        attempt: models.KeyAttempt = None,
    ) -> Response:
        """Begin a trial: one that waits, one whose worker died, or a new one.

        Its parameters are sampled by the study's default sampler; those of an experiment within
        its search space, by its model. Evaluate them, and `tell`, or `complete`.
        """

        def work(ticket: Ticket | None) -> object:
            distributions = {
                check_name("distributions", name): decoded(f"distributions.{name}", from_json, data)
                for name, data in body.distributions.items()
            }
            fixed = decoded("fixed_features", decode_json, body.fixed_features)
            client = clients.of(study)
            if client is None:
                if fixed:
                    raise InvalidArgument("fixed_features", "none: this is no experiment", fixed)
                number = (
                    handles.of(study).ask(distributions, lease=body.lease, ticket=ticket).number
                )
            elif distributions:
                raise InvalidArgument("distributions", "none: this is an experiment", distributions)
            else:
                number = client.experiment.ask(
                    lease=body.lease, fixed_features=fixed, ticket=ticket
                ).index
            return trial_shape(study.storage.trial(study.study_id, number))

        return answer_once(replies, key, attempt, f"ask {ref}", 201, work)

    @router.post(
        "/trials/{number}/report",
        summary="Report",
        response_model=models.Verdict,
        responses=WRITING,
    )
    def report(
        ref: models.Ref, study: _Study, number: models.Number, body: models.Report
    ) -> Response:
        """Metrics of a running trial at a step; the first report at a step stays.

        The answer says whether the study's default pruner would end the trial now.
        """
        metrics = decoded("metrics", decode_json, body.metrics)
        new = Report(body.step, metrics, body.checkpoint)
        update = TrialUpdate(reports=(new,))
        study.storage.write(study.study_id, number, body.attempt, update)
        return answer({"should_prune": _should_prune(handles, study, number)})

    @router.post(
        "/trials/{number}/tell", summary="Tell", response_model=models.Trial, responses=WRITING
    )
    def tell(ref: models.Ref, study: _Study, number: models.Number, body: models.Tell) -> Response:
        """End a trial. The same again is answered the same; anything else is refused (409)."""
        trial = study.storage.trial(study.study_id, number)
        if trial.state is TrialState.WAITING:
            raise InvalidArgument("number", "a trial that was asked for", number)
        values = decoded("values", _values, body.values)
        state = TrialState[body.state]
        if state is TrialState.PRUNED and values is None:
            outcome = pruned_outcome(trial, len(study.directions))
        else:
            sems = None if body.sems is None else tuple(body.sems)
            outcome = Outcome(state, values, sems, body.reason)
        update = TrialUpdate(
            user_attrs=load_attrs(body.user_attrs),
            constraints=decoded("constraints", decode_json, body.constraints),
        )
        told = study.storage.finish(study.study_id, number, body.attempt, outcome, update)
        return answer(trial_shape(told))

    @router.post(
        "/trials/{number}/complete",
        summary="Complete",
        response_model=models.Trial,
        responses=WRITING,
    )
    def complete(
        ref: models.Ref, study: _Study, number: models.Number, body: models.Complete
    ) -> Response:
        """End a trial of an experiment with means and standard errors by metric.

        What was completed before is refused (409), as is a result without all metrics that the
        experiment needs (422): the trial then goes on running.
        """
        client = clients.of(study)
        if client is None:
            raise InvalidArgument("ref", "an experiment; `tell` ends trials of other studies", ref)
        trial = study.storage.trial(study.study_id, number)
        if body.attempt not in (None, trial.attempt):
            raise StaleAttempt(number, body.attempt, trial.attempt)
        client.complete_trial(number, decoded("raw_data", decode_json, body.raw_data))
        return answer(trial_shape(study.storage.trial(study.study_id, number)))

    return router


def _values(data: Any) -> tuple[Any, ...] | None:
    if data is None:
        return None
    return tuple(decode_json(data)) if isinstance(data, list) else (data,)


def _should_prune(handles: Handles, study: StudyView, number: int) -> bool:
    if len(study.directions) > 1:
        return False  # which objective the metric stands for is not known
    handle = handles.of(study)
    trial = study.storage.trial(study.study_id, number)
    return Trial(handle, trial, trial.space, trial.point, buffered=False).should_prune()
