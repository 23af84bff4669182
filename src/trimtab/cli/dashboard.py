"""The command that serves the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from trimtab.cli.options import storage_url

DEFAULT_STORAGE: Final = "trimtab.db"


@click.command()
@click.argument("storages", nargs=-1, metavar="[STORAGE]...")
@click.option(
    "--artifact-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the artifact store; it is made when the first file comes.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port to listen on; 0 for any that is free.",
)
@click.option(
    "--token",
    envvar="TRIMTAB_TOKEN",
    help="Who has it comes in; made anew unless given.  [env: TRIMTAB_TOKEN]",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME[:PORT]",
    help="A further name by which browsers may call the server; may be repeated.",
)
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.option("--https", is_flag=True, help="Browsers come by https, through a proxy.")
@click.option(
    "--root-path",
    default="",
    metavar="/PATH",
    help="The path below which a proxy shows the dashboard.",
)
@click.option(
    "--max-upload-mb",
    type=click.IntRange(1),
    default=1024,
    show_default=True,
    help="The largest file that may be uploaded, in megabytes.",
)
@click.pass_context
def dashboard(
    ctx: click.Context,
    storages: Sequence[str],
    artifact_dir: Path | None,
    host: str,
    port: int,
    token: str | None,
    allowed_hosts: Sequence[str],
    read_only: bool,
    https: bool,
    root_path: str,
    max_upload_mb: int,
) -> None:
    """Serve the dashboard of one or more storages.

    STORAGE is a URL or the path of a SQLite file; without one, TRIMTAB_STORAGE or trimtab.db.
    The URL that is printed lets in who opens it; a token that you chose is not printed.
    """
    from trimtab.dashboard import run_server
    from trimtab.dashboard.settings import MEGABYTE

    given = list(storages) or [str(ctx.find_root().params.get("storage") or DEFAULT_STORAGE)]
    run_server(
        [storage_url(each, new=not read_only) for each in given],
        host,
        port,
        artifact_dir,
        token=token,
        allowed_hosts=allowed_hosts,
        read_only=read_only,
        https=https,
        root_path=root_path,
        max_upload=max_upload_mb * MEGABYTE,
        announce=_announce,
    )


def _announce(url: str) -> None:
    click.echo(f"Trimtab listens on {url}\nPress Ctrl-C to stop.")
