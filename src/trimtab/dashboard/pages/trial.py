"""One trial: what it tried, what came of it, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from trimtab.artifacts.meta import PREFIX as ARTIFACT_PREFIX
from trimtab.artifacts.notes import KEY as NOTE_KEY
from trimtab.dashboard.context import StudyView, get_study
from trimtab.dashboard.media import files_in
from trimtab.dashboard.pages.note import note_values
from trimtab.dashboard.pages.rate import form_values, is_ratable, rater_of
from trimtab.dashboard.ratings import PREFIX as RATING_PREFIX
from trimtab.dashboard.ratings import Rating, ratings_in
from trimtab.dashboard.statuses import status_words
from trimtab.dashboard.templating import number as written
from trimtab.dashboard.templating import render_study
from trimtab.dashboard.trialactions import QUEUED_FROM
from trimtab.dashboard.widgets import ChoiceWidget, Form
from trimtab.errors import UnknownTrial
from trimtab.records import FrozenTrial, History, TrialState
from trimtab.records.lineage import BEGAN, CONFIG, LINEAGE, Descent, descents_in, flat_config
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.samplers.base import EXPECTED
from trimtab.space import CategoricalDistribution, Distribution, FloatDistribution
from trimtab.storage import Held
from trimtab.storage.rules import FAIL_REASON, STOP_REQUESTED
from trimtab.study.best import Incumbent, NoBestTrial
from trimtab.study.origin import ADDED, QUEUED, REPLICATE, SAMPLER, origin_of
from trimtab.study.trial import FIXED_PARAMS
from trimtab.visualization.reports import plot_reports

router = APIRouter()

_SHOWN: Final = (
    NOTE_KEY,
    FAIL_REASON,
    STOP_REQUESTED,
    REPLICATE_OF,
    QUEUED_FROM,
    FIXED_PARAMS,
    BEGAN,
    CONFIG,
    LINEAGE,
    SAMPLER,
    EXPECTED,
)
"""System attributes that have a place of their own on the page."""

_ORIGINS: Final[Mapping[str | None, str]] = {
    QUEUED: "queued by hand",
    ADDED: "added as it is",
    REPLICATE: "a replicate",
}
"""What is said in place of a sampler's name."""

_MOST_REPORTS: Final = 200
"""Rows of the table of reports."""
_MOST_CHOICES: Final = 8

