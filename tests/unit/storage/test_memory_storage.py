"""What the storage in memory has beyond the contract: a clock that may be given."""

from collections.abc import Callable

import pytest

from trimtab.records import Outcome, Report, TrialState, TrialUpdate, parse_directions
from trimtab.space import FloatDistribution, Space
from trimtab.storage import Draft, InMemoryStorage, Lease

DRAFT = Draft(Space({"x": FloatDistribution(0.0, 1.0)}), (0.5,))


@pytest.fixture
def clock() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def tick(clock: list[float]) -> Callable[[], float]:
    return lambda: clock[0]


def test_leases_end_by_the_clock(clock: list[float], tick: Callable[[], float]) -> None:
    storage = InMemoryStorage(tick)
    study_id = storage.create_study("s", parse_directions("minimize")).id
    assert storage.study(study_id).created == 1_000_000_000_000
    storage.start(study_id, DRAFT, Lease(10.0))
    storage.start(study_id, DRAFT, Lease(5.0))
    clock[0] += 4.0
    assert [held.remaining for held in storage.leases(study_id)] == [6.0, 1.0]
    assert storage.renew(study_id, {0: 1}, 7.0) == []
    clock[0] += 2.0
    late = storage.start(study_id, None, Lease())
    assert late is not None
    assert (late.number, late.attempt, late.started) == (1, 2, 1_000_006_000_000)
    assert storage.start(study_id, None, Lease()) is None
    clock[0] += 6.0
    late = storage.start(study_id, None, Lease(1.0))
    assert late is not None
    assert (late.number, late.attempt) == (0, 2)


def test_a_clock_that_goes_back_hurts_nobody(clock: list[float], tick: Callable[[], float]) -> None:
    storage = InMemoryStorage(tick)
    study_id = storage.create_study("s", parse_directions("minimize")).id
    storage.start(study_id, DRAFT, Lease(10.0))
    clock[0] -= 3600.0
    assert storage.start(study_id, None, Lease()) is None
    done = storage.finish(study_id, 0, 1, Outcome(TrialState.COMPLETE, (1.0,)))
    assert done.state is TrialState.COMPLETE


def test_reports_of_deleted_and_reclaimed_trials_are_not_sent() -> None:
    storage = InMemoryStorage()
    study_id = storage.create_study("s", parse_directions("minimize")).id
    for number in range(2):
        storage.start(study_id, DRAFT, Lease())
        reports = (Report(0, {"value": 1.0}, "saved"), Report(1, {"value": 1.0}))
        storage.write(study_id, number, 1, TrialUpdate(reports=reports))
    storage.delete_trials(study_id, [0])
    storage.expire(study_id, 1, 1)
    storage.start(study_id, None, Lease())
    assert [(n, r.step) for n, r in storage.changes(study_id, 0).reports] == [(1, 0)]
