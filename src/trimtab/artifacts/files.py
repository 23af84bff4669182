"""Files that are there wholly or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trimtab.errors import StorageFull

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears at ``path`` when the block ends well, durable, and else not at all.

    It is written to a temporary name in the same folder, flushed to the disk and renamed. What
    stood at ``path`` is replaced; a symbolic link there is replaced too, not followed. A process
    that is killed meanwhile leaves a file ``.NAME.*.part`` behind.

    Raises:
        StorageFull: If the disk, the quota or the file size limit leaves no room.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise StorageFull(f"No room to write {path}: {error.strerror}.") from error
        raise


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the platform can (Windows cannot open a folder)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
