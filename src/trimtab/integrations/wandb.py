"""Studies and runs in Weights & Biases; needs the extra ``wandb``.

Nothing leaves this machine unless you say so: where neither an argument nor ``WANDB_MODE`` says
otherwise, all is written into a folder, which ``wandb sync`` sends.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trimtab.errors import InvalidType, MissingDependency
from trimtab.integrations.naming import check_metric_name, identity, names_of
from trimtab.records import FrozenTrial, TrialState
from trimtab.study import Study
from trimtab.tune.callbacks import TrialView
from trimtab.tune.logger import LoggerCallback, numbers_in, plain
from trimtab.tune.metrics import ITERATION


def _imported() -> Any:
    try:
        import wandb
    except ImportError as error:
        raise MissingDependency("wandb", "wandb") from error
    return wandb


def _mode(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The mode of a run, where nobody has said it."""
    return {} if "mode" in settings or "WANDB_MODE" in os.environ else {"mode": "offline"}


class WeightsAndBiasesCallback:
    """Logs the trials of a study, for ``study.optimize(callbacks=[...])``; Optuna's name.

    All trials are rows of one W&B run: their parameters, values and numbers. Call `finish` at the
    end, or let the process end.

    Args:
        metric_name: What the objective is called there, or a name for each.
        wandb_kwargs: Arguments of ``wandb.init``, such as ``project`` and ``mode``.
        as_multirun: Whether each trial is a W&B run instead, with its reports and user attributes;
            those of a study are a group.

    Raises:
        MissingDependency: If wandb is not installed (an ImportError).
        InvalidType: If an argument is of the wrong type.
    """

    def __init__(
        self,
        metric_name: str | Sequence[str] = "value",
        wandb_kwargs: Mapping[str, Any] | None = None,
        as_multirun: bool = False,
    ) -> None:
        self._wandb = _imported()
        self._metric_name = check_metric_name(metric_name)
        if not isinstance(wandb_kwargs, (Mapping, type(None))):
            raise InvalidType("wandb_kwargs", "arguments of wandb.init by name", wandb_kwargs)
        given = dict(wandb_kwargs or {})
        self._settings = {**_mode(given), **given}
        self._as_multirun = bool(as_multirun)
        self._run: Any = None

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Log a trial that has ended."""
        values = dict(zip(names_of(study, self._metric_name), trial.values or (), strict=False))
        if self._as_multirun:
            self._log_run(study, trial, values)
            return
        if self._run is None:
            self._run = self._wandb.init(reinit="create_new", **self._settings)
            self._run.config.update(_told_of(study))
            # Trials need not end in order, as the steps of W&B have to.
            self._run.define_metric("*", step_metric="trial_number")
        self._run.log(
            {**trial.params, **values, "trial_number": trial.number, "state": trial.state.name}
        )

    def finish(self) -> None:
        """End the W&B run."""
        if self._run is not None:
            self._run.finish()
            self._run = None

    def _log_run(self, study: Study, trial: FrozenTrial, values: Mapping[str, float]) -> None:
        settings = {"name": f"trial/{trial.number}", "group": study.study_name, **self._settings}
        run = self._wandb.init(reinit="create_new", **settings)
        run.config.update({**_told_of(study), **trial.params, "trial_number": trial.number})
        if trial.user_attrs:
            run.config.update({"user_attrs": plain(dict(trial.user_attrs))})
        for step, report in trial.reports.items():
            run.log(dict(report.metrics), step=step)
        run.summary.update({**values, "state": trial.state.name})
        run.finish(exit_code=int(trial.state is TrialState.FAIL))


class WandbLoggerCallback(LoggerCallback):
    """Logs each trial of a Tuner as a W&B run, for ``RunConfig(callbacks=[...])``; Ray's name.

    Trials of one run of the Tuner are a group. What a scheduler changes of a config is changed
    in the W&B run, too.

    Args:
        project: Of the W&B runs; None: ``WANDB_PROJECT``.
        group: Of the W&B runs; None: the name of the Tuner's run.
        api_key_file: Has the key; with it, or with the next, runs are sent at once.
        api_key: The key.
        excludes: Names of metrics and parameters that are not logged.
        log_config: Whether the config's numbers are logged with every result, so that what a
            scheduler changes is a curve.
        upload_checkpoints: Whether checkpoints are logged as artifacts.
        **kwargs: More arguments of ``wandb.init``, such as ``mode``.

    Raises:
        MissingDependency: If wandb is not installed (an ImportError).
    """

    def __init__(
        self,
        project: str | None = None,
        group: str | None = None,
        api_key_file: str | os.PathLike[str] | None = None,
        api_key: str | None = None,
        excludes: Sequence[str] | None = None,
        log_config: bool = False,
        upload_checkpoints: bool = False,
        **kwargs: Any,
    ) -> None:
        self._wandb = _imported()
        if api_key_file is not None:
            api_key = Path(api_key_file).expanduser().read_text("utf-8").strip()
        if api_key is not None:
            self._wandb.login(key=api_key)
        else:
            kwargs = {**_mode(kwargs), **kwargs}
        self._settings = {"project": project, **kwargs}
        self._group = group
        self._excludes = frozenset(excludes or ())
        self._log_config = bool(log_config)
        self._upload_checkpoints = bool(upload_checkpoints)
        self._name, self._path = "", Path()
        self._runs: dict[int, Any] = {}

    def setup(self, **info: Any) -> None:
        """The Tuner's run begins."""
        self._name, self._path = info["name"], info["path"]

    @property
    def _is_offline(self) -> bool:
        return self._settings.get("mode", os.environ.get("WANDB_MODE")) == "offline"

    def log_trial_start(self, trial: TrialView) -> None:
        """Begin a W&B run, or change its config."""
        config = {name: v for name, v in trial.config.items() if name not in self._excludes}
        run = self._runs.get(trial.number)
        if run is None:
            trial.path.mkdir(parents=True, exist_ok=True)
            settings = {
                "id": identity(self._name, self._path, trial.trial_id),
                "name": trial.name,
                "group": self._group or self._name,
                "dir": str(trial.path),
                **({} if self._is_offline else {"resume": "allow"}),
                **self._settings,
            }
            run = self._runs[trial.number] = self._wandb.init(reinit="create_new", **settings)
            run.define_metric("*", step_metric=ITERATION)
        run.config.update(plain(config), allow_val_change=True)

    def log_trial_result(self, iteration: int, trial: TrialView, result: dict[str, Any]) -> None:
        """Log the numbers."""
        told = {**result, "config": trial.config} if self._log_config else result
        numbers = numbers_in({name: v for name, v in told.items() if name not in self._excludes})
        self._runs[trial.number].log(numbers)

    def log_trial_save(self, trial: TrialView) -> None:
        """Log the checkpoint."""
        if self._upload_checkpoints and trial.checkpoint is not None:
            artifact = self._wandb.Artifact(f"checkpoint_{trial.name}", type="model")
            artifact.add_dir(trial.checkpoint.path)
            self._runs[trial.number].log_artifact(artifact)

    def log_trial_end(self, trial: TrialView, failed: bool = False) -> None:
        """End its W&B run."""
        run = self._runs.pop(trial.number, None)
        if run is not None:
            run.finish(exit_code=int(failed))

    def on_experiment_end(self, trials: Sequence[TrialView], **info: Any) -> None:
        """End what was cut off; a run that is taken up again goes on with the same ids."""
        for run in self._runs.values():
            run.finish()
        self._runs.clear()


def _told_of(study: Study) -> dict[str, Any]:
    directions = [direction.name.lower() for direction in study.directions]
    return {"study_name": study.study_name, "direction": directions}
