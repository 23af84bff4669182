"""Running a command to its end, whatever signals come meanwhile."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType


def run(command: Sequence[str], env: Mapping[str, str]) -> int:
    """The command's exit status, as a shell would give it.

    Ctrl-C reaches the command by itself, as a member of the terminal's group: we only wait. A
    request to end is passed on.
    """
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if process is None:
            raise SystemExit(128 + number)
        process.send_signal(number)

    def wait_on(_number: int, _frame: FrameType | None) -> None:
        if process is None:
            raise KeyboardInterrupt

    handlers = {signal.SIGINT: wait_on, signal.SIGTERM: pass_on, signal.SIGHUP: pass_on}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        process = subprocess.Popen(command, env=env)
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
