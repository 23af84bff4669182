"""Nobody without the token sees anything."""

import base64
import hashlib
import io
import logging
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.security.house import METHODS, TOKEN, application, client, house, raw, rooms
from trimtab.dashboard import Settings, asgi
from trimtab.dashboard.security import Gate
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.storage import InMemoryStorage

HOST = ("host", "localhost")
TRICKS = [
    "//", "/login/", "/login/..", "/login/../", "/login/../studies", "/login%2f..", "/login%2F",
    "/login;x", "/LOGIN", "/login.css", "/login\x00", "/./login", "/%6cogin", "/static/../login",
    "/static", "/static/", "/static/css/trimtab.css", "/static/nothing", "/static/%2e%2e/",
    "/api", "/api/", "/api/openapi.json", "/docs", "/redoc", "/openapi.json", "/favicon.ico",
    "/robots.txt", "/nothing", "/events", "/events/", "\\", "/\\login", "*", "", "login",
    "http://localhost/login/x", "/\udcff".encode("utf-8", "replace").decode(),
]  # fmt: skip


def test_every_route_with_every_method(gate: Gate, words: dict[str, str]) -> None:
    visitor = client(gate, signed_in=False)
    walked = rooms(gate, words)
    assert len(walked) > 15
    for room in walked:
        for method in METHODS:
            for accept in ("*/*", "text/html"):
                answer = visitor.request(method, room.path, headers={"accept": accept})
                assert answer.status_code == 401, (method, room.path)
                assert "set-cookie" not in answer.headers
                assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in application(gate).openapi()["paths"]:
        assert visitor.get(path).status_code == 401


@pytest.mark.parametrize("root", ["", "/below"])
@pytest.mark.parametrize("path", TRICKS)
def test_paths_that_try_to_pass_for_the_login(gate: Gate, root: str, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "TRACE"):
        answer = raw(gate, method, root + path, [HOST], scope_more={"root_path": root})
        assert answer.status == 401, (method, path)


def test_the_login_alone_answers_and_says_nothing(gate: Gate) -> None:
    for method in METHODS:
        answer = raw(gate, method, "/login", [HOST])
        assert answer.status in (401, 405), method
        assert b"first" not in answer.body
        assert "set-cookie" not in answer.headers


