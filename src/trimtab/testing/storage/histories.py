"""Promises about reading: who reads only what changed knows what a new reader knows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import StorageError, TrimtabError
from trimtab.records import History, Outcome, Report, TrialState, TrialUpdate
from trimtab.space import FloatDistribution, IntDistribution, Space
from trimtab.storage import Draft, Storage
from trimtab.storage.base import absorb
from trimtab.testing.storage.base import (
    FOREVER,
    complete,
    few_examples,
    new_study,
    snapshot,
    started,
    waiting,
)

SPACES = [
    Space({"x": FloatDistribution(0.0, 1.0)}),
    Space({"y": FloatDistribution(0.0, 1.0), "x": FloatDistribution(0.0, 2.0)}),
    Space({"n": IntDistribution(0, 2**60)}),
    Space({}),
]

actions = st.tuples(
    st.sampled_from(
        [
            "start",
            "add",
            "report",
            "attrs",
            "finish",
            "prune",
            "amend",
            "reopen",
            "pause",
            "resume",
            "expire",
            "archive",
            "restore",
            "delete",
            "space",
            "study",
        ]
    ),
    st.integers(0, 9),
    st.integers(0, 3),
)


def act(storage: Storage, study_id: int, what: str, number: int, k: int) -> None:
    """One action, which the storage may refuse."""
    point = tuple(1 if name == "n" else 0.25 * k for name in SPACES[k])
    match what:
        case "start":
            storage.start(study_id, Draft(SPACES[k], point), FOREVER)
        case "add":
            storage.add(study_id, [waiting(user_attrs={"k": k})] * k)
        case "report":
            metrics = {"value": float(number)} if number % 3 else {f"m{number}": 1.0}
            reports = (Report(k, metrics, "c" if k == 1 else None),)
            storage.write(study_id, number, None, TrialUpdate(reports=reports))
        case "attrs":
            update = TrialUpdate(
                user_attrs={"k": k},
                system_attrs={"s": k or None},
            )
            storage.write(study_id, number, None, update)
        case "finish":
            storage.finish(study_id, number, None, complete(float(k), sems=(k or None,)))
        case "prune":
            outcome: Any = complete(float(k))
            update = TrialUpdate(constraints={"c": k - 1.5})
            storage.finish(study_id, number, None, outcome, update)
        case "amend":
            amended = complete(float(k)) if k else Outcome(TrialState.FAIL, reason="amended")
            update = TrialUpdate(constraints={"c": k - 1.5}, user_attrs={"amended": k})
            storage.amend(study_id, number, amended, update)
        case "reopen":
            storage.amend(study_id, number, None)
        case "pause":
            storage.set_state(study_id, number, None, TrialState.PAUSED)
        case "resume":
            storage.set_state(study_id, number, None, TrialState.WAITING)
        case "expire":
            storage.expire(study_id, number, storage.trial(study_id, number).attempt)
            storage.start(study_id, None, FOREVER)
        case "archive":
            storage.archive_trials(study_id, [number])
        case "restore":
            storage.archive_trials(study_id, [number], archived=False)
        case "delete":
            storage.delete_trials(study_id, [number])
        case "space":
            storage.write(study_id, number, None, TrialUpdate(space=SPACES[k], point=point))
        case "study":
            storage.set_study_attrs(study_id, user={"k": k})


class HistoryPromises:
    """`changes` and `history`."""

    @few_examples
    @given(script=st.lists(actions, max_size=30), pause=st.integers(1, 7))
    def test_reading_changes_is_as_good_as_reading_all(
        self, storage: Storage, script: list[tuple[str, int, int]], pause: int
    ) -> None:
        study_id = new_study(storage)
        directions = storage.study(study_id).directions
        follower = History(directions)
        for i, (what, number, k) in enumerate(script):
            try:
                act(storage, study_id, what, number, k)
            except StorageError:
                raise
            except TrimtabError:
                continue  # refused, as a change of a finished trial is
            if i % pause == 0:
                absorb(follower, storage.changes(study_id, follower.revision))
        absorb(follower, storage.changes(study_id, follower.revision))
        fresh = History(directions)
        absorb(fresh, storage.changes(study_id, 0))
        shared = storage.history(study_id)
        expected = [storage.trial(study_id, trial.number) for trial in shared.trials(archived=True)]
        assert snapshot(shared)["trials"] == expected
        assert snapshot(fresh)["trials"] == expected
        for key in ("revision", "trials", "finished", "running", "waiting", "paused", "violation"):
            assert snapshot(follower)[key] == snapshot(shared)[key] == snapshot(fresh)[key], key

    def test_who_comes_after_a_trial_was_deleted_knows_its_number(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(2):
            started(storage, study_id)
        storage.history(study_id)
        storage.delete_trials(study_id, [1])
        late = History(storage.study(study_id).directions)
        absorb(late, storage.changes(study_id, 0))
        assert len(late) == len(storage.history(study_id)) == 2

    def test_only_what_changed_is_sent(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(3):
            started(storage, study_id)
        revision = storage.study(study_id).revision
        assert storage.changes(study_id, revision).trials == ()
        report = Report(1, {"value": 1.0})
        storage.write(study_id, 0, 1, TrialUpdate(reports=(report,)))
        storage.finish(study_id, 1, 1, complete(1.0))
        storage.delete_trials(study_id, [2])
        changes = storage.changes(study_id, revision)
        assert {trial.number for trial in changes.trials} <= {0, 1}
        assert changes.reports == ((0, report),)
        assert changes.deleted == (2,)
        assert changes.damaged == {}
        assert changes.revision == storage.study(study_id).revision
        assert storage.changes(study_id, changes.revision).reports == ()

    def test_reports_come_in_the_order_of_writing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        wanted = []
        for _ in range(2):
            started(storage, study_id)
        for number, step in ((1, 3), (0, 9), (1, 1), (0, 2)):
            report = Report(step, {"value": 0.5})
            storage.write(study_id, number, 1, TrialUpdate(reports=(report,)))
            wanted.append((number, report))
        assert list(storage.changes(study_id, 0).reports) == wanted
        assert all(trial.reports == {} for trial in storage.changes(study_id, 0).trials)

    def test_finished_trials_keep_their_order(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(4):
            started(storage, study_id)
        for number in (2, 0, 3):
            storage.finish(study_id, number, 1, complete(1.0), finished=10 - number)
        storage.write(study_id, 2, None, TrialUpdate(user_attrs={"late": 1}))
        storage.archive_trials(study_id, [0])
        fresh = History(storage.study(study_id).directions)
        absorb(fresh, storage.changes(study_id, 0))
        assert fresh.finished.tolist() == [2, 0, 3]
        assert storage.history(study_id).finished.tolist() == [2, 0, 3]

    def test_the_history_is_one_object(self, storage: Storage) -> None:
        study_id = new_study(storage)
        history = storage.history(study_id)
        started(storage, study_id)
        assert storage.history(study_id) is history
        assert len(history) == 1
