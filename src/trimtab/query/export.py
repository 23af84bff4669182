"""Trials as CSV, JSON or JSON Lines, in pieces, so that a study of any size can be sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Literal, TypeAlias

from trimtab.query.fields import Described, Field, Fields, Rows
from trimtab.query.filter import Filter
from trimtab.query.nodes import field_name
from trimtab.query.spelling import csv_lines, json_text
from trimtab.query.table import read_rows, select
from trimtab.records import DELETED, History
from trimtab.space import to_optuna

Style: TypeAlias = Literal["csv", "json", "jsonl"]

_ROWS: Final = 500
"""Trials in a piece."""
_TITLES: Final = {
    "started": "datetime_start",
    "finished": "datetime_complete",
    "reports": "last_report",
}
"""What fields are called in files, as in data frames."""
_ABSENT: Final = object()


def export(
    history: History,
    study: Described,
    style: Style,
    *,
    where: str | Filter | None = None,
    sort: str = "number",
    descending: bool = False,
    columns: Sequence[str] | None = None,
    archived: bool = False,
    lock: AbstractContextManager[object] | None = None,
) -> Iterator[str]:
    """Write trials as text.

    A CSV has one column a field, with a header: ``params.lr`` is ``params_lr`` there. JSON has one
    object a trial, in which the fields of one kind are an object: ``{"params": {"lr": 0.1}}``,
    without those that the trial does not have. See `trimtab.query.spelling` for the values.

    Args:
        history: The trials.
        study: The study or its record.
        style: ``"csv"``, ``"json"`` (an array) or ``"jsonl"`` (one object a line).
        where: A filter, as for `page`.
        sort: A field, as for `page`.
        descending: Largest first.
        columns: Fields to write; None: all, and in JSON the reports and distributions too.
        archived: Whether archived trials are among them.
        lock: The storage's, held while a piece is made, never between two.

    Returns:
        Pieces of the text. Which trials they are is settled when this returns; one that is deleted
        before its piece is made is left out.

    Raises:
        InvalidFilter: If the filter cannot be read or does not fit the study.
        UnknownField: If ``sort`` or a column is no field.
    """
    lock = lock or nullcontext()
    with lock:
        fields = Fields(history, study)
        names = all_columns(fields) if columns is None else columns
        shown = [fields.named(name) for name in names]
        chosen = select(fields, where=where, sort=sort, descending=descending, archived=archived)
    if style == "csv":
        return _csv(history, chosen.numbers, shown, lock)
    records = _Records(fields, shown, deep=columns is None)
    return _json(chosen.numbers, records, lock, lines=style == "jsonl")


def all_columns(fields: Fields) -> list[str]:
    """The fields that a whole export has."""
    single = fields.history.n_objectives == 1
    roots = ["number", "state", *(("value", "sem") if single else ("values", "sems"))]
    roots += ["params", "constraints", "user_attrs", "started", "finished", "duration"]
    roots += ["attempt", "archived", "reason"]
    return [field_name(root, key) for root in roots for key in fields.keys(root)]


def title(field: Field) -> str:
    """What a field's column is called in a file."""
    root = _TITLES.get(field.root, field.root)
    return root if field.key is None else f"{root}_{field.key}"


def _csv(
    history: History, numbers: Rows, fields: list[Field], lock: AbstractContextManager[object]
) -> Iterator[str]:
    yield from csv_lines([map(title, fields)])
    for piece in _pieces(numbers):
        with lock:
            rows = list(read_rows(fields, _alive(history, piece)))
        yield "".join(csv_lines(rows))


def _json(
    numbers: Rows, records: _Records, lock: AbstractContextManager[object], lines: bool
) -> Iterator[str]:
    before = "" if lines else "[\n"
    between = "\n" if lines else ",\n"
    for piece in _pieces(numbers):
        with lock:
            made = list(records.of(piece))
        if made:
            yield before + between.join(map(json_text, made))
            before = between
    if lines:
        yield "" if before == "" else "\n"
    else:
        yield "[]\n" if before == "[\n" else "\n]\n"


class _Records:
    """Trials as objects whose fields of one kind are objects."""

    def __init__(self, fields: Fields, shown: list[Field], deep: bool) -> None:
        self._history = fields.history
        self._deep = deep
        self._groups: dict[str, list[Field]] = {}
        for field in shown:
            self._groups.setdefault(field.root, []).append(field)
        if deep:
            for root in ("params", "constraints", "user_attrs"):
                self._groups.setdefault(root, [])  # there, though empty
        # Objectives without names are a list, if they are all there.
        unnamed = [str(j) for j in range(self._history.n_objectives)]
        self._listed = {
            root
            for root in ("values", "sems")
            if [field.key for field in self._groups.get(root, ())] == unnamed
            and list(fields.keys(root)) == unnamed
        }

    def of(self, numbers: Rows) -> Iterator[dict[str, Any]]:
        """Those of some trials that are still there."""
        numbers = _alive(self._history, numbers)
        records: list[dict[str, Any]] = [{} for _ in range(len(numbers))]
        for root, group in self._groups.items():
            name = _TITLES.get(root, root)
            if len(group) == 1 and group[0].key is None:
                for record, value in zip(records, group[0].read(numbers, None), strict=True):
                    record[name] = value
            elif root in self._listed:
                for record, row in zip(records, read_rows(group, numbers), strict=True):
                    record[name] = list(row)
            else:
                self._add_group(records, name, group, numbers)
        if self._deep:
            for record, number in zip(records, numbers.tolist(), strict=True):
                reports = self._history.reports(number)
                record["reports"] = {step: dict(reports[step].metrics) for step in reports}
                space = self._history.layout(number)
                record["distributions"] = {key: to_optuna(kind) for key, kind in space.items()}
        return iter(records)

    @staticmethod
    def _add_group(
        records: list[dict[str, Any]], name: str, group: list[Field], numbers: Rows
    ) -> None:
        for record in records:
            record[name] = {}
        for field in group:
            for record, value in zip(records, field.read(numbers, _ABSENT), strict=True):
                if value is not _ABSENT:
                    record[name][field.key] = value


def _pieces(numbers: Rows) -> Iterator[Rows]:
    return (numbers[start : start + _ROWS] for start in range(0, len(numbers), _ROWS))


def _alive(history: History, numbers: Rows) -> Rows:
    alive: Rows = numbers[history.states[numbers] != DELETED]
    return alive
