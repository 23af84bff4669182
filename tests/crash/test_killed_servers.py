"""A server that is killed between a write and its answer: the write is done once."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.crash.children import child
from tests.served import TOKEN
from trimtab.dashboard import run_server
from trimtab.dashboard.server import listen
from trimtab.records import FrozenTrial, StudyRecord, TrialState, parse_directions
from trimtab.storage import Draft, HTTPStorage, Lease, SQLStorage, Storage, open_storage

WAITING = FrozenTrial.build(0, TrialState.WAITING)


class Fatal(SQLStorage):
    """Kills its process right after something was made, begun or added, before anyone hears."""

    def create_study(self, *arguments: Any) -> StudyRecord:
        super().create_study(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")

    def start(self, *arguments: Any) -> FrozenTrial | None:
        trial = super().start(*arguments)
        if trial is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return trial

    def add(self, *arguments: Any) -> list[int]:
        numbers = super().add(*arguments)
        if numbers:
            os.kill(os.getpid(), signal.SIGKILL)
        return numbers


def serve(connection: Connection, url: str, port: int, is_fatal: bool) -> None:
    """Serve until the process ends."""
    storage = Fatal(url) if is_fatal else SQLStorage(url)
    run_server(storage, port=port, token=TOKEN, announce=connection.send)


@contextlib.contextmanager
def serving(url: str, port: int, is_fatal: bool = False) -> Iterator[Any]:
    """A server in a process of its own, which listens."""
    with child(serve, url, port, is_fatal) as (process, connection):
        assert connection.poll(60.0)
        connection.recv()
        yield process


def free_port() -> int:
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def call_twice(url: str, port: int, call: Callable[[], Any], between: Callable[[], Any]) -> Any:
    """What ``call`` returns, whose first server dies before it answers, and whose second does not.

    Args:
        url: Of the database.
        port: Of both servers.
        call: Sent again until it is answered.
        between: Done while no server is there.
    """
    with ThreadPoolExecutor(1) as pool:
        with serving(url, port, is_fatal=True) as first:
            answer = pool.submit(call)
            first.join(60.0)
            assert first.exitcode == -signal.SIGKILL
        between()
        with serving(url, port):
            return answer.result(60.0)


CALLS: list[tuple[str, Callable[[Storage, int], Any]]] = [
    ("start", lambda storage, study_id: storage.start(study_id, Draft(), Lease(60.0))),
    ("add", lambda storage, study_id: storage.add(study_id, [WAITING])),
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_a_worker_s_write_is_done_once(
    tmp_path: Path, name: str, call: Callable[[Storage, int], Any]
) -> None:
    url, port = f"sqlite:///{tmp_path / 'study.db'}", free_port()
    with open_storage(url) as storage:
        study_id = storage.create_study("s", parse_directions("minimize")).id
        client: list[HTTPStorage] = []

        def send() -> Any:
            client.append(HTTPStorage(f"http://127.0.0.1:{port}", TOKEN))
            return call(client[0], study_id)

        def take() -> None:
            if name == "add":  # another worker is quicker than who sends again
                assert storage.start(study_id, None, Lease()) is not None

        answer = call_twice(url, port, send, take)
        client[0].close()
        assert answer == ([0] if name == "add" else storage.trial(study_id, 0))
        assert len(storage.history(study_id)) == 1


@pytest.mark.timeout(180)
def test_a_study_is_made_once(tmp_path: Path) -> None:
    url, port = f"sqlite:///{tmp_path / 'study.db'}", free_port()
    client: list[HTTPStorage] = []

    def send() -> StudyRecord:
        client.append(HTTPStorage(f"http://127.0.0.1:{port}", TOKEN))
        return client[0].create_study("s", parse_directions("minimize"))

    record = call_twice(url, port, send, lambda: None)
    client[0].close()
    with open_storage(url) as storage:
        assert storage.studies() == [record]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("ask", {"distributions": {"x": {"type": "float", "low": 0.0, "high": 1.0}}}),
        ("trials", {"params": {"x": 0.25}}),
    ],
    ids=["ask", "queue"],
)
def test_a_program_s_request_is_done_once(tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    """Of a client that knows of keys, and of nothing else."""
    url, port = f"sqlite:///{tmp_path / 'study.db'}", free_port()
    with open_storage(url) as storage:
        study_id = storage.create_study("s", parse_directions("minimize")).id
        place = f"http://127.0.0.1:{port}/api/studies/0-{study_id}/{path}"
        headers = {"authorization": f"Bearer {TOKEN}", "idempotency-key": "mine"}
        is_over = threading.Event()

        def send() -> httpx.Response:
            while not is_over.is_set():
                with contextlib.suppress(httpx.TransportError):
                    return httpx.post(place, json=body, headers=headers, timeout=30.0)
                time.sleep(0.1)
            raise TimeoutError

        try:
            answer = call_twice(url, port, send, lambda: None)
        finally:
            is_over.set()
        assert answer.status_code == 201, answer.text
        assert answer.json()["number"] == 0
        (trial,) = storage.history(study_id).trials()
        if path == "ask":
            assert answer.json()["params"] == {"x": trial.params["x"]}
