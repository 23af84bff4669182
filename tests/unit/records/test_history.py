"""The columns of a study against the trials they were made from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import UnknownTrial
from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space

MINIMIZE = (StudyDirection.MINIMIZE,)
X = FloatDistribution(-1.0, 3.0)
K = IntDistribution(0, 2**70)
C = CategoricalDistribution(("a", "b"))


def trial(number: int, state: TrialState = TrialState.RUNNING, **slots: object) -> FrozenTrial:
    """A trial as a storage hands it out."""
    return FrozenTrial.build(number, state, **slots)  # type: ignore[arg-type]  # slots of any type


@st.composite
def lives(draw: st.DrawFn) -> list[FrozenTrial]:
    """Trials in the order in which they changed, each perhaps more than once."""
    spaces = [Space({"x": X}), Space({"x": X, "c": C}), Space({"k": K}), Space()]
    steps: list[FrozenTrial] = []
    for number in range(draw(st.integers(1, 12))):
        space = draw(st.sampled_from(spaces))
        point = space.decode(draw(st.tuples(*[st.floats(0.0, 1.0)] * len(space))))
        begun = trial(number, space=space, point=point, started=number + 1)
        steps.append(begun)
        state = draw(st.sampled_from(list(TrialState)))
        if state.is_finished():
            values = (draw(st.floats(-10, 10)),) if state is TrialState.COMPLETE else None
            steps.append(
                begun.replace(
                    state=state,
                    values=values,
                    sems=draw(st.sampled_from([None, (0.5,)])) if values else None,
                    finished=number + 5,
                    constraints=draw(st.sampled_from([{}, {"a": 1.0}, {"a": -1.0, "b": 2.0}])),
                    user_attrs=draw(st.sampled_from([{}, {"k": [1, 2]}])),
                    reports={0: Report(0, {"value": 1.0})},
                )
            )
        elif state is not TrialState.RUNNING:
            steps.append(begun.replace(state=state))
    return steps


@given(lives())
@settings(max_examples=60)
def test_a_history_gives_back_the_trials_it_took(steps: list[FrozenTrial]) -> None:
    history = History(MINIMIZE)
    latest: dict[int, FrozenTrial] = {}
    for step in steps:
        history.apply(step)
        latest[step.number] = step
    assert list(history.trials()) == list(latest.values())
    for state, queue in (
        (TrialState.RUNNING, history.running),
        (TrialState.WAITING, history.waiting),
        (TrialState.PAUSED, history.paused),
    ):
        assert sorted(queue) == [t.number for t in latest.values() if t.state is state]
    finished = [step.number for step in steps if step.state.is_finished()]
    assert history.finished.tolist() == finished
    for name, distribution in history.space.items():
        column = history.unit(Space({name: distribution}))[:, 0]
        present = [name in latest[n].space for n in range(len(latest))]
        assert (~np.isnan(column)).tolist() == present


@given(lives())
@settings(max_examples=30)
def test_rows_are_the_matrix(steps: list[FrozenTrial]) -> None:
    history = History(MINIMIZE)
    for step in steps:
        history.apply(step)
    matrix = history.unit(history.space)
    rows = np.arange(len(history))[::-1]
    np.testing.assert_array_equal(history.unit_rows(history.space, rows), matrix[rows])


def test_values_are_turned_so_that_less_is_better() -> None:
    history = History((StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE))
    history.apply(trial(0, TrialState.COMPLETE, values=(1.0, 2.0), finished=1))
    assert history.values.tolist() == [[1.0, 2.0]]
    assert history.losses.tolist() == [[1.0, -2.0]]


def test_a_widened_range_is_seen_by_all_trials() -> None:
    history = History(MINIMIZE)
    narrow, wide = Space({"x": FloatDistribution(0, 1)}), Space({"x": FloatDistribution(0, 2)})
    history.apply(trial(0, space=narrow, point=(1.0,)))
    assert history.unit(history.space)[0, 0] == 1.0
    history.apply(trial(1, space=wide, point=(2.0,)))
    assert history.space == wide
    assert history.unit(history.space)[:, 0].tolist() == [0.5, 1.0]
    assert history.trial(0).distributions == {"x": FloatDistribution(0, 1)}


def test_a_changed_row_is_encoded_anew() -> None:
    history = History(MINIMIZE)
    space = Space({"x": FloatDistribution(0, 1)})
    history.apply(trial(0, space=space, point=(0.25,)))
    assert history.unit(space)[0, 0] == 0.25
    history.apply(trial(0, space=space, point=(0.75,)))
    assert history.unit(space)[0, 0] == 0.75
    history.apply(trial(0))
    assert math.isnan(history.unit(space)[0, 0])


def test_integers_beyond_float_precision_stay_exact() -> None:
    history = History(MINIMIZE)
    space = Space({"k": K, "j": K})
    history.apply(trial(0, space=space, point=(2**53 + 1, 2**69 - 1)))
    assert history.trial(0).params == {"k": 2**53 + 1, "j": 2**69 - 1}


def test_deleted_trials_are_gone_and_numbers_stay() -> None:
    history = History(MINIMIZE)
    space = Space({"x": X})
    for number in range(3):
        history.apply(
            trial(number, TrialState.COMPLETE, values=(1.0,), space=space, point=(0.0,), finished=1)
        )
    before = history.rewrites
    history.remove(1)
    assert [t.number for t in history.trials()] == [0, 2]
    assert history.rewrites > before
    assert math.isnan(history.unit(space)[1, 0])
    with pytest.raises(UnknownTrial):
        history.trial(1)
    with pytest.raises(UnknownTrial):
        history.trial(-1)
    with pytest.raises(UnknownTrial):
        history.trial(3)


def test_archived_trials_are_hidden_and_unused() -> None:
    history = History(MINIMIZE)
    done = trial(0, TrialState.COMPLETE, values=(1.0,), finished=1)
    history.apply(done)
    history.apply(done.replace(archived=True))
    assert list(history.trials()) == []
    assert list(history.trials(archived=True)) == [done.replace(archived=True)]
    assert history.usable(TrialState.COMPLETE).tolist() == []
    assert history.rewrites == 1


def test_amended_trials_change_columns_and_keep_their_place() -> None:
    history = History(MINIMIZE)
    for number in range(3):
        done = trial(number, TrialState.COMPLETE, values=(1.0,), sems=(0.1,), finished=1)
        history.apply(done.replace(constraints={"c": 1.0}))
    changes: list[dict[str, Any]] = [
        {"values": (2.0,)},
        {"sems": None},
        {"constraints": {"c": -1.0}},
        {"state": TrialState.PRUNED},
        {"space": Space({"x": X}), "point": (0.5,)},
        {"archived": True},
    ]
    for count, change in enumerate(changes, 1):
        changed = history.trial(1).replace(**change)
        history.apply(changed)
        assert history.trial(1) == changed
        assert history.rewrites == count
        assert history.finished.tolist() == [0, 1, 2]
    history.apply(history.trial(1).replace(user_attrs={"a": 1}, reports={}))
    assert history.rewrites == len(changes)
    assert history.violation.tolist() == [1.0, 0.0, 1.0]


def test_reopened_trials_leave_the_finished_ones() -> None:
    history = History(MINIMIZE)
    for number in range(3):
        history.apply(trial(number, TrialState.COMPLETE, values=(1.0,), finished=1))
    done = history.trial(0)
    history.apply(
        done.replace(state=TrialState.RUNNING, values=None, finished=None, attempt=2),
    )
    assert history.finished.tolist() == [1, 2]
    assert list(history.running) == [0]
    assert math.isnan(history.values[0, 0])
    history.apply(done.replace(attempt=2))
    assert history.finished.tolist() == [1, 2, 0]
    history.apply(history.trial(1).replace(attempt=2))  # reopened and finished, both unseen
    assert history.finished.tolist() == [2, 0, 1]


def test_the_first_report_at_a_step_stays_and_steps_ascend() -> None:
    history = History(MINIMIZE)
    history.apply(trial(0))
    for step, value in ((2, 0.2), (1, 0.1), (2, 9.0)):
        history.apply_report(0, Report(step, {"value": value}))
    assert list(history.reports(0)) == [1, 2]
    assert history.last_value(0) == (2, 0.2)
    assert history.last_value(0, "other") is None
    assert history.last_value(5) is None


def test_growth_keeps_every_column() -> None:
    history = History(MINIMIZE)
    space = Space({"x": X})
    for number in range(300):
        history.apply(
            trial(
                number,
                TrialState.COMPLETE,
                values=(float(number),),
                space=space,
                point=(number / 300,),
                constraints={"c": float(number)},
                finished=number + 1,
            )
        )
    assert history.values[:, 0].tolist() == [float(n) for n in range(300)]
    assert history.constraint("c").tolist() == [float(n) for n in range(300)]
    assert history.raw("x")[299] == 299 / 300
    assert history.violation[5] == 5.0


def test_ranges_and_newest_values_follow_the_reports() -> None:
    history = History(MINIMIZE)
    history.apply(trial(0))
    assert list(history.newest(0)) == []
    assert all(map(math.isnan, history.value_range(0)))
    reports = [
        Report(2, {"value": math.nan}),
        Report(3, {"loss": 5.0}),
        Report(4, {"value": 1.0}),
        Report(3, {"value": -math.inf, "loss": 9.0}),
        Report(1, {"value": 7.0}),
        Report(4, {"value": 99.0}),
    ]
    for report in reports:
        history.apply_report(0, report)
        known = [r.metrics["value"] for r in history.reports(0).values() if "value" in r.metrics]
        told = [value for value in known if not math.isnan(value)] or [math.nan]
        assert str(history.value_range(0)) == str((min(told), max(told)))
    assert history.value_range(0) == (-math.inf, 7.0)
    assert history.value_range(0, "loss") == (5.0, 5.0)
    assert [step for step, _ in history.newest(0)] == [4, 3, 2, 1]
    history.apply(trial(0).replace(attempt=2), reports=False)
    assert all(map(math.isnan, history.value_range(0)))
    history.apply(trial(0).replace(attempt=2, reports={1: Report(1, {"value": 2.0})}))
    assert history.value_range(0) == (2.0, 2.0)
