"""What is rated next, and what was rated last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from trimtab.artifacts.meta import PREFIX as ARTIFACT
from trimtab.artifacts.notes import KEY as NOTE
from trimtab.dashboard.ratings.rating import PREFIX, rating_by, ratings_in
from trimtab.dashboard.widgets import Form
from trimtab.records import History


def queue(history: History, form: Form, rater: str, skipped: Collection[int] = ()) -> list[int]:
    """Numbers of the trials that wait for a rater, the oldest first.

    Those of which nothing is shown yet (no file, no note) come after the others: a script that was
    killed before it showed its trial holds nobody up.

    Args:
        history: The study's; hold its storage's lock.
        form: The study's.
        rater: Who asks.
        skipped: Numbers of trials that the rater would rather see last.
    """
    waiting = [
        number
        for number in open_numbers(history)
        if not _is_enough(form, history.system_attrs(number), rater)
    ]
    return sorted(
        waiting,
        key=lambda number: (
            number in skipped,
            not _is_shown(history.system_attrs(number)),
            number,
        ),
    )


def n_waiting(history: History, form: Form) -> int:
    """How many trials wait for some rater; hold the storage's lock."""
    return sum(
        not _is_enough(form, history.system_attrs(number), None) for number in open_numbers(history)
    )


def rated_by(history: History, rater: str) -> list[int]:
    """Numbers of the trials that a rater rated, the latest rating first; hold the lock."""
    key = PREFIX + rater
    when = {}
    for number in range(len(history)):
        data = history.system_attrs(number).get(key)
        if data is not None and rating_by(rater, {key: data}) is not None:
            when[number] = int(data["when"])
    return sorted(when, key=lambda number: (when[number], number), reverse=True)


def open_numbers(history: History) -> list[int]:
    """Numbers of the trials that may still be rated, ascending; hold the storage's lock."""
    archived = history.archived
    return sorted(n for n in (*history.running, *history.paused) if not archived[n])


def _is_enough(form: Form, attrs: Mapping[str, Any], rater: str | None) -> bool:
    """Whether nothing more is asked about a trial: of this rater, or (None) of anybody."""
    ratings = [r for r in ratings_in(attrs) if r.output_type == form.output_type]
    if any(rating.rater == rater for rating in ratings):
        return True
    if form.output_type == "user_attr":
        return rater is None and bool(ratings)
    return len(ratings) >= form.n_ratings


def _is_shown(attrs: Mapping[str, Any]) -> bool:
    """Whether a trial has something to look at."""
    return any(key == NOTE or key.startswith(ARTIFACT) for key in attrs)
