"""Ratings given and taken back, and what becomes of the trial."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trimtab.dashboard.ratings.answers import Answer, check_answers
from trimtab.dashboard.ratings.rating import Rating, check_rater, rating_by, ratings_in
from trimtab.dashboard.ratings.waiting import open_numbers, rated_by
from trimtab.dashboard.widgets import KEY, Form
from trimtab.errors import (
    InvalidArgument,
    NoForm,
    NotRated,
    StorageBusy,
    TrialFinished,
    TrialUnfinished,
)
from trimtab.records import FrozenTrial, Outcome, TrialState, TrialUpdate
from trimtab.storage import Storage

ENDED: Final = "rated_values"
"""The system attribute of a trial that ratings ended: the values that it got by them."""

_OPEN: Final = (TrialState.RUNNING, TrialState.PAUSED)
_TRIES: Final = 100


def load_form_of(storage: Storage, study_id: int) -> Form:
    """The form of a study.

    Raises:
        NoForm: If there is none.
    """
    data = storage.study(study_id).system_attrs.get(KEY)
    if data is None:
        raise NoForm
    return Form.from_json(data)


def rate(
    storage: Storage,
    study_id: int,
    number: int,
    rater: str,
    answers: Sequence[Answer | None],
) -> FrozenTrial:
    """Keep what a rater says of a trial, in place of what the same rater said before.

    Answers about objectives end the trial once there are as many ratings as its form wants:
    COMPLETE with the means and, from two ratings on, their standard errors (see `pooled`). Until
    then it stays as it is. One that ratings have ended takes a correction: it gets the new means.
    Other answers become user attributes, of a finished trial, too.

    Args:
        storage: Where the study is.
        study_id: Its key there.
        number: The trial.
        rater: Who says it; 1 to 80 characters.
        answers: One per widget; None for an `ObjectiveUserAttrRef`, which reads the attribute.

    Returns:
        The trial as stored.

    Raises:
        NoForm: If the study asks nothing.
        InvalidArgument: If an answer is impossible (it names the widget), or the trial has not
            begun.
        InvalidType: If an answer is of the wrong type.
        TrialFinished: If it ended without this rater, or otherwise than by ratings.
    """
    rater = check_rater(rater)
    form = load_form_of(storage, study_id)
    trial = storage.trial(study_id, number)
    if trial.state is TrialState.WAITING:
        raise InvalidArgument("number", "a trial that has begun", number)
    checked = check_answers(form, answers, trial.user_attrs)
    if form.output_type == "objective" and trial.state not in _OPEN:
        if not ended_by_ratings(trial):
            raise TrialFinished(f"Trial {number} ended as {trial.state.name}, not by ratings.")
        if rating_by(rater, trial.system_attrs) is None:
            raise TrialFinished(f"Trial {number} has been rated by others and is COMPLETE.")
    rating = Rating(rater, checked, time.time_ns() // 1000, form.output_type)
    attrs = {}
    if form.output_type == "user_attr":
        attrs = dict(zip(_user_attr_keys(form), checked, strict=True))
    update = TrialUpdate(user_attrs=attrs, system_attrs={rating.key: rating.to_json()})
    storage.write(study_id, number, None, update)
    return settle(storage, study_id, number, form)


def correct(
    storage: Storage,
    study_id: int,
    number: int,
    rater: str,
    answers: Sequence[Answer | None],
) -> FrozenTrial:
    """`rate` for what was rated before.

    Raises:
        NotRated: If this rater has not rated the trial.
    """
    if rating_by(check_rater(rater), storage.trial(study_id, number).system_attrs) is None:
        raise NotRated(f"Trial {number} has no rating by {rater}.")
    return rate(storage, study_id, number, rater, answers)


def undo(storage: Storage, study_id: int, rater: str, number: int | None = None) -> FrozenTrial:
    """Take a rating back: the rater's last one, unless a trial is named.

    A trial that it had ended runs again if there are too few ratings without it, else it gets the
    means of the others. User attributes that it had set get what the rater before had said, or
    None.

    Returns:
        The trial as stored.

    Raises:
        NotRated: If there is nothing to take back.
        NoForm: If the study asks nothing.
    """
    rater = check_rater(rater)
    form = load_form_of(storage, study_id)
    if number is None:
        history = storage.history(study_id)
        with storage.lock:
            given = rated_by(history, rater)
        if not given:
            raise NotRated(f"There is no rating by {rater} to take back.")
        number = given[0]
    trial = storage.trial(study_id, number)
    rating = rating_by(rater, trial.system_attrs)
    if rating is None:
        raise NotRated(f"Trial {number} has no rating by {rater}.")
    attrs: dict[str, Answer | None] = {}
    if rating.output_type == form.output_type == "user_attr":
        keys = _user_attr_keys(form)
        others = [r for r in ratings_in(trial.system_attrs) if r != rating]
        before = [r.answers for r in others if len(r.answers) == len(keys)]
        attrs = dict(zip(keys, before[-1] if before else [None] * len(keys), strict=True))
    update = TrialUpdate(user_attrs=attrs, system_attrs={rating.key: None})
    storage.write(study_id, number, None, update)
    return settle(storage, study_id, number, form)


def settle(storage: Storage, study_id: int, number: int, form: Form) -> FrozenTrial:
    """Make a trial what its ratings say; one that ended otherwise stays as it is.

    Returns:
        The trial as stored.

    Raises:
        StorageBusy: If others change its ratings all the time.
    """
    for _ in range(_TRIES):
        trial = storage.trial(study_id, number)
        wanted = _outcome(form, trial)
        try:
            if trial.state in _OPEN:
                if wanted is None:
                    return trial
                storage.finish(study_id, number, None, wanted, _mark(wanted))
            elif not ended_by_ratings(trial):
                return trial
            elif wanted is None or (trial.values, trial.sems) != (wanted.values, wanted.sems):
                storage.amend(study_id, number, wanted, _mark(wanted))
            else:
                return trial
        except (TrialFinished, TrialUnfinished):
            continue  # another rater was faster: look again
    raise StorageBusy(f"The ratings of trial {number} change all the time.")


def settle_all(storage: Storage, study_id: int) -> None:
    """`settle` the open trials of a study that have ratings, as its form has changed."""
    form = load_form_of(storage, study_id)
    history = storage.history(study_id)
    with storage.lock:
        numbers = [n for n in open_numbers(history) if ratings_in(history.system_attrs(n))]
    for number in numbers:
        settle(storage, study_id, number, form)


def pooled(answers: Sequence[Sequence[float]]) -> Outcome:
    """What several raters' numbers come to: means and standard errors of the means.

    The standard error is s / √k with s² the unbiased variance (k - 1 degrees of freedom) of k
    ratings. It is unknown (None) for one rating, and also where all are equal: on a scale of few
    choices two equal ratings are likely by chance, and 0.0 would tell samplers that a third rating
    could not differ.

    Args:
        answers: One per rater: a number for each objective.
    """
    columns = list(zip(*answers, strict=True))
    means = tuple(statistics.fmean(column) for column in columns)
    sems = tuple(_sem(column) for column in columns)
    known = any(sem is not None for sem in sems)
    return Outcome(TrialState.COMPLETE, means, sems if known else None)


def ended_by_ratings(trial: FrozenTrial) -> bool:
    """Whether a trial's values are what its ratings came to."""
    values = trial.system_attrs.get(ENDED)
    return trial.values is not None and values == list(trial.values)