def test_pages_of_strangers_have_their_one_style_in_them(
    storage: InMemoryStorage, folder: Path
) -> None:
    gate = house(storage, folder, max_guesses=1)
    page = ("accept", "text/html")
    told = {
        "sign in": raw(gate, "GET", "/", [HOST, page]),
        "signed in": raw(gate, "GET", "/login", [HOST, page], query=f"token={TOKEN}"),
        "a host of others": raw(gate, "GET", "/", [("host", "evil.example"), page]),
        "a foreign page": raw(gate, "POST", "/", [HOST, page, ("origin", "http://evil.example")]),
        "a wrong token": raw(gate, "GET", "/login", [HOST, page], query="token=wrong"),
        "wrong tokens": raw(gate, "GET", "/login", [HOST, page], query="token=wrong"),
    }
    assert [each.status for each in told.values()] == [401, 200, 400, 403, 401, 429]
    for name, answer in told.items():
        style = answer.body.partition(b"<style>")[2].partition(b"</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
        policy = answer.headers["content-security-policy"]
        assert style, name
        assert f"style-src 'sha256-{digest}';" in policy, name
        assert "unsafe" not in policy, name
        # Other files are for who is in.
        assert b"/static/" not in answer.body, name
    assert re.search(b"Try again in [0-9]+ s", told["wrong tokens"].body)


WRONG = [
    "", " ", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "*", "null", "undefined", "0", "é" * 16,
    TOKEN.replace("-", "%2d"), TOKEN + "\x00", "\udc80".encode("utf-8", "replace").decode(),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_tokens(gate: Gate, wrong: str) -> None:
    sent = wrong.encode().decode("latin-1")
    for scheme in ("Bearer", "bearer", "Basic", "Token"):
        assert raw(gate, "GET", "/", [HOST, ("authorization", f"{scheme} {sent}")]).status == 401
    for query in (f"token={quote(wrong)}", f"token={quote(wrong)}x&token={TOKEN}", "token"):
        assert raw(gate, "GET", "/login", [HOST], query=query).status == 401
    body = f"token={quote(wrong)}".encode()
    assert raw(gate, "POST", "/login", [HOST], bodies=[body]).status == 401


def test_right_tokens(gate: Gate) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        header = ("authorization", f"{scheme} {TOKEN}")
        assert raw(gate, "GET", "/", [HOST, header]).status == 200
        assert raw(gate, "GET", "/", [HOST, ("authorization", "Basic x"), header]).status == 200
    for scheme in ("Basic", "", "Bearerx"):
        assert raw(gate, "GET", "/", [HOST, ("authorization", f"{scheme} {TOKEN}")]).status == 401
    # Only the login takes it from the address, where it would stay for all to see.
    assert raw(gate, "GET", "/", [HOST], query=f"token={TOKEN}").status == 401


def test_the_exchange_for_a_cookie(gate: Gate) -> None:
    for answer in (
        raw(gate, "GET", "/login", [HOST], query=f"token={TOKEN}"),
        raw(gate, "POST", "/login", [HOST], bodies=[b"token=", TOKEN.encode()]),
    ):
        assert answer.status == 200
        cookie = answer.headers["set-cookie"]
        assert TOKEN not in cookie
        assert re.search(r"; HttpOnly", cookie)
        assert re.search(r"; SameSite=strict", cookie)
        assert re.search(r"; Path=/(;|$)", cookie)
        assert "Secure" not in cookie
        assert "Domain" not in cookie
        assert TOKEN.encode() not in answer.body
        assert answer.headers["referrer-policy"] == "no-referrer"
        pair = cookie.partition(";")[0]
        assert raw(gate, "GET", "/", [HOST, ("cookie", pair)]).status == 200


def test_cookies_of_others(gate: Gate) -> None:
    mine = Settings(token=TOKEN).cookie_value
    other = Settings(token="another-token-for-tests").cookie_value
    assert raw(gate, "GET", "/", [HOST, ("cookie", f"trimtab={other}")]).status == 401
    for broken in (f"trimtab={TOKEN}", f"Trimtab={mine}", "trimtab", "trimtab=", "=", ";;", mine):
        assert raw(gate, "GET", "/", [HOST, ("cookie", broken)]).status == 401, broken
    # What other programs of this machine keep in the browser does not keep anybody out.
    for line in (
        f"trimtab={other}; trimtab={mine}",
        f'a={{"b": 1}}; [x]=(1); "; \x80=\xff; trimtab={mine}',
        f"trimtab_8081={other}; trimtab={mine}",
    ):
        assert raw(gate, "GET", "/", [HOST, ("cookie", line)]).status == 200, line
    two = [("cookie", f"trimtab={other}"), ("cookie", f"trimtab={mine}")]
    assert raw(gate, "GET", "/", [HOST, *two]).status == 200


def test_dashboards_on_two_ports_keep_their_cookies_apart(gate: Gate) -> None:
    names = [
        raw(gate, "GET", "/login", [("host", host)], query=f"token={TOKEN}")
        .headers["set-cookie"]
        .partition("=")[0]
        for host in ("localhost", "localhost:8080", "localhost:8081", "[::1]:8080")
    ]
    assert names == ["trimtab", "trimtab_8080", "trimtab_8081", "trimtab_8080"]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "https://evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example",
        "/\t/evil.example", "\t//evil.example", "/\n/evil.example", " //evil.example", "",
        "http:evil.example", "/\x00/evil.example",
    ],
)  # fmt: skip
def test_the_login_leads_nowhere_else(gate: Gate, target: str) -> None:
    query = f"token={TOKEN}&next={quote(target)}"
    answer = raw(gate, "GET", "/login", [HOST], query=query)
    assert b'url=/"' in answer.body
    assert b"evil" not in answer.body


def test_the_login_leads_on(gate: Gate) -> None:
    target = "/studies/0-1?filter=value<0.1&x=\"'>"
    answer = raw(
        gate, "GET", "/login", [HOST], query=f"token={TOKEN}&next={quote(target, safe='')}"
    )
    assert b'url=/studies/0-1?filter=value&lt;0.1&amp;x=&quot;&#x27;&gt;"' in answer.body


