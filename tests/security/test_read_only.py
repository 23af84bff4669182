"""`trimtab dashboard --read-only`: everything is shown, nothing changes."""

import re
from pathlib import Path

import pytest

from tests.security.house import METHODS, SAFE, client, house, rooms
from trimtab.dashboard.security import Gate
from trimtab.storage import InMemoryStorage


@pytest.fixture(scope="module")
def shown(storage: InMemoryStorage, words: dict[str, str], folder: Path) -> Gate:
    """The dashboard, to be looked at only."""
    del words
    return house(storage, folder, read_only=True)


def test_nothing_changes(shown: Gate, words: dict[str, str], storage: InMemoryStorage) -> None:
    before = storage.revisions()
    visitor = client(shown)
    for room in rooms(shown, words):
        for method in METHODS:
            if method.upper() in SAFE:
                continue
            answer = visitor.request(method, room.path)
            assert answer.status_code == 403, (method, room.path)
            assert answer.json()["error"]["type"] == "ReadOnly"
    assert storage.revisions() == before


def test_pages_offer_nothing_that_would_change(shown: Gate, words: dict[str, str]) -> None:
    visitor = client(shown)
    offered = []
    for room in rooms(shown, words):
        if "GET" not in room.methods or room.path == "/events":
            continue
        answer = visitor.get(room.path, headers={"accept": "text/html"})
        if answer.headers.get("content-type", "").startswith("text/html"):
            found = re.findall(
                r'hx-(?:post|put|patch|delete)=|<form[^>]+method="?post', answer.text, re.IGNORECASE
            )
            offered += [(room.path, each) for each in found]
    assert offered == []
