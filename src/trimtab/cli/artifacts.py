"""Files that belong to a study or a trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trimtab.cli.notes import owner
from trimtab.cli.options import format_option, study_option

if TYPE_CHECKING:
    from trimtab.artifacts import ArtifactStore

F = TypeVar("F", bound=Callable[..., Any])


def _store_option(command: F) -> F:
    return click.option(
        "--artifact-store",
        "store",
        metavar="FOLDER|URL",
        envvar="TRIMTAB_ARTIFACTS",
        required=True,
        help="A folder, or what fsspec opens: s3://bucket/path  [env: TRIMTAB_ARTIFACTS]",
    )(command)


def _open_store(store: str) -> ArtifactStore:
    from trimtab.artifacts import FileSystemArtifactStore, FsspecArtifactStore

    return FsspecArtifactStore(store) if "://" in store else FileSystemArtifactStore(store)


@click.group(no_args_is_help=False)
def artifacts() -> None:
    """Files of a study, or of a trial with --trial-number."""


@artifacts.command("list")
@study_option
@click.option("--trial-number", type=int)
@format_option()
def list_(
    url: str | None, study_name: str | None, trial_number: int | None, style: str, flatten: bool
) -> None:
    """List the files, oldest first."""
    from trimtab.artifacts import get_all_artifact_meta
    from trimtab.cli.output import show_rows
    from trimtab.cli.rows import moment

    rows = [
        {
            "artifact_id": meta.artifact_id,
            "filename": meta.filename,
            "mimetype": meta.mimetype,
            "size": meta.size,
            "created": moment(meta.created),
        }
        for meta in get_all_artifact_meta(**owner(url, study_name, trial_number))
    ]
    show_rows(rows, style, flatten)


@artifacts.command()
@study_option
@click.option("--trial-number", type=int)
@_store_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def upload(
    url: str | None, study_name: str | None, trial_number: int | None, store: str, file: Path
) -> None:
    """Keep a file with the study or trial, and print its id."""
    from trimtab.artifacts import upload_artifact

    click.echo(
        upload_artifact(
            file_path=file,
            artifact_store=_open_store(store),
            **owner(url, study_name, trial_number),
        )
    )


@artifacts.command()
@_store_option
@click.argument("artifact_id")
@click.argument("file", type=click.Path(path_type=Path))
def download(store: str, artifact_id: str, file: Path) -> None:
    """Write an artifact to FILE, which must not be there yet."""
    from trimtab.artifacts import download_artifact

    download_artifact(artifact_store=_open_store(store), file_path=file, artifact_id=artifact_id)
