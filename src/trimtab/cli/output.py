"""Printing rows: for people on a terminal, whole and undecorated for everything else."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import IO, Any

from trimtab.cli.rows import Row, columns, flat
from trimtab.query.spelling import csv_lines, json_text, jsonable

_MOST_IN_RICH_TABLE = 2000
"""Rows; above, the plain table is printed, which takes no time."""
_FIRST_TO_GO = ("datetime_complete", "datetime_start", "user_attrs", "reason", "duration")
"""Columns that a narrow terminal does without, in this order."""
_FOLDED = 30
"""Characters to which a cell with many entries may be folded."""
_GAP = 3
"""Characters between two columns."""


def show_rows(rows: Sequence[Row], style: str, flatten: bool = False) -> None:
    """Print a list.

    Args:
        rows: With the same names, in the same order.
        style: One of `trimtab.cli.options.FORMATS`.
        flatten: Whether dictionaries become columns; in CSV they always do.
    """
    out = sys.stdout
    if style == "csv":
        write_csv(rows, out)
        return
    if style == "table":
        _show_table(rows, flatten)
        return
    shown = [flat(row) for row in rows] if flatten else list(rows)
    if style == "json":
        write_json(shown, out)
    elif style == "yaml":
        _write_yaml([jsonable(row) for row in shown], out)
    else:
        for row in shown:
            out.write(" ".join(plain_cell(value) for value in row.values()) + "\n")


def show_row(row: Row, style: str, flatten: bool = False) -> None:
    """Print one record: in a table, a line for each of its fields."""
    shown = flat(row) if flatten else row
    if style == "json":
        sys.stdout.write(json.dumps(jsonable(shown), indent=2, ensure_ascii=False) + "\n")
    elif style == "yaml":
        _write_yaml(jsonable(shown), sys.stdout)
    elif style == "table":
        _show_fields(row)
    else:
        show_rows([row], style, flatten)


def write_csv(rows: Iterable[Row], out: IO[str]) -> None:
    """Rows as CSV, with a header; text that a spreadsheet would run as a formula is quoted."""
    kept = list(rows)
    names = columns(kept)
    cells = ([row.get(name) for name in names] for row in map(flat, kept))
    out.writelines(csv_lines(chain([names], cells)))


def write_json(rows: Iterable[Row], out: IO[str]) -> None:
    """Rows as a JSON array, a line each."""
    separator = "["
    for row in rows:
        out.write(f"{separator}\n{json_text(row)}")
        separator = ","
    out.write("[]\n" if separator == "[" else "\n]\n")


def _write_yaml(value: Any, out: IO[str]) -> None:
    import yaml

    yaml.safe_dump(value, out, sort_keys=False, allow_unicode=True)


def printable(text: str) -> str:
    """Text without the control characters that could command a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plain_cell(value: Any) -> str:
    """A value in a table that a program may read: nothing is rounded or cut."""
    value = jsonable(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (dict, list)):
        return printable(json.dumps(value, ensure_ascii=False))
    return repr(value)


def cell(value: Any) -> str:
    """A value in a table that people read."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime.datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    if isinstance(value, datetime.timedelta):
        return _duration(value.total_seconds())
    if isinstance(value, dict):
        return ", ".join(f"{printable(str(key))}={cell(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    return printable(str(value))


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _show_table(rows: Sequence[Row], flatten: bool) -> None:
    if sys.stdout.isatty() and len(rows) <= _MOST_IN_RICH_TABLE:
        _show_rich_table(rows)
        return
    names = columns(rows) if flatten else list(rows[0]) if rows else []
    shown = [flat(row) for row in rows] if flatten else rows
    lines = [[printable(name) for name in names]]
    lines += [[plain_cell(row.get(name)) for name in names] for row in shown]
    _write_aligned(lines)


def _write_aligned(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write(padded.rstrip() + "\n")


def _show_fields(row: Row) -> None:
    """One line for each field; the entries of a dictionary stand indented below its name."""
    lines: list[tuple[str, str]] = []
    for name, value in row.items():
        if isinstance(value, dict):
            if value:
                lines.append((name, ""))
                lines += [(f"  {printable(str(key))}", _field(item)) for key, item in value.items()]
        elif value is not None:
            lines.append((name, _field(value)))
    if not sys.stdout.isatty():
        _write_aligned(lines)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in lines:
        table.add_row(Text(name), Text(text))
    Console(highlight=False).print(table)


def _field(value: Any) -> str:
    # One record is what people copy numbers from: none is rounded.
    if sys.stdout.isatty() and isinstance(value, (datetime.datetime, datetime.timedelta)):
        return cell(value)
    return plain_cell(value)


def _show_rich_table(rows: Sequence[Row]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not rows:
        console.print("(none)", style="dim")
        return
    names, shown, hidden = _layout(rows, console.width)
    console.print(_rich_table(shown, names))
    if hidden:
        console.print(f"Hidden to fit: {', '.join(hidden)}. All: --format json.", style="dim")


def _layout(rows: Sequence[Row], width: int) -> tuple[list[str], Sequence[Row], list[str]]:
    """Columns that fit a terminal, the rows for them, and the names of those left out.

    A column for each parameter reads best. Where they do not fit, one cell, which may be folded,
    holds all parameters; where that does not either, times and attributes go.
    """
    spread = [flat(row) for row in rows]
    if _least_width(spread, columns(rows)) <= width:
        return columns(rows), spread, []
    names, hidden = list(rows[0]), []
    for name in _FIRST_TO_GO:
        if _least_width(rows, names) <= width:
            break
        if name in names:
            names.remove(name)
            hidden.append(name)
    return names, rows, hidden


def _least_width(rows: Sequence[Row], names: Sequence[str]) -> int:
    total = 0
    for name in names:
        widest = max(len(cell(row.get(name))) for row in rows)
        if _folds(rows, name):
            widest = min(widest, _FOLDED)
        total += max(widest, len(_title(name))) + _GAP
    return total


def _folds(rows: Sequence[Row], name: str) -> bool:
    return any(isinstance(row.get(name), (dict, list)) for row in rows)


def _title(name: str) -> str:
    return printable(name.removeprefix("params_"))


def _rich_table(rows: Sequence[Row], names: Sequence[str]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in names:
        numeric = all(isinstance(row.get(name), (int, float, type(None))) for row in rows)
        table.add_column(
            Text(_title(name)),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=not _folds(rows, name),
        )
    for row in rows:
        table.add_row(*[Text(cell(row.get(name))) for name in names])
    return table
