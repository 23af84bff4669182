"""Promises about trials that a person corrects after they finished."""

from __future__ import annotations

import pytest

from trimtab.errors import (
    InvalidArgument,
    StaleAttempt,
    TrialFinished,
    TrialUnfinished,
    UnknownTrial,
)
from trimtab.records import History, Outcome, Report, TrialState, TrialUpdate
from trimtab.space import FloatDistribution, Space
from trimtab.storage import Storage
from trimtab.storage.base import absorb
from trimtab.testing.storage.base import (
    FOREVER,
    complete,
    new_study,
    snapshot,
    started,
    waiting,
)

FAIL = Outcome(TrialState.FAIL, reason="the lamp was off")
REPORTS = (Report(1, {"value": 3.0}), Report(2, {"value": 2.0}, "checkpoint"))


def finished(storage: Storage, study_id: int, *values: float) -> None:
    """A complete trial with reports, of each of some values."""
    for value in values:
        number = started(storage, study_id).number
        update = TrialUpdate(reports=REPORTS, constraints={"c": -1.0})
        storage.finish(study_id, number, 1, complete(value, sems=(0.5,)), update)


class AmendmentPromises:
    """`amend`: another outcome, or none yet."""

    def test_an_outcome_is_replaced(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0, 2.0)
        before = storage.trial(study_id, 0)
        revision = storage.study(study_id).revision
        update = TrialUpdate(user_attrs={"rating": 5}, constraints={"c": 2.0, "d": 0.0})
        after = storage.amend(study_id, 0, complete(-4.0), update)
        assert after == before.replace(
            values=(-4.0,),
            sems=None,
            user_attrs={"rating": 5},
            constraints={"c": 2.0, "d": 0.0},
        )
        assert storage.trial(study_id, 0) == storage.history(study_id).trial(0) == after
        assert storage.history(study_id).finished.tolist() == [0, 1]
        assert storage.study(study_id).revision == revision + 1

    def test_states_are_replaced_with_their_reasons(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0)
        assert storage.amend(study_id, 0, FAIL).system_attrs == {"fail_reason": FAIL.reason}
        assert storage.trial(study_id, 0).values is None
        pruned = storage.amend(study_id, 0, Outcome(TrialState.PRUNED, (2.0,)))
        assert (pruned.state, pruned.values) == (TrialState.PRUNED, (2.0,))
        assert pruned.system_attrs == {}
        assert storage.history(study_id).trial(0) == storage.trial(study_id, 0) == pruned

    def test_parameters_may_be_corrected(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0, 2.0)
        wider = Space({"x": FloatDistribution(0.0, 3.0)})
        after = storage.amend(study_id, 0, complete(1.0), TrialUpdate(space=wider, point=(2.5,)))
        assert after.params == {"x": 2.5}
        assert storage.trial(study_id, 0) == storage.history(study_id).trial(0) == after

    def test_an_amended_trial_stays_told(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0)
        after = storage.amend(study_id, 0, complete(2.0))
        assert storage.finish(study_id, 0, 1, complete(2.0)) == after
        with pytest.raises(TrialFinished):
            storage.finish(study_id, 0, 1, complete(1.0, sems=(0.5,)))
        assert storage.amend(study_id, 0, complete(2.0)) == after

    def test_a_reopened_trial_runs(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0, 2.0)
        before = storage.trial(study_id, 0)
        after = storage.amend(study_id, 0, None, TrialUpdate(user_attrs={"again": True}))
        assert after == before.replace(
            state=TrialState.RUNNING,
            values=None,
            sems=None,
            finished=None,
            attempt=2,
            user_attrs={"again": True},
        )
        assert storage.trial(study_id, 0) == storage.history(study_id).trial(0) == after
        history = storage.history(study_id)
        assert history.finished.tolist() == [1]
        assert list(history.running) == [0]
        (held,) = storage.leases(study_id)
        assert (held.number, held.attempt, held.remaining) == (0, 2, None)
        assert storage.start(study_id, None, FOREVER) is None

    def test_a_reopened_trial_ends_once_more(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0, 2.0)
        storage.amend(study_id, 0, None)
        with pytest.raises(StaleAttempt):
            storage.finish(study_id, 0, 1, complete(1.0, sems=(0.5,)))
        with pytest.raises(StaleAttempt):
            storage.write(study_id, 0, 1, TrialUpdate(reports=(Report(3, {"value": 1.0}),)))
        storage.write(study_id, 0, 2, TrialUpdate(reports=(Report(3, {"value": 1.0}),)))
        done = storage.finish(study_id, 0, 2, complete(3.0))
        assert list(done.reports) == [1, 2, 3]
        assert storage.history(study_id).trial(0) == storage.trial(study_id, 0) == done
        assert storage.history(study_id).finished.tolist() == [1, 0]
        fresh = History(storage.study(study_id).directions)
        absorb(fresh, storage.changes(study_id, 0))
        assert fresh.finished.tolist() == [1, 0]

    def test_a_reason_goes_when_the_trial_is_reopened(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        storage.finish(study_id, 0, 1, FAIL)
        assert storage.amend(study_id, 0, None).system_attrs == {}
        assert storage.trial(study_id, 0).system_attrs == {}

    def test_readers_learn_of_amendments(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0, 2.0, 3.0)
        follower = History(storage.study(study_id).directions)
        absorb(follower, storage.changes(study_id, 0))
        rewrites = follower.rewrites, storage.history(study_id).rewrites
        storage.amend(study_id, 1, complete(-1.0))
        storage.amend(study_id, 0, None)
        storage.finish(study_id, 0, 2, complete(5.0))
        absorb(follower, storage.changes(study_id, follower.revision))
        assert snapshot(follower) == snapshot(storage.history(study_id))
        assert follower.finished.tolist() == [1, 2, 0]
        assert follower.rewrites > rewrites[0]
        assert storage.history(study_id).rewrites > rewrites[1]

    def test_notes_are_no_amendment(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0)
        rewrites = storage.history(study_id).rewrites
        storage.write(study_id, 0, None, TrialUpdate(user_attrs={"note": "well"}))
        assert storage.history(study_id).user_attrs(0) == {"note": "well"}
        assert storage.history(study_id).rewrites == rewrites

    def test_only_finished_trials_are_amended(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        storage.add(study_id, [waiting()])
        before = snapshot(storage.history(study_id))
        for number, state in ((0, "RUNNING"), (1, "WAITING")):
            for outcome in (complete(1.0), None):
                with pytest.raises(TrialUnfinished, match=f"Trial {number} is {state}"):
                    storage.amend(study_id, number, outcome)
        with pytest.raises(UnknownTrial):
            storage.amend(study_id, 2, None)
        assert snapshot(storage.history(study_id)) == before

    def test_a_bad_amendment_changes_nothing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        finished(storage, study_id, 1.0)
        before = snapshot(storage.history(study_id))
        with pytest.raises(InvalidArgument, match="1 values"):
            storage.amend(study_id, 0, complete(1.0, 2.0))
        with pytest.raises(InvalidArgument, match="no reports"):
            storage.amend(study_id, 0, complete(2.0), TrialUpdate(reports=REPORTS))
        with pytest.raises(InvalidArgument, match="key"):
            storage.amend(study_id, 0, complete(2.0), TrialUpdate(user_attrs={"": 1}))
        assert snapshot(storage.history(study_id)) == before
        assert storage.trial(study_id, 0) == before["trials"][0]
