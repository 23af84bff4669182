"""Studies kept on SQLite, made once, to be opened again and again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.harness import Reading, Task, progress, read
from benchmarks.libraries import load, memory_storage, sphere, sql_storage

NAME = "kept"
_COPIED = 1_000  # trials that a slow storage writes by itself; the rest are copies of their rows


def kept_file(library: str, folder: Path, n_trials: int, dimension: int) -> Path:
    """A file with a study of random trials, made unless it is there."""
    path = folder / f"{library}-{n_trials}x{dimension}.db"
    if not path.exists():
        progress(f"  making {n_trials:,} trials for {library}")
        arguments = {
            "library": library,
            "path": str(path),
            "n_trials": n_trials,
            "dimension": dimension,
        }
        read(Task("kept:make", arguments))
    return path


def storage_of(library: str, module: Any, path: str) -> Any:
    """The storage to open such a file with."""
    return sql_storage(library, module, f"sqlite:///{path}")


def make(library: str, path: str, n_trials: int, dimension: int) -> Reading:
    """Run a study in memory and copy it to a file.

    Optuna and Rustuna write a few hundred trials a second at best, so that only the first
    thousand are theirs; the others repeat the rows of those, under their own numbers.
    """
    module = load(library)
    by_itself = n_trials if library == "trimtab" else min(n_trials, _COPIED)
    storage = memory_storage(module)
    study = module.create_study(
        study_name=NAME, storage=storage, sampler=module.samplers.RandomSampler(seed=1)
    )
    study.optimize(sphere(dimension), n_trials=by_itself)
    if library == "optuna":
        _write_carelessly()
    module.copy_study(
        from_study_name=NAME,
        from_storage=storage,
        to_storage=storage_of(library, module, path),
    )
    if by_itself < n_trials:
        _multiply(path, by_itself, n_trials)
    return {}


def _write_carelessly() -> None:
    """Not wait for the disk while a file is made, which is not measured."""
    from sqlalchemy import Engine, event

    def prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")

    event.listen(Engine, "connect", prepare)


def _multiply(path: str, n: int, wanted: int) -> None:
    """Repeat the rows of n trials until there are as many as wanted, in Optuna's tables."""
    with closing(sqlite3.connect(path)) as connection:
        first, last, count = connection.execute(
            "SELECT min(trial_id), max(trial_id), count(*) FROM trials"
        ).fetchone()
        if (first, last, count) != (1, n, n):
            raise RuntimeError(f"expected trials 1 to {n}, got {count} from {first} to {last}")
        while n < wanted:
            span = {"n": n, "end": min(n, wanted - n)}
            connection.execute(
                "INSERT INTO trials"
                " (trial_id, number, study_id, state, datetime_start, datetime_complete)"
                " SELECT trial_id + :n, number + :n, study_id, state, datetime_start,"
                " datetime_complete FROM trials WHERE trial_id <= :end",
                span,
            )
            connection.execute(
                "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)"
                " SELECT trial_id + :n, param_name, param_value, distribution_json"
                " FROM trial_params WHERE trial_id <= :end",
                span,
            )
            connection.execute(
                "INSERT INTO trial_values (trial_id, objective, value, value_type)"
                " SELECT trial_id + :n, objective, value, value_type"
                " FROM trial_values WHERE trial_id <= :end",
                span,
            )
            n += span["end"]
        connection.commit()
