"""A run of a Tuner, and a sweep from Hydra, to be logged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.unit.hydra_sweeper.sweeps import sweep
from trimtab import tune
from trimtab.integrations.hydra import report
from trimtab.tune import ResultGrid, RunConfig, TuneConfig, Tuner


def train(config: dict[str, Any]) -> None:
    checkpoint = tune.get_checkpoint()
    count = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text("utf-8"))
    while True:
        count += 1
        if count == config.get("fail"):
            raise ValueError("no more")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "count").write_text(str(count), "utf-8")
            saved = tune.Checkpoint.from_directory(folder)
            tune.report({"score": config["lr"] * count, "name": "text"}, checkpoint=saved)


def fit(folder: Path, callback: Any, space: dict[str, Any], scheduler: Any = None) -> ResultGrid:
    return Tuner(
        train,
        param_space=space,
        tune_config=TuneConfig(
            metric="score", mode="max", executor="inline", seed=1, scheduler=scheduler
        ),
        run_config=RunConfig(
            name="run",
            storage_path=folder,
            callbacks=[callback],
            verbose=0,
            stop={"training_iteration": 4},
        ),
    ).fit()


def swept(tracking: Any, max_trials: int = 3) -> None:
    """A sweep of the working directory, or more of it, whose third run fails."""

    def job(number: int, **params: str) -> float:
        if number == 2:
            raise ValueError("by chance")
        lr = float(params["algorithm.lr"])
        report({"eval/success": lr}, 0)
        return lr

    space = {"++algorithm.lr": {"type": "float", "low": 0.0, "high": 1.0}}
    sweep(job, space, max_trials=max_trials, n_jobs=2, tracking=tracking)
