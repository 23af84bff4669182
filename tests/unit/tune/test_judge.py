"""The scheduler is asked when it has to be, and not more often."""

from pathlib import Path
from typing import Any

import numpy as np

from trimtab import tune
from trimtab.records import History, StudyDirection
from trimtab.schedulers import ASHAScheduler, Decision
from trimtab.tune import RunConfig, TuneConfig, Tuner


class Asked(ASHAScheduler):
    """Notes when it is asked."""

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        asked.append((number, history.last_step(number)))
        return super().on_report(history, number, direction, rng)


asked: list[tuple[int, int | None]] = []


class Steady(tune.Trainable):
    def step(self) -> dict[str, Any]:
        return {"score": self.config["score"]}


def test_once_at_each_rung(tmp_path: Path) -> None:
    asked.clear()
    Tuner(
        Steady,
        param_space={"score": tune.grid_search([1.0, 2.0])},
        tune_config=TuneConfig(
            metric="score",
            mode="max",
            executor="inline",
            scheduler=Asked(max_t=20, grace_period=2, reduction_factor=2),
        ),
        run_config=RunConfig(storage_path=tmp_path, verbose=0),
    ).fit()
    assert asked == [(number, step) for number in (0, 1) for step in (2, 4, 8, 16, 20)]
