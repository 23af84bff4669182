"""Notes: Markdown about a study or a trial."""

from __future__ import annotations

import sys
from typing import Any

import click

from trimtab.cli.app import refuse
from trimtab.cli.options import open_study, study_option


def owner(url: str | None, study_name: str | None, trial_number: int | None) -> dict[str, Any]:
    """Whose note or artifact it is, as arguments of `trimtab.artifacts`."""
    study = open_study(url, study_name)
    if trial_number is None:
        return {"study_or_trial": study}
    return {"study_or_trial": study.get_trial(trial_number), "study": study}


@click.group(no_args_is_help=False)
def note() -> None:
    """Read and write the note of a study, or of a trial with --trial-number."""


@note.command()
@study_option
@click.option("--trial-number", type=int)
def show(url: str | None, study_name: str | None, trial_number: int | None) -> None:
    """Print the note, as it was written."""
    from trimtab.artifacts import get_note

    body = get_note(**owner(url, study_name, trial_number))
    if body:
        click.echo(body, nl=not body.endswith("\n"))


@note.command("set")
@study_option
@click.option("--trial-number", type=int)
@click.option("--file", type=click.File(encoding="utf-8"), help="From this file; - for stdin.")
@click.argument("text", required=False)
def set_(
    url: str | None,
    study_name: str | None,
    trial_number: int | None,
    file: Any,
    text: str | None,
) -> None:
    """Write the note, from TEXT, from --file, or from what is piped in; "" clears it."""
    from trimtab.artifacts import save_note

    if text is not None and file is not None:
        refuse("Expected TEXT or --file, got both.")
    if text is None and file is None and sys.stdin.isatty():
        refuse("Missing TEXT or --file.")
    body = text if text is not None else (file or sys.stdin).read()
    save_note(body=body, **owner(url, study_name, trial_number))
