"""Studies and runs in MLflow; needs the extra ``mlflow``.

Only MLflow's client is used: no run of yours is changed, and none has to be active.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from trimtab.errors import InvalidArgument, MissingDependency
from trimtab.integrations.naming import check_metric_name, identity, names_of
from trimtab.records import FrozenTrial, TrialState
from trimtab.space.paths import flattened
from trimtab.study import Study
from trimtab.tune.callbacks import TrialView
from trimtab.tune.logger import LoggerCallback, numbers_in
from trimtab.tune.metrics import ITERATION

_BATCH: Final = 100
"""Parameters, tags and metrics that MLflow takes in one call: at least so many of each."""
_LONGEST: Final = 5000
"""Characters of a tag that every store of MLflow takes."""
_PARENT: Final = "mlflow.parentRunId"
_DESCRIPTION: Final = "mlflow.note.content"
_TRIAL: Final = "trimtab.trial"
_STUDY: Final = "trimtab.study"
_NOT_IN_NAMES: Final = re.compile(r"[^\w.\- :/]")
_STATUS: Final = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.FAIL: "FAILED",
}


class _Client:
    """MLflow's client, with what is often done with it.

    Raises:
        MissingDependency: If MLflow is not installed (an ImportError).
    """

    def __init__(self, tracking_uri: str | None, registry_uri: str | None = None) -> None:
        try:
            import mlflow
        except ImportError as error:
            raise MissingDependency("mlflow", "mlflow") from error
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient(tracking_uri, registry_uri)

    def experiment(self, name: str) -> str:
        """The id of an experiment, made where there is none of that name."""
        found = self._client.get_experiment_by_name(name)
        return str(self._client.create_experiment(name) if found is None else found.experiment_id)

    def current_experiment(self) -> str:
        """The id of the active run's experiment, or where there is none of MLflow's own."""
        active = self._mlflow.active_run()
        if active is not None:
            return str(active.info.experiment_id)
        return os.environ.get("MLFLOW_EXPERIMENT_ID", "0")

    def begin(
        self, experiment: str, name: str, tags: Mapping[str, str], began: int | None = None
    ) -> str:
        """A new run's id."""
        run = self._client.create_run(experiment, began, dict(tags), name)
        return str(run.info.run_id)

    def find(self, experiment: str, tag: str, value: str) -> str | None:
        """The id of the run with a tag, whose value has no quotes."""
        found = self._client.search_runs([experiment], f"tags.`{tag}` = '{value}'", max_results=1)
        return found[0].info.run_id if found else None

    def again(self, run: str) -> None:
        """A run that had ended goes on."""
        self._client.update_run(run, "RUNNING")

    def params(self, run: str, params: Mapping[str, Any]) -> None:
        """Note parameters, which cannot be changed."""
        Param = self._mlflow.entities.Param
        for some in _batches(_named(params)):
            self._client.log_batch(run, params=[Param(name, str(v)) for name, v in some])

    def metrics(
        self, run: str, metrics: Mapping[str, float], step: int, at: float | None = None
    ) -> None:
        """Log numbers at a step."""
        Metric = self._mlflow.entities.Metric
        moment = int((time.time() if at is None else at) * 1000)
        for some in _batches(_named(metrics)):
            self._client.log_batch(run, [Metric(name, v, moment, step) for name, v in some])

    def tags(self, run: str, tags: Mapping[str, Any]) -> None:
        """Note tags."""
        RunTag = self._mlflow.entities.RunTag
        for some in _batches(_named(tags)):
            noted = [RunTag(name, str(value)[:_LONGEST]) for name, value in some]
            self._client.log_batch(run, tags=noted)

    def artifacts(self, run: str, folder: str) -> None:
        """Keep a folder with a run."""
        self._client.log_artifacts(run, folder)

    def end(self, run: str, status: str, at: int | None = None) -> None:
        """End a run, at a time in milliseconds."""
        self._client.set_terminated(run, status, at)

    def last_metrics(self, run: str) -> dict[str, float]:
        """The last value of each metric of a run; empty where there is no such run."""
        try:
            return dict(self._client.get_run(run).data.metrics)
        except self._mlflow.MlflowException:
            return {}

    def active_run(self) -> str | None:
        """The id of the run that is active in this process."""
        active = self._mlflow.active_run()
        return None if active is None else str(active.info.run_id)


def last_metrics(run: str, tracking_uri: str | None = None) -> dict[str, float]:
    """The last value of each metric of a run; empty where MLflow has no such run.

    Args:
        run: Its id.
        tracking_uri: Where MLflow keeps its runs; None: where it does by default.

    Raises:
        MissingDependency: If MLflow is not installed (an ImportError).
    """
    return _Client(tracking_uri).last_metrics(run)


