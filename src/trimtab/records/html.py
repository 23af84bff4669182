"""Small tables in notebooks: escaped, bounded, and readable on light and dark ground."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any, Final

MAX_CELL: Final = 60
"""Characters of a cell."""
MAX_ROWS: Final = 40
"""Rows of a table of facts."""

# Notebooks bring their own colours: only lines are drawn, in one that shows on both grounds.
_LINE = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL = f"text-align:left;padding:.2em .8em .2em 0;vertical-align:top;{_LINE}"


def cell(value: Any) -> str:
    """A value as escaped text: numbers of six digits, a dash for None."""
    if value is None:
        return "–"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…")


def table(heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """A table with a head; heads and cells are plain values."""
    head = "".join(f'<th style="{_CELL};opacity:.7">{cell(each)}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(map(_td, row))}</tr>" for row in rows)
    return _wrapped(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def facts(rows: Iterable[tuple[str, Any]]) -> str:
    """A table of names and values, of at most `MAX_ROWS`."""
    listed = list(rows)
    body = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:normal;opacity:.7">{cell(name)}</th>'
        f"{_td(value)}</tr>"
        for name, value in listed[:MAX_ROWS]
    )
    more = len(listed) - MAX_ROWS
    rest = f'<tr><td style="{_CELL}" colspan="2">… and {more} more</td></tr>' if more > 0 else ""
    return _wrapped(f"<tbody>{body}{rest}</tbody>")


def titled(title: str, *parts: str) -> str:
    """Parts below a title."""
    return f"<div><strong>{html.escape(title)}</strong>{''.join(parts)}</div>"


def _td(value: Any) -> str:
    return f'<td style="{_CELL}">{cell(value)}</td>'


def _wrapped(content: str) -> str:
    style = "border-collapse:collapse;margin:.4em 0;background:none"
    return f'<div style="overflow-x:auto"><table style="{style}">{content}</table></div>'
