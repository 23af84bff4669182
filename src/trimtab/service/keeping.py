"""An experiment in a file, and from a file or a storage."""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from trimtab.errors import InvalidArgument
from trimtab.experiment import Experiment
from trimtab.experiment.snapshot import restore, take
from trimtab.service.base import ClientBase

P = ParamSpec("P")
C = TypeVar("C", bound="Keeping")

DEFAULT_FILE = "ax_client_snapshot.json"


class _Loader(Generic[P]):
    """A method that loads into the client it is called on, or into a new one.

    As a class method it would, called on a client, return another one and leave this one as it
    was.
    """

    def __init__(self, load: Callable[Concatenate[Any, P], None]) -> None:
        self._load = load
        functools.update_wrapper(self, load)  # type: ignore[arg-type]  # it is documented alike

    def __get__(self, client: C | None, kind: type[C]) -> Callable[P, C]:
        def call(*args: P.args, **kwargs: P.kwargs) -> C:
            target = kind() if client is None else client
            self._load(target, *args, **kwargs)
            return target

        call.__doc__ = self._load.__doc__
        return call


class Keeping(ClientBase):
    """The part of a client that saves and loads."""

    def to_json_snapshot(self) -> dict[str, Any]:
        """The experiment with all its trials as plain JSON."""
        return take(self.experiment)

    def save_to_json_file(self, filepath: str | os.PathLike[str] = DEFAULT_FILE) -> None:
        """Write the experiment with all its trials to one file, wholly or not at all.

        An experiment in a database needs no saving: every change is in it.
        """
        target = Path(filepath)
        text = json.dumps(self.to_json_snapshot(), allow_nan=False)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @_Loader
    def from_json_snapshot(self, snapshot: dict[str, Any]) -> None:
        """Go on with what `to_json_snapshot` returned; see `load_from_json_file`."""
        self._adopt(lambda: restore(snapshot, self._storage, self._early_stopping))

    @_Loader
    def load_from_json_file(self, filepath: str | os.PathLike[str] = DEFAULT_FILE) -> None:
        """Go on with an experiment from a file: it proposes what the saved one would have.

        Called on the class it makes a client, called on a client it loads into that one; its
        storage gets the experiment.

        Raises:
            FileNotFoundError: If there is no such file.
            InvalidArgument: If it holds no experiment.
            StorageVersion: If it was written by another version.
            DuplicateStudy: If the client's storage has an experiment of that name.
            WrongStatus: If the client has an experiment.
        """
        text = Path(filepath).read_text(encoding="utf-8")
        try:
            snapshot = json.loads(text)
        except ValueError as error:
            raise InvalidArgument("filepath", f"a file of JSON ({error})", str(filepath)) from error
        self._adopt(lambda: restore(snapshot, self._storage, self._early_stopping))

    def load_experiment(self, experiment_name: str) -> None:
        """Go on with an experiment of this client's storage.

        Raises:
            UnknownStudy: If there is none of that name.
            InvalidArgument: If the study of that name is no experiment.
            WrongStatus: If the client has an experiment.
        """
        self._adopt(
            lambda: Experiment.load(
                experiment_name, self._storage, early_stopping=self._early_stopping
            )
        )

    load_experiment_from_database = load_experiment
