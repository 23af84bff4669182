"""A page of another name does not reach the server (DNS rebinding), and none is told otherwise."""

from pathlib import Path

import pytest

from tests.security.house import METHODS, TOKEN, house, raw, rooms
from trimtab.dashboard import Settings
from trimtab.dashboard.security import Gate
from trimtab.dashboard.security.hosts import is_allowed
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.storage import InMemoryStorage

KEY = ("authorization", f"Bearer {TOKEN}")
SERVED = Settings(
    token=TOKEN, hosts=("127.0.0.1:8080", "LOCALHOST:8080", "[::1]:8080", "any.example")
).hosts


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080", "localhost:8080", "LocalHost:8080", "[::1]:8080", "any.example",
        "any.example:1", "ANY.EXAMPLE:65535",
    ],
)  # fmt: skip
def test_names_of_ours(host: str) -> None:
    assert is_allowed(host, SERVED)


@pytest.mark.parametrize(
    "host",
    [
        None, "", "127.0.0.1", "localhost", "[::1]", "localhost:80", "localhost:8081",
        "localhost:08080", "localhost.:8080", "localhost:8080.", "localhost:8080:8080",
        "user@localhost:8080", "localhost:8080@evil.example", "evil.example@any.example",
        "evil.example", "evil.example:8080", "localhost.evil.example:8080", "any.example.",
        "xany.example", "any.example.evil", "sub.any.example", "any.example:", "any.example:x",
        "any.example:-1", "any.example:123456", "any.example:8080 ", " any.example",
        "any.example,evil.example", "any.example/", "any.example#", "any.example?x", "::1",
        "[::1]:80", "[::1%lo]:8080", "[0:0:0:0:0:0:0:1]:8080", "[localhost]:8080",
        "127.1:8080", "2130706433:8080", "0x7f.1:8080", "0.0.0.0:8080", "*", "*:8080", ".",
        "loc\u0430lhost:8080", "\uff4cocalhost:8080", "xn--loclhost-5zf:8080", "any\x00.example",
        "any.example\r\nx: y", "any.example\t", "①27.0.0.1:8080", "localhost:８０８０",
    ],
)  # fmt: skip
def test_names_of_others(host: str | None) -> None:
    assert not is_allowed(host, SERVED)


def test_it_is_asked_before_anything_else(gate: Gate, words: dict[str, str]) -> None:
    for room in rooms(gate, words):
        for method in METHODS:
            answer = raw(gate, method, room.path, [("host", "evil.example"), KEY])
            assert answer.status == 400, (method, room.path)
    login = raw(gate, "GET", "/login", [("host", "evil.example")], query=f"token={TOKEN}")
    assert login.status == 400
    assert "set-cookie" not in login.headers


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("host", "localhost"), ("host", "evil.example")],
        [("host", "evil.example"), ("host", "localhost")],
        [("host", "localhost"), ("host", "localhost")],
        [("host", "evil.example"), ("x-forwarded-host", "localhost")],
        [("host", "evil.example"), ("forwarded", "host=localhost")],
        [("x-forwarded-host", "localhost")],
        [("host", "evil.example"), ("x-host", "localhost"), ("x-original-host", "localhost")],
    ],
)
def test_other_headers_do_not_count(gate: Gate, headers: list[tuple[str, str]]) -> None:
    assert raw(gate, "GET", "/", [*headers, KEY]).status == 400


def test_forwarded_headers_change_nothing(gate: Gate) -> None:
    plain = raw(gate, "GET", "/", [("host", "localhost"), KEY])
    forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-prefix", "//evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-script-name", "/evil"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-url", "/evil"),
        ("x-rewrite-url", "/evil"),
        ("x-http-method-override", "DELETE"),
    ]
    answer = raw(gate, "GET", "/", [("host", "localhost"), KEY, *forged])
    assert answer.status == plain.status == 200
    assert answer.headers == plain.headers
    assert b"evil" not in answer.body
    login = raw(gate, "GET", "/login", [("host", "localhost"), *forged], query=f"token={TOKEN}")
    assert "evil" not in str(login)


def test_redirects_stay_here(gate: Gate, words: dict[str, str]) -> None:
    for path in ("//evil.example", "//evil.example/", "/\\evil.example/", "/studies/0-1/"):
        answer = raw(gate, "GET", path, [("host", "localhost"), KEY])
        location = answer.headers.get("location", "http://localhost/")
        assert location.startswith(("http://localhost/", "/studies")), path


@pytest.mark.parametrize(
    "host",
    [
        "https://example.org", "example.org/", "*", "*.example.org", "", " ", "::1", "a b",
        "user@host", "host:port", "host:123456", "\ud800", "host:1:2", "a,b",
    ],
)  # fmt: skip
def test_names_that_cannot_be_allowed(host: str) -> None:
    with pytest.raises(InvalidArgument, match="hosts"):
        Settings(token=TOKEN, hosts=(host,))


def test_names_that_can() -> None:
    settings = Settings(token=TOKEN, hosts=(" Example.ORG:443", "bücher.example", "[2001:DB8::1]"))
    assert settings.hosts == ("example.org:443", "xn--bcher-kva.example", "[2001:db8::1]")
    with pytest.raises(InvalidArgument, match="at least one"):
        Settings(token=TOKEN, hosts=())
    with pytest.raises(InvalidType, match="hosts"):
        Settings(token=TOKEN, hosts=(1,))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("strips", [True, False])
def test_below_a_proxy_s_path(
    storage: InMemoryStorage, words: dict[str, str], folder: Path, *, strips: bool
) -> None:
    gate = house(storage, folder, root_path="/lab/trimtab", https=True)
    before = "" if strips else "/lab/trimtab"
    host = ("host", "localhost")
    login = raw(gate, "GET", before + "/login", [host], query=f"token={TOKEN}&next=/studies/0-1")
    assert b"url=/lab/trimtab/studies/0-1" in login.body
    assert "Path=/lab/trimtab/;" in login.headers["set-cookie"]
    cookie = ("cookie", login.headers["set-cookie"].partition(";")[0])
    page = raw(gate, "GET", before + "/", [host, cookie])
    assert page.status == 200
    assert f'href="/lab/trimtab/studies/{words["ref"]}"'.encode() in page.body
    for path in ("/static/css/trimtab.css", "/api/openapi.json", f"/studies/{words['ref']}"):
        assert raw(gate, "GET", before + path, [host, cookie]).status == 200
        assert raw(gate, "GET", before + path, [host]).status == 401


@pytest.mark.parametrize("root", ["lab", "/lab/", "//lab", "/a b", "/lab/..", "/?x", "/<", "/"])
def test_paths_that_no_proxy_has(root: str) -> None:
    with pytest.raises(InvalidArgument, match="root_path"):
        Settings(token=TOKEN, root_path=root)
