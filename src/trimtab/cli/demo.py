"""The examples that run at once, without a script to write."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

_LOOK: Final = 0.1
"""Seconds between two looks whether something is there."""
Command: TypeAlias = Callable[..., Any]


@click.group()
def demo() -> None:
    """Run an example.

    It keeps what it makes in a folder, and goes on where it was when it is run again.
    """


def _folder(default: str) -> Callable[[Command], Command]:
    kind = click.Path(file_okay=False, path_type=Path)
    return click.argument("folder", type=kind, default=Path(default))


_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port to listen on; 0 for any that is free.",
)
_token = click.option("--token", envvar="TRIMTAB_TOKEN", help="As of the command dashboard.")


@demo.command()
@_folder("sunset-demo")
@_port
@_token
def sunset(folder: Path, port: int, token: str | None) -> None:
    """Find the colour of a sunset, which only you know.

    Pictures wait for you in the browser; rate them with the keys 1, 2 and 3. After some thirty
    ratings the colours are those of a sunset. All of it is kept in FOLDER (sunset-demo unless
    given): stop with Ctrl-C, run this again, and it goes on.
    """
    from trimtab.dashboard import run_server
    from trimtab.dashboard.sunset import open_study, pictures_in, storage_url

    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(folder)
    ref = f"0-{study.study_id}"
    study.storage.close()
    with _beside("trimtab.dashboard.sunset", folder):
        run_server(
            storage_url(folder),
            port=port,
            artifact_store=pictures_in(folder),
            token=token,
            announce=lambda url: click.echo(
                f"Open {_page(url, f'/studies/{ref}/rate')}\n"
                "and press 1 (good), 2 (so-so) or 3 (bad). Ctrl-C stops; what you said is kept in\n"
                f"{folder}, and the same command goes on."
            ),
        )


@demo.command()
@_folder("pbt-demo")
@_port
@_token
@click.option(
    "--pause",
    type=click.FloatRange(0.0, 10.0),
    default=0.05,
    show_default=True,
    help="Seconds that a step of training takes, so that there is time to watch.",
)
def pbt(folder: Path, port: int, token: str | None, pause: float) -> None:
    """Watch a population train.

    Four members climb one hill. Each sees little of it; every few steps the lower ones go on from
    where a higher one is, with settings a little changed. The dashboard shows who went on from
    whom while they climb. All of it is kept in FOLDER (pbt-demo unless given): stop with Ctrl-C,
    run this again, and it goes on.
    """
    from trimtab.cli.hill import storage_url
    from trimtab.dashboard import run_server

    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with _beside("trimtab.cli.hill", folder, str(pause)) as climbing:
        ref = _first_study(storage_url(folder), climbing)
        run_server(
            storage_url(folder),
            port=port,
            token=token,
            announce=lambda url: click.echo(
                f"Open {_page(url, f'/studies/{ref}')}\n"
                "and look who goes on from whom. Ctrl-C stops; what was learnt is kept in\n"
                f"{folder}, and the same command goes on."
            ),
        )


@contextmanager
def _beside(module: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, in which a module works in the folder, until this is left."""
    command = [sys.executable, "-m", module, str(folder), *arguments]
    # In a session of its own, so that Ctrl-C is for the server, which then ends it.
    with subprocess.Popen(command, start_new_session=True) as worker:
        try:
            yield worker
        finally:
            worker.terminate()


def _first_study(url: str, worker: subprocess.Popen[bytes]) -> str:
    """The address of the study that the other process makes, once it is there."""
    from trimtab.storage import open_storage

    with open_storage(url) as storage:
        while not (studies := storage.studies()):
            if worker.poll() is not None:
                raise click.ClickException("The run could not begin; its error is above.")
            time.sleep(_LOOK)
        return f"0-{studies[0].id}"


def _page(url: str, path: str) -> str:
    """The address that leads to a page, by the sign-in where the server's has a token in it."""
    return f"{url}{'&' if '?' in url else '?'}next={path}"
