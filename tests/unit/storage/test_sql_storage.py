"""What SQL storages have beyond the contract: several processes on one database."""

import gc
import threading
import weakref
from pathlib import Path

import pytest
from sqlalchemy.pool import QueuePool

from trimtab.errors import IncompatibleDistribution, TrialFinished, UnknownStudy
from trimtab.records import Outcome, TrialState, TrialUpdate, parse_directions
from trimtab.space import FloatDistribution, Space
from trimtab.storage import Draft, Lease, SQLStorage, open_storage
from trimtab.testing.storage.base import snapshot

MINIMIZE = parse_directions("minimize")
SPACE = Space({"x": FloatDistribution(0.0, 1.0)})
DRAFT = Draft(SPACE, (0.5,))


def told(value: float) -> Outcome:
    return Outcome(TrialState.COMPLETE, (value,))


def test_two_handles_see_each_other(storage_url: str) -> None:
    with open_storage(storage_url) as one, open_storage(storage_url) as two:
        study_id = one.create_study("s", MINIMIZE).id
        for _ in range(3):
            one.start(study_id, DRAFT, Lease())
        one.history(study_id)
        two.history(study_id)
        two.finish(study_id, 0, 1, told(1.0))
        with pytest.raises(TrialFinished):
            one.finish(study_id, 0, 1, told(2.0))
        two.write(study_id, 1, 1, TrialUpdate(user_attrs={"two": 2}))
        one.write(study_id, 1, 1, TrialUpdate(user_attrs={"one": 1}))
        assert two.trial(study_id, 1).user_attrs == {"one": 1, "two": 2}
        other = Space({"y": FloatDistribution(0.0, 1.0)})
        two.start(study_id, Draft(other, (0.5,)), Lease())
        one.start(study_id, Draft(other, (0.25,)), Lease())
        one.delete_trials(study_id, [2])
        two.archive_trials(study_id, [1])
        assert snapshot(one.history(study_id)) == snapshot(two.history(study_id))
        logarithmic = Space({"y": FloatDistribution(0.1, 1.0, log=True)})
        with pytest.raises(IncompatibleDistribution):
            one.start(study_id, Draft(logarithmic, (0.5,)), Lease())
        two.delete_study(study_id)
        with pytest.raises(UnknownStudy):
            one.history(study_id)


def test_columns_keep_the_order_in_which_they_appeared(storage_url: str) -> None:
    x, y, z = (
        Space({"x": FloatDistribution(0.0, 1.0), name: FloatDistribution(0.0, 1.0)})
        for name in ("x", "y", "z")
    )
    with open_storage(storage_url) as live, open_storage(storage_url) as follower:
        study_id = live.create_study("s", MINIMIZE).id
        live.history(study_id)
        for _ in range(2):
            live.start(study_id, Draft(x, (0.5,)), Lease())
        follower.history(study_id)
        live.write(study_id, 1, 1, TrialUpdate(space=z, point=(0.5, 0.5)))
        live.write(study_id, 0, 1, TrialUpdate(space=y, point=(0.5, 0.5)))
        with open_storage(storage_url) as fresh:
            for storage in (live, follower, fresh):
                assert storage.history(study_id).space.names == ("x", "z", "y")


def test_a_study_goes_on_where_it_was(storage_url: str) -> None:
    snapshots = []
    for _ in range(3):
        with open_storage(storage_url) as storage:
            try:
                study_id = storage.find_study("s").id
            except UnknownStudy:
                study_id = storage.create_study("s", MINIMIZE).id
            for _ in range(2):
                trial = storage.start(study_id, DRAFT, Lease())
                assert trial is not None
                storage.finish(study_id, trial.number, 1, told(1.0))
            snapshots.append(snapshot(storage.history(study_id)))
    assert [len(each["trials"]) for each in snapshots] == [2, 4, 6]
    assert snapshots[2]["trials"][:4] == snapshots[1]["trials"]


def test_a_study_in_memory_is_shared_by_threads() -> None:
    storage = open_storage("sqlite://")
    study_id = storage.create_study("s", MINIMIZE).id

    def work() -> None:
        for _ in range(25):
            trial = storage.start(study_id, DRAFT, Lease())
            assert trial is not None
            storage.finish(study_id, trial.number, 1, told(1.0))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(storage.history(study_id)) == 100
    storage.close()


def test_polling_asks_one_thing(tmp_path: Path) -> None:
    with open_storage(tmp_path / "s.db") as storage:
        assert isinstance(storage, SQLStorage)
        study_id = storage.create_study("s", MINIMIZE).id
        storage.history(study_id)
        asked: list[str] = []
        connection = storage.database.engine.raw_connection()
        driver = connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(asked.append)
        connection.close()
        storage.history(study_id)
        assert len(asked) == 1
        trial = storage.start(study_id, DRAFT, Lease())
        assert trial is not None
        storage.finish(study_id, trial.number, 1, told(1.0))
        asked.clear()
        assert storage.history(study_id).trial(0).state is TrialState.COMPLETE
        assert len(asked) == 1, "what we wrote ourselves is not read again"


def test_a_storage_dropped_unclosed_leaves_no_connection_open(storage_url: str) -> None:
    storage = SQLStorage(storage_url)
    storage.create_study("s", parse_directions("minimize"))
    pool = storage.database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedin() > 0
    database = weakref.ref(storage.database)
    del storage
    gc.collect()
    assert database() is None
    assert pool.checkedin() == 0
