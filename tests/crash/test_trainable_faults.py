"""Everything a trainable can do wrong: its trial says what it was, and the run goes on."""

import os
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest

from trimtab import tune
from trimtab.records import TrialState
from trimtab.tune import Result, ResultGrid, RunConfig, TuneConfig, Tuner
from trimtab.tune.executors import ProcessExecutor

MEGABYTE: Final = 1 << 20

Config = dict[str, Any]


class _Mute(Exception):
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("not even its text")


class _Here(Exception):
    """An error that is not to be taken elsewhere."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(left)
        self.lock = threading.Lock()


class _Unmade:
    """What can be sent, and not be made again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.fspath, (3,)


def nothing(config: Config) -> None:
    """It never reports."""


def no_number(config: Config) -> threading.Lock:
    return threading.Lock()


def not_the_metric(config: Config) -> None:
    tune.report({"los": 1.0})


def nan(config: Config) -> None:
    tune.report({"loss": float("nan")})


def a_string(config: Config) -> None:
    tune.report({"loss": "low"})


def a_numpy_string(config: Config) -> None:
    tune.report({"loss": np.str_("low")})


def a_complex_number(config: Config) -> None:
    tune.report({"loss": np.complex128(1 + 2j)})


def beyond_floats(config: Config) -> None:
    tune.report({"loss": 10**400})


def no_dictionary(config: Config) -> None:
    tune.report(3.0)  # type: ignore[arg-type]  # that is the point


def a_bad_name(config: Config) -> None:
    tune.report({"loss": 1.0, "a\nb": 2.0})


def a_bad_inner_name(config: Config) -> None:
    tune.report({"loss": 1.0})
    tune.report({"loss": 1.0, "a": {"b" * 300: 2.0}})


def no_checkpoint(config: Config) -> None:
    tune.report({"loss": 1.0}, checkpoint="/tmp")  # type: ignore[arg-type]  # that is the point


def no_folder(config: Config) -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved = tune.Checkpoint.from_directory(folder)
    tune.report({"loss": 1.0}, checkpoint=saved)


def raises(config: Config) -> None:
    raise ValueError("as it was told")


def raises_megabytes(config: Config) -> None:
    raise ValueError("x" * 5 * MEGABYTE)


def raises_what_no_text_holds(config: Config) -> None:
    raise ValueError("\ud800\0")


def raises_without_a_text(config: Config) -> None:
    raise _Mute


def raises_what_cannot_be_sent(config: Config) -> None:
    raise _Here(1, 2)


def raises_an_interrupt(config: Config) -> None:
    raise KeyboardInterrupt


def exits(config: Config) -> None:
    sys.exit(0)


def reports_a_lock(config: Config) -> None:
    tune.report({"loss": 1.0, "lock": threading.Lock()})


def reports_what_cannot_be_made(config: Config) -> None:
    tune.report({"loss": 1.0, "thing": _Unmade()})


def exits_at_once(config: Config) -> None:
    os._exit(3)


def is_killed(config: Config) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def faults(config: Config) -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGSEGV)
    time.sleep(60)


def is_killed_by_a_nameless_signal(config: Config) -> None:
    os.kill(os.getpid(), signal.SIGRTMIN + 3)
    time.sleep(60)


def takes_all_memory(config: Config) -> None:
    limit = psutil.Process().memory_info().vms + 64 * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    taken = []
    while True:
        taken.append(np.empty(MEGABYTE, np.uint8))


def closes_all_files(config: Config) -> None:
    os.closerange(3, 1000)
    time.sleep(60)


def leaves_a_child_and_is_killed(config: Config) -> None:
    """A child that lives on holds what its parent had: whoever waits for it waits in vain."""
    if os.fork() == 0:
        time.sleep(60)
    os.kill(os.getpid(), signal.SIGKILL)


def fine(config: Config) -> None:
    tune.report({"loss": 1.0})


