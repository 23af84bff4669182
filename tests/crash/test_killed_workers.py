"""Workers that die, sleep or run out of disk: what was acknowledged is there."""

import os
import random
import signal
import sqlite3
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.children import acknowledge_all, be_late, child, create, end_of, fill, work
from trimtab.errors import StaleAttempt
from trimtab.records import TrialState, parse_directions
from trimtab.storage import Lease, Storage, open_storage
from trimtab.storage.doctor import diagnose

ROUNDS = 200
BUDGET = 90.0  # seconds; on a busy machine there are fewer rounds, at least a quarter


def new_study(url: str | Path) -> int:
    with open_storage(url) as storage:
        return storage.create_study("s", parse_directions("minimize")).id


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        answer: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
        return answer
    finally:
        connection.close()


def by_number(storage: Storage, study_id: int) -> dict[int, TrialState]:
    history = storage.history(study_id)
    return {trial.number: trial.state for trial in history.trials()}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_acknowledged_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    study_id = new_study(path)
    rng = random.Random(0)
    acknowledged: dict[tuple[str, int], int] = {}
    deadline = time.monotonic() + BUDGET
    rounds = 0
    with open_storage(path) as storage:
        for rounds in range(1, ROUNDS + 1):
            with child(acknowledge_all, str(path), study_id) as (process, connection):
                connection.poll(30.0)
                time.sleep(rng.uniform(0.0, 0.03))
                process.kill()
                process.join()
                while connection.poll(0.0):
                    try:
                        what, number, attempt = connection.recv()
                    except EOFError:
                        break
                    acknowledged[what, number] = attempt
            if rounds % 10 == 0:
                check(storage, study_id, acknowledged)
            if time.monotonic() > deadline and rounds >= ROUNDS // 4:
                break
        check(storage, study_id, acknowledged)
    assert integrity(path) == "ok"
    with open_storage(path) as storage:  # what a new process sees
        check(storage, study_id, acknowledged)
        taken = True
        while taken:  # the last one killed left a trial behind, and its lease has run out
            trial = storage.start(study_id, None, Lease())
            taken = trial is not None
            if trial is not None:
                storage.finish(study_id, trial.number, trial.attempt, end_of(trial.number))
        assert set(by_number(storage, study_id).values()) == {TrialState.COMPLETE}
    assert diagnose(path) == []
    assert len([what for what, _ in acknowledged if what == "finished"]) > rounds // 20


def check(storage: Storage, study_id: int, acknowledged: dict[tuple[str, int], int]) -> None:
    """All that was acknowledged is there, and numbers are dense."""
    history = storage.history(study_id)
    states = by_number(storage, study_id)
    assert sorted(states) == list(range(len(states)))
    for (what, number), attempt in acknowledged.items():
        trial = history.trial(number)
        assert trial.attempt >= attempt
        if what == "finished":
            assert (trial.state, trial.values) == (TrialState.COMPLETE, end_of(number).values)
        if what == "reported":  # each has a checkpoint, so a reclaimed trial keeps it
            assert attempt in trial.reports


def test_a_worker_that_sleeps_past_its_lease(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    study_id = new_study(path)
    with child(be_late, str(path), study_id) as (process, connection), open_storage(path) as other:
        number = connection.recv()
        process_id = process.pid
        assert process_id is not None
        os.kill(process_id, signal.SIGSTOP)
        try:
            deadline = time.monotonic() + 20.0
            while (trial := other.start(study_id, None, Lease())) is None:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        finally:
            os.kill(process_id, signal.SIGCONT)
        assert (trial.number, trial.attempt) == (number, 2)
        connection.send("go on")
        answer = connection.recv()
        assert isinstance(answer, StaleAttempt)
        assert (answer.number, answer.attempt, answer.current) == (number, 1, 2)
        assert other.trial(study_id, number) == trial
        other.finish(study_id, number, 2, end_of(number))


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    study_id = new_study(path)
    with child(fill, str(path), study_id, 400_000) as (_, connection):
        assert connection.poll(60.0)
        message, acknowledged = connection.recv()
        assert "no room" in message
        assert acknowledged == list(range(len(acknowledged)))
        assert len(acknowledged) > 5
        readable, number = connection.recv()
    assert readable == len(acknowledged)
    assert number == len(acknowledged), "work goes on when there is room"
    assert integrity(path) == "ok"
    with open_storage(path) as storage:
        assert sorted(by_number(storage, study_id)) == list(range(len(acknowledged) + 1))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_32_processes_and_a_reader_on_one_file(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    study_id = new_study(path)
    n_processes, n_trials = 32, 10
    with ExitStack() as stack, open_storage(path) as reader:
        connections = [
            stack.enter_context(child(work, str(path), study_id, n_trials))[1]
            for _ in range(n_processes)
        ]
        seen = 0
        numbers: list[int] = []
        for connection in connections:
            while not connection.poll(0.01):
                history = reader.history(study_id)
                assert len(history) >= seen
                seen = len(history)
            answer = connection.recv()
            assert isinstance(answer, list), answer
            numbers += answer
        assert sorted(numbers) == list(range(n_processes * n_trials))
        states = by_number(reader, study_id)
        assert list(states.values()) == [TrialState.COMPLETE] * len(numbers)


def test_eight_processes_make_one_database(storage_url: str) -> None:
    with ExitStack() as stack:
        connections = [
            stack.enter_context(child(create, storage_url, "shared"))[1] for _ in range(8)
        ]
        for connection in connections:
            connection.send("now")
        answers = []
        for connection in connections:
            assert connection.poll(60.0)
            answers.append(connection.recv())
    assert sorted(answers) == list(range(8))
    assert diagnose(storage_url) == []
