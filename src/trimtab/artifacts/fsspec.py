"""Artifacts wherever fsspec reaches: S3, Google Cloud Storage, Azure, SFTP, memory, ..."""

from __future__ import annotations

import shutil
from typing import Any, BinaryIO, cast

from trimtab.artifacts.ids import CHUNK, check_artifact_id
from trimtab.errors import ArtifactNotFound, InvalidArgument


class FsspecArtifactStore:
    """A folder or bucket that fsspec opens, with one file per artifact, named by its id.

    Args:
        url: Such as ``"s3://bucket/folder"``, ``"gs://bucket"`` or ``"sftp://host/folder"``.
            Each scheme needs its own package: ``s3fs``, ``gcsfs``, ...
        **storage_options: For that package, such as ``key``, ``secret`` and ``endpoint_url``.

    Raises:
        InvalidArgument: If no installed package knows the scheme.
    """

    def __init__(self, url: str, **storage_options: Any) -> None:
        from fsspec.core import url_to_fs

        try:
            self._files, self._root = url_to_fs(url, **storage_options)
        except (ImportError, ValueError) as error:
            raise InvalidArgument("url", f"a URL that fsspec can open ({error})", url) from error
        self._url = url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """See `ArtifactStore`; the content is fetched in blocks as it is read."""
        try:
            return cast("BinaryIO", self._files.open(self._path(artifact_id), "rb"))
        except FileNotFoundError as error:
            raise self._not_found(artifact_id) from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """See `ArtifactStore`; the file appears when all of it is there."""
        path = self._path(artifact_id)
        self._files.makedirs(self._root, exist_ok=True)
        # With autocommit off, closing the file ends the transfer and only `commit` names it.
        file = self._files.open(path, "wb", autocommit=False)
        try:
            shutil.copyfileobj(content_body, file, CHUNK)
            file.close()
        except BaseException:
            file.discard()
            # Some file systems (memory is one) know no autocommit and have named it already.
            if self._files.exists(path):
                self._files.rm_file(path)
            raise
        file.commit()

    def remove(self, artifact_id: str) -> None:
        """See `ArtifactStore`."""
        path = self._path(artifact_id)
        # Object stores delete what is not there without a word.
        if not self._files.exists(path):
            raise self._not_found(artifact_id)
        self._files.rm_file(path)

    def _path(self, artifact_id: str) -> str:
        return f"{self._root.rstrip('/')}/{check_artifact_id(artifact_id)}"

    def _not_found(self, artifact_id: str) -> ArtifactNotFound:
        return ArtifactNotFound(f"No artifact {artifact_id} in {self._url}.")
