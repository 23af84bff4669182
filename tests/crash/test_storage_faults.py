"""Locks, full disks, restarts, wrong clocks, lost answers and forks."""

import os
import pickle
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url

from tests.crash.children import SPACE, child, end_of
from tests.crash.proxy import Proxy
from tests.services import Server
from trimtab.errors import (
    StorageBusy,
    StorageError,
    StorageFull,
    TrialFinished,
)
from trimtab.records import FrozenTrial, Outcome, TrialState, TrialUpdate, parse_directions
from trimtab.storage import Draft, Lease, SQLStorage, open_storage

MINIMIZE = parse_directions("minimize")
DRAFT = Draft(SPACE, (0.5,))
LONG = Lease(3600.0)


def start(storage: Any, study_id: int, draft: Draft = DRAFT) -> FrozenTrial:
    trial = storage.start(study_id, draft, LONG)
    assert isinstance(trial, FrozenTrial)
    return trial


# ---------------------------------------------------------------------- locks and room


def test_a_file_locked_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with SQLStorage(f"sqlite:///{path}", patience=0.3) as storage:
        study_id = storage.create_study("s", MINIMIZE).id
        trial = start(storage, study_id)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(StorageBusy, match=r"study\.db stayed locked"):
            storage.finish(study_id, 0, 1, end_of(0))
        assert 0.3 <= time.monotonic() - begun < 30.0
        assert storage.trial(study_id, 0) == trial, "who reads does not wait"
        assert storage.history(study_id).trial(0) == trial
        other.execute("ROLLBACK")
        assert storage.finish(study_id, 0, 1, end_of(0)).state is TrialState.COMPLETE
        other.close()


def test_a_lock_that_is_let_go_in_time(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with open_storage(path) as storage:
        study_id = storage.create_study("s", MINIMIZE).id
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, other.execute, ("COMMIT",))
        timer.start()
        start(storage, study_id)
        timer.join()
        other.close()


def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    storage = SQLStorage(f"sqlite:///{path}")
    study_id = storage.create_study("s", MINIMIZE).id
    limit = [60]
    engine = storage.database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={limit[0]}"))
    ballast = Draft(SPACE, (0.5,), {"ballast": "b" * 3000})
    acknowledged = 0
    with pytest.raises(StorageFull, match="no room"):  # noqa: PT012 - it is full at one of them
        for _ in range(1000):
            start(storage, study_id, ballast)
            acknowledged += 1
    assert acknowledged > 5
    for _ in range(3):  # and it stays a typed error
        with pytest.raises(StorageFull):
            start(storage, study_id, ballast)
    assert [t.number for t in storage.history(study_id).trials()] == list(range(acknowledged))
    limit[0] = 10_000
    engine.dispose()
    assert start(storage, study_id, ballast).number == acknowledged
    storage.close()


# ---------------------------------------------------------------------- servers that restart


def await_more(acknowledged: list[FrozenTrial]) -> None:
    """Wait until something more was acknowledged."""
    before, end = len(acknowledged), time.monotonic() + 60.0
    while len(acknowledged) == before:
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.4)  # in the midst of the work


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_a_server_that_restarts_under_load(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server")
    restarts = 4
    with open_storage(server.url) as storage:
        study_id = storage.create_study("s", MINIMIZE).id
        acknowledged: list[FrozenTrial] = []
        errors: list[BaseException] = []
        stop = threading.Event()

        def worker() -> None:
            try:
                while not stop.is_set():
                    storage.history(study_id)
                    trial = start(storage, study_id)
                    storage.write(study_id, trial.number, 1, TrialUpdate(user_attrs={"u": 1}))
                    done = storage.finish(study_id, trial.number, 1, end_of(trial.number))
                    acknowledged.append(done)
            except BaseException as error:
                errors.append(error)
                raise

        threads = [threading.Thread(target=worker) for _ in range(2)]
        for thread in threads:
            thread.start()
        counts = []
        for _ in range(restarts):
            await_more(acknowledged)
            server.restart()
            counts.append(len(acknowledged))
        await_more(acknowledged)
        stop.set()
        for thread in threads:
            thread.join(60.0)
        assert errors == []
        assert counts == sorted(counts)
        assert len(acknowledged) > counts[-1] > 0
        trials = list(storage.history(study_id).trials())
        # Each ask made one trial, though the answer to its commit may have been lost.
        assert sorted(done.number for done in acknowledged) == list(range(len(trials)))
        assert sorted(acknowledged) == trials


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@127.0.0.1:1/none",
        "mysql://root@127.0.0.1:1/none",
    ],
)
def test_a_server_that_is_not_there(url: str) -> None:
    begun = time.monotonic()
    with pytest.raises(StorageError, match="cannot be reached"):
        open_storage(url)
    assert time.monotonic() - begun < 60.0


# ---------------------------------------------------------------------- lost answers


@pytest.fixture(params=["postgres", "mysql"])
def proxied(request: pytest.FixtureRequest) -> Iterator[tuple[SQLStorage, Proxy, str]]:
    """A storage behind a proxy that can lose the answer to a commit, and the direct URL."""
    direct = request.getfixturevalue(f"{request.param}_url")
    url = make_url(direct)
    with Proxy(str(url.host), int(url.port or 0)) as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port)
        with SQLStorage(through.render_as_string(hide_password=False)) as storage:
            yield storage, proxy, direct


