"""A whole study as frames: what a client reads first, before it asks for what changed.

The frames (see `trimtab.storage.wire.frames`), by the ``kind`` in their head:

1. ``study``: its ``directions``, ``revision``, number of ``trials``, and the ``spaces`` that they
   have, in the order in which they appeared; 0 is the space without parameters.
2. ``trials``, as often as needed: the trials from number ``first`` on, none left out. A column
   per attribute, in which a deleted trial has the state -1 and is nothing else; ``point i j`` is
   the j-th parameter of the trials that have the i-th space. Attributes are [row, object] each.
   A trial with an integer that no float holds is a whole record, among the ``odd``.
3. ``reports``, as often as needed.
4. ``end``: the numbers of the finished trials in the order in which they finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument, StorageError, StorageUnreadable
from trimtab.records import DELETED, EXACT, FINISHED, Block, FrozenTrial, History, Report
from trimtab.space import FloatDistribution, Floats, Space, check_name
from trimtab.storage.wire.frames import Frame, dump_frame, load_frames
from trimtab.storage.wire.records import dump_directions, load_directions
from trimtab.storage.wire.text import dump_attrs, dump_space, load_attrs, load_space
from trimtab.storage.wire.trials import check_trial, dump_trials, load_trials

ROWS: Final = 4096
"""Trials, or reports, of one frame at most."""

MAX_CELLS: Final = 1 << 28
"""Trials times parameters: a history has a number for each, whether the trial has one or not."""

_BAD: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What taking apart something damaged may raise."""


class Snapshot:
    """A history as it is now, to be sent while it goes on.

    Args:
        history: Not changed meanwhile: the caller holds the storage's lock.
    """

    def __init__(self, history: History) -> None:
        self._n = len(history)
        self._revision = history.revision
        self._directions = history.directions
        self._rows: dict[str, NDArray[Any]] = {
            "state": history.states.copy(),
            "attempt": history.attempts.copy(),
            "archived": history.archived.astype(np.int8),
            "started": history.started.copy(),
            "finished": history.finished_at.copy(),
        }
        self._values, self._sems = history.values.copy(), history.sems.copy()
        self._order = history.finished.copy()
        layout, spaces = history.layouts()
        self._layout, self._spaces = layout.copy(), list(spaces)
        self._raw = {name: history.raw(name).copy() for name in history.space}
        self._constraints = {
            name: history.constraint(name).copy() for name in history.constraint_names
        }
        # Their values are replaced, never changed.
        self._attrs: dict[str, dict[int, Mapping[str, Any]]] = {
            "user_attrs": {n: history.user_attrs(n) for n in history.with_user_attrs()},
            "system_attrs": {n: history.system_attrs(n) for n in history.with_system_attrs()},
        }
        self._reports = {n: list(history.reports(n).values()) for n in history.reported()}
        self._odd = self._set_aside(history)

    def _set_aside(self, history: History) -> dict[int, FrozenTrial]:
        """The trials that columns cannot tell of; to the columns they are deleted ones."""
        states = self._rows["state"]
        odd: dict[int, FrozenTrial] = {}
        for index, space in enumerate(self._spaces):
            rows = np.nonzero((self._layout == index) & (states != DELETED))[0]
            for name, distribution in space.items():
                values = self._raw[name][rows]
                if not isinstance(distribution, FloatDistribution):
                    for number in rows[np.abs(values) >= EXACT].tolist():
                        odd[number] = history.trial(number, reports=False)
                # Of a parameter whose choices are not what they were; it cannot be read.
                states[rows[np.isnan(values)]] = DELETED
        states[list(odd)] = DELETED
        return odd

    def frames(self) -> Iterator[bytes]:
        """The stream that `load_history` reads.

        Raises:
            StorageError: If a trial is larger than a frame may be.
        """
        head = {
            "kind": "study",
            "directions": dump_directions(self._directions),
            "revision": self._revision,
            "trials": self._n,
            "spaces": [dump_space(space) for space in self._spaces],
        }
        yield _whole(dump_frame(head, {}))
        for first in range(0, self._n, ROWS):
            yield from self._trials(first, min(first + ROWS, self._n))
        flat = [(number, report) for number, listed in self._reports.items() for report in listed]
        for first in range(0, len(flat), ROWS):
            yield from _reports(flat[first : first + ROWS])
        is_sent = self._rows["state"] != DELETED
        is_sent[list(self._odd)] = True
        order = self._order[is_sent[self._order]]
        yield _whole(dump_frame({"kind": "end"}, {"finished": order}))

    def _trials(self, first: int, last: int) -> Iterator[bytes]:
        frame = self._dump_trials(first, last)
        if frame is None and last - first > 1:
            middle = (first + last) // 2
            yield from self._trials(first, middle)
            yield from self._trials(middle, last)
        else:
            yield _whole(frame)

    def _dump_trials(self, first: int, last: int) -> bytes | None:
        numbers = range(first, last)
        rows = slice(first, last)
        layout = self._layout[rows]
        columns: dict[str, NDArray[Any]] = {
            name: column[rows] for name, column in self._rows.items()
        }
        columns |= {"layout": layout, "values": self._values[rows].ravel()}
        if not np.isnan(self._sems[rows]).all():
            columns["sems"] = self._sems[rows].ravel()
        for j, constraint in enumerate(self._constraints.values()):
            columns[f"constraint {j}"] = constraint[rows]
        is_there = columns["state"] != DELETED
        for index in np.unique(layout[is_there]).tolist():
            those = first + np.nonzero((layout == index) & is_there)[0]
            for j, (name, distribution) in enumerate(self._spaces[index].items()):
                values: NDArray[Any] = self._raw[name][those]
                if not isinstance(distribution, FloatDistribution):
                    values = values.astype(np.int64)
                columns[f"point {index} {j}"] = values
        head: dict[str, Any] = {
            "kind": "trials",
            "first": first,
            "constraints": list(self._constraints),
            "odd": dump_trials([self._odd[number] for number in numbers if number in self._odd]),
        }
        for name, attrs in self._attrs.items():
            head[name] = [
                [number - first, dump_attrs(attrs[number])]
                for number in numbers
                if number in attrs and number not in self._odd
            ]
        return dump_frame(head, columns)


