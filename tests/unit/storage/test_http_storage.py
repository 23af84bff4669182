"""`HTTPStorage` beyond the contract: tokens, deadlines, lost answers, processes, forks."""

import contextlib
import os
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import trimtab
from tests.served import TOKEN, served, served_storage
from trimtab.errors import (
    AccessDenied,
    InvalidArgument,
    MissingDependency,
    StorageError,
    StorageUnreadable,
    StorageVersion,
    UnknownStudy,
    UnsupportedURL,
)
from trimtab.records import History, Outcome, StudyDirection, TrialState, TrialUpdate
from trimtab.storage import (
    Draft,
    HTTPStorage,
    InMemoryStorage,
    Lease,
    SQLStorage,
    Storage,
    open_storage,
    transport,
    wire,
)
from trimtab.storage.transport import split_url
from trimtab.storage.wire import load_history

MINIMIZE = (StudyDirection.MINIMIZE,)


@pytest.fixture(scope="module")
def behind() -> InMemoryStorage:
    return InMemoryStorage()


@pytest.fixture(scope="module")
def url(behind: InMemoryStorage) -> Iterator[str]:
    with served(behind, InMemoryStorage()) as url:
        yield url


class TestOpening:
    def test_by_the_link_that_the_server_prints(self, url: str) -> None:
        with open_storage(f"{url}/login?token={TOKEN.replace(' ', '%20')}") as storage:
            assert isinstance(storage, HTTPStorage)
            assert storage.url == f"{url}/api/storages/0"
            assert TOKEN not in repr(storage)

    def test_by_the_environment(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRIMTAB_TOKEN", TOKEN)
        with open_storage(url) as storage:
            assert storage.studies() is not None

    def test_a_storage_of_several(self, url: str, behind: InMemoryStorage) -> None:
        with HTTPStorage(f"{url}/api/storages/1", TOKEN) as storage:
            record = storage.create_study("only in the second", MINIMIZE)
            assert [found.id for found in storage.studies()] == [record.id]
        with pytest.raises(UnknownStudy):
            behind.find_study("only in the second")
        with pytest.raises(UnknownStudy, match="storage"):
            HTTPStorage(f"{url}/api/storages/7", TOKEN)

    @pytest.mark.parametrize("token", [None, "another token"])
    def test_without_the_token(self, url: str, token: str | None) -> None:
        with pytest.raises(AccessDenied, match="TRIMTAB_TOKEN") as caught:
            HTTPStorage(url, token)
        assert isinstance(caught.value, PermissionError)
        assert TOKEN not in str(caught.value)

    def test_nobody_is_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(StorageError, match="could not be reached within"):
            HTTPStorage(f"http://127.0.0.1:{port}", TOKEN, timeout=0.5)
        assert time.monotonic() - began < 30.0

    @pytest.mark.parametrize(
        "bad",
        [
            "http://",
            "http://h:x",
            "http://h:99999",
            "http://me:secret@h",
            "http://h?more=1",
            "ftp://h",
            "http://[::1",
        ],
    )
    def test_urls(self, bad: str) -> None:
        with pytest.raises(UnsupportedURL, match="storage") as caught:
            HTTPStorage(bad)
        if "me:" in bad:
            assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("http://h", "http://h/api/storages/0"),
            ("https://h:1/", "https://h:1/api/storages/0"),
            ("http://[::1]:1/below", "http://[::1]:1/below/api/storages/0"),
            ("http://h/below/api/storages/2/", "http://h/below/api/storages/2"),
            ("http://h/below/login", "http://h/below/api/storages/0"),
        ],
    )
    def test_where_a_storage_is(self, given: str, name: str) -> None:
        assert split_url(given) == (name, None)

    def test_timeouts(self) -> None:
        for timeout in (0.0, -1.0, float("nan")):
            with pytest.raises(InvalidArgument, match="timeout"):
                HTTPStorage("http://h", timeout=timeout)

    def test_a_server_of_another_version(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transport, "PROTOCOL", transport.PROTOCOL + 1)
        with pytest.raises(StorageVersion, match="same version"):
            HTTPStorage(url, TOKEN)

    def test_something_else_answers(self, url: str) -> None:
        with pytest.raises(StorageError, match="expected a server of `trimtab dashboard`"):
            HTTPStorage(f"{url}/login/x/api/storages/0/../../..", TOKEN)

    def test_without_httpx(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "httpx", None)
        with pytest.raises(MissingDependency, match=r"trimtab\[http\]"):
            HTTPStorage("http://h")

    def test_read_only(self, behind: InMemoryStorage) -> None:
        with served(behind, read_only=True) as url, HTTPStorage(url, TOKEN) as storage:
            assert storage.studies() == behind.studies()
            with pytest.raises(AccessDenied, match="read-only"):
                storage.create_study("no", MINIMIZE)


