"""Every executor, held to one contract; and what only worker processes can go through."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.testing.executors import ExecutorContract, Run, follow, until_ended, until_waiting
from trimtab.tune.events import Event, Evicted, Failed, Returned
from trimtab.tune.executors import Executor, InlineExecutor, ProcessExecutor
from trimtab.tune.resources import DEFAULT


class TestInline(ExecutorContract):
    captures = False
    shares = False

    @pytest.fixture
    def executor(self) -> Executor:
        return InlineExecutor()


class TestProcess(ExecutorContract):
    @pytest.fixture
    def executor(self) -> Executor:
        return ProcessExecutor(2)


def lethal(config: dict[str, Any]) -> None:
    """Tells of its process, and then, if it was told to, kills it."""
    tune.report({"pid": os.getpid()})
    if config.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    while config.get("hang"):
        time.sleep(0.01)
    tune.report({"pid": os.getpid()})


class TestWorkers:
    @pytest.fixture
    def executor(self, tmp_path: Path) -> Iterator[ProcessExecutor]:
        executor = ProcessExecutor(1)
        executor.open(lethal, tmp_path)
        yield executor
        executor.close()

    assign = ExecutorContract.assign

    def test_a_worker_that_is_killed_is_replaced(
        self, executor: ProcessExecutor, assign: Run
    ) -> None:
        executor.start(assign(0, until=1))
        until_waiting(executor, 0)
        executor.start(assign(1, kill=True))
        events: list[Event] = []
        while not any(isinstance(event, Evicted) for event in events):
            events += executor.poll(10.0)
        failed = events[-2]
        assert isinstance(failed, Failed)
        assert (failed.number, failed.lost) == (1, True)
        assert "SIGKILL" in failed.reason
        assert events[-1] == Evicted(0)
        executor.start(assign(2))
        assert isinstance(until_ended(executor, 2)[-1], Returned)

    def test_a_trial_that_was_told_to_end_has_ended_with_its_worker(
        self, executor: ProcessExecutor, assign: Run
    ) -> None:
        executor.start(assign(0, until=1))
        pid = until_waiting(executor, 0)[0].metrics["pid"]
        executor.start(assign(1, hang=True))
        while not executor.poll(10.0):
            pass
        executor.end(0)  # its turn does not come while the other runs
        os.kill(pid, signal.SIGKILL)
        events: list[Event] = []
        while len(events) < 2:
            events += executor.poll(10.0)
        assert isinstance(events[0], Failed)
        assert (events[0].number, events[1]) == (1, Returned(0))
        assert executor.has_room(DEFAULT)

    def test_a_worker_is_used_again(self, executor: ProcessExecutor, assign: Run) -> None:
        executor.start(assign(0))
        first = until_ended(executor, 0)[0].metrics["pid"]  # type: ignore[union-attr]  # a report
        executor.start(assign(1))
        assert until_ended(executor, 1)[0].metrics["pid"] == first  # type: ignore[union-attr]  # a report
        assert first != os.getpid()

    def test_what_hangs_is_killed(self, executor: ProcessExecutor, assign: Run) -> None:
        executor.start(assign(0, hang=True))
        while not executor.poll(10.0):
            pass
        assert not executor.has_room(DEFAULT)
        assert executor.kill(0)
        assert not executor.kill(0)
        assert executor.has_room(DEFAULT)
        executor.start(assign(1))
        assert isinstance(until_ended(executor, 1)[-1], Returned)

    def test_a_trainable_that_cannot_be_sent(self, tmp_path: Path) -> None:
        held = (tmp_path / "file").open("w")
        with pytest.raises(InvalidArgument, match="the variable 'held'"):
            ProcessExecutor(1).open(lambda config: held.name, tmp_path)
        held.close()


def test_inline_cannot_take_anything_away(tmp_path: Path) -> None:
    executor = InlineExecutor()
    executor.open(follow, tmp_path)
    assert not executor.kill(0)
    executor.close()
