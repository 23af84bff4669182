"""Every storage, held to `StorageContract`."""

from collections.abc import Iterator

import pytest

from tests.databases import fresh_database, server_url
from tests.services import MYSQL_URL, POSTGRES_URL
from trimtab.storage import InMemoryStorage, SQLStorage, Storage, open_storage
from trimtab.testing.storage import StorageContract


class TestMemory(StorageContract):
    @pytest.fixture
    def storage(self) -> Iterator[Storage]:
        with InMemoryStorage() as storage:
            yield storage


class SQLContract(StorageContract):
    """A server's database is made once for all tests: that takes longer than most of them."""

    @pytest.fixture
    def storage(self, url: str) -> Iterator[Storage]:
        with open_storage(url) as storage:
            assert isinstance(storage, SQLStorage)
            for record in storage.studies():
                storage.delete_study(record.id)
            yield storage


class TestSQLite(SQLContract):
    @pytest.fixture
    def url(self, sqlite_url: str) -> str:
        return sqlite_url


class TestSQLiteInMemory(SQLContract):
    @pytest.fixture
    def url(self) -> str:
        return "sqlite://"


@pytest.mark.postgres
class TestPostgreSQL(SQLContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        with fresh_database(server_url(POSTGRES_URL)) as url:
            yield url


@pytest.mark.mysql
class TestMariaDB(SQLContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        with fresh_database(server_url(MYSQL_URL)) as url:
            yield url
