"""A run of a Tuner that is killed again and again ends as one that was not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        *(
            (scheduler, "8")
            for scheduler in "pbt pbt-synch pb2 asha asha-promoting hyperband bohb median".split()
        ),
        ("pbt", "8", "1"),
    ],
    ids=" ".join,
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    tmp_path: Path, arguments: Sequence[str]
) -> None:
    """Killed in the midst of anything, with a sampler that proposes by what it knows."""
    command = [sys.executable, "-m", "tests.crash.killed_run", str(tmp_path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["died"] >= 5
    assert len(told["whole"]) == 6
    assert told["cut"] == told["whole"]


def begun(folder: Path, steps: int) -> subprocess.Popen[str]:
    """A slow run whose trials have begun to report."""
    command = [sys.executable, "-m", "tests.crash.slow_run", str(folder), str(steps)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    if process.stdout is None:
        raise RuntimeError("the run's output was not caught")
    assert process.stdout.readline() == "reported\n"
    return process


@pytest.mark.slow
def test_ctrl_c_ends_a_run_that_can_go_on(tmp_path: Path) -> None:
    process = begun(tmp_path / "run", 100_000)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Tuner.restore" in errors
    assert "Traceback" not in errors
    states = [line.split()[1] for line in told.splitlines() if line[:1].isdigit()]
    assert set(states) <= {"RUNNING", "PAUSED", "WAITING"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.slow_run", str(tmp_path / "run"), "30"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    ends = [line for line in done.stdout.splitlines() if line[:1].isdigit()]
    assert [line.split()[1] for line in ends] == ["COMPLETE"] * 3


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_workers_end_with_their_run(tmp_path: Path) -> None:
    process = begun(tmp_path / "run", 100_000)
    workers = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert workers
    process.kill()
    process.communicate()
    until = time.monotonic() + 30
    while any(lives(pid) for pid in workers):
        assert time.monotonic() < until, "a worker outlived its run"
        time.sleep(0.05)
