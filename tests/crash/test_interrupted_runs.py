"""Ctrl-C once and twice, SIGTERM, and a driver that is killed: each can be gone on with."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.crash.test_unruly_trainables import lives, wait_until

pytestmark = pytest.mark.slow


@contextmanager
def busy(folder: Path, executor: str) -> Iterator[subprocess.Popen[str]]:
    """A run whose only trial is busy for ever."""
    command = [sys.executable, "-m", "tests.crash.unruly_run", str(folder), executor]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        if process.stdout is None:
            raise RuntimeError("the run's output was not caught")
        try:
            assert process.stdout.readline() == "busy\n"
            yield process
        finally:
            process.kill()


def goes_on(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.unruly_run", str(folder), "-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "0 COMPLETE 2\nwent on\n", done.stderr


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_ctrl_c_twice(tmp_path: Path, executor: str) -> None:
    """Whatever the trial is doing, which hears of neither."""
    with busy(tmp_path / "run", executor) as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        if executor == "inline":  # where trials run elsewhere once is enough
            time.sleep(0.5)
            assert process.poll() is None
            os.kill(process.pid, signal.SIGINT)
        told, errors = process.communicate(timeout=20)
        assert "Tuner.restore" in errors
        if executor == "inline":
            assert process.returncode == -signal.SIGINT
            assert "KeyboardInterrupt" in errors
        else:
            assert (process.returncode, told) == (0, "0 RUNNING 1\nwent on\n")
        wait_until(lambda: not any(lives(worker.pid) for worker in workers), "a worker lives on")
    goes_on(tmp_path / "run")


def test_sigterm(tmp_path: Path) -> None:
    """The run ends politely, and the process as it would have without one."""
    with busy(tmp_path / "run", "process") as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        told, errors = process.communicate(timeout=20)
        assert process.returncode == -signal.SIGTERM
        assert told == ""
        assert "Tuner.restore" in errors
        assert "Traceback" not in errors
        assert not any(lives(worker.pid) for worker in workers)
    goes_on(tmp_path / "run")


def test_a_second_driver_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with busy(tmp_path / "run", "process") as process:
        second = subprocess.run(
            [sys.executable, "-m", "tests.crash.unruly_run", str(tmp_path / "run"), "-"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert second.returncode == 1
        assert f"driven by process {process.pid} on {socket.gethostname()}" in second.stderr
        process.kill()
        process.wait()
        goes_on(tmp_path / "run")
