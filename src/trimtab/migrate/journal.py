"""Reads the journals of Optuna's ``JournalFileBackend``: one operation in JSON a line.

Replaying follows Optuna's own rules: ids are given in the order of the lines, a second study of a
name is passed over, and so is whatever would change a finished trial.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from trimtab.errors import StorageUnreadable
from trimtab.migrate.raw import STATES, RawStudy, RawTrial, micros

_DIRECTIONS = ("NOT_SET", "MINIMIZE", "MAXIMIZE")
_OPEN = ("RUNNING", "WAITING")


class Journal:
    """A journal file, replayed.

    Args:
        path: The file; it is only read.

    Raises:
        FileNotFoundError: If there is none.
        StorageUnreadable: If a line is no operation of a journal. The last one may be cut off:
            its writer was stopped.
    """

    def __init__(self, path: Path) -> None:
        self._studies: dict[int, _Study] = {}
        self._n_studies = 0
        self._names: set[str] = set()
        self._trials: list[RawTrial] = []
        self._study_of: list[int] = []
        with path.open("rb") as lines:
            for i, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    self._apply(json.loads(line))
                except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
                    raise StorageUnreadable(
                        f"`source`: expected a journal of Optuna's, got {path}, whose line {i} "
                        f"cannot be read ({type(error).__name__}: {error})."
                    ) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is open."""

    def studies(self) -> list[RawStudy]:
        """All studies that were not deleted, oldest first."""
        return [study.raw for study in self._studies.values()]

    def _apply(self, log: dict[str, Any]) -> None:
        code = log["op_code"]
        if not isinstance(code, int) or not 0 <= code < len(_OPERATIONS):
            raise ValueError(f"operation {code!r} is unknown")
        _OPERATIONS[code](self, log)

    # ------------------------------------------------------------------ studies

    def _create_study(self, log: dict[str, Any]) -> None:
        name = log["study_name"]
        if name not in self._names:
            directions = [_DIRECTIONS[direction] for direction in log["directions"]]
            self._studies[self._n_studies] = _Study(name, directions)
            self._names.add(name)
            self._n_studies += 1

    def _delete_study(self, log: dict[str, Any]) -> None:
        study = self._studies.pop(log["study_id"], None)
        if study is not None:
            self._names.discard(study.raw.name)

    def _study_user_attr(self, log: dict[str, Any]) -> None:
        if log["study_id"] in self._studies:
            self._studies[log["study_id"]].raw.user_attrs.update(log["user_attr"])

    def _study_system_attr(self, log: dict[str, Any]) -> None:
        if log["study_id"] in self._studies:
            self._studies[log["study_id"]].raw.system_attrs.update(log["system_attr"])

    # ------------------------------------------------------------------ trials

    def _create_trial(self, log: dict[str, Any]) -> None:
        study = self._studies.get(log["study_id"])
        if study is None:
            return
        trial = RawTrial(len(self._trials), len(study.trials), STATES[log.get("state", 0)])
        trial.started = micros(log.get("datetime_start"))
        trial.finished = micros(log.get("datetime_complete"))
        values = log.get("values")
        if values is None and log.get("value") is not None:
            values = [log["value"]]
        trial.values = dict(enumerate(values or ()))
        internals, distributions = log.get("params", {}), log.get("distributions", {})
        trial.params = {name: (internals[name], distributions[name]) for name in internals}
        trial.reports = {int(step): v for step, v in log.get("intermediate_values", {}).items()}
        trial.user_attrs = log.get("user_attrs", {})
        trial.system_attrs = log.get("system_attrs", {})
        for name in trial.params:
            study.kinds.setdefault(name, _kind(trial.params[name][1]))
        study.trials.append(trial)
        self._trials.append(trial)
        self._study_of.append(log["study_id"])

    def _param(self, log: dict[str, Any]) -> None:
        trial = self._open(log)
        study = self._studies.get(self._study_of[log["trial_id"]]) if trial else None
        if trial is None or study is None:
            return
        name, text = log["param_name"], log["distribution"]
        # Of two workers that gave one parameter different kinds, the first was right.
        if study.kinds.setdefault(name, _kind(text)) == _kind(text):
            trial.params[name] = (log["param_value_internal"], text)

    def _state_values(self, log: dict[str, Any]) -> None:
        trial = self._open(log)
        state = STATES[log["state"]]
        if trial is None or state == trial.state == "RUNNING":
            return
        if state == "RUNNING":
            trial.started = micros(log["datetime_start"])
        elif state not in _OPEN:
            trial.finished = micros(log["datetime_complete"])
        trial.state = state
        if log["values"] is not None:
            trial.values = dict(enumerate(log["values"]))

    def _report(self, log: dict[str, Any]) -> None:
        if trial := self._open(log):
            trial.reports[int(log["step"])] = log["intermediate_value"]

    def _user_attr(self, log: dict[str, Any]) -> None:
        if trial := self._open(log):
            trial.user_attrs.update(log["user_attr"])

    def _system_attr(self, log: dict[str, Any]) -> None:
        if trial := self._open(log):
            trial.system_attrs.update(log["system_attr"])

    def _discard(self, log: dict[str, Any]) -> None:
        """Rustuna lets go of what Optuna keeps; ours is kept too."""

    def _open(self, log: dict[str, Any]) -> RawTrial | None:
        """The trial that an operation speaks of, if it may still change."""
        number = log["trial_id"]
        if not 0 <= number < len(self._trials):
            return None
        trial = self._trials[number]
        return trial if trial.state in _OPEN else None


class _Study:
    def __init__(self, name: str, directions: list[str]) -> None:
        self.trials: list[RawTrial] = []
        self.kinds: dict[str, Any] = {}
        self.raw = RawStudy(name, directions, self._all_trials)

    def _all_trials(self) -> Iterator[RawTrial]:
        return iter(self.trials)


@lru_cache(maxsize=4096)
def _kind(distribution: str) -> tuple[Any, ...]:
    """What of a distribution may not change between the trials of a study."""
    data = json.loads(distribution)
    attributes = data.get("attributes", data)
    name = data.get("name", data.get("type"))
    return name, bool(attributes.get("log")), repr(attributes.get("choices"))


_OPERATIONS: tuple[Callable[[Journal, dict[str, Any]], None], ...] = (
    Journal._create_study,
    Journal._delete_study,
    Journal._study_user_attr,
    Journal._study_system_attr,
    Journal._create_trial,
    Journal._param,
    Journal._state_values,
    Journal._report,
    Journal._user_attr,
    Journal._system_attr,
    Journal._discard,
)
"""By the number that stands in the file."""
