"""A limit on one trial's time, inside one process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TrialTimeout(BaseException):
    """Raised inside an objective whose time is up.

    Not an `Exception`: an objective's own ``except Exception`` must not swallow it.
    """


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `TrialTimeout` in the block when its time is up.

    In the main thread an alarm interrupts even a call that waits. In other threads the exception
    comes with the next Python instruction; what hangs in one long call outside Python can only be
    ended with its process (``executor="process"``).
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        with _watched(seconds):
            yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TrialTimeout

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _watched(seconds: float) -> Iterator[None]:
    """Raise `TrialTimeout` in this thread at its next Python instruction after ``seconds``."""
    import ctypes

    target = ctypes.c_ulong(threading.get_ident())
    over = threading.Lock()
    finished = False

    def ring() -> None:
        with over:
            if not finished:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(TrialTimeout))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with over:
            finished = True
            # Take back an alarm that rang but has not been raised yet.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None)
        timer.cancel()
