"""A study as frames comes back bit for bit, and nothing that is damaged does any harm."""

import json
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, StorageError, StorageUnreadable
from trimtab.records import DELETED, FrozenTrial, History, Report, TrialState, parse_directions
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    Space,
    encode_json,
)
from trimtab.storage import wire
from trimtab.storage.wire import frames, histories
from trimtab.testing.storage.studies import names
from trimtab.testing.storage.values import json_values

HUGE = 2**70
few = settings(max_examples=40, deadline=None)
many = settings(max_examples=300, deadline=None)
finite = st.floats(allow_nan=False, allow_infinity=False)
X = FloatDistribution(-1.7e308, 1.7e308)
CHOICE = CategoricalDistribution((None, "a", 2.5))
SPACES = [
    Space({"x": X, "n": IntDistribution(-HUGE, HUGE), "c": CHOICE}),
    Space({"c": CHOICE, "y": FloatDistribution(1e-300, 1.0, log=True)}),
    Space({}),
]
POINTS: list[st.SearchStrategy[tuple[Any, ...]]] = [
    st.tuples(
        finite,
        st.integers(-100, 100) | st.sampled_from([2**53 - 1, 2**53, 2**53 + 1, -HUGE]),
        st.integers(0, 2),
    ),
    st.tuples(st.integers(0, 2), st.floats(1e-300, 1.0)),
    st.just(()),
]
attrs = st.dictionaries(names, json_values, max_size=2)


@st.composite
def trials(draw: st.DrawFn) -> FrozenTrial:
    kind = draw(st.integers(0, 2))
    state = draw(st.sampled_from(list(TrialState)))
    has_values = state is TrialState.COMPLETE or (state.is_finished() and draw(st.booleans()))
    steps = draw(st.lists(st.integers(0, 2**63 - 1), max_size=3, unique=True))
    return FrozenTrial.build(
        0,
        state,
        values=draw(st.tuples(finite, finite)) if has_values else None,
        sems=draw(st.sampled_from([None, (0.5, None), (0.0, 1e-9)])) if has_values else None,
        space=SPACES[kind],
        point=draw(POINTS[kind]),
        started=None if state is TrialState.WAITING else draw(st.integers(1, 2**62)),
        finished=draw(st.integers(1, 2**62)) if state.is_finished() else None,
        reports={
            step: Report(
                step,
                draw(st.dictionaries(names, st.floats(), max_size=2)),
                draw(st.none() | names),
            )
            for step in sorted(steps)
        },
        constraints=draw(st.sampled_from([{}, {"k": -1.0}, {"k": 2.0, "l": float("inf")}])),
        user_attrs=draw(attrs),
        system_attrs=draw(attrs),
        attempt=draw(st.integers(1, 2**31 - 1)),
        archived=draw(st.booleans()),
    )


@st.composite
def studies(draw: st.DrawFn) -> History:
    history = History(parse_directions(("minimize", "maximize")))
    rows = draw(st.lists(trials(), max_size=8)) * draw(st.sampled_from([1, 5]))
    for number in draw(st.permutations(range(len(rows)))):
        history.apply(rows[number].replace(number=number))
    for number in draw(st.lists(st.integers(0, 50), max_size=3)):
        history.remove(number)
    history.revision = draw(st.integers(0, 2**62))
    return history


def told(history: History) -> list[Any]:
    """All that a history knows, with the types of all parts and the signs of zeros."""
    parts = [
        repr([getattr(trial, slot) for slot in FrozenTrial.__slots__])
        for trial in history.trials(archived=True)
    ]
    return [
        parts,
        len(history),
        history.revision,
        history.directions,
        [n for n in history.finished.tolist() if history.states[n] != DELETED],
        list(history.space.items()),
        set(history.waiting),
        set(history.running),
        set(history.paused),
        history.violation.tolist(),
        history.sems.tobytes(),
    ]


