"""The names that scripts for Optuna use for storages do what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

import trimtab
from trimtab import storages
from trimtab.errors import InvalidArgument, StorageUnreadable
from trimtab.trial import Trial


def objective(trial: Trial) -> float:
    return trial.suggest_float("x", 0.0, 1.0)


def test_an_rdb_storage_keeps_its_heartbeat_as_a_lease(sqlite_url: str) -> None:
    callback = storages.RetryFailedTrialCallback(max_retry=5)
    storage = storages.RDBStorage(
        sqlite_url, heartbeat_interval=10, heartbeat_stale_trial_callback=callback
    )
    assert (storage.lease_seconds, storage.max_retries) == (30.0, 5)
    assert storages.RDBStorage(sqlite_url, grace_period=7).lease_seconds == 7.0
    assert storages.RDBStorage(sqlite_url, heartbeat_interval=1).max_retries == 0
    study = trimtab.create_study(storage=storage)
    study.optimize(objective, n_trials=2)
    assert len(trimtab.load_study(study_name=None, storage=sqlite_url).trials) == 2
    patient = storages.RDBStorage(sqlite_url, {"connect_args": {"timeout": 12}})
    assert patient.database.patience == 12.0
    with pytest.raises(InvalidArgument, match="engine_kwargs"):
        storages.RDBStorage(sqlite_url, engine_kwargs={"pool_size": 3})
    with pytest.raises(InvalidArgument):
        storages.RDBStorage(sqlite_url, heartbeat_interval=0)
    with pytest.raises(InvalidArgument):
        storages.RetryFailedTrialCallback(max_retry=-1)


def test_a_journal_storage_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    backend = storages.JournalFileBackend(str(path))
    study = trimtab.create_study(storage=storages.JournalStorage(backend))
    study.optimize(objective, n_trials=2)
    again = storages.JournalStorage(storages.journal.JournalFileBackend(path))
    assert len(trimtab.load_study(study_name=None, storage=again).trials) == 2


def test_a_journal_of_optuna_s_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    path.write_text('{"op_code": 0, "worker_id": "w", "study_name": "s"}\n' * 200)
    with pytest.raises(StorageUnreadable):
        storages.JournalStorage(storages.JournalFileBackend(path))


@pytest.mark.parametrize(("query", "level"), [("", 1), ("?synchronous=full", 2)])
def test_how_far_sqlite_goes_for_durability(sqlite_url: str, query: str, level: int) -> None:
    with storages.RDBStorage(sqlite_url + query) as storage:
        assert isinstance(storage, storages.RDBStorage)
        with storage.database.engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert (found, mode) == (level, "wal")
