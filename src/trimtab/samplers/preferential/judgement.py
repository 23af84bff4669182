"""What a person said about a few trials, and where it is kept.

A judgement is one system attribute of one trial (the first that lost), under a key of its own: two
people who judge at once write to different keys, and a sampler finds all of them in the history.
Taking a judgement back marks it and removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import History

KEY: Final = "preference:judgement:"
"""What the keys of judgements begin with; the judgement's id follows."""

Mode: TypeAlias = Literal["worst", "best", "skip"]

MODES: Final[tuple[str, ...]] = get_args(Mode)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One choice among a few trials.

    Attributes:
        id: Unique in its study.
        time: When it was made: microseconds since the epoch, UTC.
        rater: Who made it; empty where nobody said.
        mode: ``"worst"``: all others beat the one clicked. ``"best"``: it beats all others.
            ``"skip"``: the one clicked (none: all of them) is set aside, and nobody beat anybody.
        candidates: Numbers of the trials shown, at least two (one, to skip it), no two alike.
        clicked: One of them; None for a skip of all.
        undone: Whether it was taken back.

    Raises:
        InvalidArgument: If mode, candidates and click do not go together.
        InvalidType: If a trial is no integer or the rater no string.
    """

    id: str
    time: int
    rater: str
    mode: Mode
    candidates: tuple[int, ...]
    clicked: int | None
    undone: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InvalidArgument("mode", f"one of {MODES}", self.mode)
        if not isinstance(self.rater, str):
            raise InvalidType("rater", "a string", self.rater)
        for number in self.candidates:
            if isinstance(number, bool) or not isinstance(number, int):
                raise InvalidType("candidates", "numbers of trials", number)
        if len(set(self.candidates)) < len(self.candidates):
            raise InvalidArgument("candidates", "each trial once", self.candidates)
        if len(self.candidates) < (1 if self.mode == "skip" else 2):
            raise InvalidArgument("candidates", "at least two trials to compare", self.candidates)
        if self.clicked not in self.candidates and (self.clicked, self.mode) != (None, "skip"):
            raise InvalidArgument("clicked", f"one of {self.candidates}", self.clicked)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Who beat whom: (better, worse) numbers; those of a judgement taken back, too."""
        others = [number for number in self.candidates if number != self.clicked]
        if self.mode == "skip" or self.clicked is None:
            return ()
        if self.mode == "worst":
            return tuple((other, self.clicked) for other in others)
        return tuple((self.clicked, other) for other in others)

    @property
    def retired(self) -> tuple[int, ...]:
        """The trials that need not be shown any more: those that lost or were skipped."""
        if self.mode != "skip":
            return tuple(dict.fromkeys(worse for _, worse in self.pairs))
        return self.candidates if self.clicked is None else (self.clicked,)

    @property
    def home(self) -> int:
        """The trial that keeps it: one that is retired, so that no trial gathers many."""
        return self.retired[0]

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `judgement_from_json` reads."""
        return {
            "time": self.time,
            "rater": self.rater,
            "mode": self.mode,
            "candidates": list(self.candidates),
            "clicked": self.clicked,
            "undone": self.undone,
        }


def judgement_from_json(id: str, content: Any) -> Judgement:
    """What `Judgement.to_json` wrote.

    Raises:
        InvalidArgument: If it did not write this.
    """
    try:
        return Judgement(
            id,
            int(content["time"]),
            content["rater"],
            content["mode"],
            tuple(content["candidates"]),
            content["clicked"],
            bool(content["undone"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidArgument("judgement", "a judgement as it was stored", content) from error


def read_judgements(history: History) -> list[Judgement]:
    """All judgements of a study, also those taken back, in the order in which they were made.

    What is no judgement is passed over, as is one on trials that the study does not have.
    """
    found = []
    n = len(history)
    for number in range(n):
        for key, content in history.system_attrs(number).items():
            if key.startswith(KEY) and isinstance(content, Mapping):
                try:
                    judgement = judgement_from_json(key[len(KEY) :], content)
                except InvalidArgument:
                    continue
                if all(0 <= candidate < n for candidate in judgement.candidates):
                    found.append(judgement)
    return sorted(found, key=lambda judgement: (judgement.time, judgement.id))


def standing(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Those that were not taken back."""
    return [judgement for judgement in judgements if not judgement.undone]


def beaten_pairs(judgements: Sequence[Judgement]) -> list[tuple[int, int]]:
    """(better, worse) of all judgements that stand, in their order."""
    return [pair for judgement in standing(judgements) for pair in judgement.pairs]
