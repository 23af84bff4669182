"""Jobs of a sweep: begun at any time, each ending in an event."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

from hydra_plugins.trimtab_sweeper._server import Launch, Server
from trimtab.integrations.hydra.job import Job


@dataclass(frozen=True, slots=True)
class Returned:
    """A job came to its end.

    Attributes:
        number: Of the job.
        value: What it returned, as JSON brings it back.
        folder: Its output directory; None where the launcher does not say.
    """

    number: int
    value: Any
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """A job ended as it was told to."""

    number: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A job raised, was killed or got lost; ``reason`` says so, for people."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reported:
    """A job reports, and waits for `Jobs.answer`.

    Attributes:
        number: Of the job.
        step: At least 0.
        metrics: Numbers by metric name; that of the objective is empty.
    """

    number: int
    step: int
    metrics: dict[str, float]


Event: TypeAlias = Returned | Pruned | Failed | Reported

_CLOSING: Final = 10.0
"""Seconds that children have, once all jobs have ended, for what they do at exit."""


class Jobs:
    """Runs jobs through a launcher, each in a child process of its own.

    To be made before the program opens connections or starts threads: a copy of the process as
    it is now becomes the parent of all jobs.

    Args:
        launch: The launcher's method.
    """

    def __init__(self, launch: Launch) -> None:
        self._folder = tempfile.mkdtemp(prefix="trimtab-")
        self._address = str(Path(self._folder, "sweep"))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self._address)
        self._listener.listen(64)
        self._listener.setblocking(False)
        self._link, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            # Whatever threads a library has begun stay here: nothing of it is used before a fork.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._server = os.fork()
        if self._server == 0:
            _serve(Server(theirs, launch, self._folder), (self._link, self._listener))
        theirs.close()
        self._link.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._link, selectors.EVENT_READ)
        self._heard: dict[socket.socket, bytes] = {self._link: b""}
        self._tokens: dict[socket.socket, str] = {}
        self._asking: dict[int, deque[socket.socket]] = {}  # processes of a job, in turn
        self._running: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, number: int, overrides: Sequence[str], seed: int) -> None:
        """Begin a job at once.

        Args:
            number: Of the job, unique in the sweep directory.
            overrides: Of the job, as Hydra's command line has them.
            seed: Of the run, 0 to 2**31 - 1.
        """
        job = Job(number, seed, self._address, secrets.token_hex(8))
        self._running[job.token] = number
        self._tell({"run": asdict(job), "overrides": list(overrides)})

    def wait(self, seconds: float) -> list[Event]:
        """What happened, as soon as anything did; empty when nothing did for so long."""
        deadline = time.monotonic() + seconds
        while True:
            ready = [key.fileobj for key, _ in self._selector.select(_left(deadline))]
            events: list[Event] = []
            if self._listener in ready:
                self._accept()
            for one in ready:
                if isinstance(one, socket.socket) and one in self._tokens:
                    events += self._listen(one)
            if self._link in ready:
                events += self._exits()
            if events or time.monotonic() >= deadline:
                return events

    def answer(self, number: int, *, prune: bool, error: str | None = None) -> None:
        """Let a job that reported go on, or end; its reports are answered in their order.

        Args:
            number: Of the job.
            prune: Whether it is to end now.
            error: Why the report could not be taken.
        """
        asking = self._asking[number].popleft()
        with contextlib.suppress(OSError):  # it died meanwhile: that is told as such
            asking.sendall(json.dumps({"prune": prune, "error": error}).encode() + b"\n")

    def signal(self, number: int) -> None:
        """Send all jobs a signal."""
        self._tell({"signal": number})

    def __enter__(self) -> Jobs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the children; where jobs are left, they are killed."""
        with contextlib.suppress(ChildProcessError):  # the server is gone already
            if not self._running:
                self._tell({"close": True})
                self._await_server()
        for one in [*self._heard, self._listener]:
            one.close()
        self._selector.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._server, 0)
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------ the lines

    def _await_server(self) -> None:
        """Until it has reaped its children, whatever they do at exit, or they take too long."""
        deadline = time.monotonic() + _CLOSING
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ)
            while selector.select(_left(deadline)):
                if self._receive(self._link)[1]:
                    return

    def _tell(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        self._link.setblocking(True)
        try:
            self._link.sendall(data)
        except ConnectionError as error:
            raise ChildProcessError("the process that starts jobs was killed") from error
        finally:
            self._link.setblocking(False)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                line, _ = self._listener.accept()
                line.setblocking(False)
                self._heard[line] = b""
                self._tokens[line] = ""
                self._selector.register(line, selectors.EVENT_READ)

    def _receive(self, line: socket.socket) -> tuple[list[dict[str, Any]], bool]:
        """Whole messages that came, and whether the line is at its end."""
        data, over = bytearray(self._heard[line]), False
        while not over:
            try:
                more = line.recv(1 << 16)
            except BlockingIOError:
                break
            except ConnectionError:
                more = b""
            over = not more
            data += more
        *lines, rest = bytes(data).split(b"\n")
        self._heard[line] = rest
        return [json.loads(text) for text in lines], over

    def _listen(self, line: socket.socket) -> list[Event]:
        messages, over = self._receive(line)
        events: list[Event] = []
        for message in messages:
            if "token" in message:
                self._tokens[line] = message["token"]
                continue
            event = self._event(self._tokens[line], message)
            if isinstance(event, Reported):
                self._asking.setdefault(event.number, deque()).append(line)
            if event is not None:
                events.append(event)
        if over:
            self._selector.unregister(line)
            del self._heard[line], self._tokens[line]
            line.close()
        return events

    def _event(self, token: str, message: dict[str, Any]) -> Event | None:
        number = self._running.get(token)
        if number is None:
            return None  # a process that outlived its job
        if "report" in message:
            return Reported(number, message["step"], message["report"])
        del self._running[token]
        if "returned" in message:
            return Returned(number, message["returned"], message["folder"])
        return Pruned(number) if "pruned" in message else Failed(number, message["failed"])

    def _exits(self) -> list[Event]:
        messages, over = self._receive(self._link)
        if over:
            raise ChildProcessError("the process that starts jobs was killed")
        events: list[Event] = []
        for message in messages:
            # What a child said before it ended has arrived, though it may not be read yet.
            self._accept()
            for line in list(self._tokens):
                events += self._listen(line)
            number = self._running.pop(message["exit"], None)
            if number is not None:
                events.append(Failed(number, _how(message["status"])))
        return events


def _how(status: int) -> str:
    if status < 0:
        return f"it was killed by {signal.Signals(-status).name}"
    return f"its process ended with status {status}, and no result"


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.0)


def _serve(server: Server, inherited: Sequence[socket.socket]) -> None:
    status = 1
    try:
        for one in inherited:
            one.close()
        server.serve()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may go on as if this were the sweep
        traceback.print_exc()
    finally:
        os._exit(status)
