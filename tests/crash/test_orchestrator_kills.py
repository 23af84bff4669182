"""An orchestrator killed with SIGKILL: its trials go on, and none is deployed twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.records import TrialState
from trimtab.study import load_study

EXAMPLE = Path(__file__).parents[2] / "examples" / "process_runner.py"
KILLS = (0.3, 0.9, 0.6)
"""Seconds after the first sign of life of each round at which it is killed."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "lab.trials"
    for started in (tmp_path / "lab.trials").glob("*.started"):
        try:
            os.kill(int(started.read_text()), signal.SIGKILL)
        except ProcessLookupError:
            continue


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(EXAMPLE), str(folder.with_suffix(".db"))]
    environment = {**os.environ, "TRIAL_SECONDS": "0.4"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def wait_for(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until so many trials have been started, or the process is done."""
    while process.poll() is None and len(list(folder.glob("*.started"))) < count:
        time.sleep(0.02)


@pytest.mark.flaky
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_trial_is_deployed_once(folder: Path) -> None:
    for kill in KILLS:
        process = start(folder)
        wait_for(folder, len(list(folder.glob("*.started"))) + 1, process)
        time.sleep(kill)
        process.kill()
        process.communicate()
    printed, _ = start(folder).communicate(timeout=120)
    study = load_study(study_name="lab", storage=f"sqlite:///{folder.with_suffix('.db')}")
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    assert "12 trials" in printed
    assert len(complete) == len(study.trials) == 12
    # One file for each process that was started; had a second one been, there would be two.
    starts = [path.name.rsplit(".", 1)[0] for path in folder.iterdir() if path.suffix[1:].isdigit()]
    assert sorted(starts) == sorted(f"lab_{number}" for number in range(12))
