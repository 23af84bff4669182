"""What trials are called, and their folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from trimtab.errors import InvalidArgument
from trimtab.tune.callbacks import TrialView
from trimtab.tune.members import FOLDER, NAME

Creator: TypeAlias = Callable[[TrialView], str]

_LONGEST: Final = 255
"""Bytes of a file's name."""


class Naming:
    """Names the trials of a run.

    Args:
        trainable: What the trainable is called.
        folder: The run's.
        name_creator: Makes a trial's name; None: its number does.
        dirname_creator: Makes its folder's; None: its name is that, too.
    """

    def __init__(
        self,
        trainable: str,
        folder: Path,
        name_creator: Creator | None = None,
        dirname_creator: Creator | None = None,
    ) -> None:
        self._trainable = trainable
        self._folder = folder
        self._name_creator = name_creator
        self._dirname_creator = dirname_creator
        self._taken: set[str] = set()

    def take(self, attrs: Iterable[Mapping[str, Any]]) -> None:
        """Learn which folders trials have by their system attributes."""
        if self._is_asked:
            self._taken |= {folder_in(each) for each in attrs if NAME in each}

    def of(self, number: int, config: dict[str, Any], params: dict[str, Any]) -> dict[str, str]:
        """A new trial's name and folder, as system attributes.

        Args:
            number: The trial.
            config: As it begins.
            params: What was drawn of it, by path.

        Raises:
            InvalidArgument: If a creator's is no name, or another trial has the folder.
        """
        name = f"trial_{number:05d}"
        if not self._is_asked:
            return {NAME: name}
        trial_id = f"{number:05d}"
        path = self._folder / name
        view = TrialView(
            trial_id, number, name, config, path, {}, None, "PENDING", None, self._trainable, params
        )
        if self._name_creator is not None:
            name = _checked("trial_name_creator", self._name_creator(view))
        folder = name
        if self._dirname_creator is not None:
            folder = _checked("trial_dirname_creator", self._dirname_creator(view))
        if folder in self._taken:
            argument = "name" if self._dirname_creator is None else "dirname"
            raise InvalidArgument(
                f"trial_{argument}_creator", "another name for each trial", folder
            )
        self._taken.add(folder)
        return {NAME: name} if folder == name else {NAME: name, FOLDER: folder}

    @property
    def _is_asked(self) -> bool:
        return self._name_creator is not None or self._dirname_creator is not None


def folder_in(attrs: Mapping[str, Any]) -> str:
    """The name of a trial's folder, by its system attributes."""
    return str(attrs.get(FOLDER) or attrs.get(NAME, ""))


def _checked(argument: str, name: Any) -> str:
    """A name that a folder can have."""
    is_name = isinstance(name, str) and name not in ("", ".", "..")
    if not is_name or {"/", "\\", "\0"} & set(name) or len(name.encode()) > _LONGEST:
        expected = f"a name for a folder, of at most {_LONGEST} bytes and without slashes"
        raise InvalidArgument(argument, expected, name)
    return str(name)
