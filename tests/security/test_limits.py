"""Nobody, not even who has the token, gets the server to hold more than it should."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from starlette.responses import PlainTextResponse

from tests.security.house import TOKEN, client, house, raw, rooms
from tests.security.listening import Listening, listening
from trimtab.dashboard import Settings
from trimtab.dashboard.security import Gate
from trimtab.dashboard.security.asgi import Receive, Scope, Send
from trimtab.dashboard.security.bodies import Bodies
from trimtab.errors import InvalidArgument
from trimtab.storage import InMemoryStorage

KEY = ("authorization", f"Bearer {TOKEN}")
HOST = ("host", "localhost")
LIMIT = 1000


@pytest.fixture(scope="module")
def small(storage: InMemoryStorage, words: dict[str, str], folder: Path) -> Gate:
    """A dashboard that takes little."""
    del words
    return house(storage, folder, max_body=LIMIT, max_upload=4 * LIMIT)


@pytest.fixture(scope="module")
def served(storage: InMemoryStorage, words: dict[str, str], folder: Path) -> Iterator[Listening]:
    """The same behind a real socket."""
    del words
    with listening(house(storage, folder, max_body=LIMIT, max_streams=3)) as server:
        yield server


def _targets(gate: Gate, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    for room in rooms(gate, words):
        for method in sorted(room.methods & {"POST", "PUT", "PATCH"}):
            if not room.path.endswith("/artifacts"):
                yield method, room.path


KINDS = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_that_say_that_they_are_too_long(
    small: Gate, words: dict[str, str], kind: str
) -> None:
    for method, path in _targets(small, words):
        headers = [HOST, KEY, ("content-type", kind), ("content-length", str(LIMIT + 1))]
        answer = raw(small, method, path, headers)
        assert answer.status == 413, path
        assert json.loads(answer.body)["error"]["type"] == "TooLarge"


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_that_do_not_say_it(
    small: Gate, words: dict[str, str], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever parses the body takes our interruption for a fault of its own: 413 all the same."""
    refused = 0
    for method, path in _targets(small, words):
        headers = [HOST, KEY, ("content-type", kind)]
        answer = raw(small, method, path, headers, bodies=[b"{" + b" " * 400] * 5)
        # A route that reads no body has nothing to refuse.
        assert answer.status in (200, 201, 204, 400, 404, 409, 413, 422, 503), (method, path)
        refused += answer.status == 413
    assert refused > 2
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_an_application_that_swallows_the_interruption_has_no_say() -> None:
    """Parsers take whatever goes wrong while they read for a body that is wrong."""

    async def forgiving(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
        except Exception:  # noqa: BLE001 - as parsers do
            await PlainTextResponse("broken body", 400)(scope, receive, send)

    layer = Bodies(forgiving, Settings(token=TOKEN, max_body=LIMIT))
    answer = raw(layer, "POST", "/api/studies", [HOST], bodies=[b"x" * 400] * 5)
    assert answer.status == 413
    assert b"1,000 bytes" in answer.body


@pytest.mark.parametrize(
    "length", ["-1", "x", "1e9", "0x10", "9" * 5000, "1_000", "٣", "", "1,1", "+1", " 1"]
)
def test_lengths_that_are_none(small: Gate, length: str) -> None:
    headers = [HOST, KEY, ("content-length", length.encode().decode("latin-1"))]
    assert raw(small, "POST", "/api/studies", headers).status == 413
    twice = [HOST, KEY, ("content-length", "1"), ("content-length", "1")]
    assert raw(small, "POST", "/api/studies", twice).status == 413


def test_an_upload_may_be_longer(small: Gate, words: dict[str, str]) -> None:
    path = f"/api/studies/{words['ref']}/artifacts"
    visitor = client(small)
    assert visitor.post(path, files={"file": ("a.bin", b"0" * 4 * LIMIT)}).status_code == 201
    assert visitor.post(path, files={"file": ("a.bin", b"0" * 5 * LIMIT)}).status_code == 413
    assert visitor.post(path, files={"file": ("a.bin", b"0" * 80_000)}).status_code == 413
    # Only there.
    for other in ("/login/artifacts", "/api/studies/artifacts/x"):
        assert visitor.post(other, content=b"0" * 80_000).status_code in (404, 405, 413)


def test_the_login_reads_little_of_what_it_is_sent(gate: Gate) -> None:
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"x" * 1024

    pieces = [next(endless()) for _ in range(64)]
    assert raw(gate, "POST", "/login", [HOST], bodies=pieces).status == 401
    assert raw(gate, "POST", "/login", [HOST], bodies=[b"&".join([b"a=b"] * 9000)]).status == 401


@pytest.mark.parametrize(
    "body",
    [b"[" * 500_000, b'{"a":' * 200_000, b"[" * 9000 + b"]" * 9000, b"1" * 100_000, b"\xff\xfe"],
)
def test_json_that_is_meant_to_hurt(gate: Gate, words: dict[str, str], body: bytes) -> None:
    visitor = client(gate)
    for method, path in _targets(gate, words):
        answer = visitor.request(
            method, path, content=body, headers={"content-type": "application/json"}
        )
        assert 400 <= answer.status_code < 500, (method, path, answer.status_code)
        assert "error" in answer.json()


def test_addresses_that_are_meant_to_hurt(gate: Gate, words: dict[str, str]) -> None:
    visitor = client(gate)
    queries = [
        "&".join(f"study={n}" for n in range(5000)),
        "&".join(["a"] * 10_000),
        "filter=" + "(" * 20_000,
        "page=" + "9" * 5000,
        "cursor=" + "%00" * 5000,
        "a" * 60_000,
        "sort=" + "-" * 10_000,
    ]
    for room in rooms(gate, words):
        if "GET" not in room.methods or room.path == "/events":
            continue
        for query in queries:
            answer = visitor.get(f"{room.path}?{query}")
            assert answer.status_code < 500, (room.path, query[:20], answer.text[:200])
    assert visitor.get(f"/events?{queries[0]}").status_code == 422


def test_headers_have_an_end(served: Listening) -> None:
    request = b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 300_000 + b"\r\n\r\n"
    assert served.say(request).startswith(b"HTTP/1.1 400")
    request = b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n"
    assert served.say(request).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_without_end_is_not_kept(served: Listening, kind: str) -> None:
    """60 MB in chunks, to a server that takes 1 kB: it is the same process, so its size tells."""
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    head = (
        f"POST /api/studies HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        f"content-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    before = psutil.Process().memory_info().rss
    answer = served.say(head.encode(), [chunk] * 900)
    assert answer.startswith(b"HTTP/1.1 413")
    assert psutil.Process().memory_info().rss - before < 30 << 20


def test_lengths_that_lie(served: Listening) -> None:
    for length, body in ((b"10", b"x" * 5000), (b"900", b"x"), (b"-1", b"x"), (b"9" * 30, b"x")):
        answer = served.say(
            b"POST /api/studies HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer "
            + TOKEN.encode()
            + b"\r\ncontent-type: application/json\r\ncontent-length: "
            + length
            + b"\r\n\r\n"
            + body
        )
        assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:50]


def test_streams_are_counted_and_given_back(served: Listening) -> None:
    for _ in range(2):
        streams = [served.stream() for _ in range(3)]
        assert all(b"event: changed" in stream.recv(4096) for stream in streams)
        refused = served.say(served.head("/events"))
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"TooManyStreams" in refused
        assert served.say(served.head("/api/studies")).startswith(b"HTTP/1.1 200")
        for stream in streams:
            stream.close()
        served.wait_for(lambda: served.listeners == 0)
    served.wait_for(
        lambda: not any(t.name.startswith("trimtab-live") for t in threading.enumerate())
    )


@pytest.mark.parametrize("name", ["max_body", "max_upload", "max_streams"])
def test_limits_that_are_none(name: str) -> None:
    with pytest.raises(InvalidArgument, match=name):
        Settings(token=TOKEN, **{name: 0})  # type: ignore[arg-type]  # arguments of any type
