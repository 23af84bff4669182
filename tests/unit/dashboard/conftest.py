"""A dashboard's API in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from trimtab.dashboard import asgi
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"


@pytest.fixture
def api_storage() -> InMemoryStorage:
    """What `api` serves."""
    return InMemoryStorage()


@pytest.fixture
def api(api_storage: InMemoryStorage, tmp_path: Path) -> Iterator[TestClient]:
    """A client of the API of two storages, the second one empty; paths begin at ``/api``."""
    app = asgi(
        [api_storage, InMemoryStorage()], tmp_path / "files", token=TOKEN, max_upload=100_000
    )
    headers = {"authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://localhost", headers=headers) as client:
        yield client
