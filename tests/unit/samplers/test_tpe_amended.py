"""A trial that was amended counts as if it had been told so in the first place."""

from typing import Any

import pytest

from trimtab.records import Outcome, TrialState, TrialUpdate, parse_directions
from trimtab.samplers import TPESampler
from trimtab.space import FloatDistribution, Floats, Space
from trimtab.storage import Draft, InMemoryStorage, Lease, Storage, open_storage
from trimtab.testing.samplers import ReplayedStorage

SPACE = Space({"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)})
TRIALS = 60


def outcome(value: float, objectives: int, **options: Any) -> Outcome:
    values = (value, 1.0 - value)[:objectives]
    return Outcome(options.pop("state", TrialState.COMPLETE), values, **options)


def told(k: int, objectives: int) -> tuple[Outcome, float]:
    """How trial ``k`` ends, and its constraint."""
    value = abs(k / TRIALS - 0.3)
    if k % 7 == 3:
        return outcome(value, objectives, state=TrialState.PRUNED), -1.0
    if k % 7 == 5:
        return outcome(value, objectives, sems=(0.01 * k,) * objectives), -1.0
    return outcome(value, objectives), 1.0 if k % 11 == 0 else -1.0


def wrong(k: int, objectives: int) -> tuple[Outcome, float]:
    """How trial ``k`` was told at first: each in another way."""
    ends = (
        Outcome(TrialState.FAIL, reason="mistaken"),
        outcome(-3.0, objectives),
        outcome(9.0, objectives, sems=(0.5,) * objectives),
        outcome(-5.0, objectives, state=TrialState.PRUNED),
    )
    return ends[k % len(ends)], 2.0 if k % 3 else -2.0


def begin(storage: Storage, objectives: int) -> int:
    study_id = storage.create_study("s", parse_directions(("minimize",) * objectives)).id
    for k in range(TRIALS):
        draft = Draft(SPACE, (k / TRIALS, (k * 37 % TRIALS) / TRIALS))
        assert storage.start(study_id, draft, Lease()) is not None
    return study_id


def propose(sampler: TPESampler, storage: Storage, study_id: int) -> Floats:
    history = storage.history(study_id)
    return sampler.propose(history, SPACE, TRIALS, sampler.streams.at(TRIALS)).point


@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize(
    "kind", [InMemoryStorage, ReplayedStorage, lambda: open_storage("sqlite://")]
)
def test_amended_is_as_good_as_told(kind: Any, objectives: int) -> None:
    storage, plain = kind(), InMemoryStorage()
    study_id, plain_id = begin(storage, objectives), begin(plain, objectives)
    sampler = TPESampler(seed=3)
    mistaken = range(0, TRIALS, 4)
    for k in range(TRIALS):
        right, constraint = told(k, objectives)
        plain.finish(plain_id, k, 1, right, TrialUpdate(constraints={"c": constraint}))
        first, value = wrong(k, objectives) if k in mistaken else (right, constraint)
        storage.finish(study_id, k, 1, first, TrialUpdate(constraints={"c": value}))
    expected = propose(TPESampler(seed=3), plain, plain_id)
    assert (propose(sampler, storage, study_id) != expected).any()
    for k in mistaken:
        right, constraint = told(k, objectives)
        storage.amend(study_id, k, right, TrialUpdate(constraints={"c": constraint}))
        propose(sampler, storage, study_id)
    assert propose(sampler, storage, study_id).tolist() == expected.tolist()


def test_reopened_is_as_good_as_never_told() -> None:
    storage, plain = InMemoryStorage(), InMemoryStorage()
    study_id, plain_id = begin(storage, 1), begin(plain, 1)
    sampler = TPESampler(seed=3)
    for k in range(TRIALS):
        storage.finish(study_id, k, 1, wrong(k, 1)[0] if k == 20 else told(k, 1)[0])
        if k != 20:
            plain.finish(plain_id, k, 1, told(k, 1)[0])
    propose(sampler, storage, study_id)
    storage.amend(study_id, 20, None)
    expected = propose(TPESampler(seed=3), plain, plain_id)
    assert propose(sampler, storage, study_id).tolist() == expected.tolist()
    storage.finish(study_id, 20, 2, told(20, 1)[0])
    plain.finish(plain_id, 20, 1, told(20, 1)[0])
    expected = propose(TPESampler(seed=3), plain, plain_id)
    assert propose(sampler, storage, study_id).tolist() == expected.tolist()
