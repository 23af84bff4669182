"""Promises about one trial's life."""

from __future__ import annotations

import math
from typing import Any

import pytest

from trimtab.errors import (
    AttributeConflict,
    IncompatibleDistribution,
    InvalidArgument,
    InvalidType,
    StaleAttempt,
    TrialFinished,
    UnknownTrial,
)
from trimtab.records import FrozenTrial, History, Outcome, Report, TrialState, TrialUpdate
from trimtab.space import CategoricalDistribution, FloatDistribution, Space
from trimtab.storage import Draft, Storage
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

FAIL = Outcome(TrialState.FAIL, reason="out of memory")
WIDER = Space({"x": FloatDistribution(0.0, 2.0), "y": FloatDistribution(-1.0, 1.0)})


class TrialPromises:
    """Started once, reported to, finished once."""

    def test_numbers_are_dense(self, storage: Storage) -> None:
        study_id = new_study(storage)
        assert [started(storage, study_id).number for _ in range(5)] == [0, 1, 2, 3, 4]
        assert storage.add(study_id, [waiting(), waiting()]) == [5, 6]
        assert len(storage.history(study_id)) == 7

    def test_a_started_trial(self, storage: Storage) -> None:
        study_id = new_study(storage)
        draft = Draft(LINE, (0.25,), {"who": "me"}, {"sampler:state": [1, 2]})
        trial = storage.start(study_id, draft, FOREVER)
        assert trial is not None
        assert (trial.number, trial.state, trial.attempt) == (0, TrialState.RUNNING, 1)
        assert trial.params == {"x": 0.25}
        assert trial.user_attrs == {"who": "me"}
        assert trial.system_attrs == {"sampler:state": [1, 2]}
        assert trial.started is not None
        assert trial.finished is None
        assert storage.trial(study_id, 0) == trial
        assert storage.history(study_id).trial(0) == trial
        assert storage.changes(study_id, 0).trials == (trial,)

    def test_times_may_be_given(self, storage: Storage) -> None:
        study_id = new_study(storage)
        trial = started(storage, study_id, started=1_700_000_000_123_456)
        done = storage.finish(study_id, 0, 1, complete(1.0), finished=1_700_000_001_654_321)
        assert trial.started == done.started == 1_700_000_000_123_456
        assert done.finished == 1_700_000_001_654_321
        assert storage.trial(study_id, 0) == done

    def test_a_finished_trial(self, storage: Storage) -> None:
        study_id = new_study(storage, ("minimize", "maximize"))
        trial = started(storage, study_id)
        done = storage.finish(study_id, 0, 1, complete(1.0, -2.0, sems=(0.5, None)))
        assert (done.state, done.values, done.sems) == (
            TrialState.COMPLETE,
            (1.0, -2.0),
            (0.5, None),
        )
        assert done.finished is not None
        assert trial.started is not None
        assert done.finished >= trial.started
        assert done.params == trial.params
        assert storage.trial(study_id, 0) == storage.history(study_id).trial(0) == done

    def test_the_first_tell_wins(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        done = storage.finish(study_id, 0, 1, complete(1.0, sems=(0.1,)))
        assert storage.finish(study_id, 0, 1, complete(1.0, sems=(0.1,))) == done
        assert storage.finish(study_id, 0, None, complete(1.0, sems=(0.1,))) == done
        for other in (complete(2.0), complete(1.0), complete(1.0, sems=(0.2,)), FAIL):
            with pytest.raises(TrialFinished):
                storage.finish(study_id, 0, 1, other)
        assert storage.trial(study_id, 0) == done

    def test_a_repeated_tell_changes_nothing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        update = TrialUpdate(reports=(Report(1, {"value": 1.0}),), user_attrs={"a": 1})
        done = storage.finish(study_id, 0, 1, complete(1.0, sems=(None,)), update)
        revision = storage.study(study_id).revision
        again = storage.finish(
            study_id, 0, 1, complete(1.0), TrialUpdate(user_attrs={"a": 2}), finished=1
        )
        assert again == done
        assert storage.study(study_id).revision == revision

    def test_a_failure_says_why(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        done = storage.finish(study_id, 0, 1, FAIL)
        assert (done.state, done.values) == (TrialState.FAIL, None)
        assert storage.trial(study_id, 0).system_attrs["fail_reason"] == "out of memory"

    def test_a_waiting_trial_may_be_told(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.add(study_id, [waiting()])
        done = storage.finish(study_id, 0, None, complete(1.0))
        assert done.started == done.finished
        assert storage.start(study_id, None, FOREVER) is None

    @pytest.mark.parametrize("values", [(), (1.0, 2.0)])
    def test_the_number_of_values_must_be_the_study_s(
        self, storage: Storage, values: tuple[float, ...]
    ) -> None:
        study_id = new_study(storage)
        trial = started(storage, study_id)
        with pytest.raises(InvalidArgument, match="1 values"):
            storage.finish(study_id, 0, 1, complete(*values))
        done = FrozenTrial.build(0, TrialState.COMPLETE, values=values, started=1, finished=2)
        with pytest.raises(InvalidArgument, match="1 values"):
            storage.add(study_id, [done])
        assert storage.trial(study_id, 0) == trial
        assert len(storage.history(study_id)) == 1

    def test_an_update_is_written_with_the_end(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        update = TrialUpdate(
            space=WIDER,
            point=(1.5, -0.5),
            reports=(Report(0, {"value": 3.0}), Report(1, {"value": 2.0}, "checkpoint")),
            user_attrs={"u": 1},
            system_attrs={"s": 2},
            constraints={"c": -1.0},
        )
        done = storage.finish(study_id, 0, 1, complete(1.0), update)
        assert done.params == {"x": 1.5, "y": -0.5}
        assert done.reports == {report.step: report for report in update.reports}
        assert (done.user_attrs, done.system_attrs) == ({"u": 1}, {"s": 2})
        assert done.constraints == {"c": -1.0}
        assert storage.trial(study_id, 0) == storage.history(study_id).trial(0) == done

    def test_updates_add_up(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        storage.write(study_id, 0, 1, TrialUpdate(user_attrs={"a": 1, "b": 2}))
        storage.write(study_id, 0, 1, TrialUpdate(user_attrs={"b": None}, system_attrs={"s": 1}))
        storage.write(study_id, 0, 1, TrialUpdate(constraints={"c": 1.0, "d": -math.inf}))
        storage.write(study_id, 0, 1, TrialUpdate(constraints={"c": 0.5}))
        storage.write(study_id, 0, 1, TrialUpdate(space=WIDER, point=(0.1, 0.2)))
        storage.write(study_id, 0, 1, TrialUpdate(system_attrs={"s": None, "never": None}))
        trial = storage.trial(study_id, 0)
        assert trial.user_attrs == {"a": 1, "b": None}
        assert trial.system_attrs == {}
        assert trial.constraints == {"c": 0.5, "d": -math.inf}
        assert trial.params == {"x": 0.1, "y": 0.2}
        assert storage.history(study_id).trial(0) == trial

    def test_reports(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        first = (Report(5, {"value": 5.0}), Report(3, {"value": math.nan, "m": math.inf}))
        storage.write(study_id, 0, 1, TrialUpdate(reports=first))
        storage.write(study_id, 0, 1, TrialUpdate(reports=(Report(4, {"value": -0.0}, "c"),)))
        trial = storage.trial(study_id, 0)
        assert list(trial.reports) == [3, 4, 5]
        assert math.isnan(trial.reports[3].metrics["value"])
        assert trial.reports[3].metrics["m"] == math.inf
        assert math.copysign(1.0, trial.reports[4].metrics["value"]) == -1.0
        assert trial.reports[4].checkpoint == "c"
        history = storage.history(study_id)
        assert list(history.reports(0)) == [3, 4, 5]
        assert history.last_value(0) == (5, 5.0)

    def test_the_first_report_of_a_step_stays(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        for value in (1.0, 2.0):
            twice = (Report(7, {"value": value}), Report(7, {"value": value + 10}))
            storage.write(study_id, 0, 1, TrialUpdate(reports=twice))
        assert storage.trial(study_id, 0).intermediate_values == {7: 1.0}
        assert storage.history(study_id).trial(0).intermediate_values == {7: 1.0}

    def test_metrics_of_a_step_come_one_by_one(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        follower = History(storage.study(study_id).directions)
        whole = Report(7, {"b": 1.0, "a": 2.0, "value": 3.0}, "first")
        for update in (
            (Report(7, {"b": 1.0}),),
            (Report(8, {"value": 8.0}), Report(7, {"a": 2.0, "b": 9.0}), Report(7, {"a": 9.0})),
            (Report(7, {}, "first"),),
            (Report(7, {"value": 3.0}, "second"),),
        ):
            storage.write(study_id, 0, 1, TrialUpdate(reports=update))
            absorb(follower, storage.changes(study_id, follower.revision))
        assert storage.trial(study_id, 0).reports[7] == whole
        assert follower.trial(0) == storage.history(study_id).trial(0) == storage.trial(study_id, 0)
        assert storage.changes(study_id, 0).reports == ((0, Report(8, {"value": 8.0})), (0, whole))
        before = storage.study(study_id).revision
        storage.write(study_id, 0, 1, TrialUpdate(reports=(Report(7, {"a": 0.0}, "third"),)))
        assert storage.study(study_id).revision == before
        last = TrialUpdate(reports=(Report(7, {"c": 4.0}), Report(9, {"a": 1.0})))
        done = storage.finish(study_id, 0, 1, complete(1.0), last)
        assert done.reports[7].metrics == {**whole.metrics, "c": 4.0}
        assert list(done.reports) == [7, 8, 9]
        absorb(follower, storage.changes(study_id, follower.revision))
        assert follower.trial(0) == storage.history(study_id).trial(0) == done
        assert storage.trial(study_id, 0) == done

    def test_a_finished_trial_takes_attributes_only(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        done = storage.finish(study_id, 0, 1, complete(1.0))
        for update in (
            TrialUpdate(reports=(Report(1, {"value": 1.0}),)),
            TrialUpdate(constraints={"c": 1.0}),
            TrialUpdate(space=LINE, point=(0.1,)),
        ):
            with pytest.raises(TrialFinished):
                storage.write(study_id, 0, 1, update)
        for state in (TrialState.WAITING, TrialState.PAUSED):
            with pytest.raises(TrialFinished):
                storage.set_state(study_id, 0, 1, state)
        storage.write(study_id, 0, None, TrialUpdate(user_attrs={"rating": 5}))
        assert storage.trial(study_id, 0) == done.replace(user_attrs={"rating": 5})

    @pytest.mark.parametrize("old", [None, 1, "text", (1, {"$a": [2.0]}), float("nan")], ids=repr)
    def test_an_update_on_a_condition(self, storage: Storage, old: object) -> None:
        study_id = new_study(storage)
        number = started(storage, study_id, system_attrs={"other": 1}).number
        storage.write(study_id, number, 1, TrialUpdate(system_attrs={"a": old}))
        before = storage.trial(study_id, number)
        wrong = TrialUpdate(user_attrs={"u": 1}, expected={"other": 1, "a": "wrong"})
        for call in (
            lambda: storage.write(study_id, number, 1, wrong),
            lambda: storage.finish(study_id, number, 1, complete(1.0), wrong),
            lambda: storage.write(study_id, number, 1, TrialUpdate(expected={"other": None})),
        ):
            with pytest.raises(AttributeConflict):
                call()
        assert repr(storage.trial(study_id, number)) == repr(before)
        right = TrialUpdate(system_attrs={"a": 2}, expected={"other": 1, "a": old})
        storage.write(study_id, number, 1, right)
        assert storage.trial(study_id, number).system_attrs == {"other": 1, "a": 2}
        late = TrialUpdate(system_attrs={"a": None}, expected={"a": 2, "missing": None})
        storage.finish(study_id, number, 1, complete(1.0), late)
        assert storage.trial(study_id, number).system_attrs == {"other": 1}
        with pytest.raises(AttributeConflict):
            storage.amend(study_id, number, complete(2.0), wrong)
        assert storage.trial(study_id, number).values == (1.0,)

    def test_a_bad_update_leaves_nothing_behind(self, storage: Storage) -> None:
        study_id = new_study(storage)
        trial = started(storage, study_id)
        before = snapshot(storage.history(study_id))
        good = (Report(1, {"value": 1.0}),)
        other = Space({"x": CategoricalDistribution((1, 2))})
        cases: list[tuple[type[Exception], dict[str, Any]]] = [
            (InvalidType, {"user_attrs": {"good": 1, "bad": object()}}),
            (InvalidType, {"system_attrs": {"bad": {1, 2}}}),
            (InvalidArgument, {"user_attrs": {"": 1}}),
            (InvalidArgument, {"user_attrs": {"a\tb": 1}}),
            (IncompatibleDistribution, {"space": other, "point": (0,)}),
        ]
        for kind, parts in cases:
            update = TrialUpdate(reports=good, constraints={"c": 1.0}, **parts)
            with pytest.raises(kind):
                storage.write(study_id, 0, 1, update)
            with pytest.raises(kind):
                storage.finish(study_id, 0, 1, complete(1.0), update)
        with pytest.raises(IncompatibleDistribution):
            storage.start(study_id, Draft(other, (0,)), FOREVER)
        with pytest.raises(InvalidType):
            storage.start(study_id, Draft(LINE, (0.5,), {"bad": object()}), FOREVER)
        assert storage.trial(study_id, 0) == trial
        assert snapshot(storage.history(study_id)) == before

    def test_bounds_may_change(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        trial = storage.start(study_id, Draft(WIDER, (1.5, 0.0)), FOREVER)
        assert trial is not None
        started(storage, study_id)
        history = storage.history(study_id)
        seen = [history.trial(number).distributions["x"] for number in range(3)]
        assert seen == [LINE["x"], WIDER["x"], LINE["x"]]
        logarithmic = Space({"x": FloatDistribution(0.1, 1.0, log=True)})
        with pytest.raises(IncompatibleDistribution, match="`x`"):
            storage.start(study_id, Draft(logarithmic, (0.5,)), FOREVER)

    def test_pausing(self, storage: Storage) -> None:
        study_id = new_study(storage)
        trial = started(storage, study_id)
        storage.write(study_id, 0, 1, TrialUpdate(reports=(Report(1, {"value": 1.0}),)))
        storage.set_state(study_id, 0, 1, TrialState.PAUSED)
        assert storage.trial(study_id, 0).state is TrialState.PAUSED
        assert storage.start(study_id, None, FOREVER) is None
        storage.set_state(study_id, 0, 1, TrialState.WAITING)
        again = storage.start(study_id, None, FOREVER)
        assert again is not None
        assert (again.number, again.state, again.attempt) == (0, TrialState.RUNNING, 1)
        assert again.started == trial.started
        assert list(again.reports) == [1]
        with pytest.raises(InvalidArgument, match="WAITING or PAUSED"):
            storage.set_state(study_id, 0, 1, TrialState.COMPLETE)

    def test_attempts_are_checked_everywhere(self, storage: Storage) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        for call in (
            lambda: storage.write(study_id, 0, 2, TrialUpdate(user_attrs={"a": 1})),
            lambda: storage.finish(study_id, 0, 2, complete(1.0)),
            lambda: storage.set_state(study_id, 0, 2, TrialState.PAUSED),
        ):
            with pytest.raises(StaleAttempt) as caught:
                call()
            assert (caught.value.attempt, caught.value.current) == (2, 1)

    @pytest.mark.parametrize("number", [-1, 1, 2**40, 2**70])
    def test_an_unknown_trial(self, storage: Storage, number: int) -> None:
        study_id = new_study(storage)
        started(storage, study_id)
        for call in (
            lambda: storage.trial(study_id, number),
            lambda: storage.write(study_id, number, 1, TrialUpdate(user_attrs={"a": 1})),
            lambda: storage.finish(study_id, number, 1, complete(1.0)),
            lambda: storage.set_state(study_id, number, 1, TrialState.PAUSED),
            lambda: storage.archive_trials(study_id, [0, number]),
            lambda: storage.delete_trials(study_id, [0, number]),
            lambda: storage.expire(study_id, number, 1),
        ):
            with pytest.raises(UnknownTrial):
                call()
        assert not storage.trial(study_id, 0).archived

    def test_added_trials_are_kept_as_they_are(self, storage: Storage) -> None:
        study_id = new_study(storage)
        done = FrozenTrial.build(
            77,
            TrialState.PRUNED,
            values=(3.0,),
            sems=(0.25,),
            space=LINE,
            point=(0.75,),
            started=1_600_000_000_000_001,
            finished=1_600_000_000_000_002,
            reports={4: Report(4, {"value": 3.0}, "c")},
            constraints={"c": 0.5},
            user_attrs={"u": (1, 2)},
            system_attrs={"s": [None]},
            attempt=2,
            archived=True,
        )
        running = FrozenTrial.build(0, TrialState.RUNNING, started=5)
        assert storage.add(study_id, [done, running, waiting()]) == [0, 1, 2]
        assert storage.trial(study_id, 0) == done.replace(number=0)
        assert storage.trial(study_id, 1) == running.replace(number=1)
        assert storage.history(study_id).trial(0) == done.replace(number=0)
        assert storage.add(study_id, []) == []

    def test_added_trials_are_all_kept_or_none(self, storage: Storage) -> None:
        study_id = new_study(storage)
        good = FrozenTrial.build(0, TrialState.COMPLETE, values=(1.0,), started=1, finished=2)
        before = snapshot(storage.history(study_id))
        for kind, bad in (
            (InvalidArgument, good.replace(values=(1.0, 2.0))),
            (InvalidType, good.replace(user_attrs={"bad": object()})),
        ):
            with pytest.raises(kind):
                storage.add(study_id, [good, bad])
        assert snapshot(storage.history(study_id)) == before
        assert storage.add(study_id, [good]) == [0]

    def test_spaces_are_checked_against_each_other(self, storage: Storage) -> None:
        study_id = new_study(storage)
        spaces = [LINE, WIDER, Space({"z": CategoricalDistribution(("a", "b"))})]
        points: list[tuple[float, ...]] = [(0.5,), (1.5, 0.5), (1,)]
        trials = [
            waiting(space=space, point=point) for space, point in zip(spaces, points, strict=True)
        ]
        storage.history(study_id)
        other = waiting(space=Space({"z": FloatDistribution(0.0, 1.0)}), point=(0.5,))
        with pytest.raises(IncompatibleDistribution):
            storage.add(study_id, [*trials, other])
        assert storage.add(study_id, [trials[2]]) == [0]
        assert storage.add(study_id, trials) == [1, 2, 3]
        found = [storage.trial(study_id, number).distributions for number in range(4)]
        assert found == [dict(spaces[i]) for i in (2, 0, 1, 2)]
        assert [t.distributions for t in storage.history(study_id).trials()] == found

    def test_archiving(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.history(study_id)
        for _ in range(3):
            started(storage, study_id)
        storage.archive_trials(study_id, [0, 2])
        assert [t.number for t in storage.history(study_id).trials()] == [1]
        assert storage.trial(study_id, 2).archived
        storage.archive_trials(study_id, [2], archived=False)
        assert [t.number for t in storage.history(study_id).trials()] == [1, 2]
        storage.finish(study_id, 0, 1, complete(1.0))
        assert storage.trial(study_id, 0).archived

    def test_deleting(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.history(study_id)
        for _ in range(3):
            started(storage, study_id)
        storage.write(study_id, 1, 1, TrialUpdate(reports=(Report(1, {"value": 1.0}),)))
        storage.finish(study_id, 2, 1, complete(1.0))
        storage.delete_trials(study_id, [1, 2])
        with pytest.raises(UnknownTrial):
            storage.trial(study_id, 1)
        with pytest.raises(UnknownTrial):
            storage.finish(study_id, 1, 1, complete(1.0))
        assert [t.number for t in storage.history(study_id).trials()] == [0]
        assert storage.renew(study_id, {1: 1}, 10.0) == [1]
        assert started(storage, study_id).number == 3
