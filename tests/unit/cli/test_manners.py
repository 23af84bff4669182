"""How the command behaves: help, errors, pipes, Ctrl-C."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import trimtab
from tests.unit.cli.conftest import Run
from trimtab.cli.app import _TOP, cli

HEAVY = ["numpy", "sqlalchemy", "rich", "yaml", "trimtab.study"]


def trimtab_process(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trimtab", *args],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command_as_it_describes_itself(run: Run) -> None:
    listed = run("--help").out
    assert run().out == listed
    for name, (module, function, line) in _TOP.items():
        assert f"  {name} " in listed
        command = getattr(importlib.import_module(f"trimtab.cli.{module}"), function)
        assert run(name, "--help").status == 0
        assert command.help, name
        assert line.endswith("."), name
    assert str(cli.help) in listed


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom trimtab.cli import main\nmain(['--help'])\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_version(run: Run) -> None:
    assert run("--version").out == f"trimtab, version {trimtab.__version__}\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["trails"], "Did you mean 'trials'?"),
        (["nothing"], "No such command 'nothing'."),
        (["trials", "--nothing"], "No such option"),
        (["trials", "--format", "xml"], "'xml'"),
        (["tell", "--trial-number", "0"], "'--values' or '--state'"),
        (["tell", "--trial-number", "x", "--values", "1"], "'x' is not a valid integer"),
        (["tell", "--trial-number", "0", "--values"], "requires an argument"),
        (["tell", "--trial-number", "99", "--values", "1"], "expected a trial of this study"),
        (["ask", "--search-space", "{"], "expected JSON"),
        (["ask", "--search-space", "[]"], "expected a JSON object"),
        (["ask", "--search-space", '{"x": 1}'], "`name` and `attributes`"),
        (["trials", "--study-name", "t"], "expected a study of this storage, got 't'"),
        (["trials", "--storage", "ftp://x"], "ftp://x"),
        (["trials", "--storage", "missing.db"], "no such file"),
    ],
)
@pytest.mark.usefixtures("study")
def test_an_error_is_one_line_and_status_2(run: Run, args: list[str], words: str) -> None:
    done = run(*args)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("trimtab: error: ")
    assert done.err.count("\n") == 1
    assert words in done.err


def test_a_mistyped_database_is_not_made(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "typo.db"
    for command in (["trials"], ["studies"], ["ask"], ["delete-study", "-n", "s"]):
        assert run(*command, "--storage", f"sqlite:///{missing}").status == 2
    assert not missing.exists()


def test_no_storage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIMTAB_STORAGE")
    assert "pass --storage URL or set TRIMTAB_STORAGE" in run("trials").err


@pytest.mark.usefixtures("study")
def test_storage_may_stand_before_the_command(run: Run, database: str) -> None:
    os.environ.pop("TRIMTAB_STORAGE")  # put back by the fixture's monkeypatch
    assert run("--storage", database, "study-names").out == "s\n"
    assert run("--storage", "other.db", "study-names", "-s", database).out == "s\n"
    path = database.removeprefix("sqlite:///")
    assert run("study-names", "-s", path).out == "s\n"


def test_debug_shows_the_traceback(database: str) -> None:
    quiet = trimtab_process("trials", TRIMTAB_DEBUG="0")
    loud = trimtab_process("trials", TRIMTAB_DEBUG="1")
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert database


@pytest.mark.usefixtures("study")
def test_a_warning_is_one_line(run: Run) -> None:
    done = run("tell", "--trial-number", "3", "--values", "nan")
    assert done.status == 0
    assert done.err == "trimtab: warning: Trial 3 fails: the value nan is not acceptable.\n"
    assert run("-q", "tell", "--trial-number", "3", "--state", "fail").err == ""


def test_a_reader_that_leaves_is_no_error(database: str) -> None:
    study = trimtab.create_study(storage=database, study_name="s")
    study.add_trials([trimtab.create_trial(value=float(i)) for i in range(5000)])
    study.storage.close()
    command = [sys.executable, "-m", "trimtab", "trials", "-f", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_ctrl_c_is_status_130(database: str) -> None:
    trimtab.create_study(storage=database, study_name="s").storage.close()
    command = [sys.executable, "-m", "trimtab", "note", "set", "--file", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        wait_until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 130


def wait_until_it_reads(pid: int) -> None:
    """Wait until a process sleeps in a read of its standard input."""
    deadline = 60.0
    import time

    began = time.monotonic()
    while time.monotonic() - began < deadline:
        where = Path(f"/proc/{pid}/wchan").read_text()
        if "pipe" in where:
            return
        time.sleep(0.05)
    raise TimeoutError("the command never read its input")
