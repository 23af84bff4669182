"""The beginning of a file of text, as pages show it: read and parsed within bounds."""

from __future__ import annotations

import csv
import io
import itertools
import json
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

ROWS: Final = 100
COLUMNS: Final = 50
CELL: Final = 300
"""Characters of a cell that are shown."""
_READ: Final = 1 << 20
"""Bytes that are read of a file."""
_TEXT: Final = 1 << 17
"""Characters of text that are shown."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a file.

    Attributes:
        text: Its text, unless it is a table.
        columns: Names of a table's columns.
        rows: The first rows of a table.
        told: What is to be said of it: that there is more, or why it is not what its name says.
    """

    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    told: str = ""


def preview(kind: str, body: BinaryIO, suffix: str = "") -> Preview:
    """The beginning of a file.

    Args:
        kind: As `trimtab.dashboard.media.kind_of` tells it.
        body: At its start.
        suffix: Of its name: ``tsv`` is cut at tabs.
    """
    raw = body.read(_READ + 1)
    is_cut = len(raw) > _READ
    text = raw[:_READ].decode("utf-8-sig", "replace")
    if kind == "csv":
        return _table_of_csv(text, "\t" if suffix == "tsv" else ",", is_cut)
    if kind == "jsonl":
        return _table_of_json_lines(text, is_cut)
    if kind == "json" and not is_cut:
        try:
            return _text(json.dumps(json.loads(text), indent=2, ensure_ascii=False), False)
        except ValueError as error:
            return Preview(_text(text, False).text, told=f"This is not JSON: {error}.")
        except RecursionError:
            return Preview(_text(text, False).text, told="It is too deep to be laid out.")
    return _text(text, is_cut)


def _text(text: str, is_cut: bool) -> Preview:
    is_cut = is_cut or len(text) > _TEXT
    return Preview(text[:_TEXT], told="Only the beginning is shown." if is_cut else "")


def _table_of_csv(text: str, delimiter: str, is_cut: bool) -> Preview:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = list(itertools.islice(reader, ROWS + 2))
    except csv.Error as error:
        return Preview(text[:_TEXT], told=f"This is no table: {error}.")
    if not rows:
        return Preview(told="The file is empty.")
    header, *rest = rows
    return _table(header, rest, is_cut)


def _table_of_json_lines(text: str, is_cut: bool) -> Preview:
    objects: list[dict[str, Any]] = []
    lines = [line for line in text.splitlines() if line.strip()]
    if is_cut:
        lines = lines[:-1]
    for number, line in enumerate(lines[: ROWS + 1], 1):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Preview(text[:_TEXT], told=f"Line {number} is not JSON: {error}.")
        objects.append(value if isinstance(value, dict) else {"value": value})
    columns = list(dict.fromkeys(key for each in objects for key in each))
    rows = [[_cell(each[key]) if key in each else "" for key in columns] for each in objects]
    return _table(columns, rows, is_cut)


def _table(columns: list[str], rows: list[list[str]], is_cut: bool) -> Preview:
    told = []
    if is_cut or len(rows) > ROWS:
        told.append(f"The first {min(len(rows), ROWS)} rows are shown.")
    if len(columns) > COLUMNS:
        told.append(f"{COLUMNS} of {len(columns)} columns are shown.")
    return Preview(
        columns=tuple(name[:CELL] for name in columns[:COLUMNS]),
        rows=tuple(tuple(cell[:CELL] for cell in row[:COLUMNS]) for row in rows[:ROWS]),
        told=" ".join(told),
    )


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
