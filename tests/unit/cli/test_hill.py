"""The example of a population, as `trimtab demo pbt` runs it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import trimtab
from trimtab.cli.hill import storage_url, tuner_in
from trimtab.records.lineage import LINEAGE
from trimtab.tune.folder import RunFolder

pytestmark = pytest.mark.slow


def test_its_members_reach_the_top_and_it_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "hill"
    results = tuner_in(folder, 0.0).fit()
    assert len(results) == 4
    assert min(result.metrics["height"] for result in results) > 1.19
    study = trimtab.load_study(study_name="hill", storage=storage_url(folder))
    assert any(LINEAGE in trial.system_attrs for trial in study.trials)
    again = tuner_in(folder, 0.0).fit()
    assert [result.metrics for result in again] == [result.metrics for result in results]


def test_the_command_shows_it_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trimtab", "demo", "pbt", str(tmp_path / "hill"), "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
        assert told.startswith("Open http://127.0.0.1:")
        assert told.endswith("&next=/studies/0-1\n")
        process.wait(60)
    # The run has ended with it, and goes on when the command is given again.
    with RunFolder(tmp_path / "hill") as folder:
        assert folder.is_begun
