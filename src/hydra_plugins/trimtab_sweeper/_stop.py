"""What ends a sweep before its total: time, a file, a signal."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final

STOP_FILE: Final = "delete_me_to_stop_hyperopt"
"""In the working directory; a sweep begins no more runs once it is deleted."""
_ASKED: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Why a sweep is to begin no more runs; made when it starts.

    Args:
        seconds: After which it begins none.
        folder: The working directory.
        clock: Tells seconds.
    """

    def __init__(
        self, seconds: float, folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._deadline = clock() + seconds
        self._file = folder / STOP_FILE
        self._text = f"{os.getpid()}\n"

    def __call__(self) -> str | None:
        """The reason, for people; None: go on."""
        if not self._file.exists():
            return f"the file {STOP_FILE} was deleted"
        if self._clock() >= self._deadline:
            return "max_duration_minutes are over"
        return None

    def __enter__(self) -> Stop:
        self._file.write_text(self._text)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Another sweep of this directory may have begun since: then the file is its own.
        with contextlib.suppress(OSError):
            if self._file.read_text() == self._text:
                self._file.unlink()


class Signals:
    """Counts Ctrl-C and SIGTERM while a sweep runs, rather than tearing what it writes.

    Attributes:
        count: How many came.
        last: The last one, 0 for none.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.count += 1
        self.last = number

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for one in _ASKED:
                self._before[one] = signal.signal(one, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
