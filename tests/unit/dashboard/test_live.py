"""The hub: who listens is told, once for all, and costs nothing when gone."""

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

import trimtab
from trimtab.dashboard.live import Hub
from trimtab.errors import StorageError, StorageUnreadable
from trimtab.storage import InMemoryStorage


class Moody(InMemoryStorage):
    """A storage that can go away, and counts how often it is asked."""

    fault: Exception | None = None
    looks = 0

    def revisions(self) -> dict[int, int]:
        self.looks += 1
        if self.fault is not None:
            raise self.fault
        return super().revisions()


def _parsed(event: str) -> tuple[str, Any]:
    name, data = event.strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def _next(events: Any) -> tuple[str, Any]:
    return _parsed(await asyncio.wait_for(anext(events), 60))


def test_what_changed_is_told() -> None:
    storage = Moody()
    study = trimtab.create_study(storage=storage)
    ref = f"0-{study.study_id}"

    async def listen() -> None:
        hub = Hub({"0": storage}, interval=0.01)
        listener = hub.join()
        assert listener is not None
        events = hub.events(listener)
        name, first = await _next(events)
        assert name == "changed"
        study.ask()
        assert await _next(events) == ("changed", {ref: first[ref] + 1})
        storage.fault = StorageError("It is away.")
        assert await _next(events) == ("storage", "It is away.")
        storage.fault = None
        assert await _next(events) == ("storage", None)
        storage.fault = ZeroDivisionError("secret")
        name, fault = await _next(events)
        assert "secret" not in fault
        storage.fault = None
        assert await _next(events) == ("storage", None)
        trimtab.delete_study(study_name=study.study_name, storage=storage)
        assert await _next(events) == ("changed", {ref: None})
        hub.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(events), 60)
        assert hub.join() is None

    asyncio.run(listen())


def test_one_storage_that_is_away_hides_no_other() -> None:
    away, there = Moody(), Moody()
    study = trimtab.create_study(storage=there)
    away.fault = StorageError("Away.")

    async def listen() -> None:
        hub = Hub({"0": away, "1": there}, interval=0.01)
        listener = hub.join()
        assert listener is not None
        events = hub.events(listener, [f"1-{study.study_id}"])
        assert list((await _next(events))[1]) == [f"1-{study.study_id}"]
        study.ask()
        name, changed = await _next(events)
        assert (name, list(changed)) == ("changed", [f"1-{study.study_id}"])
        everything = hub.join()
        assert everything is not None
        events = hub.events(everything)
        assert await _next(events) == ("storage", "Away.")
        assert list((await _next(events))[1]) == [f"1-{study.study_id}"]
        hub.close()

    asyncio.run(listen())


def test_who_asks_a_storage_that_is_known_to_be_away_does_not_wait() -> None:
    away, there = Moody(), Moody()
    away.fault = StorageError("Away.")

    async def listen() -> None:
        hub = Hub({"0": away, "1": there}, interval=0.01)
        hub.check("0")  # nobody listens: it is not known
        listener = hub.join()
        assert listener is not None
        await _next(hub.events(listener))
        with pytest.raises(StorageError, match="Away"):
            hub.check("0")
        hub.check("1")
        away.fault = StorageUnreadable("A row is damaged.")  # the others can be read
        async with asyncio.timeout(5):
            while True:
                try:
                    hub.check("0")
                    break
                except StorageError:
                    await asyncio.sleep(0.01)
        hub.close()

    asyncio.run(listen())


def test_a_study_that_is_gone_already_is_told_first() -> None:
    storage, away = Moody(), Moody()
    study = trimtab.create_study(storage=storage)
    away.fault = StorageError("Away.")

    async def listen() -> None:
        hub = Hub({"0": storage, "1": away}, interval=0.01, heartbeat=0.2)
        listener = hub.join()
        assert listener is not None
        events = hub.events(listener, [f"0-{study.study_id}", "0-77", "1-1"])
        assert await _next(events) == ("storage", "Away.")
        name, first = await _next(events)
        assert (name, first["0-77"]) == ("changed", None)
        assert set(first) == {f"0-{study.study_id}", "0-77"}
        away.fault = None  # only now is it known what is there
        assert await _next(events) == ("storage", None)
        assert await _next(events) == ("changed", {"1-1": None})
        assert (await asyncio.wait_for(anext(events), 60)).startswith(":")  # it is told once
        hub.close()

    asyncio.run(listen())


