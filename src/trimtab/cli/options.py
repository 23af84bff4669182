"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trimtab.cli.app import refuse

if TYPE_CHECKING:
    from trimtab.storage import Storage
    from trimtab.study import Study

F = TypeVar("F", bound=Callable[..., Any])

WHERE_HELP = "Only trials for which this holds: 'value < 0.2 and params.lr > 1e-3'."

FORMATS = ("table", "json", "yaml", "csv", "value")


def _from_root(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return value if value is not None else ctx.find_root().params.get("storage")


def storage_option(command: F) -> F:
    """Add ``--storage``, which may also stand before the command or in the environment."""
    return click.option(
        "--storage",
        "-s",
        "url",
        metavar="URL",
        callback=_from_root,
        help="sqlite:///file.db, a path to one, postgresql://..., mysql://...  "
        "[env: TRIMTAB_STORAGE]",
    )(command)


def study_option(command: F) -> F:
    """Add ``--storage`` and ``--study-name``."""
    command = click.option(
        "--study-name",
        "-n",
        metavar="NAME",
        help="May be left out where the storage has one study.",
    )(command)
    return storage_option(command)


def format_option(default: str = "table") -> Callable[[F], F]:
    """Add ``--format`` and ``--flatten``."""

    def add(command: F) -> F:
        command = click.option(
            "--flatten", is_flag=True, help="One column per parameter and attribute."
        )(command)
        return click.option(
            "--format",
            "-f",
            "style",
            type=click.Choice(FORMATS),
            default=default,
            show_default=True,
            help="How to print.",
        )(command)

    return add


def storage_url(url: str | None, *, new: bool = False) -> str:
    """The storage that the user gave.

    Args:
        url: Of ``--storage``.
        new: Whether a SQLite file that is not there may be made. A command that only reads
            would otherwise answer a mistyped name with an empty database.
    """
    if not url:
        refuse("No storage: pass --storage URL or set TRIMTAB_STORAGE.")
    from trimtab.storage.urls import sql_url

    kind, _, path = sql_url(url).partition(":///")
    file = path.partition("?")[0]
    if (
        kind.startswith("sqlite")
        and not new
        and file not in ("", ":memory:")
        and not Path(file).exists()
    ):
        raise FileNotFoundError(f"`--storage`: expected a database, got {file!r}: no such file")
    return url


def open_storage(url: str | None, *, new: bool = False) -> Storage:
    """The storage that the user gave; the arguments are those of `storage_url`."""
    from trimtab.storage import open_storage

    return open_storage(storage_url(url, new=new))


def open_study(url: str | None, name: str | None, **parts: Any) -> Study:
    """The study of ``--storage`` and ``--study-name``; ``parts`` as for `load_study`."""
    from trimtab.study import load_study

    return load_study(study_name=name, storage=open_storage(url), **parts)


def parse_json(option: str, text: str, kind: type[Any]) -> Any:
    """JSON that an option was given.

    Args:
        option: Its name, for the error.
        text: JSON.
        kind: What it must be; `object` for anything.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        refuse(f"`{option}`: expected JSON, got {text!r}: {error}.")
    if not isinstance(value, kind):
        refuse(f"`{option}`: expected a JSON {_JSON_NAMES[kind]}, got {text!r}.")
    return value


_JSON_NAMES: dict[type, str] = {dict: "object", list: "array"}
_NUMBER = re.compile(r"-(\d|\.\d|inf\b|nan\b)")


class Spread(click.Command):
    """A command whose repeatable options also take several words: ``--values 1 2``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write ``--values 1 2`` as ``--values=1 --values=2`` and parse that."""
        names = {
            name
            for param in self.params
            if getattr(param, "multiple", False)
            for name in param.opts
        }
        spread: list[str] = []
        current: str | None = None
        for i, arg in enumerate(args):
            if arg == "--":
                return super().parse_args(ctx, spread + args[i:])
            if arg.startswith("-") and not _NUMBER.match(arg):
                current = arg if arg in names else None
                # An option without a word behind it is left for the parser to complain of.
                if current and i + 1 < len(args) and not _is_option(args[i + 1]):
                    continue
                spread.append(arg)
            elif current is not None:
                spread.append(f"{current}={arg}")
            else:
                spread.append(arg)
        return super().parse_args(ctx, spread)


def _is_option(arg: str) -> bool:
    return arg.startswith("-") and not _NUMBER.match(arg)
