"""Commands that keep storages in order."""

from __future__ import annotations

import click

from trimtab.cli.app import refuse
from trimtab.cli.options import format_option, open_storage, storage_option, storage_url


@click.command()
@click.argument("source")
@storage_option
@click.option(
    "--study-name",
    "-n",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this study; may be repeated.",
)
@click.option(
    "--rename",
    multiple=True,
    metavar="OLD=NEW",
    help="Call a study otherwise; may be repeated.",
)
@format_option()
def import_optuna(
    source: str,
    url: str | None,
    names: tuple[str, ...],
    rename: tuple[str, ...],
    style: str,
    flatten: bool,
) -> None:
    """Take over the studies of an Optuna storage: its URL, or the path of a journal or SQLite file.

    SOURCE is only read. What could not be kept as it was is told on standard error.
    """
    from trimtab.cli.output import printable, show_rows
    from trimtab.migrate import import_optuna

    new_names = {}
    for pair in rename:
        old, separator, new = pair.partition("=")
        if not separator:
            refuse(f"`--rename`: expected OLD=NEW, got {pair!r}.")
        new_names[old] = new
    target = open_storage(url, new=True)
    imported = import_optuna(source, target, study_names=names or None, rename=new_names)
    for study in imported:
        for problem in study.problems:
            click.echo(f"trimtab: warning: {printable(f'{study.name}: {problem}')}", err=True)
    rows = [
        {"name": study.name, "n_trials": study.n_trials, "problems": len(study.problems)}
        for study in imported
    ]
    show_rows(rows, style, flatten)


@click.command()
@click.argument("database", required=False)
@storage_option
@click.option("--mend", is_flag=True, help="Mend what can be mended; nothing is lost.")
@format_option()
def doctor(database: str | None, url: str | None, mend: bool, style: str, flatten: bool) -> None:
    """Look for damage in a storage, and mend it.

    The exit status is 1 when something is wrong that was not mended.
    """
    from trimtab.cli.output import show_rows
    from trimtab.storage import doctor as surgery

    where = storage_url(database or url)
    mended = surgery.mend(where) if mend else []
    wrong = surgery.diagnose(where)
    rows = [
        {
            "where": finding.where,
            "problem": finding.problem,
            "remedy": finding.remedy,
            "state": state,
        }
        for state, findings in (("mended", mended), ("found", wrong))
        for finding in findings
    ]
    if rows or style != "table":
        show_rows(rows, style, flatten)
    if not wrong:
        click.echo("Nothing is wrong." if not mended else "Nothing is wrong any more.", err=True)
        return
    if not mend and any(finding.mendable for finding in wrong):
        click.echo("Run `trimtab doctor --mend` to mend this.", err=True)
    click.get_current_context().exit(1)


@click.group(no_args_is_help=False)
def storage() -> None:
    """Upgrade a storage."""


@storage.command()
@click.argument("database", required=False)
@storage_option
def upgrade(database: str | None, url: str | None) -> None:
    """Bring the tables that an older Trimtab made to this version's. Nothing is lost."""
    from trimtab.storage import doctor as surgery

    before, after = surgery.upgrade(storage_url(database or url))
    if before == after:
        click.echo(f"The tables are of version {after} already.")
    else:
        click.echo(f"The tables are of version {after} now; they were of {before or 'none'}.")
