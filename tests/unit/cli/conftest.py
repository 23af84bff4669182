"""A database with a study, and the command run in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import trimtab
from trimtab.cli import main


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place for a database, which the environment names."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    monkeypatch.setenv("TRIMTAB_STORAGE", url)
    monkeypatch.delenv("TRIMTAB_DEBUG", raising=False)
    return url


@pytest.fixture
def run(database: str, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `trimtab ARGUMENTS`."""

    def command(*args: str) -> Done:
        capfd.readouterr()
        status = main(args)
        told = capfd.readouterr()
        return Done(status, told.out, told.err)

    return command


@pytest.fixture
def study(database: str) -> trimtab.Study:
    """A study named s: two complete trials, one failed, one running."""
    study = trimtab.create_study(storage=database, study_name="s", direction="maximize")
    study.enqueue_trial({"x": 0.1, "c": "=1+1"}, user_attrs={"team": "@red"})
    study.enqueue_trial({"x": -0.25, "c": "b"})
    for value in (1.0, 2.0):
        trial = study.ask()
        trial.suggest_float("x", -1, 1)
        trial.suggest_categorical("c", ["=1+1", "b"])
        trial.report(value, 3)
        study.tell(trial, value)
    study.tell(study.ask(), state=trimtab.TrialState.FAIL)
    study.ask()
    return study
