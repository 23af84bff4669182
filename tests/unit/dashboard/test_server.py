"""The dashboard as a process: what it prints, what it refuses, and how it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import trimtab
from trimtab.dashboard import asgi, run_server
from trimtab.dashboard.server import is_own_address
from trimtab.dashboard.static import edition
from trimtab.errors import InvalidArgument
from trimtab.storage import InMemoryStorage
from trimtab.storage.transport import TOKEN_VARIABLE

GIVEN = "a-token-that-was-given"


@contextlib.contextmanager
def process(
    folder: Path, *options: str, code: str | None = None, token: str | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A dashboard that runs, and the address it printed."""
    run = ["-c", code] if code else ["-m", "trimtab", "dashboard", "study.db", "--port", "0"]
    environment = {k: v for k, v in os.environ.items() if k != TOKEN_VARIABLE}
    if token is not None:
        environment[TOKEN_VARIABLE] = token
    with subprocess.Popen(
        [sys.executable, *run, *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline()
        finally:
            server.kill()


def address_of(line: str) -> tuple[str, str]:
    """Where it listens, and its token."""
    match = re.search(r"(http://\S+)/login\?token=(\S+)", line)
    assert match, line
    return match[1], match[2]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_though_pages_listen(tmp_path: Path, how: signal.Signals) -> None:
    with process(tmp_path) as (server, line):
        address, token = address_of(line)
        key = {"authorization": f"Bearer {token}"}
        with (
            httpx.Client(base_url=address, headers=key) as client,
            client.stream("GET", "/events") as first,
            client.stream("GET", "/events") as second,
        ):
            lines = first.iter_lines()
            assert next(lines) == "event: changed"
            assert next(second.iter_lines()) == "event: changed"
            before = time.monotonic()
            server.send_signal(how)
            assert [each for each in lines if "event" in each] == []
            output, _ = server.communicate(timeout=60)
            assert time.monotonic() - before < 30  # two seconds, and room for a busy machine
    assert server.returncode == (0 if how is signal.SIGINT else -signal.SIGTERM)
    # Nothing but the second line of the greeting, which may have come with the first.
    assert output.strip() in ("", "Press Ctrl-C to stop.")
    assert token not in output


BUSY = """
import asyncio, trimtab.dashboard.server as server
class Busy:
    def __init__(self, gate): self.settings = gate.settings
    async def __call__(self, scope, receive, send):
        if scope.get("path") == "/busy":
            print("asked", flush=True)
            await asyncio.sleep(600)
guarded_app = server.guarded_app
server.guarded_app = lambda context: Busy(guarded_app(context))
server.run_server("study.db", port=0)
"""


def test_what_it_was_at_when_it_was_stopped_is_no_error(tmp_path: Path) -> None:
    with process(tmp_path, code=BUSY) as (server, line):
        address = httpx.URL(address_of(line)[0])
        assert server.stdout is not None
        with socket.create_connection((address.host, address.port)) as client:
            client.sendall(b"GET /busy HTTP/1.1\r\nhost: x\r\n\r\n")
            assert server.stdout.readline() == "asked\n"
            server.send_signal(signal.SIGINT)
            output, _ = server.communicate(timeout=60)
    assert server.returncode == 0
    assert "Traceback" not in output


def test_a_figure_warns_nobody_at_the_server(tmp_path: Path) -> None:
    study = trimtab.create_study(storage=f"sqlite:///{tmp_path / 'study.db'}")
    for number in range(20):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1 if number else 2))
    study.storage.close()
    code = "from trimtab.dashboard import run_server; run_server('study.db', port=0)"
    with process(tmp_path, code=code) as (server, line):
        address, token = address_of(line)
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}) as client:
            figure = client.get("/studies/0-1/figures/importances?theme=light", timeout=60)
            assert figure.status_code == 200
        server.send_signal(signal.SIGINT)
        output, _ = server.communicate(timeout=60)
    assert "Warning" not in output


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with process(tmp_path, "--port", port) as (server, line):
            assert server.wait(60) == 2
            assert "taken" in line
            assert "--port" in line
            assert "Traceback" not in line


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "example.org", "10.0.0.1", "127.1", "0", "localhost.", "::2"]
)
@pytest.mark.parametrize("token", [None, ""])
def test_no_other_address_without_a_token(
    host: str, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    with pytest.raises(InvalidArgument, match="token"):
        run_server(InMemoryStorage(), host, 0, token=token)
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    with pytest.raises(InvalidArgument, match="token"):
        run_server(InMemoryStorage(), host, 0)


def test_where_others_come_the_token_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "too-short")
    with pytest.raises(InvalidArgument, match="16"):
        run_server(InMemoryStorage(), "0.0.0.0", 0)


