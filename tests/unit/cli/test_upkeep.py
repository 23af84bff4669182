"""Commands that keep storages in order."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import trimtab
from tests.unit.cli.conftest import Run


def edit(database: str, statement: str) -> None:
    """Change the file behind the storage's back."""
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.usefixtures("study")
def test_doctor(run: Run, database: str) -> None:
    well = run("doctor")
    assert (well.status, well.out, well.err) == (0, "", "Nothing is wrong.\n")
    edit(database, "UPDATE trimtab_trial SET point = 'nonsense' WHERE number = 1")
    ill = run("doctor", "-f", "json")
    assert ill.status == 1
    (found,) = json.loads(ill.out)
    assert "1" in found["where"]
    assert found["state"] == "found"
    assert "--mend" in ill.err
    # The rest of the study loads all the while.
    trials = run("trials", "-f", "json")
    assert [row["number"] for row in json.loads(trials.out)] == [0, 2, 3]
    assert trials.err.startswith("trimtab: warning: ")
    mended = run("doctor", "--mend", "-f", "json")
    assert mended.status == 0
    assert [row["state"] for row in json.loads(mended.out)] == ["mended"]
    assert run("doctor").status == 0
    rows = json.loads(run("trials", "-f", "json").out)
    assert [row["state"] for row in rows] == ["COMPLETE", "FAIL", "FAIL", "RUNNING"]


def test_doctor_of_what_is_no_database(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.db"
    page.write_text("# A page\n" * 1000)
    for command in (["doctor"], ["trials"], ["storage", "upgrade"]):
        done = run(*command, "--storage", str(page))
        assert (done.status, done.out) == (2, "")
    assert page.read_text() == "# A page\n" * 1000


@pytest.mark.usefixtures("study")
def test_upgrade_of_what_is_up_to_date(run: Run, database: str) -> None:
    assert "already" in run("storage", "upgrade").out
    assert "already" in run("storage", "upgrade", database).out
    assert run("storage").status == 2


@pytest.mark.usefixtures("study")
def test_a_database_of_a_newer_version(run: Run, database: str) -> None:
    edit(database, "UPDATE trimtab_version SET version_num = '9999'")
    for command in (["trials"], ["storage", "upgrade"], ["ask"]):
        done = run(*command)
        assert done.status == 2
        assert "9999" in done.err
        assert "pip install --upgrade trimtab" in done.err


def test_import_optuna(run: Run, tmp_path: Path) -> None:
    optuna: Any = pytest.importorskip("optuna", reason="writes the database to import")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    source = tmp_path / "old.db"
    old = optuna.create_study(storage=f"sqlite:///{source}", study_name="old")
    old.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    old.add_trial(optuna.trial.create_trial(value=float("inf")))
    done = run("import-optuna", f"sqlite:///{source}", "-f", "json")
    assert json.loads(done.out) == [{"name": "old", "n_trials": 3, "problems": 1}]
    assert done.err.startswith("trimtab: warning: old: trial 2: ")
    rows = json.loads(run("trials", "-f", "json").out)
    assert [row["params"] for row in rows] == [trial.params for trial in old.trials]
    assert run("import-optuna", str(source)).status == 2  # the name is taken
    assert run("import-optuna", str(source), "--rename", "old=new").status == 0
    assert run("study-names").out == "old\nnew\n"
    for wrong in (["--rename", "old"], ["--study-name", "none"]):
        assert run("import-optuna", str(source), *wrong).status == 2
    assert "missing.db" in run("import-optuna", str(tmp_path / "missing.db")).err


def test_a_study_can_be_driven_by_processes_that_know_nothing_of_each_other(
    run: Run, database: str
) -> None:
    """A storage named once serves every command, as in a shell script."""
    run("create-study", "-n", "s")
    space = '{"x": {"name": "FloatDistribution", "attributes": {"low": 0, "high": 1}}}'
    for _ in range(3):
        trial = json.loads(run("ask", "--search-space", space).out)
        value = str((trial["params"]["x"] - 0.5) ** 2)
        run("tell", "--trial-number", str(trial["number"]), "--values", value)
    study = trimtab.load_study(study_name="s", storage=database)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 3