_Study = Annotated[StudyView, Depends(get_study)]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a trial comes from, and what came of it.

    Attributes:
        queued_from: The trial it was queued from, or None.
        replicate_of: The trial whose arm it measures again, or None.
        replicates: The trials that measure the same arm, without this one.
        queued_as: The trials that were queued from this one.
        arm: What all of them that are complete measured, or None for one alone.
        descents: When it went on from others, the newest first.
        followers: When others went on from it, the newest first.
    """

    queued_from: int | None
    replicate_of: int | None
    replicates: list[int]
    queued_as: list[int]
    arm: list[tuple[float, float]] | None
    descents: list[Descent]
    followers: list[Descent]


@router.get("/studies/{ref}/trials/{number}")
def trial(request: Request, study: _Study, number: int) -> Response:
    """The page of one trial."""
    shown, held, lineage, around = _read(study, number)
    with study.storage.lock:
        word = status_words(study, [number]).get(number, "")
    attrs = shown.system_attrs
    steps = sorted(shown.reports)
    return render_study(
        request,
        "trial.html",
        study,
        "trials",
        trial=shown,
        metrics=study.metric_names or _objectives(shown, study),
        params=[(name, value, described(shown.space[name])) for name, value in _params(shown)],
        fixed=attrs.get(FIXED_PARAMS, {}),
        origin=_origin(shown, study),
        expected=_expected(attrs.get(EXPECTED), study.metric_names or _objectives(shown, study)),
        word=word,
        is_best=_is_best(study, number),
        held=held,
        lineage=lineage,
        config=flat_config(attrs[CONFIG]) if isinstance(attrs.get(CONFIG), dict) else {},
        previous=around[0],
        following=around[1],
        steps=steps[-_MOST_REPORTS:],
        n_steps=len(steps),
        reported=list(dict.fromkeys(key for step in steps for key in shown.reports[step].metrics)),
        reason=attrs.get(FAIL_REASON),
        is_stopping=bool(attrs.get(STOP_REQUESTED)) and shown.state is TrialState.RUNNING,
        files=files_in(attrs, study.ref, number),
        is_ratable=is_ratable(study, shown, rater_of(request)),
        **form_values(study, shown, rater_of(request)),
        **note_values(request, study, shown),
        ratings=[(rating, _answers(rating, study.form)) for rating in ratings_in(attrs)],
        internals={
            k: v
            for k, v in attrs.items()
            if not k.startswith((ARTIFACT_PREFIX, RATING_PREFIX)) and k not in _SHOWN
        },
    )


@router.get("/studies/{ref}/trials/{number}/figures/reports")
def reports_figure(
    study: _Study, number: int, theme: Literal["light", "dark"] = "light"
) -> Response:
    """What a trial reported, step by step."""
    with study.storage.lock:
        reports = study.history.trial(number).reports
    body = plot_reports(reports, theme=theme).to_json(validate=False)
    return Response(body, media_type="application/json")


def _origin(trial: FrozenTrial, study: StudyView) -> str | None:
    """What proposed its parameters, in words."""
    name = origin_of(trial.system_attrs, study.record.system_attrs)
    return _ORIGINS.get(name, name)


def _expected(kept: Any, names: Sequence[str]) -> str | None:
    """What the model that proposed its parameters expected of them, in words."""
    if not isinstance(kept, dict):
        return None
    parts = [
        f"{name} {written(mean)} ± {written(sd)}"
        for name, (mean, sd) in zip(names, kept["values"], strict=True)
    ]
    if "feasible" in kept:
        parts.append(f"feasible with {kept['feasible']:.0%}")
    return ", ".join(parts)


def _is_best(study: StudyView, number: int) -> bool:
    """Whether a trial is the best of a study with one objective."""
    if len(study.directions) > 1:
        return False
    with study.storage.lock:
        try:
            return Incumbent().number(study.history) == number
        except NoBestTrial:
            return False


def _read(
    study: StudyView, number: int
) -> tuple[FrozenTrial, Held | None, Lineage, tuple[int | None, int | None]]:
    with study.storage.lock:
        history = study.history
        if number >= len(history):
            raise UnknownTrial(f"`number`: expected a trial of this study, got {number}.")
        shown = history.trial(number)
        lineage = lineage_of(history, shown)
        there = np.flatnonzero((history.states >= 0) & ~history.archived)
    at = int(np.searchsorted(there, number))
    after = at + int(at < len(there) and there[at] == number)
    around = (
        int(there[at - 1]) if at else None,
        int(there[after]) if after < len(there) else None,
    )
    held = None
    if shown.state is TrialState.RUNNING:
        held = next((h for h in study.storage.leases(study.study_id) if h.number == number), None)
    return shown, held, lineage, around


def lineage_of(history: History, trial: FrozenTrial) -> Lineage:
    """The relatives of a trial: one look at every trial's attributes."""
    number = trial.number
    origin = trial.system_attrs.get(REPLICATE_OF)
    arm = number if origin is None else origin
    replicates, queued_as = [], []
    followers: list[Descent] = []
    for other in range(len(history)):
        attrs = history.system_attrs(other)
        if attrs and other != number:
            if attrs.get(REPLICATE_OF) == arm:
                replicates.append(other)
            if attrs.get(QUEUED_FROM) == number:
                queued_as.append(other)
            if LINEAGE in attrs:
                followers += [each for each in descents_in(other, attrs) if each.donor == number]
    if origin is not None and 0 <= origin < len(history) and history.states[origin] >= 0:
        replicates.insert(0, int(origin))
    return Lineage(
        trial.system_attrs.get(QUEUED_FROM),
        origin,
        replicates,
        queued_as,
        _measured(history, [number, *replicates]),
        descents_in(number, trial.system_attrs)[::-1],
        sorted(followers, key=lambda each: (-each.step, each.trial)),
    )


def _measured(history: History, numbers: list[int]) -> list[tuple[float, float]] | None:
    """Mean and standard error of the mean over the complete ones, by objective."""
    rows = [n for n in numbers if history.states[n] == TrialState.COMPLETE]
    if len(rows) < 2:
        return None
    values = history.values[rows]
    spread = values.std(axis=0, ddof=1) / len(rows) ** 0.5
    return list(zip(values.mean(axis=0).tolist(), spread.tolist(), strict=True))


def described(distribution: Distribution) -> str:
    """A distribution in a few words."""
    if isinstance(distribution, CategoricalDistribution):
        shown = ", ".join(map(str, distribution.choices[:_MOST_CHOICES]))
        more = len(distribution.choices) - _MOST_CHOICES
        return f"one of {shown}" + (f" and {more} more" if more > 0 else "")
    kind = "" if isinstance(distribution, FloatDistribution) else "whole, "
    step = distribution.step
    every = f", every {step:g}" if step not in (None, 1) else ""
    return f"{kind}{distribution.low:g} to {distribution.high:g}{', log' * distribution.log}{every}"


def _answers(rating: Rating, form: Form | None) -> list[str]:
    """What someone said, in the words of the form's choices where it has some."""
    widgets = form.widgets if form is not None and form.output_type == rating.output_type else ()
    said = []
    for j, answer in enumerate(rating.answers):
        widget = widgets[j] if j < len(widgets) else None
        words = str(answer) if isinstance(answer, str) else written(answer)
        if isinstance(widget, ChoiceWidget) and answer in widget.values:
            words = f"{widget.choices[list(widget.values).index(float(answer))]} ({words})"
        said.append(words)
    return said


def _params(trial: FrozenTrial) -> list[tuple[str, Any]]:
    return list(trial.params.items())


def _objectives(trial: FrozenTrial, study: StudyView) -> list[str]:
    del trial
    m = len(study.directions)
    return ["Value"] if m == 1 else [f"Objective {j}" for j in range(m)]
