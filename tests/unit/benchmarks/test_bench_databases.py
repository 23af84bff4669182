"""The databases that benchmarks use hold what is said of them."""

from pathlib import Path

import optuna

from benchmarks.harness import Task, read
from benchmarks.kept import NAME, _multiply
from benchmarks.sqlite import bare_commits
from benchmarks.storages import kept_study


def test_rows_repeated_in_an_optuna_file_are_trials_to_optuna(tmp_path: Path) -> None:
    path = str(tmp_path / "kept.db")
    # In a process of its own: it changes how SQLAlchemy opens every SQLite file.
    arguments = {"library": "optuna", "path": path, "n_trials": 3, "dimension": 2}
    read(Task("kept:make", arguments))
    _multiply(path, 3, 8)
    trials = optuna.load_study(study_name=NAME, storage=f"sqlite:///{path}").trials
    assert [trial.number for trial in trials] == list(range(8))
    assert [trials[n].params for n in (0, 1, 2, 0, 1)] == [trial.params for trial in trials[3:]]
    assert trials[6].value == trials[0].value
    assert len(trials[7].params) == 2


def test_what_a_storage_has_set_is_read_from_its_own_connections(tmp_path: Path) -> None:
    def settings(library: str) -> dict[str, float]:
        return read(Task("sqlite:durability", {"library": library, "place": str(tmp_path)}))

    # Optuna leaves SQLite as it comes: no WAL, synchronous=FULL (2).
    assert settings("optuna") == {"wal": 0.0, "synchronous": 2.0}
    assert settings("trimtab")["wal"] == 1.0


def test_kept_studies_leave_nothing_behind(tmp_path: Path) -> None:
    assert kept_study("trimtab", str(tmp_path), 3)["rate"] > 0.0
    assert bare_commits(str(tmp_path), 3)["rate"] > 0.0
    assert list(tmp_path.iterdir()) == []