def pieces(stream: bytes, size: int) -> Iterator[bytes]:
    return (stream[i : i + size] for i in range(0, len(stream), size))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several frames, and deflated heads, though there are few trials."""
    monkeypatch.setattr(histories, "ROWS", 7)
    monkeypatch.setattr(frames, "_WORTH_DEFLATING", 400)


@few
@given(history=studies(), size=st.sampled_from([1, 13, 1 << 20]))
def test_a_study_comes_back_bit_for_bit(history: History, size: int) -> None:
    stream = b"".join(wire.Snapshot(history).frames())
    back = wire.load_history(pieces(stream, size))
    assert told(back) == told(history)
    for number in range(len(history)):
        assert repr(dict(back.reports(number))) == repr(dict(history.reports(number)))


def example() -> History:
    history = History(parse_directions("minimize"))
    for number in range(20):
        trial = FrozenTrial.build(
            number,
            TrialState.COMPLETE,
            values=(float(number),),
            space=SPACES[0],
            point=(0.5, HUGE if number == 3 else number, 1),
            started=5,
            finished=9,
            reports={0: Report(0, {"value": 1.0})},
            constraints={"k": -1.0},
            user_attrs={"u": "text" * 50},
        )
        history.apply(trial)
    return history


STREAM = b"".join(wire.Snapshot(example()).frames())


def test_a_snapshot_does_not_change_with_its_history() -> None:
    history = example()
    snapshot = wire.Snapshot(history)
    before = told(history)
    history.apply(history.trial(4).replace(values=(9.0,), user_attrs={}))
    history.apply_report(5, Report(1, {"value": 2.0}))
    history.remove(6)
    assert told(wire.load_history(snapshot.frames())) == before


@many
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(STREAM) - 1), st.binary(max_size=5)), min_size=1, max_size=4
    ),
    end=st.none() | st.integers(0, len(STREAM)),
)
def test_damage_is_told_or_harmless(edits: list[tuple[int, bytes]], end: int | None) -> None:
    """Any bytes may be others: the study that comes is one that can be read, or none does."""
    stream = bytearray(STREAM[:end])
    for place, other in edits:
        stream[place : place + len(other)] = other
    try:
        history = wire.load_history(pieces(bytes(stream), 100))
    except StorageUnreadable:
        return
    assert len(list(history.trials(archived=True))) <= len(history) == 20


@many
@given(data=st.data())
def test_heads_that_say_something_else(data: st.DataObject) -> None:
    """Well-formed frames whose heads lie."""
    stream = bytearray()
    for frame in frames.load_frames([STREAM]):
        head = json.loads(json.dumps(frame.head))
        if data.draw(st.booleans()):
            key = data.draw(st.sampled_from(sorted(head)))
            other = json_values | st.sampled_from([2**70, -1, [[0, 0]], [["state", "i1", 2**62]]])
            head[key] = encode_json(data.draw(other))
        told_columns = head.pop("columns")
        part = frames.dump_frame(head, frame.columns) or b""
        if told_columns != frame.head["columns"]:
            part = part.replace(b'"i1"', b'"f8"', 1)
        stream += part
    try:
        history = wire.load_history([bytes(stream)])
    except StorageUnreadable:
        return
    assert len(list(history.trials(archived=True))) <= len(history) == 20


@pytest.mark.parametrize("end", range(0, len(STREAM), 97))
def test_a_stream_that_is_cut_off(end: int) -> None:
    with pytest.raises(StorageUnreadable):
        wire.load_history([STREAM[:end]])


def frame(head: Any, body: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return struct.pack(">3sBII", b"TTF", 0, len(text), len(body)) + text + body


BOMB = zlib.compress(b" " * (80 << 20), 9)
FIRST = {"kind": "study", "directions": ["minimize"], "revision": 1, "columns": []}


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"{}",
        b"TTF\x02" + bytes(8),
        struct.pack(">3sBII", b"TTF", 0, 0xFFFFFFFF, 0),
        struct.pack(">3sBII", b"TTF", 0, 2, 0xFFFFFFFF) + b"{}",
        struct.pack(">3sBII", b"TTF", 1, len(BOMB), 0) + BOMB,
        struct.pack(">3sBII", b"TTF", 1, 3, 0) + b"abc",
        frame([]),
        frame("["),
        frame({"columns": [["a", "f8", 2**61]]}),
        frame({"columns": [["a", "f8", -1]]}),
        frame({"columns": [["a", "O", 1]]}, bytes(8)),
        frame({**FIRST, "trials": 2**40, "spaces": ['[["x", {}]]']}),
        frame({**FIRST, "trials": 2**62, "spaces": []}),
        frame({**FIRST, "trials": 10**9, "spaces": [wire.dump_space(SPACES[0])]}),
        frame({**FIRST, "trials": 1, "spaces": []}) + frame({"kind": "end", "columns": []}),
    ],
    ids=lambda stream: repr(stream[:24]),
)
def test_what_is_no_study_takes_no_room(stream: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(StorageUnreadable):
            wire.load_history(pieces(stream, 1 << 16))
        assert tracemalloc.get_traced_memory()[1] < 3 * frames.MAX_HEAD
    finally:
        tracemalloc.stop()


def test_a_trial_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_HEAD", 1200)
    history = example()
    history.apply(history.trial(7).replace(user_attrs={"u": "x" * 1000}))
    monkeypatch.setattr(frames, "MAX_HEAD", 3000)
    back = wire.load_history(wire.Snapshot(history).frames())  # in smaller frames
    assert told(back) == told(history)
    history.apply(history.trial(7).replace(user_attrs={"u": "x" * 5000}))
    with pytest.raises(StorageError, match="too large"):
        list(wire.Snapshot(history).frames())


def test_columns_are_as_short_as_they_can_be() -> None:
    stream = frames.dump_frame({}, {"a": np.arange(100), "b": np.array([], dtype=np.int64)})
    assert stream is not None
    (back,) = frames.load_frames([stream])
    assert back.columns["a"].dtype == np.int8
    with pytest.raises(InvalidArgument, match="bytes in all"):
        list(frames.load_frames([frame({"columns": []}, b"more")]))
