"""Promises under threads that do the same thing at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from trimtab.errors import AttributeConflict, DuplicateStudy, TrialFinished
from trimtab.records import FrozenTrial, TrialUpdate, parse_directions
from trimtab.storage import Draft, Storage
from trimtab.testing.storage.base import (
    FOREVER,
    LINE,
    complete,
    new_study,
    snapshot,
    started,
    waiting,
)

T = TypeVar("T")

ROUNDS = 25


def together(n: int, call: Callable[[int], T]) -> list[T]:
    """``call(0) ... call(n - 1)`` in as many threads, released at once."""
    barrier = threading.Barrier(n)

    def one(i: int) -> T:
        barrier.wait()
        return call(i)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


class RacePromises:
    """Each race is run many times."""

    def test_two_tellers(self, storage: Storage) -> None:
        study_id = new_study(storage)

        def tell(value: int) -> FrozenTrial | None:
            try:
                return storage.finish(study_id, number, 1, complete(float(value)))
            except TrialFinished:
                return None

        for _ in range(ROUNDS):
            number = started(storage, study_id).number
            first, second = together(2, tell)
            assert (first is None) != (second is None)
            assert storage.trial(study_id, number) == (first or second)
            assert storage.history(study_id).trial(number) == (first or second)

    def test_what_is_added_together_has_consecutive_numbers(self, storage: Storage) -> None:
        study_id = new_study(storage)

        def add(worker: int) -> list[int]:
            return storage.add(study_id, [waiting() for _ in range(3)])

        for _ in range(ROUNDS):
            for numbers in together(2, add):
                assert numbers == list(range(numbers[0], numbers[0] + 3))

    def test_concurrent_starts(self, storage: Storage) -> None:
        study_id = new_study(storage)

        def work(worker: int) -> list[int]:
            numbers = []
            for _ in range(ROUNDS):
                trial = storage.start(study_id, Draft(LINE, (0.5,)), FOREVER)
                assert trial is not None
                storage.finish(study_id, trial.number, 1, complete(float(worker)))
                storage.history(study_id)
                numbers.append(trial.number)
            return numbers

        taken = [number for numbers in together(4, work) for number in numbers]
        assert sorted(taken) == list(range(4 * ROUNDS))
        history = snapshot(storage.history(study_id))
        assert history["trials"] == [storage.trial(study_id, n) for n in range(4 * ROUNDS)]

    def test_one_waiting_trial(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(ROUNDS):
            storage.add(study_id, [waiting()])
            taken = together(3, lambda _: storage.start(study_id, None, FOREVER))
            assert sum(trial is not None for trial in taken) == 1

    def test_one_expired_lease(self, storage: Storage) -> None:
        study_id = new_study(storage)
        for _ in range(ROUNDS):
            number = started(storage, study_id).number
            storage.expire(study_id, number, 1)
            taken = together(3, lambda _: storage.start(study_id, None, FOREVER))
            assert [t.attempt for t in taken if t is not None] == [2]

    def test_one_condition(self, storage: Storage) -> None:
        """Each reads, adds one to what it read, and writes if that still stands."""
        study_id = new_study(storage)
        number = started(storage, study_id).number

        def count_for_study(_: int) -> None:
            while True:
                n = storage.study(study_id).system_attrs.get("n")
                new, old = {"n": (n or 0) + 1}, {"n": n}
                try:
                    return storage.set_study_attrs(study_id, system=new, expected=old)
                except AttributeConflict:
                    continue

        def count_for_trial(_: int) -> None:
            while True:
                n = storage.trial(study_id, number).system_attrs.get("n")
                update = TrialUpdate(system_attrs={"n": (n or 0) + 1}, expected={"n": n})
                try:
                    return storage.write(study_id, number, None, update)
                except AttributeConflict:
                    continue

        for _ in range(5):
            together(4, count_for_study)
            together(4, count_for_trial)
        assert storage.study(study_id).system_attrs == {"n": 20}
        assert storage.trial(study_id, number).system_attrs == {"n": 20}
        assert storage.history(study_id).system_attrs(number) == {"n": 20}

    def test_one_name(self, storage: Storage) -> None:
        directions = parse_directions("minimize")

        def create(_: int) -> int | None:
            try:
                return storage.create_study(name, directions).id
            except DuplicateStudy:
                return None

        for i in range(5):
            name = f"contested {i}"
            ids = [study_id for study_id in together(4, create) if study_id is not None]
            assert ids == [storage.find_study(name).id]
