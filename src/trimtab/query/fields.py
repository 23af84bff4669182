"""The fields of a trial that filters, tables and exports speak of.

A field knows its whole column, for filters and sorting, and one trial's value, for the few rows
that are shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument, InvalidFilter
from trimtab.preferential.attributes import IS_PREFERENTIAL
from trimtab.preferential.graph import PreferenceNode, preference_graph
from trimtab.preferential.utilities import utilities_of
from trimtab.query.column import EXACT, Codes, Column, Mask, Numbers, column_of
from trimtab.query.nodes import field_name
from trimtab.query.parser import parse_name
from trimtab.records import History, TrialState
from trimtab.records.history import DELETED
from trimtab.space import CategoricalDistribution, Distribution, Floats, IntDistribution
from trimtab.storage.rules import FAIL_REASON
from trimtab.study.origin import origin_of

Rows: TypeAlias = NDArray[np.int64]
"""Numbers of trials."""

Read: TypeAlias = Callable[[Rows, Any], list[Any]]
"""The plain values of some trials, and the second argument where one has none."""

RATINGS: Final = "ratings:"
"""Prefix of the system attributes that hold what people said of a trial, one a person."""

_STATES: Final = tuple(state.name for state in TrialState)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT: Final = object()
_ALL: Final = slice(None)
_SUGGESTED_FROM: Final = 2000
"""Names among which a near one is looked for."""


class Described(Protocol):
    """What is needed of a study besides its history: a `Study` or a `StudyRecord`."""

    @property
    def metric_names(self) -> Sequence[str] | None:
        """One per objective, or None."""

    @property
    def system_attrs(self) -> Mapping[str, Any]:
        """Attributes set by Trimtab and its extensions."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the trials of a study.

    Attributes:
        name: As filters write it.
        root: Before the dot.
        key: After it, or None.
        load: Reads the whole column.
        read: Reads some trials.
    """

    name: str
    root: str
    key: str | None
    load: Callable[[], Column]
    read: Read


class UnknownField(InvalidArgument):
    """The study's trials have no such field.

    Attributes:
        near: The name of a field that was probably meant, or None.
    """

    def __init__(self, name: str, near: str | None) -> None:
        hint = f" (did you mean `{near}`?)" if near else ""
        super().__init__("field", f"a field of the study's trials{hint}", name)
        self.name = name
        self.near = near

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.near)


class Fields:
    """The fields of one study, each read when it is asked for and kept.

    Make a new one when the study may have changed. Hold the storage's lock while using it where
    other threads may be writing.

    Args:
        history: The study's trials.
        study: Its metric names and system attributes are looked at.

    Attributes:
        is_preferential: Whether people compare the trials, which then have utilities.
    """

    def __init__(self, history: History, study: Described) -> None:
        self.history = history
        self._metrics = tuple(study.metric_names or ())
        self._study_attrs = study.system_attrs
        self.is_preferential = bool(study.system_attrs.get(IS_PREFERENTIAL))
        self._fields: dict[tuple[str, str | None], Field] = {}
        self._columns: dict[str, Column] = {}

    def field(self, root: str, key: str | None) -> Field:
        """The field of a name.

        Raises:
            UnknownField: If there is none.
        """
        field = self._fields.get((root, key))
        if field is None:
            field = self._fields[root, key] = self._find(root, key)
        return field

    def named(self, name: str) -> Field:
        """The field of a name as `names` lists it, or as a filter writes it.

        Raises:
            UnknownField: If there is none.
        """
        try:
            parsed = parse_name(name)
        except InvalidFilter:
            raise UnknownField(name, None) from None
        return self.field(parsed.root, parsed.key)

    def column(self, field: Field) -> Column:
        """A field of all trials; deleted ones have anything there."""
        column = self._columns.get(field.name)
        if column is None:
            column = self._columns[field.name] = field.load()
        return column

    def exist(self, archived: bool) -> Mask:
        """Shape (n,): the trials that were not deleted; archived ones on demand."""
        mask: Mask = self.history.states != DELETED
        return mask if archived else mask & ~self.history.archived

    # ------------------------------------------------------------------ names

    def names(self) -> list[str]:
        """All fields, as filters write them, those of one kind side by side."""
        return [field_name(root, key) for root in self._roots() for key in self.keys(root)]

    def keys(self, root: str) -> Sequence[str | None]:
        """The keys of a root that the trials have; ``[None]`` where it is a field itself."""
        history = self.history
        if root in ("values", "sems"):
            return self._metrics or tuple(map(str, range(history.n_objectives)))
        if root == "params":
            return history.space.names
        if root == "constraints":
            return history.constraint_names
        if root == "user_attrs":
            every = map(history.user_attrs, sorted(history.with_user_attrs()))
            return list(dict.fromkeys(key for attrs in every for key in attrs))
        if root == "reports":
            return list(dict.fromkeys(self._reported()))
        return (None,)

    def _roots(self) -> list[str]:
        single = self.history.n_objectives == 1
        return [
            *("number", "state"),
            *(("utility", "wins", "losses") if self.is_preferential else ()),
            *(("value", "sem") if single else ("values", "sems")),
            *("params", "feasible", "violation", "constraints", "user_attrs", "reports"),
            *("last_step", "started", "finished", "duration", "attempt", "archived", "reason"),
            *("ratings", "sampler"),
        ]

    def _reported(self) -> Iterator[str]:
        # The first and the last report of a trial tell the metrics of those between.
        for number in self.history.reported():
            reports = self.history.reports(number)
            if reports:
                yield from reports[min(reports)].metrics
                yield from reports[max(reports)].metrics

    def _unknown(self, root: str, key: str | None) -> UnknownField:
        wanted = field_name(root, key)
        if key is None and len(self.keys(root)) > 1 and root in self._roots():
            return UnknownField(wanted, field_name(root, self.keys(root)[0]))
        if key is None and root == "value":
            return UnknownField(wanted, field_name("values", self.keys("values")[0]))
        names = self.names()[:_SUGGESTED_FROM]
        by_case = {name.lower(): name for name in reversed(names)}
        by_key = {name.partition(".")[2]: name for name in reversed(names)}
        near = by_case.get(wanted.lower()) or by_key.get(wanted)
        if near is None:
            found = difflib.get_close_matches(wanted[:100], names, n=1)
            near = found[0] if found else None
        return UnknownField(wanted, near)

    # ------------------------------------------------------------------ fields

    def _find(self, root: str, key: str | None) -> Field:
        find = self._KEYED.get(root) if key is not None else None
        parts = find(self, key) if find and key is not None else None
        if key is None and root in self._PLAIN:
            parts = self._PLAIN[root](self)
        if parts is None:
            raise self._unknown(root, key)
        return Field(field_name(root, key), root, key, *parts)

    def _param(self, name: str) -> Parts | None:
        history = self.history
        if name not in history.space:
            return None
        distribution = history.space[name]
        if isinstance(distribution, CategoricalDistribution):
            return _choice(history, name, distribution)
        if any(_is_huge(space[name]) for space in history.layouts()[1] if name in space):
            return _huge_integer(history, name)
        kind = int if isinstance(distribution, IntDistribution) else float
        return _numbers(lambda: history.raw(name), kind)

    def _objective(self, key: str, column: Callable[[], Floats]) -> Parts | None:
        keys = self.keys("values")
        if key in keys:
            j = keys.index(key)
        elif key.isascii() and key.isdigit() and len(key) < 4 and int(key) < len(keys):
            j = int(key)
        else:
            return None
        return _numbers(lambda: column()[:, j])

    def _single(self, column: Callable[[], Floats]) -> Parts | None:
        return _numbers(lambda: column()[:, 0]) if self.history.n_objectives == 1 else None

    def _constraint(self, name: str) -> Parts | None:
        if name not in self.history.constraint_names:
            return None
        return _numbers(lambda: self.history.constraint(name))

    def _user_attr(self, name: str) -> Parts | None:
        history = self.history

        def load() -> Column:
            every = ((i, history.user_attrs(i)) for i in range(len(history)))
            return column_of(len(history), ((i, row[name]) for i, row in every if name in row))

        if not any(name in history.user_attrs(i) for i in range(len(history))):
            return None
        return load, _each(lambda number, missing: history.user_attrs(number).get(name, missing))

    def _report(self, metric: str) -> Parts | None:
        history = self.history

        def read(number: int, missing: Any) -> Any:
            last = history.last_value(number, metric)
            return missing if last is None else last[1]

        if not any(history.last_value(number, metric) for number in history.reported()):
            return None
        return _sparse(history, history.reported, read)

    def _last_step(self) -> Parts:
        history = self.history

        def read(number: int, missing: Any) -> Any:
            return max(history.reports(number), default=missing)

        return _sparse(history, history.reported, read)

    def _reason(self) -> Parts:
        history = self.history

        def read(number: int, missing: Any) -> Any:
            return history.system_attrs(number).get(FAIL_REASON, missing)

        def failed() -> list[int]:
            return np.flatnonzero(history.states == TrialState.FAIL).tolist()

        return _sparse(history, failed, read)

    def _ratings(self) -> Parts:
        history = self.history

        def read(number: int, _: Any) -> Any:
            attrs = history.system_attrs(number)
            return sum(key.startswith(RATINGS) and attrs[key] is not None for key in attrs)

        return _sparse(history, lambda: range(len(history)), read)

    def _sampler(self) -> Parts:
        history, study_attrs = self.history, self._study_attrs

        def load() -> Column:
            marked = [number for number in history.with_system_attrs() if number < len(history)]
            levels = [origin_of({}, study_attrs)]
            codes = np.zeros(len(history), dtype=np.int64)
            for number in marked:
                name = origin_of(history.system_attrs(number), study_attrs)
                if name not in levels:
                    levels.append(name)
                codes[number] = levels.index(name)
            return Codes(codes, tuple(levels))

        def read(number: int, missing: Any) -> Any:
            name = origin_of(history.system_attrs(number), study_attrs)
            return missing if name is None else name

        return load, _each(read)

    def _utility(self) -> Parts | None:
        if not self.is_preferential:
            return None
        found = utilities_of(self.history)

        def read(number: int, missing: Any) -> Any:
            return found[number].mean if number in found else missing

        return _sparse(self.history, lambda: found, read)

    def _judged(self, count: Callable[[PreferenceNode], int]) -> Parts | None:
        if not self.is_preferential:
            return None
        found = {node.number: count(node) for node in preference_graph(self.history).nodes}
        return _sparse(self.history, lambda: found, lambda number, _: found.get(number, 0))

    def _violation(self) -> Floats:
        """Shape (n,): `History.violation`; NaN where a trial has yet to tell its constraints."""
        history = self.history
        if not history.constraint_names:
            return history.violation
        known = np.isin(history.states, (TrialState.COMPLETE, TrialState.PRUNED))
        for name in history.constraint_names:
            known |= ~np.isnan(history.constraint(name))
        return np.where(known, history.violation, np.nan)

    def _feasible(self) -> Parts:
        def load() -> Column:
            violation = self._violation()
            codes = np.where(np.isnan(violation), -1, violation <= 0.0).astype(np.int64)
            return Codes(codes, (False, True), closed=True)

        return load, lambda rows, missing: _present(
            self._violation()[rows], missing, lambda violation: violation <= 0.0
        )

    def _state(self) -> Parts:
        history = self.history

        def load() -> Column:
            return Codes(history.states.astype(np.int64), _STATES, closed=True)

        return load, lambda rows, _: [_STATES[state] for state in history.states[rows].tolist()]

    def _duration(self) -> Parts:
        history = self.history

        def seconds(rows: Rows | slice = _ALL) -> Floats:
            started, finished = history.started[rows], history.finished_at[rows]
            known = (started > 0) & (finished > 0)
            return np.where(known, (finished - started) / 1e6, np.nan)

        def read(rows: Rows, missing: Any) -> list[Any]:
            return _present(seconds(rows), missing, lambda value: timedelta(seconds=value))

        return lambda: Numbers(seconds()), read

    _KEYED: Final[Mapping[str, Callable[[Fields, str], Parts | None]]] = {
        "values": lambda self, key: self._objective(key, lambda: self.history.values),
        "sems": lambda self, key: self._objective(key, lambda: self.history.sems),
        "params": _param,
        "constraints": _constraint,
        "user_attrs": _user_attr,
        "reports": _report,
    }
    _PLAIN: Final[Mapping[str, Callable[[Fields], Parts | None]]] = {
        "number": lambda self: _numbers(lambda: np.arange(len(self.history), dtype=float), int),
        "state": _state,
        "value": lambda self: self._single(lambda: self.history.values),
        "sem": lambda self: self._single(lambda: self.history.sems),
        "feasible": _feasible,
        "violation": lambda self: _numbers(self._violation),
        "last_step": _last_step,
        "started": lambda self: _time(lambda: self.history.started),
        "finished": lambda self: _time(lambda: self.history.finished_at),
        "duration": _duration,
        "attempt": lambda self: _numbers(lambda: self.history.attempts, int),
        "archived": lambda self: _flag(lambda: self.history.archived),
        "reason": _reason,
        "ratings": _ratings,
        "sampler": _sampler,
        "utility": _utility,
        "wins": lambda self: self._judged(lambda node: node.wins),
        "losses": lambda self: self._judged(lambda node: node.losses),
    }


Parts: TypeAlias = tuple[Callable[[], Column], Read]
"""How a field's column is loaded, and how one trial is read."""


