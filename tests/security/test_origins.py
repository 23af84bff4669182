"""Other sites' pages change nothing here and read nothing here."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.security.house import METHODS, SAFE, TOKEN, client, raw, rooms
from trimtab.dashboard.security import Gate
from trimtab.storage import InMemoryStorage, Storage

OWN = "http://localhost"
FOREIGN: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": ""},
    {"sec-fetch-site": "Same-Origin"},
    {"sec-fetch-site": "same-origin, cross-site"},
    {"sec-fetch-site": "cross-site", "origin": OWN},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://localhost:8081"},
    {"origin": "http://127.0.0.1"},
    {"origin": "http://localhost.evil.example"},
    {"origin": "http://localhost@evil.example"},
    {"origin": "http://evil.example/localhost"},
    {"origin": "file://localhost"},
    {"origin": "chrome-extension://localhost"},
    {"origin": "http://[localhost"},
    {"origin": "//localhost"},
    {"origin": "localhost"},
]
VISIT = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize("headers", FOREIGN)
def test_nothing_is_changed_for_them(
    gate: Gate, words: dict[str, str], headers: dict[str, str]
) -> None:
    visitor = client(gate)
    for room in rooms(gate, words)[:: 1 if headers in FOREIGN[:2] else 9]:
        for method in METHODS:
            if method.upper() in SAFE:
                continue
            answer = visitor.request(method, room.path, headers={**VISIT, **headers})
            assert answer.status_code == 403, (method, room.path)
            assert answer.json()["error"]["type"] == "ForeignOrigin"
    answer = visitor.post("/login", data={"token": TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", FOREIGN)
def test_nothing_is_read_by_them(
    gate: Gate, words: dict[str, str], headers: dict[str, str]
) -> None:
    """Another port of this machine is the same site to a cookie, which is sent from there too."""
    visitor = client(gate)
    for room in rooms(gate, words)[:: 1 if headers in FOREIGN[:2] else 9]:
        for dest in ("empty", "image", "iframe"):
            more = {"sec-fetch-dest": dest, "sec-fetch-mode": "no-cors", **headers}
            assert visitor.get(room.path, headers=more).status_code == 403
    followed = visitor.get("/", headers={**headers, **VISIT})
    assert followed.status_code == 200
    for header in ("content-security-policy", "x-frame-options", "cross-origin-resource-policy"):
        assert header in followed.headers


def test_no_site_is_ever_invited(gate: Gate, words: dict[str, str]) -> None:
    for origin in ("https://evil.example", "null", OWN):
        for room in rooms(gate, words):
            for method in ("OPTIONS", "GET"):
                if room.path == "/events":
                    continue
                asked = [
                    ("host", "localhost"),
                    ("authorization", f"Bearer {TOKEN}"),
                    ("origin", origin),
                    ("access-control-request-method", "POST"),
                    ("access-control-request-headers", "content-type"),
                ]
                answer = raw(gate, method, room.path, asked)
                allowed = [n for n in answer.headers if n.startswith("access-control-")]
                assert allowed == [], room.path


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "https://proxied.example"},
        {"origin": OWN},
        {"origin": "https://LOCALHOST"},
    ],
)
def test_our_own_pages_may(gate: Gate, headers: dict[str, str]) -> None:
    assert client(gate).post("/nothing", headers=headers).status_code == 404


def test_two_headers_are_no_answer(gate: Gate) -> None:
    for name, value in (("sec-fetch-site", "same-origin"), ("origin", OWN)):
        twice = [("host", "localhost"), ("authorization", f"Bearer {TOKEN}"), *[(name, value)] * 2]
        assert raw(gate, "POST", "/nothing", twice).status == 403


READS = {
    "changes", "close", "find_study", "history", "leases", "revisions", "studies", "study",
    "summaries", "trial",
}  # fmt: skip
# Whatever else a storage can do changes something.
WRITES = [
    name
    for name, method in vars(Storage).items()
    if callable(method) and not name.startswith("_") and name not in READS
]


def test_reading_writes_nothing(
    gate: Gate,
    words: dict[str, str],
    storage: InMemoryStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every address is read, with every word that an address could have."""
    assert {"create_study", "delete_study", "finish", "start", "amend"} <= set(WRITES)
    written: list[str] = []

    def spy(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            written.append(name)
            return method(*args, **kwargs)

        return call

    for name in WRITES:
        monkeypatch.setattr(storage, name, spy(name, getattr(storage, name)))
    before = storage.revisions()
    visitor = client(gate)
    assert _read_all(visitor, gate, words) > 10
    assert storage.revisions() == before
    assert written == []


def _read_all(visitor: TestClient, gate: Gate, words: dict[str, str]) -> int:
    seen = 0
    for room in rooms(gate, words):
        if room.path == "/events":
            continue
        for method in SAFE:
            for headers in ({}, {"accept": "text/html"}, {"hx-request": "true"}):
                answer = visitor.request(method, room.path, headers=headers)
                assert answer.status_code != 500, (method, room.path)
                seen += answer.status_code == 200
    return seen
