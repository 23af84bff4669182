"""Who says what is wanted byte by byte does not keep connections busy."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.security.house import TOKEN, house
from tests.security.listening import Listening, listening
from trimtab.dashboard import Settings
from trimtab.errors import InvalidArgument
from trimtab.storage import InMemoryStorage

PATIENCE = 0.6


@pytest.fixture(scope="module")
def hasty(storage: InMemoryStorage, words: dict[str, str], folder: Path) -> Iterator[Listening]:
    """A server with little patience."""
    del words
    with listening(house(storage, folder, patience=PATIENCE)) as server:
        yield server


def drip(connection: socket.socket, text: bytes, pause: float = 0.05) -> tuple[bytes, float]:
    """What is answered to somebody who says one byte after the other, and when."""
    connection.settimeout(pause)
    began = time.monotonic()
    answer = b""
    for byte in text:
        with suppress(TimeoutError):
            try:
                connection.sendall(bytes([byte]))
                piece = connection.recv(65536)
            except ConnectionError:
                break
            answer += piece
            if not piece:
                break
    return answer, time.monotonic() - began


def test_a_head_that_does_not_end(hasty: Listening) -> None:
    with hasty.open() as connection:
        answer, seconds = drip(connection, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 400)
    assert answer == b""
    assert PATIENCE * 0.8 < seconds < 15


def test_a_connection_that_says_nothing(hasty: Listening) -> None:
    with hasty.open() as connection:
        connection.settimeout(15)
        assert connection.recv(1) == b""


def test_a_second_head_that_does_not_end(hasty: Listening) -> None:
    with hasty.open() as connection:
        request = hasty.head("/api/studies").replace(
            b"connection: close", b"connection: keep-alive"
        )
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        _, seconds = drip(connection, b"GET / HTTP/1.1\r\nx: " + b"a" * 400)
    assert seconds < 15


def post(length: int) -> bytes:
    return (
        f"POST /api/studies HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        f"content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    ).encode()


def test_a_body_that_does_not_end(hasty: Listening) -> None:
    with hasty.open() as connection:
        connection.sendall(post(4000))
        answer, seconds = drip(connection, b" " * 400)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"TooSlow" in answer
    assert seconds < 15


def test_a_body_that_is_only_slow_comes_through(hasty: Listening) -> None:
    """Longer than the patience in all, at more than a kilobyte a second."""
    body = b'{"name": "slow", "directions": ["minimize"]}' + b" " * 8000
    with hasty.open() as connection:
        connection.sendall(post(len(body)))
        for start in range(0, len(body), 1000):
            time.sleep(0.1)
            connection.sendall(body[start : start + 1000])
        connection.settimeout(15)
        assert connection.recv(65536).startswith(b"HTTP/1.1 201")


def test_streams_are_as_long_as_they_are(hasty: Listening) -> None:
    with hasty.stream() as stream:
        time.sleep(2 * PATIENCE)
        stream.settimeout(0.2)
        with suppress(TimeoutError):
            while piece := stream.recv(65536):
                assert piece
            pytest.fail("the server hung up")


@pytest.mark.parametrize("patience", [0.0, -1.0, float("nan")])
def test_patience_is_some(patience: float) -> None:
    with pytest.raises(InvalidArgument, match="patience"):
        Settings(token=TOKEN, patience=patience)
