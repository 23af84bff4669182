"""Trainables that do not do as they are told, and what they leave behind."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.crash.test_trainable_faults import run
from trimtab import tune
from trimtab.records import TrialState
from trimtab.schedulers import PopulationBasedTraining
from trimtab.tune import FailureConfig, host
from trimtab.tune.executors import ProcessExecutor

Config = dict[str, Any]


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


# ---------------------------------------------------------------- that do not stop


def reports_for_ever(config: Config) -> None:
    """It catches everything, and goes on."""
    while True:
        with contextlib.suppress(BaseException):
            tune.report({"loss": 1.0})


def cleans_up_for_ever(config: Config) -> None:
    host.GRACE = 0.3  # in a worker this is its own
    try:
        while True:
            tune.report({"loss": 1.0})
    finally:
        while config["number"] < 2:
            time.sleep(0.01)


@pytest.mark.parametrize("trainable", [reports_for_ever, cleans_up_for_ever])
@pytest.mark.parametrize("executor", ["inline", "process"])
def test_what_does_not_end_is_ended(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    trainable: Callable[[Config], None],
    executor: str,
) -> None:
    monkeypatch.setattr(host, "GRACE", 0.3)
    results = run(
        trainable,
        tmp_path,
        ProcessExecutor(1) if executor == "process" else executor,
        param_space={"number": tune.grid_search([0, 1, 2])},
        stop={"training_iteration": 3},
    )
    assert [result.state for result in results] == [TrialState.COMPLETE] * 3
    assert [len(result.reports) for result in results] == [3] * 3
    told = "does not end" if executor == "inline" else "its worker exited with status 75"
    assert told in caplog.text


def test_what_runs_past_the_run_s_end_loses_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it go those that rest there, and those that were told to end and wait their turn."""

    def trainable(config: Config) -> None:
        tune.report({"loss": 1.0})
        while config["number"] == 2:
            with contextlib.suppress(BaseException):
                time.sleep(0.01)
        tune.report({"loss": 1.0})

    monkeypatch.setattr("trimtab.tune.controller._GRACE", 0.3)
    results = run(
        trainable,
        tmp_path,
        ProcessExecutor(1),
        param_space={"number": tune.grid_search([0, 1, 2])},
        scheduler=PopulationBasedTraining(
            time_attr="training_iteration",
            perturbation_interval=1,
            hyperparam_mutations={"x": [1, 2]},
        ),
        metric="loss",
        mode="min",
        time_budget_s=3.0,
    )
    assert [result.state for result in results] == [TrialState.COMPLETE] * 3


def test_an_error_on_the_way_out_does_not_undo_what_was_done(tmp_path: Path) -> None:
    def trainable(config: Config) -> None:
        try:
            while True:
                tune.report({"loss": 1.0})
        finally:
            raise RuntimeError("while it cleaned up")

    (result,) = run(trainable, tmp_path, stop={"training_iteration": 3}, metric="loss", mode="min")
    assert (result.state, len(result.reports)) == (TrialState.COMPLETE, 3)


# ---------------------------------------------------------------- that fork


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_child_has_no_part_in_the_trial(tmp_path: Path, executor: str) -> None:
    """It cannot report; what it raises, and that it comes to the trial's end, is its own."""

    def trainable(config: Config) -> None:
        tune.report({"loss": 1.0})
        child = os.fork()
        if child == 0:
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - it ends with the process
            tune.report({"loss": 100.0})
        os.waitpid(child, 0)
        tune.report({"loss": 2.0})

    place = ProcessExecutor(1) if executor == "process" else executor
    # Each report waits for an answer, which a child would wait for in vain.
    (result,) = run(trainable, tmp_path, place, stop=lambda trial, result: False)
    assert [report["loss"] for report in result.reports] == [1.0, 2.0]
    assert result.error is None


def test_children_that_live_on_end_with_the_run(tmp_path: Path) -> None:
    def trainable(config: Config) -> None:
        child = os.fork()
        if child == 0:
            time.sleep(300)
        tune.report({"child": child})

    (result,) = run(trainable, tmp_path, ProcessExecutor(1))
    child = int(result.metrics["child"])
    wait_until(lambda: not lives(child), "a child outlived its run")


def test_a_child_of_the_run_s_process_does_not_hold_the_run(tmp_path: Path) -> None:
    def trainable(config: Config) -> None:
        child = os.fork()
        if child == 0:
            time.sleep(300)
        tune.report({"child": child})

    (result,) = run(trainable, tmp_path)
    child = int(result.metrics["child"])
    try:
        assert lives(child)
        assert len(tune.Tuner.restore(tmp_path / "run", trainable).fit()) == 1
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# ---------------------------------------------------------------- that print


def test_megabytes_are_captured_and_not_kept_in_memory(tmp_path: Path) -> None:
    def trainable(config: Config) -> None:
        for _ in range(200):
            sys.stdout.write("x" * 99_999 + "\n")
            os.write(2, b"y" * 50_000)
        tune.report({"loss": 1.0})

    process = psutil.Process()
    before = process.memory_info().rss
    results = run(trainable, tmp_path, ProcessExecutor(2), num_samples=2, log_to_file=True)
    assert process.memory_info().rss - before < 10 << 20
    for result in results:
        assert result.state is TrialState.COMPLETE
        assert Path(result.path, "stdout").stat().st_size == 20_000_000
        assert Path(result.path, "stderr").stat().st_size == 10_000_000


def test_what_cannot_be_captured_is_printed(tmp_path: Path) -> None:
    """A folder that is no folder: the trial is none the worse for it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "trial_00000").write_text("in the way")
    (result,) = run(lambda config: 1.0, tmp_path, ProcessExecutor(1), log_to_file=True)
    assert result.state is TrialState.COMPLETE


# ---------------------------------------------------------------- that leak


def test_what_trials_leak_goes_with_their_worker(tmp_path: Path) -> None:
    """Files run out, in a worker that all trials share: it is replaced, and the run goes on."""

    def trainable(config: Config) -> float:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        held: Any = sys.modules.setdefault("held", [])  # type: ignore[arg-type]  # it stays there
        held += [os.open(os.devnull, os.O_RDONLY) for _ in range(30)]
        return 1.0

    results = run(
        trainable,
        tmp_path,
        ProcessExecutor(1),
        num_samples=5,
        failure_config=FailureConfig(max_failures=1),
    )
    assert [result.state for result in results] == [TrialState.COMPLETE] * 5


def test_threads_that_go_on_do_not_keep_a_worker(tmp_path: Path) -> None:
    def trainable(config: Config) -> int:
        import threading

        threading.Thread(target=time.sleep, args=(300,)).start()
        return os.getpid()

    (result,) = run(trainable, tmp_path, ProcessExecutor(1))
    pid = int(result.metrics["_metric"])
    wait_until(lambda: not lives(pid), "a worker outlived its run")
