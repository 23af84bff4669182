"""Trials that are processes of this machine, found again after the orchestrator was killed.

Run it, kill it with ``kill -9`` at any moment, and run it again: it goes on, and no trial is run
twice.

    python process_runner.py lab.db
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trimtab.experiment import (
    Data,
    Experiment,
    Metric,
    Objective,
    OptimizationConfig,
    Orchestrator,
    ParameterType,
    RangeParameter,
    Runner,
    SearchSpace,
    TrialStatus,
)

SECONDS = float(os.environ.get("TRIAL_SECONDS", "0.5"))


def work(folder: Path, name: str) -> None:
    """What a trial does, in a process of its own.

    It begins by making a file that only one process can make: were it started twice, the second
    would find it and leave.
    """
    mine = folder / f"{name}.{os.getpid()}"
    mine.write_text(str(os.getpid()))
    (folder / f"{name}.started").hardlink_to(mine)
    x = json.loads((folder / f"{name}.json").read_text())["x"]
    time.sleep(SECONDS)
    partial = folder / f"{name}.partial"
    partial.write_text(json.dumps({"loss": (x - 2.0) ** 2}))
    partial.rename(folder / f"{name}.result")


class ProcessRunner(Runner):
    """Starts a process for each trial.

    Args:
        folder: Where a trial's parameters, its sign of life and its result are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, trial: Any) -> dict[str, Any]:
        """Start the process, which goes on when this one dies."""
        name = trial.unique_name
        (self.folder / f"{name}.json").write_text(json.dumps(trial.arm.parameters))
        process = subprocess.Popen(
            [sys.executable, __file__, "--work", self.folder, name], start_new_session=True
        )
        return {"name": name, "pid": process.pid}

    def find(self, trial: Any) -> dict[str, Any] | None:
        """Look for a process that was started under the trial's name."""
        name = trial.unique_name
        time.sleep(1.0)  # one that was started just before the end has shown itself by then
        started = self.folder / f"{name}.started"
        return {"name": name, "pid": int(started.read_text())} if started.exists() else None

    def poll(self, trial: Any) -> TrialStatus:
        """Whether there is a result, or else whether the process lives."""
        if (self.folder / f"{trial.deployed_name}.result").exists():
            return TrialStatus.COMPLETED
        if _lives(trial.run_metadata["pid"]):
            return TrialStatus.RUNNING
        has_result = (self.folder / f"{trial.deployed_name}.result").exists()
        return TrialStatus.COMPLETED if has_result else TrialStatus.FAILED

    def stop(self, trial: Any, reason: str | None = None) -> None:
        """End the process."""
        if _lives(trial.run_metadata["pid"]):
            os.kill(trial.run_metadata["pid"], 15)


def _lives(pid: int) -> bool:
    try:
        # A child of ours that ended stays listed until it is waited for.
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return Path(f"/proc/{pid}").exists()


class Loss(Metric):
    """Reads a trial's result.

    Args:
        folder: That of the runner.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__("loss", lower_is_better=True)
        self.folder = folder

    def fetch_trial_data(self, trial: Any, **kwargs: Any) -> Data:
        """The loss, which is exact."""
        result = json.loads((self.folder / f"{trial.deployed_name}.result").read_text())
        (name,) = trial.arms_by_name
        return Data(
            [
                {
                    "arm_name": name,
                    "metric_name": self.name,
                    "mean": result["loss"],
                    "sem": 0.0,
                    "trial_index": trial.index,
                }
            ]
        )


def open_experiment(database: Path) -> Experiment:
    """The experiment of a database file; a new one where there is none."""
    folder = database.with_suffix(".trials")
    folder.mkdir(exist_ok=True)
    url, metric, runner = f"sqlite:///{database}", Loss(folder), ProcessRunner(folder)
    try:
        return Experiment.load("lab", url, metrics=[metric], runner=runner)
    except KeyError:
        space = SearchSpace([RangeParameter("x", ParameterType.FLOAT, -5.0, 5.0)])
        config = OptimizationConfig(Objective(metric))
        return Experiment(
            space, "lab", config, runner=runner, storage=url, seed=0, description="Processes"
        )


def main() -> None:
    """Run twelve trials, three at a time, in this and all runs before."""
    if sys.argv[1] == "--work":
        work(Path(sys.argv[2]), sys.argv[3])
        return
    experiment = open_experiment(Path(sys.argv[1]))
    orchestrator = Orchestrator(experiment, first_poll=0.1, longest_poll=1.0)
    orchestrator.run(total_trials=12, parallelism=3)
    best = experiment.study.best_trial
    print(f"{len(experiment.trials)} trials, best x = {best.params['x']:.3f}")


if __name__ == "__main__":
    main()
