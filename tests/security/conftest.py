"""A storage with something in it."""

from pathlib import Path

import pytest

from tests.security.house import fill, house
from trimtab.dashboard.security import Gate
from trimtab.storage import InMemoryStorage


@pytest.fixture(scope="module")
def storage() -> InMemoryStorage:
    """What `gate` serves."""
    return InMemoryStorage()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where its files are."""
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def words(storage: InMemoryStorage, folder: Path) -> dict[str, str]:
    """Parameters of paths that lead somewhere."""
    return fill(storage, folder)


@pytest.fixture(scope="module")
def gate(storage: InMemoryStorage, words: dict[str, str], folder: Path) -> Gate:
    """The dashboard; no test gets it to change anything."""
    del words
    return house(storage, folder)
