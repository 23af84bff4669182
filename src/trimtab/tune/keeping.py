"""Taking checkpoints over: from where a trainable wrote them to where they are kept, whole or not.

A checkpoint is written under another name and renamed; its manifest (`manifests`), written last,
has the size and the SHA-256 of every file. What has no manifest is the rest of something that was
cut off, and what does not agree with it was damaged: a trial then goes on from the checkpoint
before.

A process that is killed loses nothing it wrote. Against a loss of power files are flushed to the
disk, once a second in each process and not at every checkpoint: that takes ten times as long as
all the rest. (What is not flushed the system writes by itself, some seconds later.)
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trimtab.errors import ArtifactDamaged
from trimtab.tune import manifests

PARTIAL: Final = ".partial"
_BETWEEN_FLUSHES: Final = 1.0
"""Seconds."""
_RANDOM_CHARACTERS: Final = 8
"""In the name of a folder that `tempfile` makes."""


class Flushes:
    """Says which checkpoints are flushed to the disk: one in a while."""

    def __init__(self) -> None:
        self._at = -math.inf

    def are_due(self) -> bool:
        """Whether the next one is."""
        now = time.monotonic()
        if now - self._at < _BETWEEN_FLUSHES:
            return False
        self._at = now
        return True


def draft(target: Path) -> Path:
    """An empty folder in which a checkpoint at ``target`` can be written."""
    partial = target.with_name(target.name + PARTIAL)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    return partial


def take_over(
    source: str | os.PathLike[str],
    target: Path,
    *,
    scratch: str | None = None,
    flush: bool = True,
) -> int:
    """Make a folder's content a checkpoint at ``target``.

    Args:
        source: The folder; what `draft` made becomes the checkpoint itself.
        target: Where the checkpoint is to be; one that is there is replaced.
        scratch: A folder that was made for temporary files, beside the one that `tempfile` made
            for this source: what lies in either is moved, as it is about to be removed anyway,
            and leaves an empty folder behind. Everything else is copied: it is the trainable's
            own, which may go on with it.
        flush: Whether it has to survive a loss of power.

    Returns:
        How many bytes it has.

    Raises:
        OSError: If it cannot be written; nothing is left of it then.
    """
    partial = target.with_name(target.name + PARTIAL)
    is_draft = os.fspath(source) == str(partial)
    if not is_draft:
        draft(target)
    if target.exists():
        discard(target)
    try:
        # File systems are slow to make files where many were removed just now.
        if not (is_draft or (_is_temporary(source, scratch) and _moved(source, partial))):
            # Not copy2: times and extended attributes take as long as a small file itself.
            shutil.copytree(source, partial, copy_function=shutil.copy, dirs_exist_ok=True)
        manifest = {name: _measured(partial / name, flush) for name in _files(partial)}
        if flush:
            _sync_folder(partial)
        partial.rename(target)
        if flush:
            _sync_folder(target.parent)
        manifests.note(target, manifest, flush=flush)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        raise
    return sum(size for size, _ in manifest.values())


def verify(path: Path, *, contents: bool = True) -> None:
    """Refuse a checkpoint that is not what was saved.

    Args:
        path: Its folder.
        contents: Whether the files' bytes are looked at, too, not only their sizes.

    Raises:
        ArtifactDamaged: If it, its manifest or a file of it is missing or altered.
    """
    try:
        manifest = manifests.find(path)
        if manifest is None:
            raise ArtifactDamaged(f"Checkpoint {path} was not saved to its end.")
        for name, (size, digest) in manifest.items():
            file = path / name
            if file.stat().st_size != size or (contents and _digest(file) != digest):
                raise ArtifactDamaged(f"Checkpoint {path}: {name!r} is not what was saved.")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, ArtifactDamaged):
            raise
        raise ArtifactDamaged(f"Checkpoint {path} is damaged: {error}") from error


def discard(path: Path) -> None:
    """Remove a checkpoint, its manifest first: what is left of it then is no checkpoint."""
    manifests.forget(path)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def size_of(path: Path) -> int:
    """How many bytes a checkpoint has; 0 where it vanishes."""
    try:
        return sum((path / name).stat().st_size for name in _files(path))
    except OSError:
        return 0


def _is_temporary(source: str | os.PathLike[str], scratch: str | None) -> bool:
    place, name = os.path.split(os.path.realpath(source))
    if scratch is not None and (place + os.sep).startswith(os.path.realpath(scratch) + os.sep):
        return True
    # As `mkdtemp` and `TemporaryDirectory` name what is given no other name.
    prefix = tempfile.gettempprefix()
    is_named_so = name.startswith(prefix) and len(name) == len(prefix) + _RANDOM_CHARACTERS
    return is_named_so and place == os.path.realpath(tempfile.gettempdir())


def _moved(source: str | os.PathLike[str], target: Path) -> bool:
    """Move what is in a folder; whether that was possible."""
    try:
        for each in list(Path(source).iterdir()):
            each.rename(target / each.name)
    except OSError:
        return False  # another file system
    return True


def _files(folder: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield str(Path(place, name).relative_to(folder))


def _measured(file: Path, flush: bool) -> tuple[int, str]:
    """A file's size and digest."""
    with file.open("rb") as stream:
        if flush:
            os.fsync(stream.fileno())
        return os.fstat(stream.fileno()).st_size, hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
