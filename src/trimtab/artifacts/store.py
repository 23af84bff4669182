"""Where the bytes of artifacts are kept: the contract of a store, and a folder."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO, Protocol

from trimtab.artifacts.files import new_file
from trimtab.artifacts.ids import CHUNK, check_artifact_id
from trimtab.errors import ArtifactNotFound


class ArtifactStore(Protocol):
    """What `upload_artifact` needs of a store; Optuna's stores have the same methods.

    An artifact is written once, by an id that the store does not choose, and does not change.
    """

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """The content, to be read from its start.

        Raises:
            ArtifactNotFound: If there is none of that id.
        """
        ...

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep the content, all or nothing, in place of what the id named before.

        ``content_body`` is seekable and at its start. It may raise when it is read; nothing may
        be kept then.

        Raises:
            StorageFull: If there is no room.
        """
        ...

    def remove(self, artifact_id: str) -> None:
        """Forget the content.

        Raises:
            ArtifactNotFound: If there is none of that id.
        """
        ...


class FileSystemArtifactStore:
    """A folder with one file per artifact, named by its id; Optuna's layout.

    Args:
        base_path: The folder; made when the first artifact comes.
    """

    def __init__(self, base_path: str | os.PathLike[str]) -> None:
        self._folder = Path(base_path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({os.fspath(self._folder)!r})"

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """See `ArtifactStore`; links, pipes and folders in an artifact's place are not opened."""
        path = self._path(artifact_id)
        try:
            # Without O_NONBLOCK, opening a pipe would wait for someone to write to it.
            descriptor = os.open(path, os.O_RDONLY | _NOFOLLOW | _NONBLOCK | _BINARY)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            raise self._not_found(artifact_id) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise self._not_found(artifact_id)
        return os.fdopen(descriptor, "rb")

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """See `ArtifactStore`; durable when it returns."""
        path = self._path(artifact_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        with new_file(path) as file:
            shutil.copyfileobj(content_body, file, CHUNK)

    def remove(self, artifact_id: str) -> None:
        """See `ArtifactStore`."""
        try:
            self._path(artifact_id).unlink()
        except FileNotFoundError as error:
            raise self._not_found(artifact_id) from error

    def _path(self, artifact_id: str) -> Path:
        return self._folder / check_artifact_id(artifact_id)

    def _not_found(self, artifact_id: str) -> ArtifactNotFound:
        return ArtifactNotFound(f"No artifact {artifact_id} in {self._folder}.")


# Windows has the last of these three and not the others.
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)
_BINARY: int = getattr(os, "O_BINARY", 0)
