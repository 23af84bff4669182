"""The export command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from trimtab.cli.options import WHERE_HELP, open_study, study_option

if TYPE_CHECKING:
    from trimtab.query.export import Style

_SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@click.command()
@study_option
@click.option(
    "--format",
    "-f",
    "style",
    type=click.Choice(["csv", "json", "jsonl"]),
    help="Left out: as the output file is named, else csv.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file; left out: standard output.",
)
@click.option("--where", help=WHERE_HELP)
@click.option("--sort", default="number", help="Order by a field.", metavar="FIELD")
@click.option("--descending", is_flag=True, help="Largest first.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD",
    help="Only this field; may be repeated. Left out: all.",
)
@click.option("--archived", is_flag=True, help="Archived trials too.")
def export(
    url: str | None,
    study_name: str | None,
    style: str | None,
    output: Path | None,
    columns: tuple[str, ...],
    **chosen: Any,
) -> None:
    """Write trials as CSV, JSON or JSON Lines.

    Numbers keep every digit. In CSV, text that a spreadsheet would run as a formula gets an
    apostrophe in front. JSON also has the reported values and the distributions.
    """
    from trimtab.query import export

    if style is None:
        style = _SUFFIXES.get(output.suffix.lower(), "csv") if output else "csv"
    study = open_study(url, study_name)
    pieces = export(study.history, study, cast("Style", style), columns=columns or None, **chosen)
    if output is None:
        sys.stdout.writelines(pieces)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
