"""Several writes at one time."""

from __future__ import annotations

import pytest

from trimtab.errors import InvalidArgument, StaleAttempt, TrialFinished, UnknownTrial
from trimtab.records import Report, TrialState, TrialUpdate
from trimtab.storage import Storage, Write
from trimtab.testing.storage.base import complete, new_study, started


class BatchPromises:
    """`write_all`."""

    def test_several_trials_are_written_to_at_one_time(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(3):
            started(storage, study_id)
        before = storage.study(study_id).revision
        storage.write_all(
            study_id,
            [
                Write(2, TrialUpdate(reports=(Report(1, {"m": 1.5}, "saved"),)), attempt=1),
                Write(0, TrialUpdate(system_attrs={"a": [1]}), TrialState.PAUSED),
                Write(1, state=TrialState.WAITING),
            ],
        )
        history = storage.history(study_id)
        assert [storage.trial(study_id, n).state for n in range(3)] == [
            TrialState.PAUSED,
            TrialState.WAITING,
            TrialState.RUNNING,
        ]
        assert storage.trial(study_id, 0).system_attrs == {"a": [1]}
        assert storage.trial(study_id, 2).reports[1] == Report(1, {"m": 1.5}, "saved")
        for number in range(3):
            assert history.trial(number) == storage.trial(study_id, number)
        assert list(history.paused) == [0]
        assert storage.study(study_id).revision > before

    def test_a_paused_trial_runs_again_without_a_lease(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        storage.write_all(study_id, [Write(0, state=TrialState.PAUSED)])
        assert storage.leases(study_id) == []
        storage.write_all(study_id, [Write(0, state=TrialState.RUNNING)])
        assert [(held.number, held.remaining) for held in storage.leases(study_id)] == [(0, None)]
        assert list(storage.history(study_id).running) == [0]

    def test_all_of_it_or_nothing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(3):
            started(storage, study_id)
        storage.finish(study_id, 1, 1, complete(1.0))
        good = Write(0, TrialUpdate(reports=(Report(1, {"m": 1.0}),), user_attrs={"a": 1}))
        bad: list[tuple[Write, type[Exception]]] = [
            (Write(2, TrialUpdate(user_attrs={"a": 1}), attempt=7), StaleAttempt),
            (Write(1, TrialUpdate(reports=(Report(1, {"m": 1.0}),))), TrialFinished),
            (Write(1, state=TrialState.PAUSED), TrialFinished),
            (Write(99, TrialUpdate(user_attrs={"a": 1})), UnknownTrial),
            (Write(0, TrialUpdate(user_attrs={"a": 2})), InvalidArgument),
        ]
        revision = storage.study(study_id).revision
        for write, error in bad:
            with pytest.raises(error):
                storage.write_all(study_id, [good, write])
        trial = storage.trial(study_id, 0)
        assert trial.reports == {}
        assert trial.user_attrs == {}
        assert storage.history(study_id).trial(0) == trial
        assert storage.study(study_id).revision == revision
        storage.write_all(study_id, [])

    def test_a_write_does_not_end_a_trial(self) -> None:
        with pytest.raises(InvalidArgument, match="PAUSED"):
            Write(0, state=TrialState.COMPLETE)
