"""A run of a Tuner to be logged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from trimtab import tune
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
