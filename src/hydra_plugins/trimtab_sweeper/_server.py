"""The process that forks one child for every job.

It is forked itself before the sweep opens its storage, and so has neither connections nor threads
that a fork would tear: each child is a copy of the program as Hydra had just set it up.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import random
import select
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

from hydra_plugins.trimtab_sweeper._exit import ExitFunctions
from trimtab.errors import short_repr
from trimtab.integrations.hydra.job import Job, Line

_logger = logging.getLogger(__name__)

Launch: TypeAlias = Callable[[Sequence[Sequence[str]], int], Sequence[Any]]
"""A launcher's ``launch``: overrides of each job and the first one's number to their returns."""

_GRACE: Final = 2.0
"""Seconds that jobs have to end when the sweep is gone."""


class Server:
    """Forks children as it is told, and tells which have ended.

    Args:
        link: To the sweep. It sends lines of JSON: ``{"run": job, "overrides": [...]}``,
            ``{"signal": number}`` for all jobs, and ``{"close": true}`` when no more will come.
            It is sent ``{"exit": token, "status": ...}``.
        launch: Runs a job; called in the child.
        folder: Of the sweep's socket, removed where the sweep cannot do so any more.
    """

    def __init__(self, link: socket.socket, launch: Launch, folder: str) -> None:
        self._link = link
        self._launch = launch
        self._folder = folder
        self._jobs: dict[int, str] = {}
        self._heard = b""
        self._closing = False

    def serve(self) -> None:
        """Until the sweep closes the link, or goes away: then the jobs are ended, too."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep decides what Ctrl-C means
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)  # whoever kills the sweep's group leaves us to end its jobs
        gc.freeze()
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while self._jobs or not self._closing:
            sources: list[socket.socket | int] = [self._link, self._wake]
            ready, _, _ = select.select(sources, [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._reap()
            if self._link in ready and not self._listen():
                self._abandon()
                return

    def _listen(self) -> bool:
        """Do what the sweep says; False when it is gone."""
        try:
            data = self._link.recv(1 << 16)
        except ConnectionError:
            data = b""
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "run" in message:
                self._fork(Job(**message["run"]), message["overrides"])
            elif "signal" in message:
                self._signal(message["signal"])
            else:
                self._closing = True
        return bool(data)

    def _fork(self, job: Job, overrides: list[str]) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(job, overrides)
        with contextlib.suppress(OSError):  # the child does the same, whoever is first
            os.setpgid(pid, pid)
        self._jobs[pid] = job.token

    def _become(self, job: Job, overrides: list[str]) -> NoReturn:
        """The child's life."""
        status = 1
        leaving = ExitFunctions()
        try:
            leaving.take_over()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setpgid(0, 0)
            self._link.close()
            os.close(self._wake)
            with open(os.devnull) as nothing:  # noqa: PTH123 - its descriptor is wanted
                os.dup2(nothing.fileno(), 0)
            job.to_environment()
            _seed(job.seed)
            _run(job, overrides, self._launch)
            status = 0
        finally:
            with contextlib.suppress(Exception):
                threading._shutdown()  # type: ignore[attr-defined]
                leaving.run()
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        while self._jobs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            token = self._jobs.pop(pid, None)
            if token is not None:
                self._say({"exit": token, "status": os.waitstatus_to_exitcode(status)})

    def _say(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            self._link.sendall(json.dumps(message).encode() + b"\n")

    def _signal(self, number: int) -> None:
        for pid in self._jobs:
            with contextlib.suppress(OSError):
                os.killpg(pid, number)

    def _abandon(self) -> None:
        """The sweep was killed: nobody waits for these jobs any more."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while self._jobs and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.01)
        self._signal(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


def _seed(seed: int) -> None:
    """Seed what global generators are loaded: forks of one process would draw alike."""
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def _run(job: Job, overrides: list[str], launch: Launch) -> None:
    """Run a job and say how it ended."""
    line = Line(job)
    try:
        message = _outcome(job, overrides, launch)
    except KeyboardInterrupt:
        message = {"failed": "it was interrupted"}
    except SystemExit as left:
        message = {"failed": f"it left by sys.exit({left.code!r})"}
    sys.stdout.flush()
    sys.stderr.flush()
    line.send(message)
    line.close()


def _outcome(job: Job, overrides: list[str], launch: Launch) -> dict[str, Any]:
    try:
        returns = launch([overrides], job.number)
        if len(returns) != 1:
            return {"failed": f"the launcher returned {len(returns)} results for one job"}
        (returned,) = returns
        value = returned.return_value  # raises what the job raised
    except Exception as error:
        if any(kind.__name__ == "TrialPruned" for kind in type(error).__mro__):
            return {"pruned": str(error)}
        _logger.warning("Job #%d failed.", job.number, exc_info=error)
        return {"failed": f"{type(error).__name__}: {error}"[:2000]}
    return {"returned": plain(value), "folder": _folder(returned)}


def _folder(returned: Any) -> str | None:
    config = getattr(returned, "hydra_cfg", None)
    return None if config is None else str(config.hydra.runtime.output_dir)


def plain(value: Any) -> Any:
    """A job's return value as JSON has it; what cannot be so is described."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return plain(value.item())  # a scalar of NumPy's or PyTorch's
    if getattr(value, "ndim", None) == 1 and hasattr(value, "tolist"):
        return value.tolist()
    return short_repr(value)
