"""Promises about what is told of all studies at once."""

from __future__ import annotations

import time

import pytest

from trimtab.records import FrozenTrial, Outcome, Report, TrialState, TrialUpdate
from trimtab.storage import Storage
from trimtab.testing.storage.base import complete, new_study, started, waiting

_MANY = 12
"""More studies than a storage would look at one by one."""


class SummaryPromises:
    """`revisions` and `summaries`."""

    def test_revisions_of_all_studies(self, storage: Storage) -> None:
        assert storage.revisions() == {}
        first, second = new_study(storage), new_study(storage)
        before = storage.revisions()
        assert before == {record.id: record.revision for record in storage.studies()}
        started(storage, second)
        after = storage.revisions()
        assert after[first] == before[first]
        assert after[second] == before[second] + 1
        storage.delete_study(first)
        assert storage.revisions() == {second: after[second]}

    def test_an_empty_study(self, storage: Storage) -> None:
        study_id = new_study(storage)
        (summary,) = storage.summaries()
        assert summary.study == storage.study(study_id)
        assert summary.counts == dict.fromkeys(TrialState, 0)
        assert (summary.n_trials, summary.best, summary.started) == (0, None, None)
        assert summary.last_activity is None

    def test_trials_are_counted(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(5):
            started(storage, study_id)
        storage.add(study_id, [waiting(), waiting()])
        storage.finish(study_id, 0, 1, complete(1.0))
        storage.finish(study_id, 1, 1, Outcome(TrialState.FAIL))
        storage.set_state(study_id, 2, 1, TrialState.PAUSED)
        storage.archive_trials(study_id, [5])
        storage.delete_trials(study_id, [4])
        (summary,) = storage.summaries()
        counts = {state: n for state, n in summary.counts.items() if n}
        assert counts == {
            TrialState.COMPLETE: 1,
            TrialState.FAIL: 1,
            TrialState.PAUSED: 1,
            TrialState.RUNNING: 1,
            TrialState.WAITING: 1,
        }
        assert summary.n_trials == 5
        storage.finish(study_id, 3, 1, complete(1.0))
        assert storage.summaries()[0].counts[TrialState.COMPLETE] == 2

    @pytest.mark.parametrize(("direction", "best"), [("minimize", -0.1), ("maximize", 1e300)])
    def test_the_best_value(self, storage: Storage, direction: str, best: float) -> None:
        study_id = new_study(storage, (direction,))
        values = [1.0, -0.1, 1e300, -5e300, 5e300, -6e300, 6e300]
        for number, value in enumerate(values):
            started(storage, study_id)
            broken = TrialUpdate(constraints={"c": -1.0, "d": 0.5 if number in (3, 4) else 0.0})
            state = TrialState.PRUNED if number == 5 else TrialState.COMPLETE
            storage.finish(study_id, number, 1, Outcome(state, (value,)), broken)
        storage.archive_trials(study_id, [6])
        assert storage.summaries()[0].best == best

    def test_values_are_exact(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for value in (0.1 + 0.2, -1 / 3, 2.0**-1022):
            number = started(storage, study_id).number
            storage.finish(study_id, number, 1, complete(value))
            assert storage.summaries()[0].best == value
            storage.archive_trials(study_id, [number])
        assert storage.summaries()[0].best is None

    def test_the_best_follows_what_becomes_of_trials(self, storage: Storage) -> None:
        study_id = new_study(storage)

        def best() -> float | None:
            return storage.summaries()[0].best

        done = FrozenTrial.build(0, TrialState.COMPLETE, values=(3.0,), started=1, finished=2)
        storage.add(study_id, [done, done.replace(values=(2.0,))])
        assert best() == 2.0
        storage.amend(study_id, 0, complete(1.0))
        assert best() == 1.0
        storage.amend(study_id, 0, complete(1.0), TrialUpdate(constraints={"c": 1.0}))
        assert best() == 2.0
        storage.amend(study_id, 1, None)
        assert best() is None
        storage.finish(study_id, 1, 2, complete(4.0))
        assert best() == 4.0
        storage.delete_trials(study_id, [1])
        assert best() is None

    def test_several_objectives_have_no_best(self, storage: Storage) -> None:
        study_id = new_study(storage, ("minimize", "maximize"))
        started(storage, study_id)
        storage.finish(study_id, 0, 1, complete(1.0, 2.0))
        (summary,) = storage.summaries()
        assert summary.best is None
        assert summary.counts[TrialState.COMPLETE] == 1

    def test_times(self, storage: Storage) -> None:
        study_id = new_study(storage)
        done = FrozenTrial.build(0, TrialState.FAIL, started=1_000, finished=5_000)
        storage.add(study_id, [done, done.replace(started=2_000, finished=4_000)])
        (summary,) = storage.summaries()
        assert (summary.started, summary.last_activity) == (1_000, 5_000)
        last = 5_000
        number = 2
        report = TrialUpdate(reports=(Report(1, {"value": 1.0}),))
        for act in (
            lambda: started(storage, study_id),
            lambda: storage.write(study_id, number, 1, report),
            lambda: storage.finish(study_id, number, 1, complete(1.0)),
            lambda: storage.amend(study_id, number, complete(2.0)),
        ):
            time.sleep(0.002)  # the storage's clock is to see them apart
            act()
            (summary,) = storage.summaries()
            assert summary.last_activity is not None
            assert summary.last_activity > last
            last = summary.last_activity
        storage.update_study(study_id, archived=True)
        storage.archive_trials(study_id, [0, number])
        (summary,) = storage.summaries()
        assert (summary.started, summary.last_activity) == (2_000, last)
        assert summary.study.archived

    def test_many_studies(self, storage: Storage) -> None:
        ids = [new_study(storage) for _ in range(_MANY)]
        for k, study_id in enumerate(ids):
            for value in range(k):
                number = started(storage, study_id).number
                storage.finish(study_id, number, 1, complete(float(-value)))
        for _ in range(2):
            summaries = storage.summaries()
            assert [summary.study.id for summary in summaries] == ids
            assert [summary.n_trials for summary in summaries] == list(range(_MANY))
            assert [summary.best for summary in summaries[1:]] == [-k for k in range(_MANY - 1)]
        storage.delete_study(ids[0])
        started(storage, ids[1])
        assert [s.n_trials for s in storage.summaries()] == [2, *range(2, _MANY)]
