"""How values are written in JSON and CSV.

JSON: times in ISO 8601, durations in seconds, NaN and infinities as the words ``"NaN"``,
``"Infinity"`` and ``"-Infinity"``. CSV: the same without quotes, nothing for a missing value,
lists and objects as JSON. Numbers keep every digit.

Text in CSV that a spreadsheet would run as a formula gets an apostrophe in front. So that nothing
is lost by it, text that begins with apostrophes before such a character gets one more: to read a
cell of text back, take one apostrophe off where one or more stand before ``= + - @``, a tab or a
carriage return.
"""

from __future__ import annotations

import csv
import datetime
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def jsonable(value: Any) -> Any:
    """A plain value as standard JSON."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return value


def json_text(value: Any) -> str:
    """A plain value as JSON in one line."""
    return json.dumps(jsonable(value), ensure_ascii=False)


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Rows of plain values as lines of CSV."""
    line = _Line()
    writer = csv.writer(line)
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
        yield line.text


class _Line:
    """The last one, ended by a line feed: the writer's own setting leaves a CR in text unquoted."""

    text = ""

    def write(self, line: str) -> None:
        """Take one row."""
        self.text = line.removesuffix("\r\n") + "\n"


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    value = jsonable(value)
    if isinstance(value, (dict, list)):
        return harmless(json.dumps(value, ensure_ascii=False))
    return value
