"""A worker process of the `process` executor: a `Host` that is told by a pipe what to do."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection

import cloudpickle

from trimtab.tune.events import Event
from trimtab.tune.executors.wire import pack_event, receive, send
from trimtab.tune.host import Host

_LOOK = 1.0
"""Seconds between two looks whether the run still lives."""


def main(descriptor: int) -> None:
    """Serve the run until it closes the connection."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    connection = Connection(descriptor)
    # What a trainable starts or forks is not to keep the connection open when this process ends.
    os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=connection.close)
    try:
        path, trainable, scratch, reuse = receive(connection)
        sys.path[:] = path
        # On the file system of the checkpoints: these are then moved there, and not copied.
        tempfile.tempdir = scratch
        host = Host(
            cloudpickle.loads(trainable),
            lambda event: _tell(connection, event),
            scratch,
            has_process=True,
            reuse=reuse,
        )
        send(connection, None)
        while True:
            order, *arguments = receive(connection)
            getattr(host, order)(*arguments)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The run is gone, and with it all reason to go on.
        end()


def _tell(connection: Connection, event: Event) -> None:
    if connection.closed:
        os._exit(0)  # this process was forked by a trainable, and has come to its end
    message = pack_event(event)
    try:
        connection.send_bytes(message)
    except (BrokenPipeError, ConnectionResetError):
        end()


def end() -> None:
    """End this process, and those that trainables started in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _end_with(parent: int) -> None:
    """End this process when the one that began it is gone, whatever a trainable is doing."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    end()


if __name__ == "__main__":
    main(int(sys.argv[1]))