def test_a_link_on_another_site_comes_through(gate: Gate) -> None:
    """The browser keeps a strict cookie back; a page of ours asks again."""
    visit = [
        HOST,
        ("accept", "text/html"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ]
    answer = raw(gate, "GET", "/studies/0-1", visit, query="a=b")
    assert answer.status == 401
    assert b'content="0; url=/studies/0-1?a=b"' in answer.body
    for trick, target in (("//evil.example", b"/"), ("/\\evil.example", b"/%5Cevil.example")):
        assert b'content="0; url=%s"' % target in raw(gate, "GET", trick, visit).body
    own = [*visit[:2], ("sec-fetch-site", "same-origin")]
    assert b"http-equiv" not in raw(gate, "GET", "/studies/0-1", own).body


def test_a_guess_takes_as_long_as_any_other() -> None:
    settings = Settings(token="x" * 4000)

    def fastest(guess: str) -> float:
        times = []
        for _ in range(200):
            before = time.perf_counter()
            for _ in range(20):
                settings.admits(guess)
            times.append(time.perf_counter() - before)
        return min(times)

    # A comparison that stops at the first difference is many times faster for the second.
    near, far = fastest("x" * 3999 + "y"), fastest("y" * 4000)
    assert near < 2 * far


@pytest.mark.parametrize("token", ["short", "1234567", "ünglaublich-lang", "with\nnewline", ""])
def test_tokens_that_are_none(token: str) -> None:
    with pytest.raises(InvalidArgument, match="token") as caught:
        Settings(token=token)
    assert not token or token not in str(caught.value)
    with pytest.raises(InvalidType):
        Settings(token=None)  # type: ignore[arg-type]  # wrong on purpose


def test_a_server_that_others_reach_needs_a_longer_one() -> None:
    Settings(token="12345678", hosts=("localhost:8080", "127.0.0.1", "[::1]:1"))
    with pytest.raises(InvalidArgument, match="at least 16"):
        Settings(token="12345678", hosts=("localhost", "example.org"))


def test_the_token_is_in_no_log_and_on_no_page(
    gate: Gate, words: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = client(gate)
    bodies = io.StringIO()
    for room in rooms(gate, words):
        if room.path == "/events" or "GET" not in room.methods:
            continue
        for accept in ("*/*", "text/html"):
            answer = visitor.get(room.path, params={"token": TOKEN}, headers={"accept": accept})
            bodies.write(answer.text + str(answer.headers))
    bodies.write(visitor.get("/login", params={"token": TOKEN + "x"}).text)
    assert TOKEN not in bodies.getvalue()
    assert Settings(token=TOKEN).cookie_value not in bodies.getvalue()
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore", "httpx2"))]
    assert not any(TOKEN in record.getMessage() for record in ours)
    assert TOKEN not in repr(Settings(token=TOKEN))


def test_a_server_s_access_log_finds_no_token_in_the_request(gate: Gate) -> None:
    """Servers write it from the scope; `test_server.py` looks at uvicorn's own."""
    for path, query in (
        ("/login", f"token={TOKEN}"),
        ("/login", f"%74oken={TOKEN}"),
        ("/login", f"x=1&token={TOKEN}x"),
        ("/", f"token={TOKEN}&page=2"),
        ("/", f"page=2&%74oken={TOKEN}"),
    ):
        # The application changes the very dictionary that the server holds.
        held: list[Any] = []

        async def server(scope: Any, receive: Any, send: Any) -> None:
            held.append(scope)  # noqa: B023 - called at once
            await gate(scope, receive, send)

        raw(server, "GET", path, [HOST], query=query)
        left = held[0]["query_string"]
        assert left == (b"" if path == "/login" else b"page=2")


def test_mounted_below_a_path(storage: InMemoryStorage, words: dict[str, str]) -> None:
    inner = asgi(storage, token=TOKEN)
    app = Starlette(routes=[Mount("/below", app=inner)])
    visitor = client(app, signed_in=False)
    for room in rooms(inner, words):
        for method in METHODS:
            assert visitor.request(method, "/below" + room.path).status_code == 401
    answer = visitor.get("/below/login", params={"token": TOKEN, "next": "//evil.example"})
    assert 'url=/below/"' in answer.text
    assert "Path=/below/" in answer.headers["set-cookie"]
    assert visitor.get("/below/").status_code == 200
    visitor.cookies.clear()
    assert 'action="/below/login"' in visitor.get("/below/", headers={"accept": "text/html"}).text


def test_by_https_the_cookie_is_secure(storage: InMemoryStorage, tmp_path: Path) -> None:
    gate = house(storage, tmp_path, https=True)
    answer = raw(gate, "GET", "/login", [HOST], query=f"token={TOKEN}")
    assert "; Secure" in answer.headers["set-cookie"]