def test_a_study_that_is_too_new_to_have_been_seen_is_not_gone() -> None:
    has_read, goes_on = threading.Event(), threading.Semaphore(0)

    class Slow(InMemoryStorage):
        def revisions(self) -> dict[int, int]:
            seen = super().revisions()
            has_read.set()
            assert goes_on.acquire(timeout=60)
            return seen

    storage = Slow()

    async def listen() -> None:
        hub = Hub({"0": storage}, interval=0.01)
        assert hub.join() is not None
        assert has_read.wait(60)
        ref = f"0-{trimtab.create_study(storage=storage).study_id}"
        listener = hub.join()
        assert listener is not None
        events = hub.events(listener, [ref, "0-77"])
        goes_on.release()  # the look that began before
        assert await _next(events) == ("changed", {})
        goes_on.release(1000)
        _name, told = await _next(events)
        assert told[ref] is not None
        assert told["0-77"] is None
        hub.close()

    asyncio.run(listen())


def test_who_comes_later_is_told_as_well_what_is_gone() -> None:
    async def listen() -> None:
        hub = Hub({"0": InMemoryStorage()}, interval=0.05)
        first = hub.join()
        assert first is not None
        assert await _next(hub.events(first)) == ("changed", {})
        second = hub.join()
        assert second is not None
        events = hub.events(second, ["0-77"])
        told = await _next(events)
        if told == ("changed", {}):
            told = await _next(events)
        assert told == ("changed", {"0-77": None})
        hub.close()

    asyncio.run(listen())


def test_many_listeners_in_several_loops_are_asked_for_once() -> None:
    storage = Moody()
    trimtab.create_study(storage=storage)
    hub = Hub({"0": storage}, max_listeners=20, interval=0.05)
    heard: list[Mapping[str, int]] = []

    def run() -> None:
        async def listen() -> None:
            listeners = [hub.join() for _ in range(10)]
            for listener in listeners:
                assert listener is not None
                heard.append((await _next(hub.events(listener)))[1])
            await asyncio.sleep(0.5)
            for listener in listeners:
                assert listener is not None
                hub.leave(listener)

        asyncio.run(listen())

    began = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert len(heard) == 20
    # One every interval for all, and one at once for each that comes.
    assert storage.looks < took / 0.05 + 25
    end = time.monotonic() + 60
    while any(t.name.startswith("trimtab-live") for t in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)
    asked = storage.looks
    time.sleep(0.2)
    assert storage.looks == asked


def test_a_silent_stream_shows_that_it_lives() -> None:
    async def listen() -> None:
        hub = Hub({"0": InMemoryStorage()}, interval=0.01, heartbeat=0.05)
        listener = hub.join()
        assert listener is not None
        events = hub.events(listener)
        assert await _next(events) == ("changed", {})
        assert (await asyncio.wait_for(anext(events), 60)).startswith(":")
        hub.close()

    asyncio.run(listen())


def test_a_storage_that_was_found_away_is_so_until_it_is_back() -> None:
    storage = Moody()
    storage.fault = StorageError("Away.")
    hub = Hub({"0": storage}, interval=0.01)
    hub.check("0")  # it is not known
    hub.note("0", StorageUnreadable("A row is damaged."))  # the others can be read
    hub.check("0")
    hub.note("0", StorageError("Away."))
    with pytest.raises(StorageError, match="Away"):
        hub.check("0")
    assert hub.absences(0.0) == {"0": "Away."}
    storage.fault = None
    deadline = time.monotonic() + 60
    while hub.absences(0.0):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    hub.check("0")
    hub.close()


def test_while_changes_go_on_a_storage_is_looked_at_less_often() -> None:
    class Changing(InMemoryStorage):
        looks = 0

        def revisions(self) -> dict[int, int]:
            self.looks += 1
            return {0: self.looks}

    storage = Changing()

    async def listen() -> None:
        hub = Hub({"0": storage}, interval=0.1)
        assert hub.join() is not None
        await asyncio.sleep(2)
        hub.close()

    asyncio.run(listen())
    assert storage.looks <= 8  # after 0, 0.1, 0.3, 0.6, 1.0, 1.5 and 2 s
