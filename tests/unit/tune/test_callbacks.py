"""Callbacks hear of a run, and loggers write it down for other tools."""

import csv
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidType
from trimtab.tune import RunConfig, TuneConfig, Tuner
from trimtab.tune.callbacks import Callback, TrialView
from trimtab.tune.logger import CSVLoggerCallback, JsonLoggerCallback, TBXLoggerCallback


def train(config: dict[str, Any]) -> None:
    for step in range(1, 4):
        if step == config["fail"]:
            raise ValueError("no more")
        metrics: dict[str, Any] = {"loss": 1.0 / step, "name": "=sum(A1)"}
        if step == 3:
            metrics["late"] = True
        tune.report(metrics)


def run(folder: Path, *callbacks: Any) -> None:
    Tuner(
        train,
        param_space={"fail": tune.grid_search([0, 2]), "deep": {"lr": 0.1}},
        tune_config=TuneConfig(executor="inline", metric="loss", mode="min"),
        run_config=RunConfig(name="run", storage_path=folder, callbacks=callbacks, verbose=0),
    ).fit()


class Heard(Callback):
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def setup(self, **info: Any) -> None:
        self.calls.append(("setup", info["name"]))

    def on_trial_start(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        self.calls.append(("start", str(trial), trial.config["fail"]))

    def on_trial_result(
        self,
        iteration: int,
        trials: Sequence[TrialView],
        trial: TrialView,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        self.calls.append(("result", trial.number, result["training_iteration"]))

    def on_trial_complete(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        self.calls.append(("complete", trial.number, trial.status))

    def on_trial_error(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        self.calls.append(("error", trial.number, str(trial.error)))

    def on_experiment_end(self, trials: Sequence[TrialView], **info: Any) -> None:
        self.calls.append(("end",))


def test_a_callback_hears_in_order(tmp_path: Path) -> None:
    heard = Heard()
    run(tmp_path, heard)
    assert heard.calls == [
        ("setup", "run"),
        ("start", "trial_00000", 0),
        ("result", 0, 1),
        ("result", 0, 2),
        ("result", 0, 3),
        ("complete", 0, "TERMINATED"),
        ("start", "trial_00001", 2),
        ("result", 1, 1),
        ("error", 1, "no more"),
        ("end",),
    ]


def test_a_callback_that_fails_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Bad(Callback):
        def on_trial_result(self, *arguments: Any, **info: Any) -> None:
            raise KeyError("oh")

    heard = Heard()
    with caplog.at_level(logging.ERROR):
        run(tmp_path, Bad(), heard)
    assert heard.calls[-1] == ("end",)
    assert "Bad.on_trial_result" in caplog.text


def test_what_is_no_callback(tmp_path: Path) -> None:
    with pytest.raises(InvalidType, match="callbacks"):
        run(tmp_path, print)


def test_json_lines(tmp_path: Path) -> None:
    run(tmp_path, JsonLoggerCallback())
    folder = tmp_path / "run" / "trial_00000"
    lines = [json.loads(line) for line in (folder / "result.json").read_text("utf-8").splitlines()]
    assert [line["loss"] for line in lines] == [1.0, 0.5, 1.0 / 3.0]
    assert lines[2]["late"] is True
    config = json.loads((folder / "params.json").read_text("utf-8"))
    assert config == {"fail": 0, "deep": {"lr": 0.1}}


def test_csv_has_columns_for_what_comes_later(tmp_path: Path) -> None:
    run(tmp_path, CSVLoggerCallback())
    with (tmp_path / "run" / "trial_00000" / "progress.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["late"] for row in rows] == ["", "", "True"]
    assert {row["name"] for row in rows} == {"'=sum(A1)"}  # no spreadsheet takes it for a formula
    with (tmp_path / "run" / "trial_00001" / "progress.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 1


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    run(tmp_path, TBXLoggerCallback())
    files = list((tmp_path / "run" / "trial_00000").rglob("events.out.tfevents.*"))
    assert files
    assert b"loss" in b"".join(file.read_bytes() for file in files)
