"""What came of a run: read from its study, when it is asked for."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trimtab.errors import InvalidArgument, MissingDependency
from trimtab.records import FrozenTrial, TrialState
from trimtab.records.lineage import flat_config
from trimtab.schedulers.replay import Change, policy_of
from trimtab.storage import Storage, open_storage
from trimtab.tune import manifests
from trimtab.tune.checkpoint import Checkpoint
from trimtab.tune.folder import DATABASE, told_of
from trimtab.tune.members import CONFIG, LINEAGE
from trimtab.tune.metrics import ITERATION, SECONDS, TIMESTAMP, TOTAL
from trimtab.tune.naming import folder_in
from trimtab.tune.recipes import make

if TYPE_CHECKING:
    import pandas as pd

Scope = Literal["last", "all", "avg", "last-5-avg", "last-10-avg"]


class TrainingFailedError(RuntimeError):
    """A trial failed; its message is the trainable's own."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one trial.

    Attributes:
        number: The trial.
        state: How it ended, or where it stands.
        config: What it had in the end.
        path: Its folder.
        error: What it failed with, or None.
        reports: By step: what it reported, numbers only.
    """

    number: int
    state: TrialState
    config: dict[str, Any]
    path: str
    error: Exception | None
    lineage: tuple[tuple[Any, ...], ...] = ()
    reports: tuple[dict[str, float], ...] = field(default=(), repr=False)
    checkpoints: tuple[tuple[int, str], ...] = field(default=(), repr=False)

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Result:
        """What came of the trial in a folder, ``path`` of another result.

        Raises:
            InvalidArgument: If it is no trial's folder, in that of a run.
        """
        folder = Path(path).expanduser().absolute()
        told = told_of(folder.parent)
        given = make(told["run_config"]["storage"])
        with open_storage(given or f"sqlite:///{folder.parent / DATABASE}") as storage:
            study = storage.find_study(told["name"])
            for result in ResultGrid(storage, study.id, folder.parent, None, None):
                if result.path == str(folder):
                    return result
        raise InvalidArgument("path", "the folder of a trial", str(path))

    @property
    def metrics(self) -> dict[str, Any]:
        """The last report, and the config."""
        last = dict(self.reports[-1]) if self.reports else {}
        if ITERATION in last:
            last[ITERATION] = int(last[ITERATION])
        return {**last, "config": self.config}

    @property
    def metrics_dataframe(self) -> pd.DataFrame:
        """One row a report, in order; needs the extra ``pandas``.

        Raises:
            MissingDependency: If pandas is not installed (an ImportError).
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependency("pandas", "pandas") from error
        table = pd.DataFrame(list(self.reports))
        if ITERATION in table:
            table[ITERATION] = table[ITERATION].astype(int)
        for name, value in flat_config(self.config).items():
            table[f"config/{name}"] = [value] * len(table)
        return table

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The newest that is kept."""
        kept = self.best_checkpoints
        return kept[-1][0] if kept else None

    @property
    def best_checkpoints(self) -> list[tuple[Checkpoint, dict[str, Any]]]:
        """All that are kept, oldest first, with what was reported with each."""
        there = manifests.names(Path(self.path))
        return [
            (Checkpoint(Path(self.path, name)), dict(self.reports[index]))
            for index, name in self.checkpoints
            if name in there
        ]

    def get_best_checkpoint(self, metric: str, mode: Literal["min", "max"]) -> Checkpoint | None:
        """The kept checkpoint with the best value of a metric."""
        sign = _sign(mode)
        scored = [
            (sign * metrics[metric], -index, checkpoint)
            for index, (checkpoint, metrics) in enumerate(self.best_checkpoints)
            if metrics.get(metric, math.nan) == metrics.get(metric, math.nan)
        ]
        return max(scored, key=lambda each: each[:2])[2] if scored else None


class ResultGrid:
    """What came of all trials, in order of number."""

    def __init__(
        self, storage: Storage, study_id: int, folder: Path, metric: str | None, mode: str | None
    ) -> None:
        self._storage = storage
        self._study_id = study_id
        self._metric = metric
        self._mode = mode
        self.experiment_path = str(folder)
        self.errors_by_number: dict[int, Exception] = {}

    def __len__(self) -> int:
        with self._storage.lock:
            return len(self._storage.history(self._study_id))

    def __getitem__(self, index: int) -> Result:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"there are {n} results, none at {index}")
        with self._storage.lock:
            trial = self._storage.history(self._study_id).trial(index % n)
        return self._result(trial)

    def __iter__(self) -> Iterator[Result]:
        return (self[index] for index in range(len(self)))

    def policy(self, number: int) -> tuple[Change, ...]:
        """The schedule of parameters that a member of a population came to, by its ancestors.

        Raises:
            InvalidArgument: If there is no such trial.
        """
        with self._storage.lock:
            return policy_of(self._storage.history(self._study_id), number)

    @property
    def errors(self) -> list[Exception]:
        """What trials failed with."""
        return [result.error for result in self if result.error is not None]

    @property
    def num_errors(self) -> int:
        """How many trials failed."""
        return len(self.errors)

    @property
    def num_terminated(self) -> int:
        """How many trials came to an end without failing."""
        ended = (TrialState.COMPLETE, TrialState.PRUNED)
        return sum(result.state in ended for result in self)

    def get_best_result(
        self,
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        scope: Scope = "last",
        filter_nan_and_inf: bool = True,
    ) -> Result:
        """The trial with the best value of a metric.

        Args:
            metric: Which; None: the run's.
            mode: ``"min"`` or ``"max"``; None: the run's.
            scope: Whether a trial's last value counts, its best, or a mean of its values.
            filter_nan_and_inf: Whether values that are not finite are left out.

        Raises:
            InvalidArgument: If the run has no metric or mode and none is given.
            RuntimeError: If no trial has a value.
        """
        metric, mode = metric or self._metric, mode or self._mode  # type: ignore[assignment]
        if metric is None or mode is None:
            missing = "metric" if metric is None else "mode"
            raise InvalidArgument(missing, "one, as the run was given none", None)
        sign = _sign(mode)
        best: tuple[float, Result] | None = None
        for result in self:
            value = _value(result, metric, sign, scope)
            if value is None or (filter_nan_and_inf and not math.isfinite(value)):
                continue
            if best is None or sign * value > best[0]:
                best = sign * value, result
        if best is None:
            raise RuntimeError(f"No trial reported a finite {metric!r}.")
        return best[1]

    def get_dataframe(
        self, filter_metric: str | None = None, filter_mode: Literal["min", "max"] | None = None
    ) -> pd.DataFrame:
        """One row a trial: its last report, or its best by a metric; needs the extra ``pandas``."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependency("pandas", "pandas") from error
        rows = []
        for result in self:
            if not result.reports:
                continue
            row = result.reports[-1]
            if filter_metric is not None:
                sign = _sign(filter_mode or self._mode or "max")
                known = [each for each in result.reports if filter_metric in each]
                row = max(known, key=lambda each: sign * each[filter_metric], default=row)
            config = {f"config/{name}": v for name, v in flat_config(result.config).items()}
            rows.append({"trial_id": f"{result.number:05d}", **row, **config})
        return pd.DataFrame(rows)

    def _result(self, trial: FrozenTrial) -> Result:
        attrs = trial.system_attrs
        rows: list[dict[str, float]] = []
        checkpoints: list[tuple[int, str]] = []
        before = 0.0
        for step, report in sorted(trial.reports.items()):
            row = {ITERATION: float(step), **report.metrics}
            if TOTAL in row:
                row[SECONDS] = row[TOTAL] - before if row[TOTAL] >= before else row[TOTAL]
                before = row[TOTAL]
            row.setdefault(TIMESTAMP, math.nan)
            if report.checkpoint is not None:
                checkpoints.append((len(rows), report.checkpoint))
            rows.append(row)
        error: Exception | None = None
        if trial.state is TrialState.FAIL:
            error = self.errors_by_number.get(trial.number) or TrainingFailedError(
                attrs.get("fail_reason", "it failed")
            )
        return Result(
            trial.number,
            trial.state,
            dict(attrs.get(CONFIG, {})),
            str(Path(self.experiment_path, folder_in(attrs))),
            error,
            tuple(tuple(each) for each in attrs.get(LINEAGE, ())),
            tuple(rows),
            tuple(checkpoints),
        )


def _sign(mode: str) -> float:
    if mode not in ("min", "max"):
        raise InvalidArgument("mode", "'min' or 'max'", mode)
    return 1.0 if mode == "max" else -1.0


def _value(result: Result, metric: str, sign: float, scope: str) -> float | None:
    values = [report[metric] for report in result.reports if metric in report]
    if not values:
        return None
    if scope == "last":
        return values[-1]
    if scope == "all":
        return sign * max((sign * value for value in values if value == value), default=math.nan)
    counts = {"avg": len(values), "last-5-avg": 5, "last-10-avg": 10}
    if scope not in counts:
        raise InvalidArgument("scope", "last, all, avg, last-5-avg or last-10-avg", scope)
    recent = values[-counts[scope] :]
    return sum(recent) / len(recent)
