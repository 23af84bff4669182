"""Messages between a run and its workers.

What users wrote (trainables, configs, metrics) is pickled by cloudpickle, as it may be of no module
that a worker can import; the rest by pickle, which is several times as fast.
"""

from __future__ import annotations

import pickle
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from trimtab.errors import InvalidType, TrimtabError
from trimtab.tune.events import Event, Failed, Reported


class Unreadable(TrimtabError, ValueError):
    """A message has something that cannot be made here."""


def pack(message: Any) -> bytes:
    """A message as bytes."""
    try:
        return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return bytes(cloudpickle.dumps(message))


def pack_event(event: Event) -> bytes:
    """An event as bytes; an error that cannot be sent stays where it is, and only its text goes.

    Raises:
        InvalidType: If a metric cannot be sent; it says which.
    """
    if isinstance(event, Failed):
        if event.error is not None:
            event.error.add_note(event.traceback)  # its own does not go with it
        try:
            cloudpickle.loads(cloudpickle.dumps(event.error))
        except Exception:  # noqa: BLE001 - an error's own code runs here, and may raise anything
            event = Failed(event.number, event.reason, event.traceback)
    try:
        return pack(event)
    except Exception as error:
        if not isinstance(event, Reported):
            raise
        raise _unsent(event, error) from error


def unpack(message: bytes) -> Any:
    """What was packed.

    Raises:
        Unreadable: If it cannot be unpickled.
    """
    try:
        return pickle.loads(message)  # noqa: S301 - from our own child, or to it
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise Unreadable(f"what it reported cannot be read by the run ({told})") from error


def send(connection: Connection, message: Any) -> None:
    """Send a message to one's own child, or to whose child one is."""
    connection.send_bytes(pack(message))


def receive(connection: Connection) -> Any:
    """The next message.

    Raises:
        EOFError: If the other end is gone.
        Unreadable: If what came cannot be unpickled.
    """
    return unpack(connection.recv_bytes())


def _unsent(event: Reported, error: Exception) -> InvalidType:
    """Which metric cannot be sent to the run."""
    for name, value in event.metrics.items():
        try:
            cloudpickle.dumps(value)
        except Exception as cause:  # noqa: BLE001 - pickling runs code of the user's
            expected = f"values that pickle can send ({cause}); {name!r} is none"
            return InvalidType("metrics", expected, value)
    return InvalidType("metrics", f"values that pickle can send ({error})", event.metrics)
