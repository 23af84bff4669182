"""A worker process of ``Study.optimize(..., executor="process")``.

It is started with the number of a file descriptor, receives the objective once, and then runs it
on one trial after another. The trial it hands to the objective forwards every call to the live
handle in the study's process, so there is one sampler, one pruner and one storage connection.
The messages are this program's own, between a process and its child; nothing of them is stored.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Container, Mapping
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from trimtab.errors import TrialPruned
from trimtab.records import FrozenTrial, TrialState
from trimtab.space import Distribution
from trimtab.study.handle import BaseTrial


class RemoteStudy:
    """The study as a worker sees it: what may be read, and `stop`."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._link.call("study_get", name)

    def get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        *,
        archived: bool = False,
    ) -> list[FrozenTrial]:
        """See `Study.get_trials`."""
        wanted = None if states is None else [state for state in TrialState if state in states]
        found: list[FrozenTrial] = self._link.call(
            "study_call", "get_trials", deepcopy, wanted, archived=archived
        )
        return found

    def get_trial(self, number: int) -> FrozenTrial:
        """See `Study.get_trial`."""
        found: FrozenTrial = self._link.call("study_call", "get_trial", number)
        return found

    def stop(self) -> None:
        """End the optimize loop after the trials that run now."""
        self._link.call("study_call", "stop")


class RemoteTrial(BaseTrial):
    """A running trial whose handle lives in the study's process."""

    def __init__(self, link: Link, number: int, attempt: int) -> None:
        self._link = link
        self.number = number
        self.attempt = attempt
        self.study = RemoteStudy(link)

    def _suggest(self, name: str, distribution: Distribution) -> Any:
        return self._link.call("_suggest", name, distribution)

    def report(
        self, value: float | Mapping[str, float], step: int, *, metric: str | None = None
    ) -> None:
        """See `Trial.report`."""
        self._link.call("report", value, step, metric=metric)

    def should_prune(self) -> bool:
        """See `Trial.should_prune`."""
        return bool(self._link.call("should_prune"))

    def set_user_attr(self, key: str, value: Any) -> None:
        """See `Trial.set_user_attr`."""
        self._link.call("set_user_attr", key, value)

    def set_system_attr(self, key: str, value: Any) -> None:
        """See `Trial.set_system_attr`."""
        self._link.call("set_system_attr", key, value)

    def set_constraint(self, key: str, value: float) -> None:
        """See `Trial.set_constraint`."""
        self._link.call("set_constraint", key, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._link.call("trial_get", name)


class Link:
    """Calls into the study's process.

    Args:
        connection: To it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    def receive(self) -> Any:
        """The next message."""
        return cloudpickle.loads(self._connection.recv_bytes())

    def send(self, *message: Any) -> None:
        """Send a message."""
        self._connection.send_bytes(cloudpickle.dumps(message))

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """What the live handle's method returns; raises what it raises. For any thread."""
        with self._turn:
            self.send("call", method, args, kwargs)
            kind, answer = self.receive()
        if kind == "error":
            raise answer
        return answer


def main(descriptor: int) -> None:
    """Serve the study's process until it closes the connection."""
    # Ctrl-C reaches the whole process group; the study's process decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = Link(Connection(descriptor))
    try:
        path, objective = link.receive()
        sys.path[:] = path
        func = cloudpickle.loads(objective)
        link.send("ready")
        while True:
            number, attempt = link.receive()
            _run(link, func, RemoteTrial(link, number, attempt))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _run(link: Link, func: Any, trial: RemoteTrial) -> None:
    try:
        told = func(trial)
    except TrialPruned as pruned:
        link.send("pruned", str(pruned))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - an objective may raise anything
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        link.send("raised", sendable(error))
    else:
        if _survives(told):
            link.send("returned", told)
        else:
            link.send("raised", TypeError(f"the value {told!r} cannot be sent to the study"))


def sendable(error: Exception) -> Exception:
    """An exception that arrives at the other end: itself, or one that says as much.

    One whose ``__init__`` takes other arguments than it keeps is pickled, but not unpickled.
    """
    if _survives(error):
        return error
    instead = RuntimeError(f"{type(error).__name__}: {error}")
    for note in getattr(error, "__notes__", ()):
        instead.add_note(note)
    return instead


def _survives(message: Any) -> bool:
    """Whether something can be pickled and unpickled."""
    if message is None or isinstance(message, (float, int, str)):
        return True
    try:
        cloudpickle.loads(cloudpickle.dumps(message))
    except Exception:  # noqa: BLE001 - its own code runs here, and may raise anything
        return False
    return True


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main(int(sys.argv[1]))
