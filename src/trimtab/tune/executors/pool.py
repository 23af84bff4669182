"""Workers that stay: who runs what, what rests where, who takes the next trial.

What a worker is, a process or an actor of a cluster, and how many of them there can be, is for the
executors that are made of this.
"""

from __future__ import annotations

import errno
import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Final, Generic, TypeVar

from trimtab.tune.events import Event, Evicted, Failed, Reported, Returned
from trimtab.tune.executors.base import Executor
from trimtab.tune.resources import PlacementGroupFactory
from trimtab.tune.session import Assignment, Go

_logger = logging.getLogger(__name__)

_STILLBORN: Final = 5
"""Workers that may die before they are ready, one after another, before we give up."""
_PATIENCE: Final = 5.0
"""Seconds for which workers that are to end may clean up."""


def is_exhausted(error: Exception | None) -> bool:
    """Whether something has run out that a process has for all its trials."""
    if isinstance(error, OSError):
        return error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
    named = ("OutOfMemoryError", "can't start new thread")  # of PyTorch, and of Python's threads
    return isinstance(error, MemoryError) or any(name in repr(error) for name in named)


class Worker(ABC):
    """Where a `Host` runs trials, one at a time.

    Attributes:
        kind: What it has; a trial runs only in a worker of its own kind.
        running: The trial that runs in it, or is about to come to its end.
        resting: Trials that wait in it.
        ending: Trials that were told to end.
        needs: What the trials in it need, by number.
        is_ready: Whether it has told that it lives.
    """

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.running: int | None = None
        self.resting: set[int] = set()
        self.ending: set[int] = set()
        self.needs: dict[int, PlacementGroupFactory] = {}
        self.is_ready = False

    @property
    def is_free(self) -> bool:
        """Whether it can run a trial now."""
        return self.is_ready and self.running is None

    @abstractmethod
    def order(self, name: str, *arguments: Any) -> None:
        """Have its host do something; it does one thing after the other."""

    @abstractmethod
    def kill(self) -> None:
        """End it at once."""

    @abstractmethod
    def dismiss(self) -> None:
        """Have it do what it was ordered, and end."""

    @abstractmethod
    def settle(self, seconds: float) -> None:
        """Wait until it has ended, so long; then kill it."""


W = TypeVar("W", bound=Worker)


