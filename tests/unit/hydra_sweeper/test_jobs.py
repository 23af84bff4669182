"""Jobs in processes of their own: each ends in one event, whatever becomes of it."""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydra_plugins.trimtab_sweeper._jobs import (
    Event,
    Failed,
    Jobs,
    Pruned,
    Reported,
    Returned,
)
from hydra_plugins.trimtab_sweeper._server import plain
from tests.unit.hydra_sweeper.launchers import launching
from trimtab.errors import InvalidArgument, TrialPruned
from trimtab.integrations.hydra import report, run_seed


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60.0
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def ends(jobs: Jobs) -> dict[int, Event]:
    """How all jobs that run end, by number."""
    found: dict[int, Event] = {}
    while len(jobs):
        found |= {event.number: event for event in jobs.wait(60.0)}
    return found


@contextmanager
def running(job: Callable[..., Any]) -> Iterator[Jobs]:
    with Jobs(launching(job)) as jobs:
        yield jobs


def job(number: int, how: str = "return", at: str = "") -> Any:
    if how == "return":
        return number * 10.0
    if how == "raise":
        raise ValueError("no such colour")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        os._exit(3)
    if how == "leave":
        sys.exit(4)
    if how == "prune":
        raise TrialPruned
    if how == "numpy":
        return {"score": np.float32(0.5), "curve": np.arange(3)}
    if how == "seeds":
        return [run_seed(), random.random(), float(np.random.random())]  # noqa: NPY002
    if how == "sleep":
        Path(at).write_text(str(os.getpid()))
        time.sleep(600.0)
    raise AssertionError(how)


@pytest.fixture(scope="module")
def ended() -> dict[int, Event]:
    hows = ["return", "raise", "kill", "exit", "leave", "prune", "numpy"]
    with running(job) as jobs:
        for number, how in enumerate(hows, 1):
            jobs.start(number, [f"how={how}"], seed=0)
        return ends(jobs)


class TestEnds:
    def test_a_value_is_returned(self, ended: dict[int, Event]) -> None:
        assert ended[1] == Returned(1, 10.0)

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            (2, "ValueError: no such colour"),
            (3, "it was killed by SIGKILL"),
            (4, "its process ended with status 3, and no result"),
            (5, "it left by sys.exit(4)"),
        ],
    )
    def test_a_failure_says_why(self, ended: dict[int, Event], number: int, reason: str) -> None:
        assert ended[number] == Failed(number, reason)

    def test_a_job_may_say_it_is_pruned(self, ended: dict[int, Event]) -> None:
        assert ended[6] == Pruned(6)

    def test_arrays_come_as_numbers(self, ended: dict[int, Event]) -> None:
        assert ended[7] == Returned(7, {"score": 0.5, "curve": [0, 1, 2]})


def test_jobs_run_side_by_side_and_a_free_slot_is_known_at_once() -> None:
    with running(lambda number, at="": Path(at).exists() or number) as jobs:
        jobs.start(1, ["at=/"], seed=0)
        assert jobs.wait(60.0) == [Returned(1, True)]
        jobs.start(2, ["at=/"], seed=0)
        jobs.start(3, ["at=/"], seed=0)
        assert ends(jobs) == {2: Returned(2, True), 3: Returned(3, True)}


@pytest.mark.parametrize("count", [0, 2])
def test_a_launcher_that_loses_jobs(count: int) -> None:
    with Jobs(lambda overrides, first: [None] * count) as jobs:
        jobs.start(1, [], seed=0)
        (event,) = jobs.wait(60.0)
    assert event == Failed(1, f"the launcher returned {count} results for one job")


def test_each_run_has_the_seed_it_was_given() -> None:
    with running(job) as jobs:
        for number, seed in ((1, 7), (2, 8), (3, 7)):
            jobs.start(number, ["how=seeds"], seed)
        drawn = {number: event.value for number, event in ends(jobs).items()}  # type: ignore[union-attr]
    assert drawn[1][0] == 7
    assert drawn[1] == drawn[3]  # Python's and NumPy's generators, too
    assert drawn[2][1] != drawn[1][1]


def test_exit_handlers_of_a_job_run_and_those_of_the_sweep_do_not(tmp_path: Path) -> None:
    import atexit

    def registers(number: int) -> float:
        atexit.register((tmp_path / "job").touch)
        return 1.0

    atexit.register((tmp_path / "sweep").touch)
    with running(registers) as jobs:
        jobs.start(1, [], seed=0)
        ends(jobs)
    assert (tmp_path / "job").exists()
    assert not (tmp_path / "sweep").exists()


