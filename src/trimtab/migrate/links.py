"""Links from notes to artifacts, which name trials by keys that they do not have here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from trimtab.artifacts.meta import PREFIX as ARTIFACT
from trimtab.artifacts.notes import KEY as NOTE
from trimtab.artifacts.notes import Note

_LINK: Final = re.compile(r"(?<!\w)/artifacts/\d+/(?:\d+/)?([0-9a-f][0-9a-f-]{0,63})(?![\w-])")
"""What `get_artifact_path` of Optuna Dashboard returns: two of its keys, and the artifact."""


class Links:
    """Collects the artifacts of a study and the notes that link to any, then rewrites those."""

    def __init__(self) -> None:
        self._owners: dict[str, int | None] = {}
        self._notes: dict[int | None, Note] = {}

    def add(self, number: int | None, system_attrs: Mapping[str, Any]) -> None:
        """Take in the system attributes of a trial, or of the study where there is no number."""
        for key in system_attrs:
            if key.startswith(ARTIFACT):
                self._owners[key.removeprefix(ARTIFACT)] = number
        if NOTE in system_attrs:
            note = Note.from_json(system_attrs[NOTE])
            if _LINK.search(note.body):
                self._notes[number] = note

    def notes(self, study_id: int) -> Iterator[tuple[int | None, Note]]:
        """Those that change, by the trial's number, with links as `get_artifact_path` makes them.

        An artifact is known by its own id, which is unique; links to those of other studies, or to
        none, stay as they are.
        """

        def here(link: re.Match[str]) -> str:
            artifact = link[1]
            if artifact not in self._owners:
                return link[0]
            number = self._owners[artifact]
            trial = "" if number is None else f"/{number}"
            return f"/artifacts/{study_id}{trial}/{artifact}"

        for number, note in self._notes.items():
            body = _LINK.sub(here, note.body)
            if body != note.body:
                yield number, replace(note, body=body)
