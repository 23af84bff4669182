"""Runs of a Tuner in this process, each in a folder of its test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab.tune import ResultGrid, RunConfig, TuneConfig, Tuner

_OF_THE_RUN = ("stop", "name", "failure_config", "checkpoint_config", "callbacks")


@pytest.fixture
def fit(tmp_path: Path) -> Callable[..., ResultGrid]:
    """Runs a trainable here, quietly and seeded, with arguments for all configs."""

    def run(trainable: Any, space: dict[str, Any] | None = None, **given: Any) -> ResultGrid:
        kept = {key: given.pop(key) for key in _OF_THE_RUN if key in given}
        return Tuner(
            trainable,
            param_space=space or {},
            tune_config=TuneConfig(**{"executor": "inline", "seed": 0, **given}),
            run_config=RunConfig(**{"name": "run", **kept}, storage_path=tmp_path, verbose=0),
        ).fit()

    return run