def _sem(ratings: Sequence[float]) -> float | None:
    if len(ratings) < 2 or min(ratings) == max(ratings):
        return None
    return statistics.stdev(ratings) / math.sqrt(len(ratings))


def _outcome(form: Form, trial: FrozenTrial) -> Outcome | None:
    """What a trial's ratings come to, or None while there are too few."""
    if form.output_type != "objective":
        # The form asks for something else now: what ratings had ended stays.
        return _kept(trial)
    answers = _about_objectives(trial.system_attrs, len(form.widgets))
    return pooled(answers) if len(answers) >= form.n_ratings else None


def _kept(trial: FrozenTrial) -> Outcome | None:
    if not ended_by_ratings(trial):
        return None
    return Outcome(TrialState.COMPLETE, trial.values, trial.sems)


def _about_objectives(attrs: Mapping[str, Any], n_objectives: int) -> list[list[float]]:
    ratings = [r.answers for r in ratings_in(attrs) if r.output_type == "objective"]
    numbers = [[a for a in answers if isinstance(a, (int, float))] for answers in ratings]
    return [row for row in numbers if len(row) == n_objectives]


def _mark(outcome: Outcome | None) -> TrialUpdate:
    values = None if outcome is None or outcome.values is None else list(outcome.values)
    return TrialUpdate(system_attrs={ENDED: values})


def _user_attr_keys(form: Form) -> list[str]:
    """Where the answers go; every widget of such a form has a key."""
    return [getattr(widget, "user_attr_key", None) or "" for widget in form.widgets]
