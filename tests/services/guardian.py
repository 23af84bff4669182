"""Ends a server and removes its folder when the process that started it is gone.

    python guardian.py FOLDER PID_FILE SIGNAL

The owner holds the other end of our standard input. However the owner ends, by returning, by an
exception or by `kill -9`, that pipe closes, and the server is asked to stop, then made to.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

PATIENCE = 10.0  # seconds a server is given to stop by itself


def server_pid(pid_file: Path) -> int | None:
    """The process named on the file's first line, while it runs."""
    try:
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return None
    return pid


def end(pid_file: Path, first: signal.Signals) -> None:
    deadline = time.monotonic() + PATIENCE
    if (pid := server_pid(pid_file)) is not None:
        os.kill(pid, first)
    while (pid := server_pid(pid_file)) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)


def main() -> None:
    folder, pid_file, first = Path(sys.argv[1]), Path(sys.argv[2]), signal.Signals(int(sys.argv[3]))
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end(pid_file, first)
    # A killed server's children may write for a moment longer.
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.1)


if __name__ == "__main__":
    main()
