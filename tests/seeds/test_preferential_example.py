"""Our example of comparisons, with a pretended person."""

import math
from pathlib import Path

from tests.seeds.examples import run
from trimtab.preferential import load_study


def test_it_runs_and_goes_on_where_it_was(tmp_path: Path) -> None:
    assert "run this again" in run("preferential.py", tmp_path, answers="2\nwhat?\n9\n1\n")
    rest = ("--pretend", "--judgements", "18")
    assert "After 20 judgements" in run("preferential.py", tmp_path, *rest)
    study = load_study("sunset", f"sqlite:///{tmp_path / 'preferential.db'}")
    assert [one.clicked for one in study.judgements[:2]] == [1, 0]
    away = [
        math.dist([trial.params[name] for name in ("red", "green", "blue")], (250, 110, 60))
        for trial in study.best_trials
    ]
    assert away
    assert max(away) < 100
