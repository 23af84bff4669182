"""Every artifact store, held to `ArtifactStoreContract`; S3 and GCS over HTTP."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trimtab.artifacts import (
    ArtifactStore,
    Backoff,
    Boto3ArtifactStore,
    FileSystemArtifactStore,
    FsspecArtifactStore,
    GCSArtifactStore,
)
from trimtab.testing.artifact_stores import ArtifactStoreContract

CREDENTIALS = {
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
    "region_name": "us-east-1",
}


class TestFileSystem(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "not" / "there yet"

    def make(self) -> ArtifactStore:
        return FileSystemArtifactStore(self.folder)


class TestFsspecFile(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.url = f"file://{tmp_path / 'artifacts'}"

    def make(self) -> ArtifactStore:
        return FsspecArtifactStore(self.url)


class TestFsspecMemory(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self) -> None:
        self.url = f"memory://{uuid.uuid4().hex}"

    def make(self) -> ArtifactStore:
        return FsspecArtifactStore(self.url)


class TestBackoff(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self) -> ArtifactStore:
        return Backoff(FileSystemArtifactStore(self.folder), max_retries=2, sleep=lambda _: None)


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class _OnS3(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, s3_endpoint: str) -> Iterator[None]:
        boto3: Any = pytest.importorskip("boto3")
        self.endpoint = s3_endpoint
        self.bucket = f"bucket-{uuid.uuid4().hex}"
        self.client = boto3.client("s3", endpoint_url=s3_endpoint, **CREDENTIALS)
        self.client.create_bucket(Bucket=self.bucket)
        yield
        self.client.close()


class TestBoto3(_OnS3):
    def make(self) -> ArtifactStore:
        return Boto3ArtifactStore(self.bucket, self.client)


class TestFsspecS3(_OnS3):
    def make(self) -> ArtifactStore:
        pytest.importorskip("s3fs")
        return FsspecArtifactStore(
            f"s3://{self.bucket}/folder",
            key=CREDENTIALS["aws_access_key_id"],
            secret=CREDENTIALS["aws_secret_access_key"],
            endpoint_url=self.endpoint,
        )


@pytest.fixture(scope="module")
def gcs_client() -> Iterator[Any]:
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    storage = pytest.importorskip("google.cloud.storage")
    credentials = pytest.importorskip("google.auth.credentials")
    server = emulator.create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    port = server._api._httpd.server_address[1]
    client = storage.Client(
        project="trimtab",
        credentials=credentials.AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{port}"},
    )
    yield client
    client.close()
    server.stop()


class TestGCS(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, gcs_client: Any) -> None:
        self.client = gcs_client
        self.bucket = f"bucket-{uuid.uuid4().hex}"
        gcs_client.create_bucket(self.bucket)

    def make(self) -> ArtifactStore:
        return GCSArtifactStore(self.bucket, self.client)
