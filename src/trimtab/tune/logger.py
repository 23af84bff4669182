"""What a run reports, written for other tools while it goes: JSON Lines, CSV, TensorBoard.

None of them is needed: the run's study has it all. Each is a callback of `RunConfig`, under Ray
Tune's names. Those that need a service's own library are in `trimtab.integrations`.
"""

from __future__ import annotations

import csv
import json
import math
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from trimtab.errors import MissingDependency, short_repr
from trimtab.space.paths import flattened
from trimtab.tune.callbacks import Callback, TrialView
from trimtab.tune.metrics import ITERATION


class LoggerCallback(Callback):
    """A callback that writes down what trials do, each for itself; for subclassing."""

    def log_trial_start(self, trial: TrialView) -> None:
        """A trial begins, or begins again, perhaps with another config."""

    def log_trial_restore(self, trial: TrialView) -> None:
        """A trial begins again, from a checkpoint."""

    def log_trial_save(self, trial: TrialView) -> None:
        """A trial saved its state, ``trial.checkpoint``."""

    def log_trial_result(self, iteration: int, trial: TrialView, result: dict[str, Any]) -> None:
        """A trial reported."""

    def log_trial_end(self, trial: TrialView, failed: bool = False) -> None:
        """A trial ended."""

    def on_trial_start(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial begins, or begins again."""
        self.log_trial_start(trial)

    def on_trial_restore(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial begins again, from a checkpoint."""
        self.log_trial_restore(trial)

    def on_trial_save(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial saved its state."""
        self.log_trial_save(trial)

    def on_trial_result(
        self,
        iteration: int,
        trials: Sequence[TrialView],
        trial: TrialView,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """A trial reported."""
        self.log_trial_result(iteration, trial, result)

    def on_trial_complete(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial came to its end, or was stopped."""
        self.log_trial_end(trial, failed=False)

    def on_trial_error(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial failed for good."""
        self.log_trial_end(trial, failed=True)


class JsonLoggerCallback(LoggerCallback):
    """Writes ``result.json`` in each trial's folder: one JSON object a report.

    The config is written once, to ``params.json``, and again where it changed.
    """

    def __init__(self) -> None:
        self._files: dict[int, TextIO] = {}

    def log_trial_start(self, trial: TrialView) -> None:
        """Write the config, and open the file."""
        trial.path.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plain(trial.config), indent=1)
        (trial.path / "params.json").write_text(text, "utf-8")
        if trial.number not in self._files:
            file = (trial.path / "result.json").open("a", encoding="utf-8", buffering=1)
            self._files[trial.number] = file

    def log_trial_result(self, iteration: int, trial: TrialView, result: dict[str, Any]) -> None:
        """Write a line."""
        self._files[trial.number].write(json.dumps(plain(result)) + "\n")

    def log_trial_end(self, trial: TrialView, failed: bool = False) -> None:
        """Close the file."""
        file = self._files.pop(trial.number, None)
        if file is not None:
            file.close()

    def on_experiment_end(self, trials: Sequence[TrialView], **info: Any) -> None:
        """Close what is open."""
        for file in self._files.values():
            file.close()
        self._files.clear()


class CSVLoggerCallback(LoggerCallback):
    """Writes ``progress.csv`` in each trial's folder when the trial ends.

    Metrics that come later get their columns, too: the rows before have nothing there.
    """

    def __init__(self) -> None:
        self._rows: dict[int, list[dict[str, Any]]] = {}

    def log_trial_result(self, iteration: int, trial: TrialView, result: dict[str, Any]) -> None:
        """Keep a row."""
        self._rows.setdefault(trial.number, []).append(flattened(result))

    def log_trial_end(self, trial: TrialView, failed: bool = False) -> None:
        """Write the file."""
        rows = self._rows.pop(trial.number, [])
        columns = list(dict.fromkeys(name for row in rows for name in row))
        trial.path.mkdir(parents=True, exist_ok=True)
        with (trial.path / "progress.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


class TBXLoggerCallback(LoggerCallback):
    """Writes event files for TensorBoard in each trial's folder; needs the extra ``tensorboard``.

    Raises:
        MissingDependency: If tensorboardX is not installed (an ImportError).
    """

    def __init__(self) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise MissingDependency("tensorboardX", "tensorboard") from error
        self._open = SummaryWriter
        self._writers: dict[int, Any] = {}

    def log_trial_result(self, iteration: int, trial: TrialView, result: dict[str, Any]) -> None:
        """Add the numbers at their iteration."""
        writer = self._writers.get(trial.number)
        if writer is None:
            writer = self._writers[trial.number] = self._open(str(trial.path), flush_secs=30)
        for name, value in numbers_in(result).items():
            if name != ITERATION:
                writer.add_scalar(name, value, global_step=int(result[ITERATION]))

    def log_trial_end(self, trial: TrialView, failed: bool = False) -> None:
        """Add the config with the last numbers, and close."""
        writer = self._writers.pop(trial.number, None)
        if writer is None:
            return
        config = {
            name: value if isinstance(value, (bool, int, float, str)) else short_repr(value)
            for name, value in flattened(trial.config).items()
        }
        writer.add_hparams(config, numbers_in(trial.last_result))
        writer.close()

    def on_experiment_end(self, trials: Sequence[TrialView], **info: Any) -> None:
        """Close what is open."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def numbers_in(result: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a result, nested ones by their paths."""
    return {
        name: float(value)
        for name, value in flattened(result).items()
        if isinstance(value, numbers.Real) and not isinstance(value, bool)
    }


def plain(value: Any) -> Any:
    """JSON values; what is none is named, and what is no number is written as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, numbers.Real):
        return plain(float(value))
    return str(value) if isinstance(value, Path) else short_repr(value)


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
