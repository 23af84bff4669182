"""Artifact ids, which vouch for what they name.

An id is a UUID of version 8 (RFC 9562, section 5.8): its first 60 free bits begin the SHA-256 of
the content, its last 62 are random. Two uploads of one file are two artifacts, and every copy of
an artifact can be checked with nothing but its name. Ids of other makes (Optuna's are of version
4) are accepted; they vouch for nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
import secrets
from typing import Any, BinaryIO

from trimtab.errors import ArtifactDamaged, InvalidArgument, InvalidType

CHUNK = 1 << 20
"""Bytes read at a time: an artifact may be larger than memory."""

_ANY_ID = re.compile(r"[0-9a-f][0-9a-f-]{0,63}")
_CHECKED_ID = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


def new_artifact_id(sha256: str) -> str:
    """An id for content with this SHA-256, in hexadecimal."""
    salt = secrets.token_hex(8)
    variant = "89ab"[secrets.randbelow(4)]
    return f"{sha256[:8]}-{sha256[8:12]}-8{sha256[12:15]}-{variant}{salt[:3]}-{salt[3:15]}"


def check_artifact_id(artifact_id: Any) -> str:
    """``artifact_id`` if it may be one: lower-case hexadecimal and hyphens, so never a path.

    Raises:
        InvalidType: If it is not a string.
        InvalidArgument: If it is anything but 1 to 64 such characters.
    """
    if not isinstance(artifact_id, str):
        raise InvalidType("artifact_id", "a string", artifact_id)
    if not _ANY_ID.fullmatch(artifact_id):
        raise InvalidArgument("artifact_id", "an id that `upload_artifact` returned", artifact_id)
    return artifact_id


class _CheckedBytes(io.RawIOBase):
    """Passes bytes on and refuses the end of them where they are not what the id says."""

    def __init__(self, body: BinaryIO, artifact_id: str, owned: bool) -> None:
        match = _CHECKED_ID.fullmatch(artifact_id)
        self._expected = "".join(match.groups()) if match else None
        self._id = artifact_id
        self._body = body
        self._owned = owned
        self._sum = hashlib.sha256()
        self._from_start = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._body.seekable()

    def tell(self) -> int:
        return self._body.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = self._body.seek(offset, whence)
        self._sum = hashlib.sha256()
        self._from_start = position == 0
        return position

    def readinto(self, buffer: Any) -> int:
        chunk = self._body.read(len(buffer))
        size = len(chunk)
        buffer[:size] = chunk
        self._sum.update(chunk)
        if not size and len(buffer):
            self.verify()
        return size

    def verify(self) -> None:
        """Raise `ArtifactDamaged` if what was read from the start on is not what the id says."""
        if self._expected is None or not self._from_start:
            return
        if not self._sum.hexdigest().startswith(self._expected):
            raise ArtifactDamaged(
                f"Artifact {self._id}: its bytes do not match the checksum in its id."
            )

    def close(self) -> None:
        if self._owned and not self.closed:
            self._body.close()
        super().close()


class CheckedReader(io.BufferedReader):
    """Reads an artifact's content and checks it on the way.

    Args:
        body: The content, at its start.
        artifact_id: What the content is to match.
        owned: Whether ``body`` is closed with this reader.

    Reading past the last byte raises `ArtifactDamaged` where the content does not match. Content
    that is read in pieces out of order is not checked.
    """

    def __init__(self, body: BinaryIO, artifact_id: str, *, owned: bool = True) -> None:
        self._bytes = _CheckedBytes(body, artifact_id, owned)
        super().__init__(self._bytes, CHUNK)

    def verify(self) -> None:
        """Raise `ArtifactDamaged` if all that was read so far is not the artifact."""
        self._bytes.verify()