@contextlib.contextmanager
def deaf_server(answer: bytes = b"", pause: float = 0.0) -> Iterator[str]:
    """A server that takes connections, and says ``answer`` byte by byte, or nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def speak(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            for byte in answer:
                connection.sendall(bytes([byte]))
                if over.wait(pause):
                    return
            over.wait()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                threading.Thread(target=speak, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


SLOW = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 10_000


@pytest.mark.parametrize(("answer", "pause"), [(b"", 0.0), (SLOW, 0.01)])
def test_a_call_never_hangs(answer: bytes, pause: float) -> None:
    with deaf_server(answer, pause) as url:
        began = time.monotonic()
        with pytest.raises(StorageError, match="could not be reached within 1 s"):
            HTTPStorage(url, TOKEN, timeout=1.0)
        assert time.monotonic() - began < 30.0


class TestWorkers:
    def test_processes(self, tmp_path: Path) -> None:
        with (
            SQLStorage(f"sqlite:///{tmp_path / 't.db'}") as behind,
            served_storage(behind) as storage,
        ):
            study = trimtab.create_study(storage=storage, study_name="p")
            study.optimize(
                lambda trial: trial.suggest_float("x", 0, 1),
                n_trials=6,
                n_jobs=2,
                executor="process",
            )
            assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 6
            assert behind.history(1).trial(3) == study.trials[3]

    def test_a_copy_for_another_process(self, url: str) -> None:
        with HTTPStorage(url, TOKEN, timeout=7.0) as storage:
            storage.lease_seconds = 5.0
            with pickle.loads(pickle.dumps(storage)) as copy:
                assert (copy.lease_seconds, copy.url) == (5.0, storage.url)
                assert copy.studies() == storage.studies()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_fork(self, url: str) -> None:
        with HTTPStorage(url, TOKEN) as storage:
            before = storage.studies()
            pid = os.fork()
            if pid == 0:
                os._exit(0 if storage.studies() == before else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            assert storage.studies() == before

    def test_a_server_that_comes_back(self, behind: InMemoryStorage) -> None:
        """Workers outlive a restart of the server, which is not there for a while."""
        with served(behind) as url:
            port = int(url.rpartition(":")[2])
            storage = HTTPStorage(url, TOKEN, timeout=60.0)
            study_id = storage.create_study("comes back", MINIMIZE).id
        found: list[object] = []
        with storage:
            worker = threading.Thread(
                target=lambda: found.append(storage.start(study_id, Draft(), Lease()))
            )
            worker.start()
            time.sleep(0.3)
            with served(behind, port=port):
                worker.join(60.0)
        assert len(found) == 1
        assert len(behind.history(study_id)) == 1


def test_only_what_changed_is_sent(behind: InMemoryStorage, url: str) -> None:
    with HTTPStorage(url, TOKEN) as storage:
        study_id = storage.create_study("many", MINIMIZE).id
        for _ in range(50):
            behind.start(study_id, Draft(), Lease())
        storage.history(study_id)
        behind.start(study_id, Draft(), Lease())
        sizes = [
            len(_raw(url, f"/api/storages/0/changes?study_id={study_id}&since={since}"))
            for since in (0, storage.history(study_id).revision - 1)
        ]
        assert len(storage.history(study_id)) == 51
        assert sizes[1] < 1200


def _raw(url: str, path: str) -> bytes:
    answer = httpx.get(url + path, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.content


class TestFirstLoad:
    """The whole study comes as columns, and later only what changed."""

    def fill(self, storage: Storage, n: int = 30) -> int:
        study_id = storage.create_study(f"filled {time.monotonic_ns()}", MINIMIZE).id
        for number in range(n):
            storage.start(study_id, Draft(user_attrs={"n": number}), Lease())
            storage.finish(study_id, number, 1, Outcome(TrialState.COMPLETE, (float(number),)))
        return study_id

    def test_is_what_the_server_has(self, url: str, behind: InMemoryStorage) -> None:
        study_id = self.fill(behind)
        with HTTPStorage(url, TOKEN) as client:
            history = client.history(study_id)
            assert list(history.trials()) == list(behind.history(study_id).trials())
            behind.write(study_id, 3, None, TrialUpdate(user_attrs={"late": 1}))
            assert client.history(study_id) is history
            assert history.user_attrs(3) == {"n": 3, "late": 1}

    def test_begins_anew_where_the_connection_breaks(
        self, url: str, behind: InMemoryStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study_id = self.fill(behind)
        attempts = []

        def breaking(parts: Iterator[bytes]) -> History:
            attempts.append(next(parts))
            if len(attempts) == 1:
                raise httpx.ReadError("the connection broke")
            return load_history([attempts[-1], *parts])

        monkeypatch.setattr(wire, "load_history", breaking)
        with HTTPStorage(url, TOKEN) as client:
            assert len(client.history(study_id)) == 30
        assert len(attempts) == 2

    def test_of_a_study_that_is_not_there(self, url: str) -> None:
        with HTTPStorage(url, TOKEN) as client, pytest.raises(UnknownStudy):
            client.history(10**6)

    def test_an_answer_that_is_damaged(
        self, url: str, behind: InMemoryStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study_id = self.fill(behind)
        monkeypatch.setattr(wire.Snapshot, "frames", lambda _: iter([b"TTF", b"\0" * 9]))
        with HTTPStorage(url, TOKEN) as client, pytest.raises(StorageUnreadable, match="damaged"):
            client.history(study_id)