class PoolExecutor(Executor, Generic[W]):
    """Runs trials in workers that stay.

    A worker that dies is replaced. Trials that rested in it are begun elsewhere, from their
    checkpoints.
    """

    def __init__(self) -> None:
        self._workers: list[W] = []
        self._places: dict[int, W] = {}
        self._queue: deque[tuple[Assignment, Any]] = deque()
        self._events: deque[Event] = deque()
        self._stillborn = 0

    # ------------------------------------------------------------------ what differs

    @abstractmethod
    def _kind(self, needs: PlacementGroupFactory) -> Any:
        """The kind of worker that a new trial is to run in."""

    @abstractmethod
    def _fits(self, needs: PlacementGroupFactory, worker: W | None) -> bool:
        """Whether there is enough of what a trial needs: in its worker, or wherever."""

    @abstractmethod
    def _recruit(self) -> None:
        """Begin workers for what is in the queue."""

    @abstractmethod
    def _listen(self, timeout: float | None) -> None:
        """Wait for what workers tell, and take it in by `_hear` and `_lose`."""

    # ------------------------------------------------------------------ the contract

    def has_room(self, needs: PlacementGroupFactory, number: int | None = None) -> bool:
        """Whether there is enough for a trial, and where one rests whether its worker is free."""
        worker = None if number is None else self._places.get(number)
        if worker is not None and worker.running is not None:
            return False
        return self._fits(needs, worker)

    def start(self, assignment: Assignment) -> None:
        """Run a trial on a free worker; where none is, as soon as one is."""
        self._queue.append((assignment, self._kind(assignment.resources)))
        self._serve()

    def go(self, number: int, answer: Go) -> None:
        """Let a trial run on in its worker."""
        worker = self._places[number]
        worker.resting.discard(number)
        worker.running = number
        worker.order("go", number, answer)

    def end(self, number: int) -> None:
        """Have a trial come to its end in its worker."""
        worker = self._places[number]
        worker.resting.discard(number)
        worker.ending.add(number)
        worker.running = number if worker.running is None else worker.running
        worker.order("end", number)

    def drop(self, number: int) -> None:
        """Have a trial end in its worker, and forget it."""
        worker = self._leave(number)
        worker.order("drop", number)

    def kill(self, number: int) -> bool:
        """Kill the worker of a running trial."""
        for waiting in self._queue:
            if waiting[0].number == number:
                self._queue.remove(waiting)
                return True
        worker = self._places.get(number)
        if worker is None or worker.running != number:
            return False
        self._leave(number)
        worker.kill()
        self._forget(worker)
        self._serve()
        return True

    def poll(self, timeout: float | None) -> list[Event]:
        """What the workers told; waits where none told anything."""
        if not self._events:
            self._listen(timeout)
        events = list(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        """Have what rests clean up, for a while, and end the workers."""
        for worker in self._workers:
            if worker.is_free:
                worker.order("close")
                worker.dismiss()
            else:
                worker.kill()
        until = time.monotonic() + _PATIENCE
        for worker in self._workers:
            worker.settle(max(until - time.monotonic(), 0.01))
        self._workers.clear()
        self._places.clear()
        self._queue.clear()
        self._events.clear()

    # ------------------------------------------------------------------ who runs what

    def _taken(self) -> list[tuple[PlacementGroupFactory, Any]]:
        """What is in use: needs and kind of all that run or are about to."""
        running = [(w.needs[w.running], w.kind) for w in self._workers if w.running is not None]
        return running + [(assignment.resources, kind) for assignment, kind in self._queue]

    def _serve(self) -> None:
        """Give what was begun to workers that are free."""
        waiting, self._queue = self._queue, deque()
        for assignment, kind in waiting:
            free = [each for each in self._workers if each.is_free and each.kind == kind]
            if free:
                self._assign(min(free, key=lambda worker: len(worker.resting)), assignment)
            else:
                self._queue.append((assignment, kind))
        self._recruit()

    def _assign(self, worker: W, assignment: Assignment) -> None:
        worker.running = assignment.number
        worker.needs[assignment.number] = assignment.resources
        self._places[assignment.number] = worker
        worker.order("start", assignment)

    def _leave(self, number: int) -> W:
        """A trial is in its worker no more."""
        worker = self._places.pop(number)
        worker.resting.discard(number)
        worker.ending.discard(number)
        del worker.needs[number]
        if worker.running == number:  # one that rested may end while another runs
            worker.running = None
        return worker

    def _hear(self, worker: W, event: Event | None) -> None:
        """Take in what a worker tells; None: it is ready."""
        if event is None:
            worker.is_ready = True
            self._stillborn = 0
        elif self._places.get(event.number) is worker:  # otherwise it was dropped meanwhile
            if isinstance(event, (Returned, Failed)):
                self._leave(event.number)
            elif isinstance(event, Reported) and event.waits:
                worker.running = None
                worker.resting.add(event.number)
            self._events.append(event)
            if isinstance(event, Failed) and is_exhausted(event.error) and not worker.needs:
                worker.kill()  # what trials leak goes with it; another takes its place
                self._forget(worker)
                self._serve()
        if self._queue and worker.is_free:
            self._serve()

    def _lose(self, worker: W, cause: str, details: str = "") -> None:
        """Let go of a worker that died.

        Raises:
            RuntimeError: If one after the other did before it was ready.
        """
        if not worker.is_ready:
            self._stillborn += 1
            if self._stillborn >= _STILLBORN:
                raise RuntimeError(f"Workers do not start; of the last {cause}. {details}".strip())
        number = worker.running
        if number is not None:
            _logger.warning("Trial %d: %s; another takes its place.", number, cause)
        if number is not None and number not in worker.ending:
            self._leave(number)
            self._events.append(Failed(number, cause, details, lost=True))
        self._forget(worker)
        self._serve()

    def _forget(self, worker: W) -> None:
        """Have what rests in a worker that is gone begun elsewhere; what was to end has ended."""
        self._workers.remove(worker)
        for number in sorted(worker.needs):
            event = Returned(number) if number in worker.ending else Evicted(number)
            self._leave(number)
            self._events.append(event)
