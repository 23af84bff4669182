"""Studies and runs are logged to MLflow, by its own client, into SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import trimtab
from hydra_plugins.trimtab_sweeper._conditions import Conditions
from hydra_plugins.trimtab_sweeper._jobs import Jobs
from hydra_plugins.trimtab_sweeper._performance import PerformanceTest
from hydra_plugins.trimtab_sweeper._stop import Signals
from tests.unit.hydra_sweeper.launchers import launching
from tests.unit.hydra_sweeper.sweeps import trials
from tests.unit.integrations.runs import fit, swept
from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.tune.schedulers import PopulationBasedTraining

mlflow: Any = pytest.importorskip("mlflow", reason="MLflow is not installed")

from trimtab.integrations.mlflow import (  # noqa: E402 - needs mlflow
    MLflowCallback,
    MLflowLoggerCallback,
    last_metrics,
)

# MLflow itself uses what SQLAlchemy is about to remove.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one, as MLflow's many migrations leave it, which takes seconds."""
    file = tmp_path_factory.mktemp("mlflow") / "empty.db"
    mlflow.MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture
def uri(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    shutil.copy(database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


def runs_in(uri: str, experiment: str) -> list[Any]:
    """All runs of an experiment, by name."""
    client = mlflow.MlflowClient(uri)
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return sorted(found, key=lambda run: str(run.info.run_name))


def curve(uri: str, run: Any, metric: str) -> list[tuple[int, float]]:
    history = mlflow.MlflowClient(uri).get_metric_history(run.info.run_id, metric)
    return [(each.step, each.value) for each in history]


def objective(trial: trimtab.Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    for step in range(3):
        trial.report(x * step, step)
    trial.set_user_attr("who", "me")
    if trial.number == 1:
        raise trimtab.TrialPruned
    if trial.number == 2:
        raise ValueError
    return x


def test_the_trials_of_a_study_are_runs(uri: str) -> None:
    study = trimtab.create_study(study_name="s")
    study.set_user_attr("about", "this")
    callback = MLflowCallback(uri, "loss", tag_study_user_attrs=True)
    study.optimize(objective, n_trials=3, callbacks=[callback], catch=ValueError)
    runs = runs_in(uri, "s")
    assert [run.info.run_name for run in runs] == ["0", "1", "2"]
    assert [run.info.status for run in runs] == ["FINISHED", "KILLED", "FAILED"]
    for run, trial in zip(runs, study.trials, strict=True):
        assert run.data.params == {"x": str(trial.params["x"])}
        assert run.data.metrics.get("loss") == trial.value
        assert [step for step, _ in curve(uri, run, "value")] == [0, 1, 2]
        assert run.data.tags["who"] == "me"
        assert run.data.tags["about"] == "this"
        assert run.data.tags["state"] == trial.state.name
        assert run.info.end_time >= run.info.start_time


def test_the_last_metrics_of_a_run(uri: str) -> None:
    study = trimtab.create_study(study_name="s")
    study.optimize(objective, n_trials=1, callbacks=[MLflowCallback(uri, "loss")])
    (run,) = runs_in(uri, "s")
    x = study.trials[0].params["x"]
    assert last_metrics(run.info.run_id, uri) == {"loss": x, "value": 2 * x}
    assert last_metrics("nobody", uri) == {}


def test_runs_under_one_s_own(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    study = trimtab.create_study(study_name="s", directions=["minimize", "minimize"])
    callback = MLflowCallback(
        uri,
        create_experiment=False,
        mlflow_kwargs={"nested": True, "tags": {"a": 1}, "description": "Mine."},
        tag_trial_user_attrs=False,
    )
    with mlflow.start_run() as parent:
        study.optimize(lambda t: (t.suggest_int("n", 0, 9), 1), n_trials=1, callbacks=[callback])
    (run,) = [run for run in runs_in(uri, "Default") if run.info.run_name == "0"]
    assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (run.data.tags["a"], run.data.tags["mlflow.note.content"]) == ("1", "Mine.")
    assert set(run.data.metrics) == {"value_0", "value_1"}
    with pytest.raises(InvalidArgument, match="mlflow_kwargs"):
        MLflowCallback(uri, mlflow_kwargs={"run_id": "x"})


def test_the_trials_of_a_tuner_are_runs(uri: str, tmp_path: Path) -> None:
    callback = MLflowLoggerCallback(uri, tags={"team": 5}, save_artifact=True)
    fit(tmp_path, callback, {"lr": 0.5, "fail": tune.grid_search([0, 3]), "deep": {"a": None}})
    good, bad = runs_in(uri, "run")
    assert (good.info.status, bad.info.status) == ("FINISHED", "FAILED")
    assert curve(uri, good, "score") == [(1, 0.5), (2, 1.0), (3, 1.5), (4, 2.0)]
    assert good.data.params == {"lr": "0.5", "fail": "0", "deep/a": "None"}
    assert good.data.tags["team"] == "5"
    assert good.data.tags["trial_name"] == "trial_00000"
    kept = mlflow.MlflowClient(uri).list_artifacts(good.info.run_id)
    assert "checkpoint_000004" in {each.path for each in kept}


def test_a_config_that_a_scheduler_changes(uri: str, tmp_path: Path) -> None:
    pbt = PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=2,
        quantile_fraction=0.5,
        hyperparam_mutations={"lr": tune.uniform(0.0, 9.0)},
        synch=True,
    )
    callback = MLflowLoggerCallback(uri, experiment_name="mine")
    found = fit(tmp_path, callback, {"lr": tune.grid_search([1.0, 2.0])}, pbt)
    first, _ = runs_in(uri, "mine")
    assert found[0].lineage
    assert first.data.params == {"lr": "1.0"}
    assert curve(uri, first, "config/lr") == [(2, found[0].config["lr"])]


def test_a_run_that_is_taken_up_again(uri: str, tmp_path: Path) -> None:
    space = {"lr": 1.0, "fail": 3}
    fit(tmp_path, MLflowLoggerCallback(uri), space)
    again = tune.Tuner.restore(
        tmp_path / "run",
        lambda config: tune.report({"score": 9.0}),
        resume_errored=True,
        run_config=tune.RunConfig(callbacks=[MLflowLoggerCallback(uri)], verbose=0),
    ).fit()
    assert again.num_errors == 0
    (run,) = runs_in(uri, "run")
    assert run.info.status == "FINISHED"
    assert [value for _, value in curve(uri, run, "score")] == [1.0, 2.0, 9.0]


def test_the_trials_of_a_hydra_sweep_are_runs_under_that_of_the_study(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    swept("mlflow")
    swept(["mlflow"], max_trials=4)  # goes on
    runs = {run.info.run_name: run for run in runs_in(uri, "s")}
    assert sorted(runs) == ["0", "1", "2", "3", "s"]
    parent = runs.pop("s")
    assert parent.info.status == "FINISHED"
    for trial in trials():
        run = runs[str(trial.number)]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.params == {"algorithm.lr": str(trial.params["++algorithm.lr"])}
        assert run.data.metrics.get("value") == trial.value
        assert run.data.tags["seed"] == str(trial.user_attrs["seed"])
    assert runs["2"].info.status == "FAILED"
    assert runs["0"].data.metrics["eval/success"] == trials()[0].value


def test_a_performance_test_finds_what_a_run_logged(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mlflow.MlflowClient(uri)
    logged = client.create_run(client.create_experiment("e")).info.run_id
    for step, value in enumerate([0.1, 0.95]):
        client.log_metric(logged, "eval/success_rate", value, step=step)
    keys = {"total_runs": 1, "succ_runs": 1, "eval_columns": "eval/success_rate", "eval_value": 0.9}

    def verdict() -> bool | None:
        with Jobs(launching(lambda number: (0.0, 2, logged))) as jobs, Signals() as signals:
            running = PerformanceTest(Conditions.of(keys, {}), (), jobs, signals)
            running.run()
        return running.passed

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert verdict() is False  # nobody said where to look
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert verdict() is True
