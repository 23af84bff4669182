"""Every error Trimtab raises on purpose.

One base class; each error is also the builtin that a caller who knows nothing of Trimtab would
catch. Messages state what was expected, what came, and which argument.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any


class TrimtabError(Exception):
    """Base of every error raised by Trimtab."""

    def __str__(self) -> str:
        # KeyError prints the repr of its argument; a message is wanted here.
        return str(self.args[0]) if len(self.args) == 1 else super().__str__()


class TrialPruned(TrimtabError):
    """Raised by an objective to end its trial as PRUNED; not a failure."""


class InvalidArgument(TrimtabError, ValueError):
    """An argument of the right type has an impossible value."""

    def __init__(self, argument: str, expected: str, got: Any) -> None:
        super().__init__(f"`{argument}`: expected {expected}, got {short_repr(got)}.")
        self.argument = argument
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.argument, self.expected, self.got)


class InvalidType(TrimtabError, TypeError):
    """An argument is of a type that cannot be used."""

    def __init__(self, argument: str, expected: str, got: Any) -> None:
        super().__init__(f"`{argument}`: expected {expected}, got {short_repr(got)}.")
        self.argument = argument
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.argument, self.expected, self.got)


class InvalidFilter(TrimtabError, ValueError):
    """A filter of trials that cannot be read, or that does not fit the study.

    Attributes:
        reason: What is wrong, for people.
        text: The filter.
        position: Index into ``text`` at which the fault begins.
        length: How many characters of it are at fault, at least 1; at the end of the text it may
            reach one beyond.
    """

    def __init__(self, reason: str, text: str, position: int, length: int = 1) -> None:
        place = text[position : position + length]
        beyond = not place.strip()
        where = "at the end" if beyond else f"at character {position + 1}, {short_repr(place, 60)}"
        super().__init__(f"`where`: {reason} ({where})")
        self.reason = reason
        self.text = text
        self.position = position
        self.length = length

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reason, self.text, self.position, self.length)


class IncompatibleDistribution(TrimtabError, ValueError):
    """A parameter came back with a distribution its earlier trials do not allow."""


class UnknownStudy(TrimtabError, KeyError):
    """No study of that name (or id) is in the storage."""


class DuplicateStudy(TrimtabError, ValueError):
    """A study of that name exists already."""


class UnknownTrial(TrimtabError, KeyError, ValueError):
    """The study has no trial of that number."""


class TrialFinished(TrimtabError, RuntimeError, ValueError):
    """The trial has finished and what is stored of it does not change."""


class WrongStatus(TrimtabError, RuntimeError, ValueError):
    """A trial of an experiment is at a point of its life at which this cannot be done."""


class SpaceExhausted(TrimtabError, RuntimeError):
    """Every point of a finite search space has been tried."""


class MissingMetric(TrimtabError, ValueError):
    """A measurement lacks metrics without which a trial is not complete; nothing was stored.

    Attributes:
        missing: Their names.
    """

    def __init__(self, message: str, missing: tuple[str, ...]) -> None:
        super().__init__(message)
        self.missing = missing

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.missing)


class MetricFailed(TrimtabError, RuntimeError):
    """A metric could not be fetched: its `fetch_trial_data` raised, or returned no data."""


class FailureRateExceeded(TrimtabError, RuntimeError):
    """More trials failed than an orchestrator was told to tolerate."""


class TrialUnfinished(TrimtabError, RuntimeError, ValueError):
    """The trial has not finished, so there is no result of it to be amended."""


class StaleAttempt(TrimtabError, RuntimeError):
    """The trial was reclaimed: this answer comes from an attempt that lost its lease."""

    def __init__(self, number: int, attempt: int, current: int) -> None:
        super().__init__(
            f"Trial {number} is at attempt {current}; an answer from attempt {attempt} came too "
            "late and was not stored."
        )
        self.number = number
        self.attempt = attempt
        self.current = current

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.number, self.attempt, self.current)


class StorageError(TrimtabError, RuntimeError):
    """The storage could not do what was asked."""


class StorageBusy(StorageError, TimeoutError):
    """The storage stayed locked by others past the retries; nothing was changed."""


class StorageFull(StorageError, OSError):
    """There is no room to write; what was stored before is intact."""


class StorageUnreadable(StorageError):
    """The database is damaged, or is no database of Trimtab's."""


class StorageVersion(StorageError):
    """The database was written by an older or newer Trimtab; the message names the command."""


class AccessDenied(StorageError, PermissionError):
    """A server wants another token, or does not let its storage be changed."""


class UnsupportedURL(TrimtabError, ValueError):
    """A storage URL whose scheme is unknown or whose driver is not installed."""


class ArtifactNotFound(TrimtabError, FileNotFoundError):
    """No artifact of that id is in the store."""


class ArtifactDamaged(TrimtabError, OSError):
    """An artifact's bytes do not match the checksum taken when it was stored."""


class MissingDependency(TrimtabError, ImportError):
    """A library that an extra of Trimtab brings is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is needed here and is not installed: `pip install trimtab[{extra}]`."
        )
        self.library = library
        self.extra = extra

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.library, self.extra)


class NoVariance(TrimtabError, RuntimeError):
    """What is to be explained is the same in every trial."""


class AttributeConflict(TrimtabError, RuntimeError):
    """An attribute is not what the writer believed it to be; nothing was written.

    Attributes:
        key: Of the first attribute that differs.
    """

    def __init__(self, key: str) -> None:
        super().__init__(
            f"`expected`: the attribute {short_repr(key)} is not as expected: it was changed by "
            "someone else meanwhile."
        )
        self.key = key

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.key,)


class NoteConflict(TrimtabError, RuntimeError):
    """Someone else saved the note meanwhile; what they wrote stays."""

    def __init__(self, expected: int, current: int) -> None:
        super().__init__(
            f"`expected_version`: expected the note's version, {current}, got {expected}: it was "
            "saved by someone else meanwhile."
        )
        self.expected = expected
        self.current = current

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.expected, self.current)


class NoForm(TrimtabError, ValueError):
    """The study asks people nothing."""

    def __init__(self) -> None:
        super().__init__("This study has no form: see `register_objective_form_widgets`.")


class NotRated(TrimtabError, LookupError):
    """There is no rating by this rater that could be corrected or taken back."""


class TrimtabWarning(UserWarning):
    """Base of the warnings Trimtab gives."""


def warn(message: str, category: type[Warning] = TrimtabWarning) -> None:
    """Warn of the line by which the caller's code called Trimtab, however far up that is."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("trimtab."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


class ExperimentalWarning(TrimtabWarning):
    """Kept for scripts that silence it by name; Trimtab has no experimental features."""


def short_repr(value: Any, limit: int = 120) -> str:
    """``repr(value)``, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        text = f"a value of {type(value).__name__} that cannot be shown"
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
