"""A sweep tells trackers of its trials; W&B and MLflow themselves: see tests/unit/integrations."""

from __future__ import annotations

import logging
import threading

import pytest

from hydra_plugins.trimtab_sweeper._tracking import TrackedSweep
from trimtab.integrations.tracking import Tracker
from trimtab.records import FrozenTrial
from trimtab.study import Study, create_study


class Told:
    """Notes what it is told; fails at the first trial."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.finished = False

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        self.numbers.append(trial.number)
        if len(self.numbers) == 1:
            raise ConnectionError("no network")

    def finish(self) -> None:
        self.finished = True


def test_a_tracker_that_fails_is_logged_and_told_on(caplog: pytest.LogCaptureFixture) -> None:
    study, told = create_study(), Told()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    tracker: Tracker = told
    with caplog.at_level(logging.WARNING), TrackedSweep(study, [tracker]) as tracked:
        for trial in study.trials:
            tracked.tell(trial)
    assert told.numbers == [0, 1, 2]
    assert told.finished
    assert "no network" in caplog.text


def test_a_sweep_does_not_wait_for_a_tracker() -> None:
    study, go_on = create_study(), threading.Event()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)

    class Slow(Told):
        def __call__(self, study: Study, trial: FrozenTrial) -> None:
            go_on.wait(60.0)
            self.numbers.append(trial.number)

    slow = Slow()
    with TrackedSweep(study, [slow]) as tracked:
        for trial in study.trials:
            tracked.tell(trial)
        assert slow.numbers == []
        go_on.set()
    assert slow.numbers == [0, 1]
    assert slow.finished
