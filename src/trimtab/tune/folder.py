"""A run's folder: whose it is, and what the run was told."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any, Final, Self

from trimtab.errors import InvalidArgument, TrimtabError

DATABASE: Final = "study.db"
_RUN: Final = "run.json"
_LOCK: Final = "run.lock"


class RunInUse(TrimtabError, RuntimeError):
    """Another process drives the run; the message names it and its machine."""


class RunFolder:
    """The folder of a run, held by this process alone until it is closed.

    Args:
        path: The folder; made where it is not there.

    Raises:
        RunInUse: If another process holds it.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        # Held by the system: it ends with the process, however that ends.
        self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._lock, 1000, 0).decode("utf-8", "replace").strip()
            os.close(self._lock)
            raise RunInUse(
                f"The run in {path} is driven by {holder or 'another process'}, which has to end "
                "first."
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        _held.add(self)

    @property
    def is_begun(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / _RUN).exists()

    def write(self, told: dict[str, Any]) -> None:
        """Keep what the run was told, wholly or not at all."""
        partial = self.path / (_RUN + ".partial")
        with partial.open("w", encoding="utf-8") as stream:
            json.dump(told, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(self.path / _RUN)

    def read(self) -> dict[str, Any]:
        """What the run was told; see `told_of`."""
        return told_of(self.path)

    def close(self) -> None:
        """Let another process have it."""
        _held.discard(self)
        # Said, and not left to the closing: a child that was forked may hold the same open file.
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        os.close(self._lock)

    def abandon(self) -> None:
        """Have nothing more to do with it, in a child of the process that holds it."""
        _held.discard(self)
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


_held: set[RunFolder] = set()


def _release() -> None:
    """A process that is forked holds nothing: it may outlive the one that drives the run."""
    for folder in list(_held):
        folder.abandon()


os.register_at_fork(after_in_child=_release)


def told_of(path: Path) -> dict[str, Any]:
    """What the run in a folder was told.

    Raises:
        InvalidArgument: If no run is there.
    """
    try:
        told: dict[str, Any] = json.loads((path / _RUN).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InvalidArgument("path", "the folder of a run", str(path)) from error
    return told
