"""The command itself: its subcommands by name, and how it says what went wrong."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

import trimtab
from trimtab import logging

FAILED: Final = 2
INTERRUPTED: Final = 130
"""As a shell reports a program that Ctrl-C ended."""
PIPE_CLOSED: Final = 141
"""As a shell reports a program whose reader went away."""

# Name of the command: module, function, and its line in the list of commands. The modules load
# when the command is run.
_TOP: Final = {
    "dashboard": ("dashboard", "dashboard", "Watch studies and rate trials in a browser."),
    "demo": ("demo", "demo", "Run an example."),
    "create-study": ("studies", "create_study", "Create a study."),
    "delete-study": ("studies", "delete_study", "Delete a study and all its trials."),
    "studies": ("studies", "studies", "List the studies of a storage."),
    "study-names": ("studies", "study_names", "List the names of the studies."),
    "trials": ("trials", "trials", "List the trials of a study."),
    "best-trial": ("trials", "best_trial", "Show the best trial."),
    "best-trials": ("trials", "best_trials", "List the trials of the Pareto front."),
    "archive-trials": ("trials", "archive_trials", "Set trials aside, or take them back."),
    "delete-trials": ("trials", "delete_trials", "Delete trials for good."),
    "ask": ("asktell", "ask", "Begin a trial and print its parameters."),
    "tell": ("asktell", "tell", "End a trial."),
    "set-user-attr": ("studies", "set_user_attr", "Set a user attribute of a study or trial."),
    "importance": ("importance", "importance", "Say which parameters matter."),
    "note": ("notes", "note", "Read and write notes."),
    "artifacts": ("artifacts", "artifacts", "List, upload and download files."),
    "export": ("export", "export", "Write all trials as CSV, JSON or JSON Lines."),
    "import-optuna": ("upkeep", "import_optuna", "Take over the studies of an Optuna storage."),
    "doctor": ("upkeep", "doctor", "Look for damage in a storage, and mend it."),
    "storage": ("upkeep", "storage", "Upgrade a storage."),
    "study": ("studies", "study", "Optuna's spelling of set-user-attr."),
}


class Commands(click.Group):
    """A group whose commands load when they are called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which one meets them."""
        return list(_TOP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None where there is none."""
        if cmd_name not in _TOP:
            return None
        module, function, _ = _TOP[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"trimtab.cli.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in _TOP.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a name that is almost one, say which."""
        if args[0] not in _TOP:
            near = difflib.get_close_matches(args[0], _TOP, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--storage",
    "-s",
    metavar="URL",
    envvar="TRIMTAB_STORAGE",
    help="As each command's --storage.  [env: TRIMTAB_STORAGE]",
)
@click.option("--verbose", "-v", is_flag=True, help="Say more on standard error.")
@click.option("--quiet", "-q", is_flag=True, help="Say only errors on standard error.")
@click.version_option(trimtab.__version__, prog_name="trimtab")
def cli(storage: str | None, verbose: bool, quiet: bool) -> None:
    """Look at studies, feed them and keep them in order."""
    logging.set_verbosity(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
    if quiet:
        warnings.simplefilter("ignore")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        args: None: those of the process.

    Returns:
        The exit status: 0; 2 after an error, told in one line on standard error; 130 after
        Ctrl-C; 141 when the reader of standard output has gone.
    """
    given = list(sys.argv[1:] if args is None else args)
    try:
        with _warnings_in_one_line(), _verbosity_restored():
            # Not `cli.main`, which has its own idea of a closed pipe.
            with cli.make_context("trimtab", given or ["--help"]) as ctx:
                cli.invoke(ctx)
            sys.stdout.flush()
        return 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except click.ClickException as error:
        return _fail(error, error.format_message(), _help_for(error))
    except Exception as error:  # noqa: BLE001  (a user gets one line, whatever it was)
        return _fail(error, _message(error), "")


def _fail(error: Exception, message: str, hint: str) -> int:
    if os.environ.get("TRIMTAB_DEBUG", "0") not in ("", "0"):
        raise error
    print(f"trimtab: error: {' '.join(message.split())}{hint}", file=sys.stderr)
    return FAILED


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _help_for(error: click.ClickException) -> str:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    return f" (see `{ctx.command_path} --help`)" if ctx is not None else ""


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    def show(message: Warning | str, *where: Any, **more: Any) -> None:
        print(f"trimtab: warning: {' '.join(str(message).split())}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _verbosity_restored() -> Iterator[None]:
    before = logging.get_verbosity()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def refuse(message: str) -> NoReturn:
    """End the command with an error of its user's.

    Raises:
        click.UsageError: Always.
    """
    raise click.UsageError(message, click.get_current_context(silent=True))
