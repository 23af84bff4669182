"""The Tuner: trains many configs of one trainable, and keeps what came of them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.tune.config import RunConfig, TuneConfig
from trimtab.tune.folder import RunFolder, told_of
from trimtab.tune.population import Resumes
from trimtab.tune.recipes import NeedsAgain, describe, make
from trimtab.tune.results import ResultGrid
from trimtab.tune.run import Run, check_run
from trimtab.tune.space import ParamSpace
from trimtab.tune.trainable import Needs, check_trainable, name_of


class Tuner:
    """Trains configs of a trainable, and finds the best.

    Args:
        trainable: A function of the config, or a `Trainable` class.
        param_space: What configs may be.
        tune_config: What is tuned and how.
        run_config: Where the run is kept and when it ends.

    Raises:
        InvalidType: If an argument is not what it has to be.
        InvalidArgument: If arguments contradict each other.
    """

    def __init__(
        self,
        trainable: Any,
        *,
        param_space: Mapping[str, Any] | None = None,
        tune_config: TuneConfig | None = None,
        run_config: RunConfig | None = None,
    ) -> None:
        self._trainable = check_trainable(trainable)
        self._given_space = {} if param_space is None else param_space
        self._space: ParamSpace | None = ParamSpace(self._given_space)
        self._tune: TuneConfig = _checked("tune_config", tune_config, TuneConfig)
        self._config: RunConfig = _checked("run_config", run_config, RunConfig)
        check_run(self._tune, self._config)
        Needs(trainable, self._tune.resources_per_trial)
        self._path: Path | None = None
        self._resumes = Resumes()
        self._results: ResultGrid | None = None

    def fit(self) -> ResultGrid:
        """Run to the end; after `restore`, go on with the run.

        Ctrl-C ends the run politely: its trials can be taken up again by `restore`.

        Returns:
            What came of the trials.

        Raises:
            RunInUse: If another process drives the run (a RuntimeError).
            InvalidArgument: If a run of that name exists already.
        """
        path = self._path or self._new_path()
        if self._path is None and self._tune.seed is None:
            # Kept with the run, so that it goes on with the same random numbers.
            self._tune = replace(self._tune, seed=int.from_bytes(os.urandom(6)))
        run = Run(
            path.name,
            path,
            self._trainable,
            self._space,
            self._tune,
            self._config,
            None if self._path is None else self._resumes,
        )
        with RunFolder(path) as folder:
            if self._path is None:
                if folder.is_begun:
                    raise InvalidArgument(
                        "name", "a name of no run (`Tuner.restore` goes on with one)", path.name
                    )
                folder.write(self._told(path.name))
            self._path = path
            self._results = run.go()
        return self._results

    def get_results(self) -> ResultGrid:
        """What came of the trials so far.

        Raises:
            RuntimeError: If the run was not begun.
        """
        if self._results is None:
            if self._path is None:
                raise RuntimeError("There are no results before `fit`.")
            self._results = Run.results_of(self._path.name, self._path, self._tune, self._config)
        return self._results

    @classmethod
    def can_restore(cls, path: str | os.PathLike[str]) -> bool:
        """Whether a run is in a folder."""
        try:
            told_of(Path(path).expanduser())
        except InvalidArgument:
            return False
        return True

    @classmethod
    def restore(
        cls,
        path: str | os.PathLike[str],
        trainable: Any,
        resume_unfinished: bool = True,
        resume_errored: bool = False,
        restart_errored: bool = False,
        param_space: Mapping[str, Any] | None = None,
        *,
        tune_config: TuneConfig | None = None,
        run_config: RunConfig | None = None,
    ) -> Self:
        """A run that was begun, to go on with.

        Args:
            path: Its folder.
            trainable: What it trains.
            resume_unfinished: Whether trials that did not end go on; if not, they fail.
            resume_errored: Whether trials that failed go on from their last checkpoints.
            restart_errored: Whether trials that failed are begun anew, as new trials.
            param_space: The run's, where it has functions or objects of yours: these are not
                stored. Without them only the trials that were begun can go on.
            tune_config: In place of the run's; needed where it has functions or objects of yours.
            run_config: Likewise; name and place stay.

        Raises:
            InvalidArgument: If no run is there.
            NeedsAgain: If something was not stored and is not given (a ValueError).
        """
        folder = Path(path).expanduser().absolute()
        told = told_of(folder)
        self = cls.__new__(cls)
        self._trainable = check_trainable(trainable)
        if param_space is None:
            try:
                self._given_space = make(told["param_space"])
                self._space = ParamSpace(self._given_space)
            except NeedsAgain:
                self._given_space, self._space = {}, None
        else:
            self._given_space, self._space = param_space, ParamSpace(param_space)
        self._tune = _again("tune_config", told, tune_config, TuneConfig)
        if tune_config is not None and tune_config.seed is None:
            self._tune = replace(self._tune, seed=make(told["tune_config"]["seed"]))
        self._config = _again("run_config", told, run_config, RunConfig)
        self._results = None
        self._path = folder
        self._resumes = Resumes(resume_unfinished, resume_errored, restart_errored)
        return self

    def _told(self, name: str) -> dict[str, Any]:
        """What the run is told, as JSON: enough to go on with it."""
        return {
            "version": 1,
            "name": name,
            "param_space": describe(self._given_space),
            "tune_config": _described(self._tune),
            "run_config": _described(self._config),
        }

    def _new_path(self) -> Path:
        given = self._config.storage_path
        root = Path.home() / "trimtab_results" if given is None else Path(given).expanduser()
        name = self._config.name
        if name is None:
            moment = datetime.datetime.now().astimezone()
            unique = os.urandom(3).hex()
            name = f"{name_of(self._trainable)}_{moment:%Y-%m-%d_%H-%M-%S}_{unique}"
        return (root / name).absolute()


def _checked(argument: str, given: Any, kind: type[Any]) -> Any:
    if given is None:
        return kind()
    if not isinstance(given, kind):
        raise InvalidType(argument, f"a {kind.__name__}", given)
    return given


def _described(config: Any) -> dict[str, Any]:
    out = {}
    for each in fields(config):
        value = getattr(config, each.name)
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        nested = hasattr(value, "__dataclass_fields__") and each.name.endswith("_config")
        out[each.name] = _described(value) if nested else describe(value)
    return out


def _again(argument: str, told: Mapping[str, Any], given: Any, kind: type[Any]) -> Any:
    """A config as it was told, unless it is given."""
    if given is not None:
        return _checked(argument, given, kind)
    values = {}
    for each in fields(kind):
        described = told[argument].get(each.name)
        default = getattr(kind(), each.name)
        if each.name.endswith("_config"):
            values[each.name] = type(default)(
                **{name: make(value) for name, value in described.items()}
            )
            continue
        try:
            values[each.name] = make(described)
        except NeedsAgain as error:
            raise NeedsAgain(
                f"`{argument}`: expected the run's, as its `{each.name}` could not be stored "
                f"({error}), got None."
            ) from error
    return kind(**values)
