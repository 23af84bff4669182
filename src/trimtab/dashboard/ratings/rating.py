"""A rating, and where it is kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trimtab.dashboard.ratings.answers import Answer
from trimtab.dashboard.widgets import OutputType
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import check_name

PREFIX: Final = "ratings:"
"""System attributes of a trial of this prefix, followed by the rater, hold a `Rating`."""

MAX_NAME: Final = 80
"""Characters a rater's name may have."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person said of one trial.

    Attributes:
        rater: Who.
        answers: One per widget of the form: numbers where objectives were asked for, numbers and
            texts otherwise. Of an `ObjectiveUserAttrRef` what the attribute was.
        when: Microseconds since the epoch, UTC.
        output_type: What the form asked for.
    """

    rater: str
    answers: tuple[Answer, ...]
    when: int
    output_type: OutputType = "objective"

    @property
    def key(self) -> str:
        """The system attribute that holds it."""
        return PREFIX + self.rater

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `ratings_in` reads."""
        return {"answers": list(self.answers), "when": self.when, "output_type": self.output_type}


def ratings_in(attrs: Mapping[str, Any]) -> list[Rating]:
    """The ratings among a trial's system attributes, oldest first; what is none is passed over."""
    found = [
        rating
        for key in attrs
        if key.startswith(PREFIX) and (rating := rating_by(key.removeprefix(PREFIX), attrs))
    ]
    return sorted(found, key=lambda rating: (rating.when, rating.rater))


def rating_by(rater: str, attrs: Mapping[str, Any]) -> Rating | None:
    """What one rater said, among a trial's system attributes."""
    data = attrs.get(PREFIX + rater)
    if data is None:
        return None
    try:
        answers = tuple(data["answers"])
        return Rating(rater, answers, int(data["when"]), data["output_type"])
    except (KeyError, TypeError, ValueError):
        return None  # written by someone else; it must not hide the other ratings


def check_rater(rater: Any) -> str:
    """A rater's name without spaces around it.

    Raises:
        InvalidType: If it is no string.
        InvalidArgument: If it has not 1 to 80 characters, or control characters.
    """
    if not isinstance(rater, str):
        raise InvalidType("rater", "a string", rater)
    name = unicodedata.normalize("NFC", rater.strip())
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidArgument("rater", f"a name of 1 to {MAX_NAME} characters", rater)
    return check_name("rater", name)
