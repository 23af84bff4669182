"""What a trial prints, into files of its own."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

STREAMS: Final = ("stdout", "stderr")

_logger = logging.getLogger(__name__)


@contextmanager
def captured(folder: Path) -> Iterator[None]:
    """Add what this process prints to the files ``stdout`` and ``stderr`` in a folder.

    The descriptors are moved, not Python's streams: what libraries and children print comes, too.
    """
    _flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    try:
        for descriptor, file in zip((1, 2), _opened(folder), strict=False):
            os.dup2(file, descriptor)
            os.close(file)
        yield
    finally:
        _flush()
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def _opened(folder: Path) -> list[int]:
    """The files; none where they cannot be had: what is printed stays where it was then."""
    files: list[int] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in STREAMS:
            files += [os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)]
    except OSError as error:
        _logger.warning("What a trial prints is not kept: %s", error)
        for file in files:
            os.close(file)
        return []
    return files


def _flush() -> None:
    """Write what waits to be written; what finds no room is lost, and the trial goes on."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
