"""What is known of an artifact besides its bytes."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from trimtab.artifacts.ids import check_artifact_id
from trimtab.errors import InvalidArgument, InvalidType

PREFIX: Final = "artifacts:"
"""System attributes of this prefix, followed by the id, hold what `ArtifactMeta.to_json` wrote."""

DEFAULT_MIMETYPE: Final = "application/octet-stream"
_MAX_LABEL = 255


@dataclass(frozen=True, slots=True)
class ArtifactMeta:
    """One artifact of a study or trial.

    Attributes:
        artifact_id: Names its bytes in the store.
        filename: What the uploader called it: a label to show, never part of a path.
        mimetype: A MIME type, as the uploader said or as guessed from the label.
        encoding: A value for Content-Encoding, such as ``"gzip"``, or None.
        size: Bytes; None for artifacts that Optuna uploaded.
        sha256: Of the content, in hexadecimal; None likewise.
        created: Microseconds since the epoch, UTC; None likewise.

    Raises:
        InvalidType: If a text is no string.
        InvalidArgument: If the id may not be one, or a text has characters that a header or a
            label may not have.
    """

    artifact_id: str
    filename: str
    mimetype: str = DEFAULT_MIMETYPE
    encoding: str | None = None
    size: int | None = None
    sha256: str | None = None
    created: int | None = None

    def __post_init__(self) -> None:
        check_artifact_id(self.artifact_id)
        _check_token("mimetype", self.mimetype)
        if self.encoding is not None:
            _check_token("encoding", self.encoding)
        if not isinstance(self.filename, str):
            raise InvalidType("filename", "a string", self.filename)

    @property
    def key(self) -> str:
        """The system attribute that holds it."""
        return PREFIX + self.artifact_id

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ArtifactMeta:
        """What `to_json` or Optuna wrote; fields of later versions are passed over.

        Raises:
            InvalidArgument: If it describes no artifact.
        """
        known = {field.name for field in fields(cls)}
        try:
            return cls(**{name: value for name, value in data.items() if name in known})
        except (TypeError, AttributeError) as error:
            raise InvalidArgument("artifact", "a description of an artifact", data) from error


def described(
    artifact_id: str,
    filename: str,
    mimetype: str | None,
    encoding: str | None,
    **more: Any,
) -> ArtifactMeta:
    """A description in which what was not said is guessed from the file's name."""
    label = _label(filename)
    guessed_type, guessed_encoding = mimetypes.guess_type(label)
    return ArtifactMeta(
        artifact_id,
        label,
        mimetype or guessed_type or DEFAULT_MIMETYPE,
        encoding or guessed_encoding,
        **more,
    )


def artifacts_in(attrs: Mapping[str, Any]) -> list[ArtifactMeta]:
    """The artifacts that some system attributes tell of, in the order in which they came."""
    return [
        ArtifactMeta.from_json(value)
        for key, value in attrs.items()
        if key.startswith(PREFIX) and value is not None
    ]


def _label(filename: str) -> str:
    """``filename`` with nothing that cannot be stored as text or shown on one line."""
    text = filename.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "?" for c in text)[:_MAX_LABEL]


def _check_token(argument: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidType(argument, "a string", value)
    if not (value.isascii() and value.isprintable() and 0 < len(value) <= _MAX_LABEL):
        raise InvalidArgument(argument, f"1 to {_MAX_LABEL} printable ASCII characters", value)
