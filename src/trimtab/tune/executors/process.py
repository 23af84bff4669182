"""Trials in worker processes that stay: giving one another trial is a message."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from trimtab.tune.executors.packing import packed
from trimtab.tune.executors.pool import PoolExecutor, Worker
from trimtab.tune.executors.slots import VISIBLE, Gpus, Slots
from trimtab.tune.executors.wire import Unreadable, receive, send
from trimtab.tune.resources import PlacementGroupFactory

_DYING = 1.0
"""Seconds for which a worker that hung up may exit, before it is killed."""
_BATCH = 1000
"""Events taken from one worker at one time: the others are to be heard, too."""


class _Process(Worker):
    """One child process.

    Args:
        gpus: Those that it sees; None: those that this process does.
        greeting: What it is told first.
    """

    def __init__(self, gpus: Gpus, *greeting: Any) -> None:
        super().__init__(gpus)
        self.connection, theirs = Pipe()
        # Not multiprocessing's spawn: that imports the user's script again, guard or no guard.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trimtab.tune.executors.worker", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            process_group=0,  # Ctrl-C is for the run, which decides what becomes of its workers
            env=None if gpus is None else {**os.environ, VISIBLE: ",".join(gpus)},
        )
        theirs.close()
        self._send(*greeting)

    def _send(self, *message: Any) -> None:
        try:
            send(self.connection, message)
        except (BrokenPipeError, ConnectionResetError):
            return  # it died; its end of the pipe says so to whoever waits for it

    def order(self, name: str, *arguments: Any) -> None:
        self._send(name, *arguments)

    def cause(self) -> str:
        """How the process ended, for people."""
        until = time.monotonic() + _DYING
        # Not reaped yet, so that no other process has its number when its group is killed.
        look = os.WEXITED | os.WNOWAIT | os.WNOHANG
        while os.waitid(os.P_PID, self._process.pid, look) is None and time.monotonic() < until:
            time.sleep(0.01)
        self.kill()
        code = self._process.returncode
        if code < 0:
            names = {number.value: number.name for number in signal.Signals}
            return f"its worker was killed by {names.get(-code, f'signal {-code}')}"
        return f"its worker exited with status {code}"

    def kill(self) -> None:
        """End it, and what trainables started in it."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.connection.close()

    def dismiss(self) -> None:
        self.connection.close()

    def settle(self, seconds: float) -> None:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()


class ProcessExecutor(PoolExecutor[_Process]):
    """Runs trials in processes of this machine, as many at one time as it has room for.

    Args:
        num_cpus: Processors to share out, of which a trial takes one where nothing is said; None:
            those that this process may use.
        num_gpus: GPUs to share out; None: those that this process sees, by
            ``CUDA_VISIBLE_DEVICES`` or else by ``nvidia-smi``.
        resources: What else there is, by names of your own: ``{"license": 2}``.

    Raises:
        InvalidArgument: If there are to be more GPUs than this process sees.
    """

    def __init__(
        self,
        num_cpus: int | None = None,
        *,
        num_gpus: int | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self._slots = Slots(num_cpus, num_gpus, resources or {})
        self._trainable = b""
        self._scratch = ""
        self._reuse = False

    def open(self, trainable: Any, folder: Path, *, reuse: bool = False) -> None:
        """Keep ``trainable`` for the workers, which are begun when there is something to run.

        Raises:
            InvalidArgument: If it cannot be sent.
        """
        self._trainable, self._reuse = packed(trainable), reuse
        # On the file system of the checkpoints: these are then moved, and not copied.
        self._scratch = tempfile.mkdtemp(prefix=".scratch-", dir=folder)

    def check(self, needs: PlacementGroupFactory) -> None:
        """Refuse what this machine does not have.

        Raises:
            InvalidArgument: That says what it has.
        """
        self._slots.check(needs)

    def _kind(self, needs: PlacementGroupFactory) -> Gpus:
        return self._slots.choose(needs, self._taken())

    def _fits(self, needs: PlacementGroupFactory, worker: _Process | None) -> bool:
        if worker is None:
            return self._slots.has_room(needs, self._taken())
        return self._slots.has_room_on(worker.kind, needs, self._taken())

    def _recruit(self) -> None:
        for assignment, gpus in self._queue:
            same = [each for each in self._workers if each.kind == gpus]
            coming = sum(not each.is_ready for each in same)
            wanted = sum(each == gpus for _, each in self._queue)
            # Where as many are there as can run, one that ends a trial is soon free.
            if coming < wanted and len(same) < self._slots.most(assignment.resources):
                greeting = list(sys.path), self._trainable, self._scratch, self._reuse
                self._workers.append(_Process(gpus, *greeting))

    def _listen(self, timeout: float | None) -> None:
        workers = {worker.connection: worker for worker in self._workers}
        if workers:
            for ready in wait(list(workers), timeout):
                self._drain(workers[ready])  # type: ignore[index]  # it is one of these
        elif timeout:
            time.sleep(timeout)

    def _drain(self, worker: _Process) -> None:
        for _ in range(_BATCH):
            try:
                event = receive(worker.connection)
            except (EOFError, ConnectionResetError):
                self._lose(worker, worker.cause())
                return
            except Unreadable as error:
                worker.kill()
                self._lose(worker, str(error))
                return
            self._hear(worker, event)
            if worker.connection.closed or not worker.connection.poll():
                return

    def close(self) -> None:
        """Have what rests clean up, for a while; then end the workers."""
        super().close()
        shutil.rmtree(self._scratch, ignore_errors=True)