class MLflowCallback:
    """Logs each trial of a study as a run, for ``study.optimize(callbacks=[...])``; Optuna's name.

    Args:
        tracking_uri: Where MLflow keeps its runs; None: where it does by default.
        metric_name: What the objective is called there, or a name for each.
        create_experiment: Whether the study is an experiment of its name; if not, runs are made
            in that of the active run, of ``MLFLOW_EXPERIMENT_ID``, or in MLflow's own.
        mlflow_kwargs: Of what ``mlflow.start_run`` takes: ``experiment_id``, ``run_name``,
            ``nested`` (under the active run), ``tags`` and ``description``.
        tag_study_user_attrs: Whether the study's user attributes are tags.
        tag_trial_user_attrs: Whether the trial's are.
        study_run: Whether the study is a run, too, under which those of its trials are nested. It
            goes on with a study that is taken up again, and ends with `finish`.

    Raises:
        MissingDependency: If MLflow is not installed (an ImportError).
        InvalidType: If a name is none.
        InvalidArgument: If ``mlflow_kwargs`` has another argument.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        metric_name: str | Sequence[str] = "value",
        create_experiment: bool = True,
        mlflow_kwargs: Mapping[str, Any] | None = None,
        tag_study_user_attrs: bool = False,
        tag_trial_user_attrs: bool = True,
        study_run: bool = False,
    ) -> None:
        self._client = _Client(tracking_uri)
        self._metric_name = check_metric_name(metric_name)
        self._create_experiment = bool(create_experiment)
        self._given = dict(mlflow_kwargs or {})
        known = {"experiment_id", "run_name", "nested", "tags", "description"}
        if not self._given.keys() <= known:
            raise InvalidArgument("mlflow_kwargs", f"some of {sorted(known)}", sorted(self._given))
        self._tag_study = bool(tag_study_user_attrs)
        self._tag_trial = bool(tag_trial_user_attrs)
        self._study_run = bool(study_run)
        self._parents: dict[str, str] = {}

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Log a trial that has ended."""
        client = self._client
        experiment = self._experiment(study)
        parent = self._parent(study, experiment)
        run = client.begin(
            experiment,
            self._given.get("run_name") or str(trial.number),
            {**self._run_tags(), **({} if parent is None else {_PARENT: parent})},
            _milliseconds(trial.started),
        )
        client.params(run, trial.params)
        for step, report in trial.reports.items():
            client.metrics(run, report.metrics, step)
        names = names_of(study, self._metric_name)
        values = {
            name: value if value is not None and math.isfinite(value) else math.nan
            for name, value in zip(names, trial.values or (), strict=False)
        }
        client.metrics(run, values, trial.last_step or 0)
        client.tags(run, self._trial_tags(study, trial))
        client.end(run, _STATUS.get(trial.state, "RUNNING"), _milliseconds(trial.finished))

    def finish(self) -> None:
        """End the runs of studies."""
        for run in self._parents.values():
            self._client.end(run, "FINISHED")
        self._parents.clear()

    def _parent(self, study: Study, experiment: str) -> str | None:
        """The run under which those of trials are."""
        if not self._study_run:
            return self._client.active_run() if self._given.get("nested") else None
        name = study.study_name
        if name not in self._parents:
            mine = hashlib.sha256(name.encode()).hexdigest()[:16]  # a name may have quotes
            run = self._client.find(experiment, _STUDY, mine)
            if run is None:
                run = self._client.begin(experiment, name, {**self._run_tags(), _STUDY: mine})
                self._client.tags(run, _told_of(study))
            else:
                self._client.again(run)
            self._parents[name] = run
        return self._parents[name]

    def _experiment(self, study: Study) -> str:
        if "experiment_id" in self._given:
            return str(self._given["experiment_id"])
        if self._create_experiment:
            return self._client.experiment(study.study_name)
        return self._client.current_experiment()

    def _run_tags(self) -> dict[str, str]:
        tags = {name: str(value) for name, value in (self._given.get("tags") or {}).items()}
        if self._given.get("description") is not None:
            tags[_DESCRIPTION] = str(self._given["description"])
        return tags

    def _trial_tags(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        tags: dict[str, Any] = {
            "number": trial.number,
            "state": trial.state.name,
            **_told_of(study),
            "datetime_start": trial.datetime_start,
            "datetime_complete": trial.datetime_complete,
        }
        for name, distribution in trial.distributions.items():
            tags[f"{name}_distribution"] = distribution
        if self._tag_study:
            tags |= study.user_attrs
        if self._tag_trial:
            tags |= trial.user_attrs
        return tags


class MLflowLoggerCallback(LoggerCallback):
    """Logs each trial of a Tuner as a run, for ``RunConfig(callbacks=[...])``; Ray's name.

    A trial that is taken up again goes on in the same MLflow run. MLflow's parameters cannot
    change: where a scheduler changes numbers of a config, they are also metrics, ``config/NAME``.

    Args:
        tracking_uri: Where MLflow keeps its runs; None: where it does by default.
        registry_uri: Of its registry.
        experiment_name: Of MLflow; None: the name of the Tuner's run.
        tags: Of each MLflow run.
        tracking_token: To get into a tracking server.
        save_artifact: Whether the trial's folder is kept as artifacts when it ends.
        log_params_on_trial_end: Whether parameters are those that the trial has in the end.

    Raises:
        MissingDependency: If MLflow is not installed (an ImportError).
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        *,
        registry_uri: str | None = None,
        experiment_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        tracking_token: str | None = None,
        save_artifact: bool = False,
        log_params_on_trial_end: bool = False,
    ) -> None:
        if tracking_token is not None:
            os.environ["MLFLOW_TRACKING_TOKEN"] = tracking_token
        self._client = _Client(tracking_uri, registry_uri)
        self._experiment_name = experiment_name
        self._tags = {name: str(value) for name, value in (tags or {}).items()}
        self._save_artifact = bool(save_artifact)
        self._params_at_end = bool(log_params_on_trial_end)
        self._name, self._path, self._experiment = "", Path(), ""
        self._runs: dict[int, str] = {}
        self._configs: dict[int, dict[str, Any]] = {}

    def setup(self, **info: Any) -> None:
        """Find or make the experiment."""
        self._name, self._path = info["name"], info["path"]
        self._experiment = self._client.experiment(self._experiment_name or self._name)

    def log_trial_start(self, trial: TrialView) -> None:
        """Begin an MLflow run, or go on with it."""
        config = flattened(trial.config)
        before = self._configs.get(trial.number)
        self._configs[trial.number] = config
        if trial.number in self._runs:
            changed = {n: v for n, v in config.items() if (before or {}).get(n) != v}
            step = int(trial.last_result.get(ITERATION, 0))
            self._client.metrics(self._runs[trial.number], numbers_in({"config": changed}), step)
            return
        mine = identity(self._name, self._path, trial.trial_id)
        run = self._client.find(self._experiment, _TRIAL, mine)
        if run is None:
            tags = {**self._tags, "trial_name": trial.name, _TRIAL: mine}
            run = self._client.begin(self._experiment, trial.name, tags)
            if not self._params_at_end:
                self._client.params(run, config)
        else:
            self._client.again(run)
        self._runs[trial.number] = run

    def log_trial_result(self, iteration: int, trial: TrialView, result: dict[str, Any]) -> None:
        """Log the numbers at their iteration."""
        run = self._runs[trial.number]
        self._client.metrics(run, numbers_in(result), int(result[ITERATION]), result["timestamp"])

    def log_trial_end(self, trial: TrialView, failed: bool = False) -> None:
        """End its MLflow run."""
        run = self._runs.pop(trial.number, None)
        self._configs.pop(trial.number, None)
        if run is None:
            return
        if self._params_at_end:
            self._client.params(run, flattened(trial.config))
        if self._save_artifact and trial.path.is_dir():
            self._client.artifacts(run, str(trial.path))
        self._client.end(run, "FAILED" if failed else "FINISHED")

    def on_experiment_end(self, trials: Sequence[TrialView], **info: Any) -> None:
        """End what was cut off."""
        for run in self._runs.values():
            self._client.end(run, "KILLED")
        self._runs.clear()
        self._configs.clear()


def _told_of(study: Study) -> dict[str, Any]:
    directions = [direction.name for direction in study.directions]
    return {"study_name": study.study_name, "direction": directions}


def _batches(named: Mapping[str, Any]) -> Iterator[list[tuple[str, Any]]]:
    items = iter(named.items())
    while some := list(islice(items, _BATCH)):
        yield some


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Under names that MLflow takes: Hydra's ``++algorithm.lr`` is ``algorithm.lr`` there."""
    return {_NOT_IN_NAMES.sub("_", name.lstrip("+")): value for name, value in values.items()}


def _milliseconds(microseconds: int | None) -> int | None:
    return None if microseconds is None else microseconds // 1000
