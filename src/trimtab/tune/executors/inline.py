"""Trials in the process that asks for them, one at a time: to debug, and for what is quick."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from trimtab.tune.events import Event
from trimtab.tune.executors.base import Executor
from trimtab.tune.host import Host
from trimtab.tune.resources import PlacementGroupFactory
from trimtab.tune.session import Assignment, Go


class InlineExecutor(Executor):
    """Runs one trial at a time, until it waits, in this process.

    It shares nothing out: a trial has all that the process has, whatever it needs.
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._host: Host | None = None

    def open(self, trainable: Any, folder: Path, *, reuse: bool = False) -> None:
        """Make ready to run trials of ``trainable``."""
        del folder
        self._host = Host(trainable, self._events.append, reuse=reuse)

    @property
    def host(self) -> Host:
        """Where the trials run; there from `open` to `close`."""
        if self._host is None:
            raise RuntimeError("the executor is not open")
        return self._host

    def check(self, needs: PlacementGroupFactory) -> None:
        """Nothing is refused."""
        del needs

    def has_room(self, needs: PlacementGroupFactory, number: int | None = None) -> bool:
        """Whether all that happened has been told: what ran may be about to run on."""
        del needs, number
        return not self._events

    def start(self, assignment: Assignment) -> None:
        """Run a trial until it waits or ends."""
        self.host.start(assignment)

    def go(self, number: int, answer: Go) -> None:
        """Let a trial run until it waits again or ends."""
        self.host.go(number, answer)

    def end(self, number: int) -> None:
        """End a trial that waits."""
        self.host.end(number)

    def drop(self, number: int) -> None:
        """End a trial that waits, and forget it."""
        self.host.drop(number)

    def kill(self, number: int) -> bool:
        """False: nothing here can be taken away from a trial."""
        del number
        return False

    def poll(self, timeout: float | None) -> list[Event]:
        """What has happened."""
        del timeout
        events = list(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        """End what waits."""
        if self._host is not None:
            self._host.close()
            self._host = None
        self._events.clear()