def _numbers(values: Callable[[], NDArray[Any]], kind: type[float] = float) -> Parts:
    def read(rows: Rows, missing: Any) -> list[Any]:
        return _present(values()[rows].astype(np.float64), missing, kind)

    return lambda: Numbers(values().astype(np.float64)), read


def _flag(values: Callable[[], Mask]) -> Parts:
    def load() -> Column:
        return Codes(values().astype(np.int64), (False, True), closed=True)

    return load, lambda rows, _: list(values()[rows].tolist())


def _time(micros: Callable[[], NDArray[np.int64]]) -> Parts:
    def load() -> Column:
        moments = micros()
        return Numbers(np.where(moments > 0, moments, np.nan), "time")

    def read(rows: Rows, missing: Any) -> list[Any]:
        moments = micros()[rows].tolist()
        return [_EPOCH + timedelta(microseconds=m) if m else missing for m in moments]

    return load, read


def _choice(history: History, name: str, distribution: CategoricalDistribution) -> Parts:
    choices = distribution.choices

    def load() -> Column:
        codes = np.nan_to_num(history.raw(name), nan=-1.0).astype(np.int64)
        return Codes(codes, choices, closed=True)

    def read(rows: Rows, missing: Any) -> list[Any]:
        return _present(history.raw(name)[rows], missing, lambda index: choices[int(index)])

    return load, read


def _present(values: Floats, missing: Any, kind: Callable[[float], Any]) -> list[Any]:
    """Floats as plain values, NaN as missing."""
    if kind is float and not np.isnan(values).any():
        return list(values.tolist())
    return [kind(value) if value == value else missing for value in values.tolist()]


def _huge_integer(history: History, name: str) -> Parts:
    def read(number: int, missing: Any) -> Any:
        space = history.layout(number)
        return history.point(number)[space.index(name)] if name in space else missing

    return _sparse(history, lambda: range(len(history)), read)


def _is_huge(distribution: Distribution) -> bool:
    return isinstance(distribution, IntDistribution) and not (
        distribution.low >= -EXACT and distribution.high <= EXACT
    )


def _sparse(history: History, numbers: Callable[[], Iterable[int]], read: ReadOne) -> Parts:
    """A field that few trials have, or that only a trial's record tells."""

    def load() -> Column:
        every = ((number, read(number, _ABSENT)) for number in numbers())
        return column_of(len(history), (row for row in every if row[1] is not _ABSENT))

    return load, _each(read)


def _each(read: ReadOne) -> Read:
    return lambda rows, missing: [read(number, missing) for number in rows.tolist()]


ReadOne: TypeAlias = Callable[[int, Any], Any]
