"""Our own example of rating by people, with a pretended person."""

from pathlib import Path

import trimtab
from tests.seeds.examples import run
from trimtab.artifacts import get_note


def test_it_runs_and_goes_on_where_it_was(tmp_path: Path) -> None:
    assert "of 6 were liked" in run("sunset.py", tmp_path, "--pretend", "--ratings", "6")
    assert "run this again" in run("sunset.py", tmp_path, answers="y\nwhat?\nn\n")
    assert "of 9 were liked" in run("sunset.py", tmp_path, "--pretend", "--ratings", "1")
    study = trimtab.load_study(study_name="sunset", storage=f"sqlite:///{tmp_path / 'sunset.db'}")
    assert [trial.value for trial in study.trials[6:8]] == [-1.0, 1.0]
    assert get_note(study.trials[0]).startswith("![colour 0](/artifacts/1/0/")