def load_history(chunks: Iterable[bytes]) -> History:
    """What `Snapshot.frames` sent, whatever the pieces in which it comes.

    Raises:
        StorageUnreadable: If it is damaged, or cut off.
    """
    try:
        return _load(load_frames(chunks))
    except _BAD as error:
        raise StorageUnreadable(f"The server's answer is damaged: {error}") from error


def _load(frames: Iterator[Frame]) -> History:
    head = _next(frames, "study").head
    spaces = [load_space(text) for text in head["spaces"]]
    trials = head["trials"]
    parameters = {name for space in spaces for name in space}
    if trials.__class__ is not int or trials * len(parameters) > MAX_CELLS:
        raise InvalidArgument("trials", f"at most {MAX_CELLS} parameters of trials", trials)
    history = History(load_directions(head["directions"]))
    for space in spaces:
        history.add_layout(space)
    for frame in frames:
        kind = frame.head["kind"]
        if kind == "trials" and len(history) < trials:
            _load_trials(frame, spaces, history)
        elif kind == "reports":
            _load_reports(frame, history)
        elif kind == "end" and len(history) == trials:
            order = _integers(frame, "finished")
            if not np.array_equal(np.sort(order), np.nonzero(np.isin(history.states, FINISHED))[0]):
                raise InvalidArgument("finished", "each finished trial once", order)
            history.set_finished(order.astype(np.int64))
            history.revision = int(head["revision"])
            return history
        else:
            raise InvalidArgument("kind", "trials, reports, and the end after all trials", kind)
    raise InvalidArgument("frame", "an end", None)


def _next(frames: Iterator[Frame], kind: str) -> Frame:
    frame = next(frames, None)
    if frame is None or frame.head["kind"] != kind:
        raise InvalidArgument("kind", kind, None if frame is None else frame.head["kind"])
    return frame


