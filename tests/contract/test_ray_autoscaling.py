"""A cluster without nodes for what trials need adds them, as it sees that trials wait for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import trimtab

pytest.importorskip("ray", reason="Ray is not installed: pip install trimtab[ray]")


@pytest.mark.slow
@pytest.mark.flaky(reruns=1)
@pytest.mark.timeout(300)
def test_nodes_are_added_for_trials_that_wait(tmp_path: Path) -> None:
    script = Path(__file__).with_name("autoscaled_run.py")
    ended = subprocess.run(
        [sys.executable, script, tmp_path],
        env={**os.environ, "PYTHONPATH": str(Path(trimtab.__file__).parents[1])},
        capture_output=True,
        check=False,
        text=True,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert "1 CPU" in told["refused"]
    assert "autoscaling=True" in told["refused"]
    assert told["errors"] == []
    assert told["is_fast"] == [1.0, 1.0, 1.0]
    assert told["added"] >= 1
