"""Commands that show studies and trials."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

import trimtab
from tests.unit.cli.conftest import Run


@pytest.mark.usefixtures("study")
def test_trials_in_every_format(run: Run) -> None:
    rows = json.loads(run("trials", "-f", "json").out)
    assert [row["state"] for row in rows] == ["COMPLETE", "COMPLETE", "FAIL", "RUNNING"]
    assert rows[0]["value"] == 1.0
    assert rows[0]["params"] == {"x": 0.1, "c": "=1+1"}
    assert rows[0]["user_attrs"] == {"team": "@red"}
    assert rows[0]["datetime_start"].endswith("+00:00")
    assert rows[0]["duration"] >= 0
    assert rows[3]["datetime_complete"] is None
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert yaml.safe_load(run("trials", "-f", "yaml").out) == rows
    cells = list(csv.DictReader(io.StringIO(run("trials", "-f", "csv").out)))
    assert [cell["params_x"] for cell in cells][:3] == ["0.1", "-0.25", ""]
    assert len(run("trials", "-f", "value").out.splitlines()) == 4
    lines = run("trials").out.splitlines()
    assert lines[0].split()[:3] == ["number", "state", "value"]
    assert len(lines) == 5


@pytest.mark.usefixtures("study")
def test_flatten_makes_columns(run: Run) -> None:
    row = json.loads(run("trials", "-f", "json", "--flatten").out)[0]
    assert (row["params_x"], row["params_c"], row["user_attrs_team"]) == (0.1, "=1+1", "@red")
    assert "params_x" in run("trials", "--flatten").out


def test_trials_by_state_and_the_latest(run: Run, study: trimtab.Study) -> None:
    def numbers(*options: str) -> list[int]:
        return [row["number"] for row in json.loads(run("trials", "-f", "json", *options).out)]

    assert numbers("--state", "complete", "--state", "fail") == [0, 1, 2]
    assert numbers("--last", "2") == [2, 3]
    study.archive_trials([1])
    assert numbers() == [0, 2, 3]
    assert numbers("--archived") == [0, 1, 2, 3]


@pytest.mark.usefixtures("study")
def test_trials_filtered_and_sorted(run: Run) -> None:
    def numbers(*options: str) -> list[int]:
        return [row["number"] for row in json.loads(run("trials", "-f", "json", *options).out)]

    assert numbers("--where", "value > 1.5") == [1]
    assert numbers("--sort", "value", "--descending") == [1, 0, 2, 3]
    assert numbers("--descending", "--first", "3", "--last", "2") == [2, 1]
    assert numbers("--where", "number < 3", "--state", "complete") == [0, 1]
    refused = run("trials", "--where", "value > 1.5 and parms.x > 1")
    assert refused.status == 2
    assert "at character 17, 'parms.x'" in refused.err
    assert "did you mean `params.x`?" in refused.err
    assert run("export", "--where", "value >").status == 2
    lines = run("export", "--where", "value > 1.5", "--column", "number", "--column", "value").out
    assert lines == "number,value\n1,2.0\n"


def test_best_trial(run: Run, study: trimtab.Study) -> None:
    best = json.loads(run("best-trial", "--study-name", "s", "-f", "json").out)
    assert (best["number"], best["value"], best["params"]["x"]) == (1, 2.0, -0.25)
    fields = dict(line.split(maxsplit=1) for line in run("best-trial").out.splitlines()[:3])
    assert fields == {"number": "1", "state": "COMPLETE", "value": "2.0"}
    study.delete_trials([0, 1])
    done = run("best-trial")
    assert (done.status, done.out) == (2, "")
    assert done.err == "trimtab: error: No trials are completed yet.\n"


def test_best_trials_of_several_objectives(run: Run, database: str) -> None:
    study = trimtab.create_study(storage=database, directions=["minimize", "maximize"])
    for values in ([1.0, 1.0], [0.0, 0.0], [2.0, 0.5]):
        study.tell(study.ask(), values)
    rows = json.loads(run("best-trials", "-f", "json").out)
    assert [row["values"] for row in rows] == [[1.0, 1.0], [0.0, 0.0]]
    assert "values_0,values_1" in run("best-trials", "-f", "csv").out
    study.set_metric_names(["cost", "gain"])
    rows = json.loads(run("best-trials", "-f", "json").out)
    assert rows[0]["values"] == {"cost": 1.0, "gain": 1.0}
    done = run("best-trial")
    assert done.status == 2
    assert "best-trials" in done.err


def test_studies_and_their_names(run: Run, study: trimtab.Study, database: str) -> None:
    trimtab.create_study(storage=database, study_name="two words", directions=["minimize"] * 2)
    rows = json.loads(run("studies", "-f", "json").out)
    assert rows[0]["name"] == study.study_name
    assert rows[0]["direction"] == ["MAXIMIZE"]
    assert (rows[0]["n_trials"], rows[0]["best_value"]) == (4, 2.0)
    assert rows[1]["datetime_start"] is None
    assert run("study-names").out == "s\ntwo words\n"


def test_several_studies_need_a_name(run: Run, study: trimtab.Study, database: str) -> None:
    trimtab.create_study(storage=database, study_name="t")
    done = run("trials")
    assert done.status == 2
    assert "'s', 't'" in done.err
    assert study.study_name == "s"


def test_importance(run: Run, study: trimtab.Study) -> None:
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    study.sampler = trimtab.samplers.RandomSampler(seed=0)
    study.optimize(
        lambda trial: (
            trial.suggest_float("x", -1, 1)
            + (trial.suggest_categorical("c", ["=1+1", "b"]) == "b") * 0.01
        ),
        n_trials=20,
    )
    rows = json.loads(run("importance", "-f", "json").out)
    assert rows[0]["parameter"] == "x"
    assert sum(row["importance"] for row in rows) == pytest.approx(1.0)
    assert run("importance", "--method", "fanova").status == 0
    assert run("importance", "--objective", "1").status == 2
    assert json.loads(run("importance", "--objective", "0", "-f", "json").out)[0] == rows[0]


def on_terminal(columns: int, *args: str) -> str:
    """What the command writes to a terminal of this width."""
    main_side, terminal = pty.openpty()
    # Reading the child's end of the terminal raises OSError once it has closed.
    with os.fdopen(main_side, "rb") as reader:
        process = subprocess.Popen(
            [sys.executable, "-m", "trimtab", *args],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm"},
        )
        os.close(terminal)
        written = b""
        while True:
            try:
                piece = os.read(reader.fileno(), 4096)
            except OSError:
                break
            if not piece:
                break
            written += piece
        assert process.wait(timeout=60) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", written.decode())


def test_a_terminal_gets_a_table_that_fits(study: trimtab.Study) -> None:
    study.storage.close()
    wide = on_terminal(200, "trials")
    narrow = on_terminal(60, "trials")
    assert "─" in wide
    assert "Hidden" not in wide
    assert "Hidden to fit: datetime_complete" in narrow
    assert max(len(line.rstrip()) for line in narrow.splitlines()) <= 60
    for text in ("COMPLETE", "x=0.1", "FAIL"):
        assert text in narrow


@pytest.mark.usefixtures("study")
def test_nothing_commands_the_terminal(run: Run) -> None:
    evil: dict[str, Any] = {"key": "k", "value": "\x1b]0;gone\x07\u202e"}
    assert run("set-user-attr", "-k", evil["key"], "--value", evil["value"]).status == 0
    assert (
        run("set-user-attr", "--trial-number", "0", "-k", "k", "--value", evil["value"]).err == ""
    )
    shown = run("trials").out + run("trials", "-f", "value").out
    assert "gone" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
