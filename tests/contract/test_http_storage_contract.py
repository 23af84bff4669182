"""`HTTPStorage`, held to `StorageContract` over a real socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import served_storage
from trimtab.storage import HTTPStorage, InMemoryStorage, SQLStorage, Storage
from trimtab.testing.storage import StorageContract


class HTTPContract(StorageContract):
    """A server is started once for all tests of a class."""

    @pytest.fixture
    def storage(self, client: HTTPStorage) -> Storage:
        for record in client.studies():
            client.delete_study(record.id)
        return client


class TestMemoryOverHTTP(HTTPContract):
    @pytest.fixture(scope="class")
    @classmethod
    def client(cls) -> Iterator[HTTPStorage]:
        with InMemoryStorage() as behind, served_storage(behind) as client:
            yield client


class TestSQLiteOverHTTP(HTTPContract):
    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTPStorage]:
        path: Path = tmp_path_factory.mktemp("http") / "trimtab.db"
        with SQLStorage(f"sqlite:///{path}") as behind, served_storage(behind) as client:
            yield client
