"""Studies and runs are logged to W&B, offline, by wandb itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import trimtab
from tests.unit.hydra_sweeper.sweeps import trials
from tests.unit.integrations.runs import fit, swept
from trimtab import tune
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.integrations.naming import identity
from trimtab.tune.schedulers import PopulationBasedTraining

wandb: Any = pytest.importorskip("wandb", reason="wandb is not installed")
from tests.unit.integrations.wandb_files import Logged  # noqa: E402 - needs wandb
from trimtab.integrations.wandb import (  # noqa: E402 - needs wandb
    WandbLoggerCallback,
    WeightsAndBiasesCallback,
)

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    wandb.teardown()


def logged(folder: Path) -> list[Logged]:
    """All runs under a folder, by their names."""
    wandb.teardown()  # only then is all of it written
    files = sorted(folder.rglob("offline-run-*/run-*.wandb"))
    return sorted((Logged(file) for file in files), key=lambda each: str(each.run.display_name))


def objective(trial: trimtab.Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    for step in range(3):
        trial.report(x * step, step)
    if trial.number == 1:
        raise trimtab.TrialPruned
    return x


def test_the_trials_of_a_study_are_rows(tmp_path: Path) -> None:
    study = trimtab.create_study(sampler=trimtab.samplers.RandomSampler(seed=1), study_name="s")
    callback = WeightsAndBiasesCallback("loss", {"project": "p", "dir": str(tmp_path)})
    study.optimize(objective, n_trials=3, callbacks=[callback])
    callback.finish()
    callback.finish()
    (run,) = logged(tmp_path)
    assert run.run.project == "p"
    assert run.config["study_name"] == "s"
    assert [row["trial_number"] for row in run.rows] == [0, 1, 2]
    assert [row["state"] for row in run.rows] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert [row["x"] for row in run.rows] == [trial.params["x"] for trial in study.trials]
    assert [row.get("loss") for row in run.rows] == [study.trials[0].value, study.trials[1].value,
                                                     study.trials[2].value]  # fmt: skip


def test_the_trials_of_a_study_are_runs(tmp_path: Path) -> None:
    study = trimtab.create_study(study_name="s", directions=["minimize", "maximize"])
    callback = WeightsAndBiasesCallback(
        wandb_kwargs={"project": "p", "dir": str(tmp_path)}, as_multirun=True
    )
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), 2.0), n_trials=2, callbacks=[callback])
    runs = logged(tmp_path)
    assert [run.run.display_name for run in runs] == ["trial/0", "trial/1"]
    assert {run.run.run_group for run in runs} == {"s"}
    for run, trial in zip(runs, study.trials, strict=True):
        assert run.config["x"] == trial.params["x"]
        assert (run.summary["value_0"], run.summary["value_1"]) == trial.values


def test_names_of_objectives() -> None:
    with pytest.raises(InvalidType, match="metric_name"):
        WeightsAndBiasesCallback(3)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(InvalidType, match="wandb_kwargs"):
        WeightsAndBiasesCallback(wandb_kwargs="p")  # type: ignore[arg-type]  # that is the point
    callback = WeightsAndBiasesCallback(["a", "b"])
    study = trimtab.create_study()
    with pytest.raises(InvalidArgument, match="metric_name"):
        study.optimize(lambda trial: 1.0, n_trials=1, callbacks=[callback])


def test_the_trials_of_a_tuner_are_runs(tmp_path: Path) -> None:
    callback = WandbLoggerCallback("p", excludes=["secret"], upload_checkpoints=True)
    space = {"lr": 0.5, "fail": tune.grid_search([0, 3]), "secret": 7, "deep": {"a": [1, None]}}
    fit(tmp_path, callback, space)
    good, bad = logged(tmp_path / "run")
    assert [row["score"] for row in good.rows] == [0.5, 1.0, 1.5, 2.0]
    assert [row["training_iteration"] for row in good.rows] == [1, 2, 3, 4]
    assert all("name" not in row for row in good.rows)
    assert good.config["deep"] == {"a": [1, None]}
    assert "secret" not in good.config
    assert (good.run.run_group, good.run.project) == ("run", "p")
    assert good.run.run_id == identity("run", tmp_path / "run", "00000")
    assert good.artifacts[0] == "checkpoint_trial_00000"
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert len(bad.rows) == 2


def test_a_config_that_a_scheduler_changes(tmp_path: Path) -> None:
    pbt = PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=2,
        quantile_fraction=0.5,
        hyperparam_mutations={"lr": tune.uniform(0.0, 9.0)},
        synch=True,
    )
    found = fit(
        tmp_path,
        WandbLoggerCallback("p", log_config=True),
        {"lr": tune.grid_search([1.0, 2.0])},
        pbt,
    )
    runs = logged(tmp_path / "run")
    assert found[0].lineage
    for run, result in zip(runs, found, strict=True):
        assert run.config["lr"] == result.config["lr"]
        assert run.rows[-1]["config/lr"] == result.config["lr"]
    assert runs[0].rows[0]["config/lr"] == 1.0


def test_the_trials_of_a_hydra_sweep_are_runs_of_the_study_s_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WANDB_SILENT")
    swept({"wandb": {"project": "p"}})
    assert "wandb:" not in capfd.readouterr().err  # the sweep's own lines are not buried
    runs = logged(tmp_path)
    assert [run.run.display_name for run in runs] == ["trial/0", "trial/1", "trial/2"]
    assert {(run.run.run_group, run.run.project) for run in runs} == {("s", "p")}
    assert [run.exit_code for run in runs] == [0, 0, 1]
    for run, trial in zip(runs, trials(), strict=True):
        assert run.config["++algorithm.lr"] == trial.params["++algorithm.lr"]
        assert run.config["user_attrs"]["seed"] == trial.user_attrs["seed"]
        assert run.summary.get("value") == trial.value
    assert runs[0].rows[0]["eval/success"] == trials()[0].value
