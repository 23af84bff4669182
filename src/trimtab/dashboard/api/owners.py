"""Routes that a study and its trials have alike: notes and files belong to either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from trimtab.artifacts.owner import AttributeOwner
from trimtab.dashboard.api import models
from trimtab.dashboard.context import StudyView, get_study


@dataclass(frozen=True, slots=True)
class Owner:
    """A study, or one of its trials.

    Attributes:
        study: The study.
        who: What `trimtab.artifacts` takes for it; a trial knows its study by ``study``.
    """

    study: StudyView
    who: AttributeOwner


def of_study(ref: models.Ref, request: Request) -> Owner:
    """The study that a path names (a FastAPI dependency)."""
    study = get_study(request, ref)
    return Owner(study, study)


def of_trial(
    ref: models.Ref, number: models.Number, study: Annotated[StudyView, Depends(get_study)]
) -> Owner:
    """The trial that a path names (a FastAPI dependency)."""
    return Owner(study, study.storage.trial(study.study_id, number))


OWNERS: Final = (
    ("study", "/studies/{ref}", of_study),
    ("trial", "/studies/{ref}/trials/{number}", of_trial),
)
"""What it is called, the path that names it, and how it is found."""