def test_the_answer_to_a_commit_is_lost(proxied: tuple[SQLStorage, Proxy, str]) -> None:
    storage, proxy, direct = proxied
    with proxy.losing_commits(1):
        study_id = storage.create_study("s", MINIMIZE).id
    with proxy.losing_commits(1):
        trial = start(storage, study_id)
    assert trial.number == 0
    with proxy.losing_commits(2):
        assert start(storage, study_id).number == 1
    with proxy.losing_commits(1):
        assert storage.add(study_id, [FrozenTrial.build(0, TrialState.PAUSED)] * 2) == [2, 3]
    with proxy.losing_commits(1):
        storage.write(study_id, 0, 1, TrialUpdate(user_attrs={"u": 1}))
    with proxy.losing_commits(1):
        done = storage.finish(study_id, 0, 1, end_of(0))
    with proxy.losing_commits(1):
        storage.delete_trials(study_id, [3])
    with proxy.losing_commits(1):
        storage.update_study(study_id, name="t")
    assert proxy.lost == 9
    with open_storage(direct) as other:
        assert other.find_study("t").id == study_id
        assert [t.number for t in other.history(study_id).trials()] == [0, 1, 2]
        assert other.trial(study_id, 0) == done
        assert done.user_attrs == {"u": 1}
    with proxy.losing_commits(1):
        storage.delete_study(study_id)
    assert storage.studies() == []


# ---------------------------------------------------------------------- clocks


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_worker_whose_clock_is_wrong(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str, skew: float
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    true_time, true_time_ns = time.time, time.time_ns
    with open_storage(url) as wrong, open_storage(url) as right:
        study_id = wrong.create_study("s", MINIMIZE).id
        monkeypatch.setattr(time, "time", lambda: true_time() + skew)
        monkeypatch.setattr(time, "time_ns", lambda: true_time_ns() + int(skew * 1e9))
        mine = wrong.start(study_id, DRAFT, Lease(60.0))
        short = wrong.start(study_id, DRAFT, Lease(0.05))
        assert mine is not None
        assert short is not None
        monkeypatch.undo()
        assert mine.started is not None
        assert abs(mine.started / 1e6 - true_time()) < 600.0
        remaining = right.leases(study_id)[0].remaining
        assert remaining is not None
        assert 0.0 < remaining <= 60.0
        time.sleep(0.1)
        taken = right.start(study_id, None, Lease())
        assert taken is not None
        assert taken.number == short.number
        assert right.start(study_id, None, Lease()) is None


# ---------------------------------------------------------------------- forks, copies, races


def run_forked(connection: Any, url: str) -> None:
    """Use one storage on both sides of forks, made while another thread holds its lock."""
    storage = SQLStorage(url)
    study_id = storage.create_study("s", MINIMIZE).id
    storage.history(study_id)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with storage.lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    process_ids = []
    for _ in range(3):
        process_id = os.fork()
        if process_id == 0:
            status = 1
            try:
                run_some(storage, study_id)
                status = 0
            finally:
                os._exit(status)
        process_ids.append(process_id)
    done.set()
    thread.join()
    run_some(storage, study_id)
    statuses = [os.waitpid(process_id, 0)[1] for process_id in process_ids]
    trials = list(storage.history(study_id).trials())
    connection.send((statuses, [t.number for t in trials], {t.state for t in trials}))


def run_some(storage: SQLStorage, study_id: int) -> None:
    for _ in range(10):
        number = start(storage, study_id).number
        storage.finish(study_id, number, 1, end_of(number))
        storage.history(study_id)


def test_a_storage_that_is_forked(storage_url: str) -> None:
    with child(run_forked, storage_url) as (_, connection):
        assert connection.poll(60.0)
        statuses, numbers, states = connection.recv()
    assert statuses == [0, 0, 0]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) == 40
    assert states == {TrialState.COMPLETE}


def test_a_storage_is_copied_by_its_url(storage_url: str) -> None:
    with open_storage(storage_url) as storage:
        study_id = storage.create_study("s", MINIMIZE).id
        storage.lease_seconds = 7.0
        start(storage, study_id)
        copy = pickle.loads(pickle.dumps(storage))
        assert copy.lease_seconds == 7.0
        assert start(copy, study_id).number == 1
        copy.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_tellers_a_thousand_times(storage_url: str) -> None:
    rounds = 1000
    barrier = threading.Barrier(2)
    results: list[list[FrozenTrial | None]] = [[], []]

    with open_storage(storage_url) as first, open_storage(storage_url) as second:
        study_id = first.create_study("s", MINIMIZE).id
        first.add(study_id, [FrozenTrial.build(0, TrialState.RUNNING, started=1)] * rounds)
        for storage in (first, second):
            storage.history(study_id)

        def teller(i: int) -> None:
            storage = (first, second)[i]
            for number in range(rounds):
                barrier.wait(60.0)
                outcome = Outcome(TrialState.COMPLETE, (float(i),))
                try:
                    results[i].append(storage.finish(study_id, number, 1, outcome))
                except TrialFinished:
                    results[i].append(None)

        threads = [threading.Thread(target=teller, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = list(second.history(study_id).trials())
        assert len(stored) == rounds
        for trial, one, other in zip(stored, *results, strict=True):
            assert (one is None) != (other is None)
            assert trial == (one or other)
