"""A job's side of the line to its sweep.

The sweep listens at a socket in a folder of its own and names it, with the job's number and seed,
in an environment variable: so the processes that a launcher starts for the job find it too.
Messages are lines of JSON.
"""

from __future__ import annotations

import json
import logging
import math
import os
import secrets
import socket
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from trimtab.errors import InvalidArgument, InvalidType, TrialPruned

_logger = logging.getLogger(__name__)

VARIABLE: Final = "TRIMTAB_HYDRA_JOB"
"""The environment variable that tells a job where its sweep listens."""
LARGEST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Job:
    """What a job is told of itself.

    Attributes:
        number: Of the job, which is that of its trial.
        seed: Of the run, 0 to 2**31 - 1.
        address: Path of the socket at which the sweep listens.
        token: By which the sweep knows the job.
    """

    number: int
    seed: int
    address: str
    token: str

    def to_environment(self) -> None:
        """Tell this process, and those it starts, that they are this job's."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> Job | None:
        """The job that this process works for; None outside a sweep."""
        text = os.environ.get(VARIABLE)
        return None if text is None else cls(**json.loads(text))


class Line:
    """An open line from a job to its sweep.

    Args:
        job: Whose.

    Raises:
        OSError: If nobody listens, as on another machine.
    """

    def __init__(self, job: Job) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(job.address)
        self._replies = self._socket.makefile("rb")
        self._turn = threading.Lock()
        self.send({"token": job.token})

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Say something and wait for the answer.

        Raises:
            ConnectionError: If the sweep is gone.
        """
        with self._turn:  # of several threads
            self.send(message)
            line = self._replies.readline()
        if not line:
            raise ConnectionResetError("the sweep is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._replies.close()
        self._socket.close()


_lines: dict[tuple[int, str], Line | None] = {}  # by process and token: a fork needs its own


def report(value: float | Mapping[str, float], step: int) -> None:
    """Report how a job is doing, from inside it, so that the sweep's pruner can end it.

    Outside a sweep, or where the sweep runs on another machine, this does nothing.

    Args:
        value: The objective so far, or numbers by metric name; NaN is reported as it is.
        step: At least 0, such as the epoch.

    Raises:
        TrialPruned: If the run is to end now; let it pass.
        InvalidType: If the value is no number or the step no integer.
        InvalidArgument: If the step is negative, or a mapping is empty.
    """
    metrics = _metrics(value)
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise InvalidType("step", "an integer", step)
    if step < 0:
        raise InvalidArgument("step", "an integer of at least 0", step)
    job = Job.from_environment()
    line = None if job is None else _line(job)
    if line is None:
        return
    try:
        answer = line.ask({"report": metrics, "step": int(step)})
    except ConnectionError as error:
        _logger.warning("The sweep does not answer, reports end here: %s", error)
        if job is not None:
            _lines[os.getpid(), job.token] = None
        return
    if answer.get("error"):
        raise InvalidArgument("value", str(answer["error"]), value)
    if answer.get("prune"):
        raise TrialPruned(f"The run is pruned at step {step}.")


def run_seed(default: int | None = None) -> int:
    """The seed that the sweep gave this run, 0 to 2**31 - 1; it is kept with the trial.

    Args:
        default: What to return outside a sweep; None: a random one.
    """
    job = Job.from_environment()
    if job is not None:
        return job.seed
    return secrets.randbelow(LARGEST_SEED + 1) if default is None else default


def _line(job: Job) -> Line | None:
    key = (os.getpid(), job.token)
    if key not in _lines:
        try:
            _lines[key] = Line(job)
        except OSError as error:
            _logger.warning("The sweep cannot be reached from here, reports go nowhere: %s", error)
            _lines[key] = None
    return _lines[key]


def _metrics(value: Any) -> dict[str, float]:
    named = dict(value) if isinstance(value, Mapping) else {"": value}
    if not named:
        raise InvalidArgument("value", "at least one metric", value)
    metrics: dict[str, float] = {}
    for name, number in named.items():
        if isinstance(number, (str, bytes, bool)):
            raise InvalidType("value", "a number", number)
        try:
            metrics[str(name)] = float(number)
        except (TypeError, ValueError) as error:
            raise InvalidType("value", "a number", number) from error
        if math.isinf(metrics[str(name)]):
            raise InvalidArgument("value", "a number that is not infinite", number)
    return metrics
