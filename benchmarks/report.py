"""From what was measured to Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.results import Section, Table


def render(sections: Sequence[Section], preface: Iterable[str]) -> str:
    """The text of results.md.

    Args:
        sections: In the order of the report.
        preface: Lines on what was run, when and where.
    """
    summary = [
        (figure.name, figure.must, figure.aim, figure.measured, figure.verdict)
        for section in sections
        for figure in section.figures
    ]
    parts = [
        "# Speed, size and quality, side by side",
        "\n".join(f"- {line}" for line in preface),
        markdown(("figure", "must", "aim", "measured", "verdict"), summary),
        (
            "Measured: the median over the rounds and, in parentheses, the least and the "
            "greatest. Verdict: `aim` and `must` are reached, `short` is not; empty where nothing "
            "was asked for."
        ),
    ]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += [_table(table) for table in section.tables]
        if section.notes:
            parts.append("\n".join(f"- {note}" for note in section.notes))
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    return f"**{table.title}**\n\n{markdown(table.header, table.rows)}"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
