"""That tuning works on the real thing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rl import EXAMPLE, example

environments = example("environments")
algorithms = example("algorithms")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def sweep(folder: Path, *overrides: str) -> dict[str, Any]:
    """What a sweep of the example wrote in the end."""
    source = EXAMPLE.parents[1] / "src"
    done = subprocess.run(
        [sys.executable, EXAMPLE / "main.py", *overrides, "hydra.sweep.dir=found", "--multirun"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found: dict[str, Any] = yaml.safe_load((folder / "found/optimization_results.yaml").read_text())
    return {**found, "said": done.stdout}


def test_the_tutorials_sweep_names_the_better_critic(tmp_path: Path) -> None:
    """On dense rewards, 1,500 steps a run, four runs of each."""
    found = sweep(
        tmp_path,
        "+performance=FetchReach/cleansac_mod-opti",
        "env=FetchReachDense-v4",
        "eval_after_n_steps=500",
        "n_epochs=3",
        "hydra.sweeper.seed=1",
    )
    assert found["best_params"]["++algorithm.critic_select"] in {"min", "max"}
    assert found["runs"] == 4
    assert 0.2 < found["best_value"] <= 1.0
    assert 0.0 <= found["best_sem"] < 0.3
    assert "Best parameters: {'++algorithm.critic_select': " in found["said"]
    assert len(list((tmp_path / "found").glob("*/progress.csv"))) == 8


@pytest.mark.skipif(os.environ.get("TRIMTAB_RL") != "1", reason="takes minutes; `make rl` runs it")
def test_a_noisy_sweep_finds_settings_that_hold(tmp_path: Path) -> None:
    """The winner of the noisy search does well with seeds that the search did not see."""
    found = sweep(tmp_path, "+performance=FetchReach/cleansac_noise-opti", "hydra.sweeper.seed=1")
    assert found["runs"] >= 2
    chosen = {key.rpartition(".")[2]: value for key, value in found["best_params"].items()}
    noise = example("noise")
    assert sum(noise.success(chosen, 500 + k) for k in range(4)) / 4 > 0.75
