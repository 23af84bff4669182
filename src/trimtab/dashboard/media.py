"""What the dashboard makes of a file: which types a browser may show, and how a page shows one.

What an uploader says a file is decides nothing but which of these types it gets: a type that is
not listed is sent as bytes to be saved, so that no file can become a page of the dashboard's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from trimtab.artifacts import ArtifactMeta
from trimtab.artifacts.meta import PREFIX
from trimtab.errors import TrimtabError

INLINE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"], "image"
    ),
    **dict.fromkeys(
        ["audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "audio/flac", "audio/x-flac"],
        "audio",
    ),
    **dict.fromkeys(["audio/mp4", "audio/aac", "audio/webm"], "audio"),
    **dict.fromkeys(["video/mp4", "video/webm", "video/ogg"], "video"),
}
"""Types that are shown in a page, and what they are."""

_TABLES: Final = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_MODELS: Final = {".stl", ".obj", ".glb"}
_TEXTS: Final = frozenset(
    ".txt .md .log .out .err .yaml .yml .toml .ini .cfg .py .sh .xml .html .css .js .tex".split()
)


@dataclass(frozen=True, slots=True)
class FileView:
    """An artifact as pages show it.

    Attributes:
        meta: What is known of it.
        owner: The number of its trial as text, or ``"study"``.
        path: Its address, below the place where the dashboard is mounted.
        kind: ``image``, ``audio``, ``video``, ``model``, ``json``, ``csv``, ``jsonl``, ``text`` or
            ``other``.
    """

    meta: ArtifactMeta
    owner: str
    path: str
    kind: str

    @property
    def has_preview(self) -> bool:
        """Whether the server makes a preview of it."""
        return self.kind in ("json", "csv", "jsonl", "text")

    @property
    def suffix(self) -> str:
        """Of its name, in lower case, without the dot."""
        return PurePath(self.meta.filename).suffix.lower().lstrip(".")


def media_type(meta: ArtifactMeta) -> str | None:
    """The type of a file that a page may show; None for one that is to be saved."""
    kind = _bare(meta.mimetype)
    return kind if kind in INLINE and meta.encoding is None else None


def _bare(mimetype: str) -> str:
    """A MIME type without its parameters."""
    return mimetype.partition(";")[0].strip().lower()


def kind_of(meta: ArtifactMeta) -> str:
    """How a page shows a file; see `FileView`."""
    shown = media_type(meta)
    if shown is not None:
        return INLINE[shown]
    suffix = PurePath(meta.filename).suffix.lower()
    mimetype = _bare(meta.mimetype)
    if meta.encoding is not None:
        return "other"
    if suffix in _MODELS:
        return "model"
    if suffix == ".json" or mimetype == "application/json":
        return "json"
    if suffix in _TABLES:
        return _TABLES[suffix]
    is_text = suffix in _TEXTS or mimetype.startswith("text/")
    return "text" if is_text else "other"


def files_in(attrs: Mapping[str, Any], ref: str, number: int | None) -> list[FileView]:
    """The files that some system attributes tell of, oldest first; what is none is passed over.

    Args:
        attrs: Of a trial or a study.
        ref: How addresses name the study.
        number: The trial, or None for the study.
    """
    owner = "study" if number is None else str(number)
    found = []
    for key, data in attrs.items():
        if not key.startswith(PREFIX) or data is None:
            continue
        try:
            meta = ArtifactMeta.from_json(data)
        except TrimtabError:
            continue
        path = f"/artifacts/{ref}/{owner}/{meta.artifact_id}"
        found.append(FileView(meta, owner, path, kind_of(meta)))
    return sorted(found, key=lambda file: file.meta.created or 0)


def has_image(attrs: Mapping[str, Any]) -> bool:
    """Whether a trial has a picture; for a look at every trial of a study, so nothing is built."""
    return any(
        key.startswith(PREFIX)
        and isinstance(data, Mapping)
        and INLINE.get(_bare(str(data.get("mimetype")))) == "image"
        and data.get("encoding") is None
        for key, data in attrs.items()
    )


def first_image(attrs: Mapping[str, Any], ref: str, number: int) -> FileView | None:
    """The first picture of a trial, if it has one."""
    files = files_in(attrs, ref, number) if attrs else []
    return next((file for file in files if file.kind == "image"), None)
