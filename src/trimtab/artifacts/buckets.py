"""Artifacts in a bucket, through the vendor's own client, for scripts written for Optuna."""

from __future__ import annotations

from importlib import import_module
from typing import Any, BinaryIO, cast

from trimtab.artifacts.ids import check_artifact_id
from trimtab.errors import ArtifactNotFound

_MISSING = 404
_CHUNK = 8 << 20


class Boto3ArtifactStore:
    """A bucket of S3, or of what speaks its protocol, through boto3.

    `FsspecArtifactStore` does the same from a URL; this one takes a client made elsewhere.

    Args:
        bucket_name: The bucket, which exists.
        client: A boto3 S3 client; None: one made from the environment.
        avoid_buf_copy: Optuna copies an artifact into memory unless this is set. Here it is
            never copied, whether set or not.
    """

    def __init__(
        self, bucket_name: str, client: Any = None, *, avoid_buf_copy: bool = False
    ) -> None:
        del avoid_buf_copy
        if client is None:
            client = import_module("boto3").client("s3")
        self.bucket = bucket_name
        self.client = client

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """See `ArtifactStore`."""
        return cast("BinaryIO", self._call("get_object", artifact_id)["Body"])

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """See `ArtifactStore`; the object appears when all of it is there."""
        self.client.upload_fileobj(content_body, self.bucket, check_artifact_id(artifact_id))

    def remove(self, artifact_id: str) -> None:
        """See `ArtifactStore`."""
        self._call("head_object", artifact_id)  # deleting what is not there is no error to S3
        self._call("delete_object", artifact_id)

    def _call(self, method: str, artifact_id: str) -> Any:
        key = check_artifact_id(artifact_id)
        try:
            return getattr(self.client, method)(Bucket=self.bucket, Key=key)
        except self.client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == _MISSING:
                raise _not_found(artifact_id, self.bucket) from error
            raise


class GCSArtifactStore:
    """A bucket of Google Cloud Storage, through google-cloud-storage.

    `FsspecArtifactStore` does the same from a URL; this one takes a client made elsewhere.

    Args:
        bucket_name: The bucket, which exists.
        client: A ``google.cloud.storage.Client``; None: one made from the environment.
    """

    def __init__(self, bucket_name: str, client: Any = None) -> None:
        if client is None:
            client = import_module("google.cloud.storage").Client()
        self.bucket_name = bucket_name
        self.client = client

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """See `ArtifactStore`; the content is fetched in blocks as it is read."""
        return cast("BinaryIO", self._existing(artifact_id).open("rb"))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """See `ArtifactStore`; the object appears when all of it is there."""
        blob = self._blob(artifact_id)
        blob.chunk_size = _CHUNK  # the client would hold 100 MB at a time
        blob.upload_from_file(content_body)

    def remove(self, artifact_id: str) -> None:
        """See `ArtifactStore`."""
        self._existing(artifact_id).delete()

    def _blob(self, artifact_id: str) -> Any:
        return self.client.bucket(self.bucket_name).blob(check_artifact_id(artifact_id))

    def _existing(self, artifact_id: str) -> Any:
        blob = self._blob(artifact_id)
        if not blob.exists():
            raise _not_found(artifact_id, self.bucket_name)
        return blob


def _not_found(artifact_id: str, bucket: str) -> ArtifactNotFound:
    return ArtifactNotFound(f"No artifact {artifact_id} in bucket {bucket}.")