def test_addresses_of_this_machine() -> None:
    assert all(is_own_address(each) for each in ("127.0.0.1", "127.0.0.9", "::1", "localhost"))


def test_a_token_that_was_given_is_not_printed(tmp_path: Path) -> None:
    with process(tmp_path, "--host", "0.0.0.0", token=GIVEN) as (server, line):
        assert GIVEN not in line
        found = re.search(r"(http://localhost:\d+)/login$", line.strip())
        assert found, line
        headers = {"authorization": f"Bearer {GIVEN}"}
        assert httpx.get(f"{found[1]}/api/studies", headers=headers).status_code == 200
        assert httpx.get(f"{found[1]}/api/studies").status_code == 401
        server.terminate()


def test_ipv6(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with process(tmp_path, "--host", "::1") as (_, line):
        address, token = address_of(line)
        assert address.startswith("http://[::1]:")
        answer = httpx.get(f"{address}/login", params={"token": token})
        assert answer.status_code == 200


ACCESS = """
import sys, trimtab, uvicorn
from trimtab.dashboard import asgi
import socket
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
print(f"http://127.0.0.1:{port}/login?token=a-token-that-was-given", flush=True)
app = asgi("study.db", token="a-token-that-was-given")
uvicorn.Server(uvicorn.Config(app, log_level="trace")).run(sockets=[listener])
"""


def test_another_server_s_logs_do_not_have_the_token(tmp_path: Path) -> None:
    with process(tmp_path, code=ACCESS) as (server, line):
        address, token = address_of(line)
        for path in (f"/login?token={token}", f"/?token={token}", f"/login?%74oken={token}"):
            httpx.get(address + path)
        server.send_signal(signal.SIGINT)
        output, _ = server.communicate(timeout=60)
    lines = [line for line in output.splitlines() if '"GET /' in line]
    assert len(lines) == 3
    assert not any(token in line for line in lines)


MOUNTED = """
import socket, uvicorn
from fastapi import FastAPI
from trimtab.dashboard import asgi
app = FastAPI()
app.mount("/lab", asgi("study.db", token="a-token-that-was-given"))
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
print(f"http://127.0.0.1:{port}/login?token=a-token-that-was-given", flush=True)
config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
uvicorn.Server(config).run(sockets=[listener])
"""


def test_mounted_in_another_application(tmp_path: Path) -> None:
    """Below a path, without a lifespan: cookies, files and events."""
    study = trimtab.create_study(study_name="s", storage=f"sqlite:///{tmp_path / 'study.db'}")
    with process(tmp_path, code=MOUNTED) as (_, line):
        address, token = address_of(line)
        with httpx.Client(base_url=f"{address}/lab") as client:
            assert client.get("/").status_code == 401
            assert client.get("/login", params={"token": token}).status_code == 200
            assert f"/lab/static/{edition()}/css/trimtab.css" in client.get("/").text
            assert client.get("/static/css/trimtab.css").status_code == 200
            with client.stream("GET", "/events") as events:
                lines = events.iter_lines()
                assert "event: changed" in next(lines)
                study.set_user_attr("a", 1)
                assert next(each for each in lines if "0-1" in each)


def test_two_applications_of_one_storage_live_side_by_side() -> None:
    storage = InMemoryStorage()
    app = Starlette(
        routes=[
            Mount("/a", app=asgi(storage, token=GIVEN)),
            Mount("/b", app=asgi(storage, token=GIVEN + "-b", read_only=True)),
        ]
    )
    from starlette.testclient import TestClient

    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/a/login", params={"token": GIVEN}).status_code == 200
        assert client.get("/a/").status_code == 200
        assert client.get("/b/").status_code == 401
