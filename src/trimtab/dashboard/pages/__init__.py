"""The pages: one file each. A page of a study is a tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter

from trimtab.dashboard.context import StudyView
from trimtab.dashboard.pages import (
    analytics,
    artifacts,
    compare,
    events,
    figures,
    files,
    gallery,
    note,
    overview,
    preferences,
    rate,
    studies,
    trial,
    trials,
)
from trimtab.preferential.attributes import IS_PREFERENTIAL

ROUTERS: Final[tuple[APIRouter, ...]] = (
    studies.router,
    overview.router,
    compare.router,
    preferences.router,
    analytics.router,
    figures.router,
    events.router,
    trials.router,
    trial.router,
    rate.router,
    gallery.router,
    files.router,
    artifacts.router,
    note.router,
)


def _always(study: StudyView) -> bool:
    del study
    return True


def _is_preferential(study: StudyView) -> bool:
    return bool(study.record.system_attrs.get(IS_PREFERENTIAL))


def _has_values(study: StudyView) -> bool:
    return not _is_preferential(study)


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a study.

    Attributes:
        slug: Its address below the study's; empty for the first.
        label: What is read.
        fits: Whether a study has it.
        badge: What stands beside the label, or None for a page without one; asked for anew at
            the address ``badge`` below the page's.
    """

    slug: str
    label: str
    fits: Callable[[StudyView], bool] = _always
    badge: Callable[[StudyView], str] | None = None


TABS: Final = (
    Tab("", "Overview"),
    Tab("trials", "Trials"),
    Tab("analytics", "Analytics", _has_values),
    Tab("rate", "Rate", rate.has_form, rate.badge_text),
    Tab("gallery", "Gallery"),
    Tab("preferences", "Preferences", _is_preferential),
    Tab("note", "Note"),
    Tab("files", "Files"),
)


def tabs_of(study: StudyView) -> list[Tab]:
    """The tabs of one study."""
    return [tab for tab in TABS if tab.fits(study)]
