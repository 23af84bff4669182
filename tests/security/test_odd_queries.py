"""Whatever stands in an address is refused or harmless; and two hundred who listen are all told."""

import threading
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

import trimtab
from tests.security.house import application, client, fill, house, rooms
from tests.security.listening import listening
from trimtab.dashboard.security import Gate
from trimtab.storage import InMemoryStorage, open_storage

ODD = (
    "' OR '1'='1",
    '"; DROP TABLE studies; --',
    "1; SELECT pg_sleep(10)",
    "x' UNION SELECT NULL, sql FROM sqlite_master --",
    "value) ASC, (SELECT 1",
    "-activity; --",
    "%27%20OR%201=1",
    "__import__('os').system('true')",
    "{{7*7}}${7*7}<%= 7 %>",
    "../../../../etc/passwd",
    "\x00",
    "\ud7ff\uffff\U0001f600",
    "\u202e\u200b",
    "-1",
    "0",
    "9" * 40,
    "1e309",
    "NaN",
    "",
    " ",
    "[]",
    "a" * 5000,
    "value < " * 200 + "1",
    "(" * 500 + "value" + ")" * 500,
)


@pytest.mark.slow
def test_no_address_breaks_anything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every route, every argument of a query that there is, on a real database."""
    storage = open_storage(f"sqlite:///{tmp_path / 'odd.db'}")
    words = fill(storage, tmp_path)
    gate = house(storage, tmp_path)
    before = storage.revisions()
    known = {name for room in rooms(gate, words) for name in _arguments(gate, room.template)}
    assert known >= {"q", "sort", "where", "limit"}
    visitor = client(gate)
    for room in rooms(gate, words):
        if "GET" not in room.methods or room.path in ("/events", "/login"):
            continue
        mine = _arguments(gate, room.template)
        for name in mine:
            for odd in ODD:
                answer = visitor.get(room.path, params={name: odd})
                assert answer.status_code < 500, (room.path, name, odd, answer.text[:300])
        answer = visitor.get(room.path, params=dict.fromkeys(known, ODD[0]))
        assert answer.status_code < 500, (room.path, answer.text[:300])
    assert storage.revisions() == before
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    storage.close()


def _arguments(gate: Gate, template: str) -> set[str]:
    """Of the query of a route."""
    for route in iter_route_contexts(application(gate).routes):
        if str(route.path) == template and isinstance(route.original_route, APIRoute):
            return _named_by(route.original_route.dependant)
    return set()


def _named_by(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_named_by, dependant.dependencies))


def test_two_hundred_listeners_are_all_told(storage: InMemoryStorage, folder: Path) -> None:
    study = trimtab.create_study(study_name="heard", storage=storage)
    with listening(house(storage, folder)) as server:
        streams = [server.stream() for _ in range(200)]
        assert server.say(server.head("/events")).startswith(b"HTTP/1.1 503")
        for stream in streams:
            assert b"event: changed" in stream.recv(65536)
        n_threads = threading.active_count()
        study.ask()
        # Pages are answered meanwhile, and there is no thread for each who listens.
        assert server.say(server.head("/api/studies")).startswith(b"HTTP/1.1 200")
        assert n_threads < 60
        for stream in streams:
            assert f'"0-{study.study_id}"'.encode() in stream.recv(65536)
            stream.close()
        server.wait_for(lambda: server.listeners == 0)