def _load_trials(frame: Frame, spaces: list[Space], history: History) -> None:
    head, first = frame.head, len(history)
    states = _integers(frame, "state")
    k, m = len(states), history.n_objectives
    if head["first"] != first or k == 0:
        raise InvalidArgument("first", f"trials from number {first} on", (head["first"], k))
    layout = _integers(frame, "layout", k)
    means = _floats(frame, "values", k * m).reshape(k, m)
    sems = np.full((k, m), np.nan)
    if "sems" in frame.columns:
        sems = _floats(frame, "sems", k * m).reshape(k, m)
    names = [check_name("constraint", name) for name in head["constraints"]]
    constraints = [_floats(frame, f"constraint {j}", k) for j in range(len(names))]
    user_attrs, system_attrs = dict(head["user_attrs"]), dict(head["system_attrs"])
    for index in np.unique(layout[states != DELETED]).tolist():
        if not 0 <= index < len(spaces):
            raise InvalidArgument("layout", f"one of {len(spaces)} spaces", index)
        space = spaces[index]
        rows = np.nonzero((layout == index) & (states != DELETED))[0]
        columns = [frame.columns[f"point {index} {j}"] for j in range(len(space))]
        points = np.empty((len(rows), len(space)))
        for j, column in enumerate(columns):
            if len(column) != len(rows):
                raise InvalidArgument("point", f"{len(rows)} values", len(column))
            points[:, j] = column
        listed = rows.tolist()
        history.extend(
            Block(
                space=space,
                numbers=first + rows,
                states=states[rows],
                attempts=_integers(frame, "attempt", k)[rows],
                started=_integers(frame, "started", k)[rows],
                finished=_integers(frame, "finished", k)[rows],
                archived=_integers(frame, "archived", k)[rows].astype(np.bool_),
                points=points,
                means=means[rows],
                sems=sems[rows],
                user_attrs=_attrs(user_attrs, first, listed),
                system_attrs=_attrs(system_attrs, first, listed),
                constraints=_named(names, constraints, first, listed),
            )
        )
    for trial in load_trials(head["odd"]):
        check_trial(trial)
        if not first <= trial.number < first + k or states[trial.number - first] != DELETED:
            raise InvalidArgument("odd", "trials that the columns leave out", trial.number)
        history.apply(trial, reports=False)
    if len(history) < first + k:
        history.remove(first + k - 1)


def _attrs(rows: Mapping[int, Any], first: int, listed: list[int]) -> dict[int, dict[str, Any]]:
    return {first + row: load_attrs(rows[row]) for row in listed if row in rows} if rows else {}


def _named(
    names: list[str], columns: list[Floats], first: int, listed: list[int]
) -> dict[int, dict[str, float]]:
    """Constraints by number, of those that have any."""
    found: dict[int, dict[str, float]] = {}
    for name, column in zip(names, columns, strict=True):
        for row in listed:
            value = column.item(row)
            if value == value:
                found.setdefault(first + row, {})[name] = value
    return found


def _reports(listed: list[tuple[int, Report]]) -> Iterator[bytes]:
    kinds: dict[tuple[str, ...], int] = {}
    kind = [kinds.setdefault(tuple(report.metrics), len(kinds)) for _, report in listed]
    head = {
        "kind": "reports",
        "metrics": [list(names) for names in kinds],
        "checkpoints": [
            [row, report.checkpoint]
            for row, (_, report) in enumerate(listed)
            if report.checkpoint is not None
        ],
    }
    columns = {
        "metrics": np.array(kind, dtype=np.int64),
        "number": np.array([number for number, _ in listed], dtype=np.int64),
        "step": np.array([report.step for _, report in listed], dtype=np.int64),
        "flat": np.array([v for _, report in listed for v in report.metrics.values()], dtype=float),
    }
    frame = dump_frame(head, columns)
    if frame is None and len(listed) > 1:
        middle = len(listed) // 2
        yield from _reports(listed[:middle])
        yield from _reports(listed[middle:])
    else:
        yield _whole(frame)


def _load_reports(frame: Frame, history: History) -> None:
    names = [tuple(group) for group in frame.head["metrics"]]
    checkpoints = dict(frame.head["checkpoints"])
    kinds = _integers(frame, "metrics").tolist()
    numbers = _integers(frame, "number", len(kinds)).tolist()
    steps = _integers(frame, "step", len(kinds)).tolist()
    flat = frame.columns["flat"].tolist()
    begin = 0
    for row, (kind, number, step) in enumerate(zip(kinds, numbers, steps, strict=True)):
        if not (0 <= number < len(history) and history.states[number] != DELETED):
            raise InvalidArgument("number", "a trial of this study", number)
        metrics = dict(zip(names[kind], flat[begin : begin + len(names[kind])], strict=True))
        begin += len(metrics)
        history.apply_report(number, Report(step, metrics, checkpoints.get(row)))
    if begin != len(flat):
        raise InvalidArgument("flat", f"{begin} values", len(flat))


def _integers(frame: Frame, name: str, size: int | None = None) -> NDArray[np.integer[Any]]:
    return _typed(frame, name, "i", size)


def _floats(frame: Frame, name: str, size: int) -> Floats:
    return _typed(frame, name, "f", size)


def _typed(frame: Frame, name: str, kind: str, size: int | None) -> NDArray[Any]:
    column = frame.columns[name]
    if column.dtype.kind != kind or len(column) != (len(column) if size is None else size):
        raise InvalidArgument(name, f"{size} values of type {kind}", (len(column), column.dtype))
    return column


def _whole(frame: bytes | None) -> bytes:
    if frame is None:
        raise StorageError("A trial or report of this study is too large to be sent.")
    return frame
