"""Commands about trials."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from trimtab.cli.app import refuse
from trimtab.cli.options import WHERE_HELP, format_option, open_study, study_option

_STATES = ("running", "complete", "pruned", "fail", "waiting", "paused")


@click.command()
@study_option
@click.option(
    "--state",
    "wanted",
    type=click.Choice(_STATES),
    multiple=True,
    help="Only trials in this state; may be repeated.",
)
@click.option("--where", help=WHERE_HELP)
@click.option("--sort", default="number", help="Order by a field.", metavar="FIELD")
@click.option("--descending", is_flag=True, help="Largest first.")
@click.option("--first", type=click.IntRange(min=1), help="Only so many, from the top.")
@click.option("--last", type=click.IntRange(min=1), help="Only so many, from the bottom.")
@click.option("--archived", is_flag=True, help="Archived trials too.")
@format_option()
def trials(
    url: str | None,
    study_name: str | None,
    wanted: tuple[str, ...],
    first: int | None,
    last: int | None,
    style: str,
    flatten: bool,
    **chosen: Any,
) -> None:
    """List the trials of a study."""
    from trimtab.cli.output import show_rows
    from trimtab.cli.rows import states, trial_rows
    from trimtab.query import Fields, select

    study = open_study(url, study_name)
    history = study.history
    numbers = select(Fields(history, study), **chosen).numbers
    if wanted:
        numbers = numbers[np.isin(history.states[numbers], states(wanted) or [])]
    numbers = numbers[:first][-last if last else 0 :]
    show_rows(trial_rows(study, map(history.trial, numbers.tolist())), style, flatten)


@click.command()
@study_option
@format_option()
def best_trial(url: str | None, study_name: str | None, style: str, flatten: bool) -> None:
    """Show the best trial of a study with one objective."""
    from trimtab.cli.output import show_row
    from trimtab.cli.rows import trial_rows

    study = open_study(url, study_name)
    if len(study.directions) > 1:
        refuse(f"{study.study_name!r} has several objectives: see `trimtab best-trials`.")
    show_row(trial_rows(study, [study.best_trial])[0], style, flatten)


@click.command()
@study_option
@format_option()
def best_trials(url: str | None, study_name: str | None, style: str, flatten: bool) -> None:
    """List the trials that no other one betters in every objective."""
    from trimtab.cli.output import show_rows
    from trimtab.cli.rows import trial_rows

    study = open_study(url, study_name)
    show_rows(trial_rows(study, study.best_trials), style, flatten)


@click.command()
@study_option
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.option("--restore", is_flag=True, help="Take them back.")
def archive_trials(
    url: str | None, study_name: str | None, numbers: tuple[int, ...], restore: bool
) -> None:
    """Hide trials from lists and samplers; nothing of them is lost."""
    open_study(url, study_name).archive_trials(numbers, archived=not restore)


@click.command()
@study_option
@click.argument("numbers", type=int, nargs=-1, required=True)
def delete_trials(url: str | None, study_name: str | None, numbers: tuple[int, ...]) -> None:
    """Delete trials for good. Their numbers are not given again."""
    open_study(url, study_name).delete_trials(numbers)