ANYWHERE: Final[dict[Callable[[Config], Any], str]] = {
    nothing: "it reported nothing",
    no_number: "`trainable`: expected a number or a dictionary returned by it, got <unlocked",
    not_the_metric: "`loss`: expected in its last report, got ['los']",
    nan: "`loss`: expected a finite number in its last report, got nan",
    a_string: "`loss`: expected a finite number in its last report, got 'low'",
    a_numpy_string: "`loss`: expected a finite number in its last report, got np.str_('low')",
    a_complex_number: "`loss`: expected a finite number in its last report, got np.complex128",
    beyond_floats: "`loss`: expected a finite number in its last report, got 1000",
    no_dictionary: "`metrics`: expected a dictionary, got 3.0",
    a_bad_name: r"`metrics`: expected no control characters, got 'a\nb'",
    a_bad_inner_name: "`metrics`: expected 1 to 255 characters, got 'a/bbb",
    no_checkpoint: "`checkpoint`: expected a trimtab.tune.Checkpoint, got '/tmp'",
    no_folder: "No such file or directory",
    raises: "as it was told",
    raises_megabytes: "x" * 100,
    raises_what_no_text_holds: "\ud800\0",
    raises_without_a_text: "",
    raises_what_cannot_be_sent: "1",
    raises_an_interrupt: "it raised KeyboardInterrupt",
    exits: "it called sys.exit(0)",
}
"""Faults that any executor stands, and what is said of them."""

IN_A_PROCESS: Final[dict[Callable[[Config], Any], str]] = {
    reports_a_lock: "`metrics`: expected values that pickle can send (cannot pickle '_thread.lock' "
    "object); 'lock' is none, got <unlocked",
    reports_what_cannot_be_made: "what it reported cannot be read by the run (TypeError: expected",
    exits_at_once: "its worker exited with status 3",
    is_killed: "its worker was killed by SIGKILL",
    faults: "its worker was killed by SIGSEGV",
    is_killed_by_a_nameless_signal: f"its worker was killed by signal {signal.SIGRTMIN + 3}",
    takes_all_memory: "Unable to allocate",
    closes_all_files: "its worker was killed by SIGKILL",
    leaves_a_child_and_is_killed: "its worker was killed by SIGKILL",
}
"""Faults that would end this process, or that it would not notice."""


def run(trainable: Any, folder: Path, executor: Any = "inline", **given: Any) -> ResultGrid:
    keys = ("stop", "failure_config", "log_to_file")
    kept = {key: given.pop(key) for key in keys if key in given}
    space = given.pop("param_space", {})
    config = TuneConfig(**{"seed": 0, "executor": executor, **given})
    kept |= {"name": "run", "storage_path": folder, "verbose": 0}
    return Tuner(
        trainable, param_space=space, tune_config=config, run_config=RunConfig(**kept)
    ).fit()


def all_of(faults: list[Callable[[Config], Any]], folder: Path, executor: Any) -> ResultGrid:
    """One run in which each trial does one thing wrong, and the last none."""
    done = [*faults, fine]
    return run(
        lambda config: done[config["fault"]](config),
        folder,
        executor,
        param_space={"fault": tune.grid_search(list(range(len(done))))},
        metric="loss",
        mode="min",
    )


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> ResultGrid:
    return all_of([*ANYWHERE], tmp_path_factory.mktemp("inline"), "inline")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ResultGrid:
    faults = [*ANYWHERE, *IN_A_PROCESS]
    return all_of(faults, tmp_path_factory.mktemp("process"), ProcessExecutor(2))


def reason_of(result: Result) -> str:
    try:
        return str(result.error)
    except RuntimeError:
        return ""


def check(result: Result, text: str) -> None:
    assert result.state is TrialState.FAIL
    assert text in reason_of(result)


@pytest.mark.parametrize("fault", ANYWHERE, ids=lambda fault: str(fault.__name__))
def test_in_this_process(inline: ResultGrid, fault: Callable[[Config], Any]) -> None:
    check(inline[[*ANYWHERE].index(fault)], ANYWHERE[fault])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ANYWHERE | IN_A_PROCESS, ids=lambda fault: str(fault.__name__))
def test_in_a_worker(process: ResultGrid, fault: Callable[[Config], Any]) -> None:
    told = ANYWHERE | IN_A_PROCESS
    check(process[[*told].index(fault)], told[fault])


@pytest.mark.slow
def test_the_run_goes_on(inline: ResultGrid, process: ResultGrid) -> None:
    for results in (inline, process):
        assert results[-1].state is TrialState.COMPLETE
        assert results.num_terminated == 1


@pytest.mark.slow
def test_nothing_of_megabytes_is_stored(process: ResultGrid) -> None:
    assert Path(process.experiment_path, "study.db").stat().st_size < MEGABYTE


@pytest.mark.slow
def test_an_error_tells_where_in_the_worker_it_was_raised(process: ResultGrid) -> None:
    error = process[[*ANYWHERE].index(raises)].error
    assert isinstance(error, ValueError)
    assert "in raises" in "".join(traceback.format_exception(error))
