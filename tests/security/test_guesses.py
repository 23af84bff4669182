"""Tokens cannot be tried at leisure, and counting the tries takes no room."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.security.house import TOKEN, house, raw
from trimtab.dashboard.security import Gate
from trimtab.dashboard.security.guesses import Guesses
from trimtab.storage import InMemoryStorage

HOST = ("host", "localhost")
GOOD = ("authorization", f"Bearer {TOKEN}")
BAD = ("authorization", "Bearer wrong-token")
PAGE = "/api/studies"


@pytest.fixture
def strict(storage: InMemoryStorage, folder: Path) -> Gate:
    """A dashboard that bears three wrong tokens a minute."""
    return house(storage, folder, max_guesses=3)


def status(gate: Gate, *headers: tuple[str, str], address: str = "10.0.0.1", **more: str) -> int:
    client = {"client": (address, 1)}
    return raw(gate, "GET", more.get("path", PAGE), [HOST, *headers], scope_more=client).status


def test_after_some_wrong_tokens_not_even_the_right_one_is_looked_at(strict: Gate) -> None:
    assert [status(strict, BAD) for _ in range(5)] == [401, 401, 401, 429, 429]
    assert status(strict, GOOD) == 429
    answer = raw(strict, "GET", PAGE, [HOST, GOOD], scope_more={"client": ("10.0.0.1", 1)})
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert b"TooManyGuesses" in answer.body
    assert status(strict, GOOD, address="10.0.0.2") == 200
    assert status(strict) == 401, "who shows no token does not guess"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_login_counts_too(strict: Gate, method: str) -> None:
    def guess(token: str) -> int:
        told = f"token={token}"
        query, body = (told, b"") if method == "GET" else ("", told.encode())
        return raw(strict, method, "/login", [HOST], query=query, bodies=[body]).status

    assert [guess("wrong") for _ in range(4)] == [401, 401, 401, 429]
    assert guess(TOKEN) == 429


def test_who_is_signed_in_stays(strict: Gate) -> None:
    browser = TestClient(strict, base_url="http://localhost")
    assert browser.post("/login", data={"token": TOKEN}).status_code == 200
    for _ in range(5):
        TestClient(strict, base_url="http://localhost").get(PAGE, headers=dict([BAD]))
    assert browser.get(PAGE).status_code == 200


def test_right_tokens_are_not_counted(strict: Gate) -> None:
    assert {status(strict, GOOD) for _ in range(20)} == {200}


def test_the_bucket_fills_again() -> None:
    now = [0.0]
    guesses = Guesses(6, clock=lambda: now[0])
    for _ in range(6):
        assert guesses.wait("a") == 0.0
        guesses.wrong("a")
    assert guesses.wait("a") == pytest.approx(10.0)
    now[0] += 10.0
    assert guesses.wait("a") == 0.0
    guesses.wrong("a")
    assert guesses.wait("a") > 0.0
    now[0] += 1e6
    tried = 0
    while guesses.wait("a") == 0.0:
        guesses.wrong("a")
        tried += 1
    assert tried == 6, "it does not fill beyond its brim"


def test_a_million_addresses_take_no_more_room_than_one() -> None:
    guesses = Guesses(3)
    columns = [guesses.__dict__["_left"], guesses.__dict__["_seen"]]
    before = [len(column) for column in columns]
    for n in range(20_000):
        guesses.wrong(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert [len(column) for column in columns] == before
    assert set(vars(guesses)) == {"_most", "_clock", "_salt", "_left", "_seen"}


def test_an_ipv6_site_is_one_address() -> None:
    guesses = Guesses(2)
    for n in range(2):
        guesses.wrong(f"2001:db8:1:2::{n}")
    assert guesses.wait("2001:db8:1:2:ffff::1") > 0.0
    others = [guesses.wait(f"2001:db8:1:{n:x}::1") for n in range(16, 32)]
    assert others.count(0.0) >= 14  # a bucket may be shared by chance
    assert guesses.wait("no address at all") == 0.0