class TestReports:
    def test_a_report_waits_for_its_answer(self) -> None:
        def reports(number: int) -> float:
            report(0.5, 1)
            report({"loss": math.nan, "accuracy": 0.25}, step=2)
            return 1.0

        with running(reports) as jobs:
            jobs.start(1, [], seed=0)
            assert jobs.wait(60.0) == [Reported(1, 1, {"": 0.5})]
            assert jobs.wait(0.05) == []
            jobs.answer(1, prune=False)
            (second,) = jobs.wait(60.0)
            assert isinstance(second, Reported)
            assert second.metrics["accuracy"] == 0.25
            assert math.isnan(second.metrics["loss"])
            jobs.answer(1, prune=False)
            assert jobs.wait(60.0) == [Returned(1, 1.0)]

    def test_the_answer_may_prune(self) -> None:
        def reports(number: int) -> float:
            report(0.5, 1)
            raise AssertionError("it went on")

        with running(reports) as jobs:
            jobs.start(1, [], seed=0)
            jobs.wait(60.0)
            jobs.answer(1, prune=True)
            assert jobs.wait(60.0) == [Pruned(1)]

    def test_processes_and_threads_of_a_job_may_report_at_one_time(self) -> None:
        def reports(number: int) -> float:
            if os.fork() == 0:
                for step in range(20):
                    report(1.0, step)
                os._exit(0)
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda step: report(2.0, step), range(20)))
            os.wait()
            return 1.0

        taken: Counter[float] = Counter()
        with running(reports) as jobs:
            jobs.start(1, [], seed=0)
            while len(jobs):
                for event in jobs.wait(60.0):
                    if isinstance(event, Reported):
                        taken[event.metrics[""]] += 1
                        jobs.answer(1, prune=False)
        assert taken == {1.0: 20, 2.0: 20}

    def test_what_cannot_be_taken_is_said_to_the_job(self) -> None:
        def reports(number: int) -> str:
            try:
                report(0.5, 1)
            except InvalidArgument as refused:
                return str(refused)
            return "taken"

        with running(reports) as jobs:
            jobs.start(1, [], seed=0)
            jobs.wait(60.0)
            jobs.answer(1, prune=False, error="a metric's name")
            (event,) = jobs.wait(60.0)
        assert isinstance(event, Returned)
        assert "a metric's name" in event.value

    def test_a_job_that_dies_while_it_is_answered(self) -> None:
        def reports(number: int) -> float:
            report(0.5, 1)
            return 1.0

        with running(reports) as jobs:
            jobs.start(1, [], seed=0)
            (event,) = jobs.wait(60.0)
            jobs.signal(signal.SIGKILL)
            assert jobs.wait(60.0) == [Failed(1, "it was killed by SIGKILL")]
            assert event.number == 1
            jobs.answer(1, prune=False)  # nobody listens, and nothing breaks


class TestEndOfTheSweep:
    def test_jobs_that_are_left_are_ended(self, tmp_path: Path) -> None:
        file = tmp_path / "pid"
        with running(job) as jobs:
            jobs.start(1, ["how=sleep", f"at={file}"], seed=0)
            assert eventually(lambda: file.exists() and file.read_text() != "")
        assert eventually(lambda: not is_there(int(file.read_text())))

    def test_a_killed_sweep_takes_its_jobs_along(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file, sockets = tmp_path / "pid", tmp_path / "sockets"
        sockets.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(sockets))
        sweep = os.fork()
        if sweep == 0:
            try:
                with running(job) as jobs:
                    jobs.start(1, ["how=sleep", f"at={file}"], seed=0)
                    jobs.wait(600.0)
            finally:
                os._exit(1)
        assert eventually(lambda: file.exists() and file.read_text() != "")
        os.kill(sweep, signal.SIGKILL)
        os.waitpid(sweep, 0)
        assert eventually(lambda: not is_there(int(file.read_text())))
        assert eventually(lambda: not list(sockets.iterdir()))

    def test_nothing_hangs_when_the_process_that_forks_is_killed(self) -> None:
        with running(job) as jobs:
            os.kill(jobs._server, signal.SIGKILL)
            with pytest.raises(ChildProcessError, match="the process that starts jobs was killed"):
                jobs.wait(60.0)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        (np.float64(0.1), 0.1),
        (np.array(3), 3),
        ((1.0, (2, None)), [1.0, [2, None]]),
        ({1: {"a": np.int64(2)}}, {"1": {"a": 2}}),
        (3 + 4j, "(3+4j)"),
    ],
)
def test_plain(value: Any, sent: Any) -> None:
    assert plain(value) == sent
