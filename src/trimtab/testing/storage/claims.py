"""Promises about who may run a trial: queues, leases, attempts."""

from __future__ import annotations

import secrets
import time

import pytest

from trimtab.errors import InvalidArgument, StaleAttempt
from trimtab.records import FrozenTrial, History, Outcome, Report, TrialState, TrialUpdate
from trimtab.storage import Draft, Held, Lease, Storage, Ticket
from trimtab.storage.base import absorb
from trimtab.testing.storage.base import (
    FOREVER,
    LINE,
    complete,
    new_study,
    snapshot,
    started,
    waiting,
)

LONG = Lease(3600.0, "long-lived", 2)


def reclaimed(storage: Storage, study_id: int, lease: Lease = FOREVER) -> FrozenTrial:
    """The next trial that can be taken, waited for until its lease has run out."""
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        trial = storage.start(study_id, None, lease)
        if trial is not None:
            return trial
        time.sleep(0.01)
    raise AssertionError("no lease ran out within 20 seconds")


def new_tokens(n: int) -> list[int]:
    """For tickets of writes that no other test makes."""
    return [secrets.randbits(63) for _ in range(n)]


class ClaimPromises:
    """A trial is run by one worker at a time, and never forgotten."""

    def test_nothing_to_take(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        revision = storage.study(study_id).revision
        assert storage.start(study_id, None, FOREVER) is None
        assert storage.study(study_id).revision == revision

    def test_the_oldest_that_waits_comes_first(self, storage: Storage) -> None:
        study_id = new_study(storage)
        running = started(storage, study_id)
        queued = [
            waiting(system_attrs={"fixed_params": {"x": i}}, user_attrs={"i": i}) for i in range(3)
        ]
        storage.add(study_id, queued)
        storage.set_state(study_id, running.number, 1, TrialState.WAITING)
        taken = [started(storage, study_id) for _ in range(5)]
        assert [trial.number for trial in taken] == [0, 1, 2, 3, 4]
        assert [trial.attempt for trial in taken] == [1] * 5
        assert taken[0].params == running.params
        assert [trial.user_attrs.get("i") for trial in taken] == [None, 0, 1, 2, None]
        assert taken[1].params == {}
        assert all(trial.state is TrialState.RUNNING for trial in taken)
        assert storage.history(study_id).trial(1) == storage.trial(study_id, 1) == taken[1]

    def test_a_start_that_is_made_again_begins_nothing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        token, other_token, third_token = new_tokens(3)
        first = storage.start(study_id, Draft(LINE, (0.5,)), FOREVER, Ticket(token))
        assert first is not None
        revision = storage.study(study_id).revision
        again = storage.start(study_id, Draft(LINE, (0.25,)), FOREVER, Ticket(token, again=True))
        assert again == first
        assert storage.study(study_id).revision == revision
        other = storage.start(
            study_id, Draft(LINE, (0.25,)), FOREVER, Ticket(other_token, again=True)
        )
        assert other is not None
        assert other.number == 1
        storage.finish(study_id, 0, 1, complete(1.0))
        storage.add(study_id, [waiting()])
        taken = storage.start(study_id, None, FOREVER, Ticket(third_token))
        assert storage.start(study_id, None, FOREVER, Ticket(third_token, again=True)) == taken
        assert taken is not None
        assert taken.number == 2

    def test_a_start_that_was_reclaimed_takes_nothing_back(self, storage: Storage) -> None:
        study_id = new_study(storage)
        (token,) = new_tokens(1)
        first = storage.start(study_id, Draft(LINE, (0.5,)), Lease(60.0), Ticket(token))
        assert first is not None
        storage.expire(study_id, 0, 1)
        theirs = reclaimed(storage, study_id)
        again = storage.start(study_id, Draft(LINE, (0.5,)), FOREVER, Ticket(token, again=True))
        # A server that remembers what it said says it again; it is worth nothing any more.
        assert again is not None
        assert again == first or again.number == 1
        assert storage.trial(study_id, 0) == theirs

    def test_trials_that_are_added_again_are_not(self, storage: Storage) -> None:
        """Not even where a worker has taken and finished them meanwhile."""
        study_id = new_study(storage)
        token, other_token = new_tokens(2)
        assert storage.add(study_id, [waiting(), waiting()], Ticket(token)) == [0, 1]
        number = reclaimed(storage, study_id).number
        storage.finish(study_id, number, 1, complete(1.0))
        before = storage.study(study_id)
        assert storage.add(study_id, [waiting()] * 2, Ticket(token, again=True)) == [0, 1]
        assert storage.study(study_id) == before
        assert storage.add(study_id, [waiting()], Ticket(other_token, again=True)) == [2]
        assert storage.study(study_id).system_attrs == {}

    def test_an_archived_trial_is_not_taken(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.add(study_id, [waiting(), waiting()])
        storage.archive_trials(study_id, [0])
        assert reclaimed(storage, study_id).number == 1
        assert storage.start(study_id, None, FOREVER) is None
        storage.archive_trials(study_id, [0], archived=False)
        assert reclaimed(storage, study_id).number == 0

    def test_a_lease_that_holds(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id, lease=LONG)
        started(storage, study_id)
        assert storage.start(study_id, None, FOREVER) is None
        first, second = storage.leases(study_id)
        assert (first.number, first.attempt, first.worker) == (0, 1, "long-lived")
        assert first.remaining is not None
        assert 3500.0 < first.remaining <= 3600.0
        assert second == Held(1, 1, "", None)

    def test_a_lease_that_ran_out(self, storage: Storage) -> None:
        study_id = new_study(storage)
        old = started(storage, study_id, lease=Lease(0.05), user_attrs={"a": 1})
        storage.write(study_id, 0, 1, TrialUpdate(reports=(Report(1, {"value": 1.0}),)))
        history = storage.history(study_id)
        new = reclaimed(storage, study_id, LONG)
        assert (new.number, new.state, new.attempt) == (0, TrialState.RUNNING, 2)
        assert (new.params, new.user_attrs, new.reports) == (old.params, {"a": 1}, {})
        assert storage.trial(study_id, 0) == new
        assert storage.history(study_id) is history
        assert history.trial(0) == new
        for call in (
            lambda: storage.write(study_id, 0, 1, TrialUpdate(user_attrs={"late": 1})),
            lambda: storage.finish(study_id, 0, 1, complete(9.0)),
        ):
            with pytest.raises(StaleAttempt):
                call()
        assert storage.renew(study_id, {0: 1}, 10.0) == [0]
        assert storage.trial(study_id, 0) == new
        assert storage.finish(study_id, 0, 2, complete(1.0)).attempt == 2

    def test_a_reclaimed_trial_goes_on_from_its_last_checkpoint(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        reports = [
            Report(step, {"value": float(step)}, "saved" if step in (2, 4) else None)
            for step in range(1, 7)
        ]
        follower = History(storage.study(study_id).directions)
        storage.write(study_id, 0, 1, TrialUpdate(reports=tuple(reports[:3])))
        storage.history(study_id)
        absorb(follower, storage.changes(study_id, 0))
        storage.write(study_id, 0, 1, TrialUpdate(reports=tuple(reports[3:])))
        assert storage.expire(study_id, 0, 1)
        new = reclaimed(storage, study_id)
        assert list(new.reports) == [1, 2, 3, 4]
        assert storage.trial(study_id, 0) == new
        assert storage.history(study_id).trial(0) == new
        absorb(follower, storage.changes(study_id, follower.revision))
        assert follower.trial(0) == new, "who knew only some of the reports learns of the rest"
        again = TrialUpdate(reports=(Report(5, {"value": -5.0}),))
        storage.write(study_id, 0, 2, again)
        assert storage.trial(study_id, 0).intermediate_values[5] == -5.0
        assert storage.history(study_id).trial(0) == storage.trial(study_id, 0)

    def test_attempts_are_used_up(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id, lease=Lease(0.02, max_attempts=2))
        assert reclaimed(storage, study_id, Lease(0.02, max_attempts=2)).attempt == 2
        storage.expire(study_id, 0, 2)
        assert storage.start(study_id, None, FOREVER) is None
        failed = storage.trial(study_id, 0)
        assert (failed.state, failed.attempt) == (TrialState.FAIL, 2)
        assert "attempt 2" in failed.system_attrs["fail_reason"]
        assert failed.finished is not None
        assert storage.history(study_id).trial(0) == failed
        assert storage.start(study_id, None, FOREVER) is None
        assert started(storage, study_id).number == 1

    def test_attempts_are_counted_without_a_lease_s_end(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id, lease=Lease(max_attempts=1))
        storage.expire(study_id, 0, 1)
        assert storage.start(study_id, None, FOREVER) is None
        assert storage.trial(study_id, 0).state is TrialState.FAIL

    def test_the_search_goes_on_past_a_used_up_trial(self, storage: Storage) -> None:
        study_id = new_study(storage)
        once = Lease(3600.0, max_attempts=1)
        for _ in range(2):
            started(storage, study_id, lease=once)
        started(storage, study_id, lease=LONG)
        for number in range(3):
            storage.expire(study_id, number, 1)
        assert reclaimed(storage, study_id).number == 2
        states = [storage.trial(study_id, number).state for number in range(3)]
        assert states == [TrialState.FAIL, TrialState.FAIL, TrialState.RUNNING]

    def test_renewing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        started(storage, study_id, lease=Lease(0.2))
        revision = storage.study(study_id).revision
        assert storage.renew(study_id, {0: 1, 1: 1}, 3600.0) == []
        time.sleep(0.25)
        assert storage.start(study_id, None, FOREVER) is None
        assert storage.study(study_id).revision == revision, "a lease is no part of the record"
        remaining = [held.remaining for held in storage.leases(study_id)]
        assert remaining[0] is None
        assert remaining[1] is not None
        assert remaining[1] > 3000.0

    def test_renewing_what_is_no_longer_ours(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(4):
            started(storage, study_id, lease=LONG)
        storage.finish(study_id, 0, 1, complete(1.0))
        storage.delete_trials(study_id, [1])
        storage.set_state(study_id, 2, 1, TrialState.PAUSED)
        held = {0: 1, 1: 1, 2: 1, 3: 1, 99: 1}
        assert sorted(storage.renew(study_id, held, 10.0)) == [0, 1, 2, 99]
        assert storage.renew(study_id, {3: 7}, 10.0) == [3]

    def test_ending_a_dead_worker_s_lease(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id, lease=LONG)
        started(storage, study_id)
        assert not storage.expire(study_id, 0, 2)
        assert storage.expire(study_id, 1, 1)
        assert reclaimed(storage, study_id).number == 1
        assert storage.expire(study_id, 0, 1)
        first = storage.leases(study_id)[0]
        assert first.remaining is not None
        assert first.remaining < 0.0
        assert reclaimed(storage, study_id).number == 0
        storage.finish(study_id, 0, 2, complete(1.0))
        assert not storage.expire(study_id, 0, 2)

    def test_a_finished_trial_is_never_reclaimed(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for number in range(3):
            started(storage, study_id, lease=Lease(0.01))
            storage.finish(study_id, number, 1, complete(1.0))
        before = snapshot(storage.history(study_id))
        time.sleep(0.05)
        assert storage.start(study_id, None, FOREVER) is None
        assert snapshot(storage.history(study_id)) == before

    def test_a_late_tell_of_the_holder_is_taken(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id, lease=Lease(0.01))
        time.sleep(0.03)
        done = storage.finish(study_id, 0, 1, Outcome(TrialState.COMPLETE, (1.0,)))
        assert done.state is TrialState.COMPLETE
        assert storage.start(study_id, None, FOREVER) is None

    def test_a_lease_must_be_possible(self) -> None:
        for seconds in (0.0, -1.0, float("nan")):
            with pytest.raises(InvalidArgument, match="seconds"):
                Lease(seconds)
        with pytest.raises(InvalidArgument, match="max_attempts"):
            Lease(max_attempts=0)
        with pytest.raises(InvalidArgument, match="worker"):
            Lease(worker="a\x00b")

    def test_waiting_trials_keep_their_space(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.add(study_id, [waiting(space=LINE, point=(0.125,))])
        assert reclaimed(storage, study_id).params == {"x": 0.125}
