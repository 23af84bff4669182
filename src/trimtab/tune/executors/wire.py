"""Messages between a run and its worker processes: its own children, on pipes of their own.

What users wrote (trainables, configs) is pickled by cloudpickle, as it may be of no module that a
worker can import; the rest by pickle, which is several times as fast.
"""

from __future__ import annotations

import pickle
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from trimtab.errors import TrimtabError


def send(connection: Connection, message: Any) -> None:
    """Send what is made of Trimtab's own records and of plain values."""
    try:
        packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        packed = cloudpickle.dumps(message)
    connection.send_bytes(packed)


class Unreadable(TrimtabError, ValueError):
    """A message has something that cannot be made here."""


def receive(connection: Connection) -> Any:
    """The next message.

    Raises:
        EOFError: If the other end is gone.
        Unreadable: If what came cannot be unpickled.
    """
    message = connection.recv_bytes()
    try:
        return pickle.loads(message)  # noqa: S301 - from our own child, or to it
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise Unreadable(f"what it reported cannot be read by the run ({told})") from error
