"""Commands about studies."""

from __future__ import annotations

import click

from trimtab.cli.options import (
    Spread,
    format_option,
    open_storage,
    open_study,
    parse_json,
    storage_option,
    study_option,
)

_DIRECTION = click.Choice(["minimize", "maximize"])


@click.command(cls=Spread)
@storage_option
@click.option("--study-name", "-n", metavar="NAME", help="Left out: a unique one.")
@click.option("--direction", type=_DIRECTION, help="Of one objective.  [default: minimize]")
@click.option(
    "--directions",
    type=_DIRECTION,
    multiple=True,
    help="Of several objectives: --directions minimize maximize",
)
@click.option("--skip-if-exists", is_flag=True, help="Do nothing if the study exists.")
def create_study(
    url: str | None,
    study_name: str | None,
    direction: str | None,
    directions: tuple[str, ...],
    skip_if_exists: bool,
) -> None:
    """Create a study, and print its name."""
    from trimtab.study import create_study

    study = create_study(
        storage=open_storage(url, new=True),
        study_name=study_name,
        direction=direction,
        directions=directions or None,
        load_if_exists=skip_if_exists,
    )
    click.echo(study.study_name)


@click.command()
@storage_option
@click.option("--study-name", "-n", metavar="NAME", required=True)
def delete_study(url: str | None, study_name: str) -> None:
    """Delete a study and all its trials. Files of artifacts stay in their store."""
    from trimtab.study import delete_study

    delete_study(study_name=study_name, storage=open_storage(url))


@click.command()
@storage_option
@format_option()
def studies(url: str | None, style: str, flatten: bool) -> None:
    """List the studies of a storage."""
    from trimtab.cli.output import show_rows
    from trimtab.cli.rows import study_row
    from trimtab.study import get_all_study_summaries

    rows = [study_row(summary) for summary in get_all_study_summaries(open_storage(url))]
    show_rows(rows, style, flatten)


@click.command()
@storage_option
@format_option("value")
def study_names(url: str | None, style: str, flatten: bool) -> None:
    """List the names of the studies, a line each."""
    from trimtab.cli.output import show_rows

    show_rows([{"name": record.name} for record in open_storage(url).studies()], style, flatten)


@click.command()
@study_option
@click.option("--trial-number", type=int, help="Of this trial, not of the study.")
@click.option("--key", "-k", required=True)
@click.option("--value", required=True, help="Text, unless --json.")
@click.option("--json", "as_json", is_flag=True, help="The value is JSON.")
def set_user_attr(
    url: str | None,
    study_name: str | None,
    trial_number: int | None,
    key: str,
    value: str,
    as_json: bool,
) -> None:
    """Set a user attribute of a study or of one of its trials."""
    from trimtab.records import TrialUpdate
    from trimtab.storage.base import check_attrs

    content = parse_json("--value", value, object) if as_json else value
    study = open_study(url, study_name)
    if trial_number is None:
        study.set_user_attr(key, content)
    else:
        update = TrialUpdate(user_attrs=check_attrs({key: content}))
        study.storage.write(study.study_id, trial_number, None, update)


@click.group(no_args_is_help=False)
def study() -> None:
    """Optuna's spelling of set-user-attr."""


study.add_command(set_user_attr, "set-user-attr")
