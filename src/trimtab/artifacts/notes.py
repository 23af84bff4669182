"""Markdown that people and scripts write about a study or a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trimtab.artifacts.owner import (
    AttributeOwner,
    StudyHandle,
    SystemAttributes,
    read_attributes,
)
from trimtab.errors import AttributeConflict, InvalidArgument, InvalidType, NoteConflict

if TYPE_CHECKING:
    from trimtab.storage import Storage

KEY: Final = "note"
"""The system attribute that holds what `Note.to_json` wrote."""

MAX_NOTE: Final = 1_000_000
"""Characters a note may have."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read.

    Attributes:
        body: Markdown; empty where there is none.
        version: How often it was saved.

    Raises:
        InvalidType: If the body is no string.
        InvalidArgument: If it is longer than a million characters, or has NUL characters or lone
            surrogates, which not every database can keep.
    """

    body: str = ""
    version: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.body, str):
            raise InvalidType("body", "a string", self.body)
        if len(self.body) > MAX_NOTE:
            raise InvalidArgument("body", f"at most {MAX_NOTE} characters", self.body)
        if "\0" in self.body or any("\ud800" <= c <= "\udfff" for c in self.body):
            raise InvalidArgument("body", "no NUL characters nor lone surrogates", self.body)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return {"body": self.body, "version": self.version}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Note:
        """What `to_json` wrote."""
        return cls(data["body"], data["version"])


def save_note(
    study_or_trial: AttributeOwner,
    body: str,
    *,
    expected_version: int | None = None,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
) -> int:
    """Write the note of a study or trial in place of the one before.

    A finished trial's note can be written too.

    Args:
        study_or_trial: Whose it is.
        body: Markdown, at most a million characters; empty to clear it.
        expected_version: Save only if the note is still at this version (see `load_note`), so
            that what someone else wrote meanwhile is not lost, whatever process or server it
            came through. None: save in any case.
        storage: For a `FrozenTrial`; see `upload_artifact`.
        study: Likewise.

    Returns:
        The version it has now.

    Raises:
        NoteConflict: If it is at another version; nothing changes.
        InvalidArgument: If the body is too long, or has characters that cannot be kept.
        InvalidType: If it is no string.
    """
    Note(body)
    attributes = SystemAttributes.of(study_or_trial, storage=storage, study=study)
    while True:
        found = attributes.read().get(KEY)
        current = _note_of(found)
        if expected_version is not None and expected_version != current.version:
            raise NoteConflict(expected_version, current.version)
        saved = Note(body, current.version + 1)
        try:
            attributes.write({KEY: saved.to_json()}, expected={KEY: found})
        except AttributeConflict:
            # Someone saved it since we looked; or we did, and the answer of a server was lost.
            if attributes.read().get(KEY) != saved.to_json():
                continue
        return saved.version


def get_note(
    study_or_trial: AttributeOwner,
    *,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
) -> str:
    """The Markdown of a study or trial; empty where there is none. See `load_note`."""
    return load_note(study_or_trial, storage=storage, study=study).body


def load_note(
    study_or_trial: AttributeOwner,
    *,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
) -> Note:
    """The note of a study or trial, with its version.

    Args:
        study_or_trial: Whose. A `FrozenTrial` alone tells what it had when it was read.
        storage: For a `FrozenTrial`, to read anew; see `upload_artifact`.
        study: Likewise.
    """
    return _note_of(read_attributes(study_or_trial, storage=storage, study=study).get(KEY))


def _note_of(data: Mapping[str, Any] | None) -> Note:
    return Note() if data is None else Note.from_json(data)
