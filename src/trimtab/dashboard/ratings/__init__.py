"""What people say of trials, and what becomes of a trial by it.

A rating is a system attribute of its trial, one per rater, so that raters at once overwrite nothing
of each other. What the ratings of a trial come to is told by `settle`: it reads the trial, and
finishes, corrects or reopens it until what is stored is what the ratings say. Everyone who changes
a rating settles the trial afterwards; whoever comes last sees all ratings.
"""

from __future__ import annotations

from trimtab.dashboard.ratings.answers import Answer, check_answers
from trimtab.dashboard.ratings.change import (
    ENDED,
    correct,
    ended_by_ratings,
    load_form_of,
    pooled,
    rate,
    settle,
    settle_all,
    undo,
)
from trimtab.dashboard.ratings.rating import (
    MAX_NAME,
    PREFIX,
    Rating,
    check_rater,
    rating_by,
    ratings_in,
)
from trimtab.dashboard.ratings.waiting import n_waiting, queue, rated_by

__all__ = [
    "ENDED",
    "MAX_NAME",
    "PREFIX",
    "Answer",
    "Rating",
    "check_answers",
    "check_rater",
    "correct",
    "ended_by_ratings",
    "load_form_of",
    "n_waiting",
    "pooled",
    "queue",
    "rate",
    "rated_by",
    "rating_by",
    "ratings_in",
    "settle",
    "settle_all",
    "undo",
]
