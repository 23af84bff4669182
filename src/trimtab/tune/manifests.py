"""What a trial's checkpoints consist of: one line for each, in a file beside them.

A checkpoint exists from the moment its line is there, and until a line says that it is gone. Lines
are appended: to make a file of its own for each takes as long as a small checkpoint itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LOG: Final = "checkpoints.jsonl"
_BLOCK: Final = 1 << 14
"""Bytes from the end of the file that are looked at first: the newest are asked for most."""

Manifest = dict[str, tuple[int, str]]
"""Size in bytes and SHA-256 of each file, by its path in the checkpoint's folder."""


def note(checkpoint: Path, manifest: Mapping[str, tuple[int, str]], *, flush: bool) -> None:
    """A checkpoint is there, whole.

    Raises:
        OSError: If that cannot be written; there is no checkpoint then.
    """
    _append(checkpoint, manifest, flush=flush)


def forget(checkpoint: Path) -> None:
    """A folder is no checkpoint any more, whatever is in it."""
    if (checkpoint.parent / LOG).exists():
        _append(checkpoint, None, flush=False)


def find(checkpoint: Path) -> Manifest | None:
    """What a checkpoint consists of; None: there is none.

    Raises:
        ValueError, TypeError, AttributeError: If its line is damaged.
    """
    needle = _beginning(checkpoint)
    try:
        stream = (checkpoint.parent / LOG).open("rb")
    except FileNotFoundError:
        return None
    with stream:
        size, length = stream.seek(0, os.SEEK_END), _BLOCK
        while True:
            start = max(size - length, 0)
            stream.seek(start)
            text = stream.read()
            at = text.rfind(needle)
            if at >= 0:
                line = text[at + 1 :].split(b"\n", 1)[0]
                manifest = json.loads(line)[1]
                if manifest is None:
                    return None
                return {name: (size, digest) for name, (size, digest) in manifest.items()}
            if start == 0:
                return None
            length *= 4


def names(folder: Path) -> set[str]:
    """Names of the checkpoints in a trial's folder whose files are there, or were."""
    found: set[str] = set()
    try:
        lines = (folder / LOG).read_bytes().split(b"\n")
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            name, manifest = json.loads(line)
        except ValueError:  # cut off, or none
            continue
        (found.discard if manifest is None else found.add)(name)
    return {name for name in found if (folder / name).is_dir()}


def _append(
    checkpoint: Path, manifest: Mapping[str, tuple[int, str]] | None, *, flush: bool
) -> None:
    # Begun with a line's end, so that one that was cut off harms no other.
    line = _beginning(checkpoint) + b" " + json.dumps(manifest).encode() + b"]"
    log = os.open(checkpoint.parent / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        written = os.write(log, line)
        if written < len(line):  # a full disk says so with the next byte
            os.write(log, line[written:])
        if flush:
            os.fsync(log)
    finally:
        os.close(log)


def _beginning(checkpoint: Path) -> bytes:
    return f"\n[{json.dumps(checkpoint.name)},".encode()
