"""A checkpoint: a folder in which a trainable keeps its state."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from trimtab.errors import InvalidArgument

METADATA: Final = ".metadata.json"


class Checkpoint:
    """A folder with the state of a trainable. What is in it, the trainable alone knows.

    Args:
        path: The folder.

    Attributes:
        path: The folder, absolute.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = str(Path(path).absolute())

    @classmethod
    def from_directory(cls, path: str | os.PathLike[str]) -> Self:
        """The checkpoint in a folder.

        Raises:
            InvalidArgument: If there is no such folder.
        """
        if not Path(path).is_dir():
            raise InvalidArgument("path", "an existing folder", os.fspath(path))
        return cls(path)

    @contextlib.contextmanager
    def as_directory(self) -> Iterator[str]:
        """The folder, to be read."""
        yield self.path

    def to_directory(self, path: str | os.PathLike[str] | None = None) -> str:
        """Copy the checkpoint.

        Args:
            path: Where to; None: a new temporary folder, which is the caller's to remove.

        Returns:
            The folder of the copy.
        """
        target = tempfile.mkdtemp(prefix="checkpoint-") if path is None else os.fspath(path)
        shutil.copytree(self.path, target, dirs_exist_ok=True)
        return target

    def get_metadata(self) -> dict[str, Any]:
        """What was noted with the checkpoint, a JSON object."""
        try:
            found = json.loads(Path(self.path, METADATA).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return dict(found)

    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Replace what is noted with the checkpoint."""
        Path(self.path, METADATA).write_text(json.dumps(dict(metadata)), "utf-8")

    def update_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add to what is noted with the checkpoint."""
        self.set_metadata({**self.get_metadata(), **metadata})

    def __repr__(self) -> str:
        return f"Checkpoint(path={self.path!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checkpoint) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)
