"""What is derived from a history is derived once, and anew when it must be."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.samplers.arms import Arms
from trimtab.samplers.follow import Follower, SharedSpace
from trimtab.space import FloatDistribution, Space

UNIT = FloatDistribution(0.0, 1.0)
WIDE = FloatDistribution(0.0, 2.0)
MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


class Log:
    """Remembers every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[int], list[int]]] = []

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        self.calls.append((rows, finished))


def trial(number: int, state: TrialState = TrialState.RUNNING, **changes: object) -> FrozenTrial:
    known = FrozenTrial.build(
        number,
        state,
        values=(float(number),) if state is TrialState.COMPLETE else None,
        started=1,
        finished=2 if state.is_finished() else None,
    )
    return known.replace(**changes)


def test_each_row_and_each_end_is_met_once() -> None:
    history, follower = History((MINIMIZE,)), Follower(Log)
    log = follower.at(history)
    for number in (0, 1, 2):
        history.apply(trial(number))
    follower.at(history)
    for number in (2, 0):
        history.apply(trial(number, TrialState.COMPLETE))
    assert follower.at(history) is log
    assert follower.at(history) is log
    assert log.calls == [([0, 1, 2], []), ([], [0, 2])]


def test_unfinished_rows_are_met_again_when_their_attributes_change() -> None:
    history, follower = History((MINIMIZE,)), Follower(Log)
    history.apply(trial(0))
    history.apply(trial(1, system_attrs={"a": 1}))
    log = follower.at(history)
    history.apply(trial(1, system_attrs={"a": 1}))
    follower.at(history)
    history.apply(trial(1, system_attrs={"a": 2}))
    follower.at(history)
    history.remove(1)
    follower.at(history)
    follower.at(history)
    assert log.calls == [([0, 1], []), ([1], []), ([1], [])]


def test_archived_ends_are_left_out_and_rewrites_begin_anew() -> None:
    history, follower = History((MINIMIZE,)), Follower(Log)
    history.apply(trial(0, TrialState.COMPLETE))
    history.apply(trial(1, TrialState.COMPLETE))
    first = follower.at(history)
    history.apply(trial(0, TrialState.COMPLETE, archived=True))
    second = follower.at(history)
    assert second is not first
    assert second.calls == [([0, 1], [1])]


def test_histories_do_not_mix_and_copies_begin_anew() -> None:
    one, two, follower = History((MINIMIZE,)), History((MINIMIZE,)), Follower(Log)
    one.apply(trial(0))
    assert follower.at(one).calls == [([0], [])]
    assert follower.at(two).calls == []
    copy = pickle.loads(pickle.dumps(follower))
    assert copy.at(one) is not follower.at(one)
    assert copy.at(one).calls == [([0], [])]


def test_the_shared_space_is_what_all_completed_trials_have() -> None:
    history = History((MINIMIZE,))
    follower = Follower(SharedSpace)
    assert follower.at(history).space(history) == Space()
    both, one = Space({"y": UNIT, "x": UNIT}), Space({"x": WIDE})
    history.apply(trial(0, TrialState.COMPLETE, space=both, point=(0.1, 0.2)))
    assert follower.at(history).space(history).names == ("x", "y")
    history.apply(trial(1, TrialState.FAIL, space=one, point=(0.1,)))
    assert follower.at(history).space(history).names == ("x", "y")
    history.apply(trial(2, TrialState.COMPLETE, space=one, point=(0.1,)))
    assert dict(follower.at(history).space(history)) == {"x": WIDE}


def test_replicates_are_averaged_by_their_precision() -> None:
    history, follower = History((MAXIMIZE,)), Follower(Arms)
    values = [(1.0, None), (4.0, None), (2.0, 1.0), (8.0, 0.5)]
    origins: list[int | None] = [None, 0, None, 2]
    for number, ((value, sem), origin) in enumerate(zip(values, origins, strict=True)):
        attrs = {} if origin is None else {"replicate_of": origin}
        sems = None if sem is None else (sem,)
        history.apply(
            trial(number, TrialState.COMPLETE, values=(value,), sems=sems, system_attrs=attrs)
        )
    losses = follower.at(history).losses(history, np.array([0, 2, 1]))
    assert losses[:, 0].tolist() == pytest.approx([-2.5, -(2.0 + 4.0 * 8.0) / 5.0, -4.0])
