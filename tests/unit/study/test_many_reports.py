"""What a report costs does not grow with the reports before it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import trimtab
from trimtab.records import History, Report, StudyDirection, TrialState, TrialUpdate
from trimtab.schedulers import (
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    Scheduler,
    SuccessiveHalvingPruner,
    ThresholdPruner,
)
from trimtab.storage import Draft, InMemoryStorage, Lease, SQLStorage, Storage
from trimtab.storage.sql import codec, writing

STEPS = 40


@pytest.mark.parametrize("kind", [InMemoryStorage, lambda: SQLStorage("sqlite://")])
@pytest.mark.parametrize("followed", [True, False])
def test_a_report_does_not_copy_those_before(
    kind: Callable[[], Storage], followed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kind() as storage:
        study = storage.create_study("s", (StudyDirection.MINIMIZE,)).id
        storage.start(study, Draft(), Lease())
        applied: list[int] = []
        read: list[int] = []
        decode = codec.decode_report

        def spy(step: int, metrics: str, checkpoint: str | None) -> Report:
            read.append(step)
            return decode(step, metrics, checkpoint)

        if followed:
            storage.history(study)
        with monkeypatch.context() as patch:
            patch.setattr(History, "apply", lambda self, trial, **_: applied.append(trial.number))
            patch.setattr(writing, "read_trial", lambda *_: pytest.fail("all reports were read"))
            patch.setattr(codec, "decode_report", spy)
            for step in range(STEPS):
                storage.write(study, 0, 1, TrialUpdate(reports=(Report(step, {"value": 1.0}),)))
        assert applied == [], "a whole trial was put for a report"
        assert read == [], "earlier reports were read"
        assert list(storage.trial(study, 0).reports) == list(range(STEPS))
        assert storage.trial(study, 0).state is TrialState.RUNNING
        assert storage.history(study).trial(0) == storage.trial(study, 0)


@pytest.mark.parametrize(
    "pruner",
    [
        MedianPruner(n_startup_trials=1),
        SuccessiveHalvingPruner(),
        HyperbandPruner(),
        ThresholdPruner(upper=9.0),
        PatientPruner(MedianPruner(n_startup_trials=1), 3),
    ],
    ids=lambda pruner: type(pruner).__name__,
)
def test_a_decision_does_not_look_at_all_reports(
    pruner: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    newest = History.newest

    def spy(self: History, number: int, metric: str = "value") -> object:
        for pair in newest(self, number, metric):
            looked.append(pair[0])
            yield pair

    study = trimtab.create_study(pruner=pruner)
    first = study.ask()
    first.report(5.0, STEPS)
    study.tell(first, 5.0)
    trial = study.ask()
    monkeypatch.setattr(History, "newest", spy)
    for step in range(STEPS):
        trial.report(1.0 - step / STEPS, step)
        assert not trial.should_prune()
    assert len(looked) <= 7 * STEPS
