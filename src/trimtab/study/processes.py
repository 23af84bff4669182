"""The ask-tell loop over worker processes that may crash, hang or run out of time."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

import cloudpickle

from trimtab.errors import InvalidArgument, StaleAttempt, TrialFinished
from trimtab.records import FrozenTrial, Outcome, TrialState
from trimtab.study.loop import Loop, log_outcome, reason_of
from trimtab.study.outcome import outcome_of, pruned_outcome
from trimtab.study.worker import sendable

if TYPE_CHECKING:
    from trimtab.study.trial import Trial

_logger = logging.getLogger(__name__)

_METHODS = frozenset(
    ("_suggest", "report", "should_prune", "set_user_attr", "set_system_attr", "set_constraint")
)
_READABLE = frozenset(
    (
        "params",
        "relative_params",
        "distributions",
        "user_attrs",
        "system_attrs",
        "constraints",
        "datetime_start",
    )
)
_READABLE_OF_STUDY = frozenset(
    (
        "study_name",
        "direction",
        "directions",
        "best_value",
        "best_params",
        "best_trial",
        "best_trials",
        "best_arm",
        "trials",
        "user_attrs",
        "metric_names",
    )
)
_METHODS_OF_STUDY = frozenset(("get_trial", "get_trials", "stop"))
_QUICK_DEATHS = 3
"""Workers that may die before they are ready, one after another, before we give up."""


class _Worker:
    """One child process and what it is running."""

    def __init__(self, objective: bytes) -> None:
        self.connection, theirs = Pipe()
        # Not multiprocessing's spawn: that imports the user's script again, guard or no guard.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trimtab.study.worker", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self.trial: Trial | None = None
        self.ready = False
        self.due = float("inf")
        self.send(list(sys.path), objective)

    def send(self, *message: Any) -> None:
        try:
            self.connection.send_bytes(cloudpickle.dumps(message))
        except (BrokenPipeError, ConnectionResetError):
            return  # it died; its end of the pipe says so to whoever waits for it

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()

    def cause(self) -> str:
        """How the process ended, for people."""
        code = self.process.wait()
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exited with status {code}"


class _Pool:
    """Runs a loop's trials on worker processes.

    Args:
        loop: What to run.
        n_jobs: Workers.
    """

    def __init__(self, loop: Loop, n_jobs: int) -> None:
        try:
            self._objective = cloudpickle.dumps(loop.func)
        except Exception as error:
            raise InvalidArgument(
                "func", "an objective that cloudpickle can send to a process", loop.func
            ) from error
        self._loop = loop
        self._n_jobs = n_jobs
        self._workers: dict[Connection, _Worker] = {}
        self._retries: list[Trial] = []
        self._more = True
        self._deaths = 0
        self._error: BaseException | None = None

    def run(self) -> None:
        """Run until the loop's limits are reached and nothing runs any more."""
        try:
            while self._fill() or any(worker.trial for worker in self._workers.values()):
                self._wait()
            if self._error is not None:
                raise self._error
        except KeyboardInterrupt:
            self._abandon()
            raise
        finally:
            for worker in self._workers.values():
                worker.kill()

    def _fill(self) -> bool:
        """Give every free worker a trial; whether there are workers about to become free."""
        waiting = False
        for worker in list(self._workers.values()):
            if worker.trial is None and worker.ready:
                self._assign(worker)
            waiting = waiting or not worker.ready
        wanted = self._more or bool(self._retries)
        while wanted and len(self._workers) < self._n_jobs:
            worker = _Worker(self._objective)
            self._workers[worker.connection] = worker
            waiting = True
        return wanted and waiting

    def _assign(self, worker: _Worker) -> None:
        loop = self._loop
        if self._retries:
            trial: Trial | None = self._retries.pop()
        else:
            self._more = self._more and self._error is None and loop.budget.take()
            trial = loop.ask() if self._more else None
            self._more = self._more and trial is not None
        if trial is None:
            return
        worker.trial = trial
        if loop.limits.trial_timeout is not None:
            worker.due = time.monotonic() + loop.limits.trial_timeout
        if loop.keeper is not None:
            loop.keeper.hold(trial.number, trial.attempt)
        worker.send(trial.number, trial.attempt)

    def _wait(self) -> None:
        due = min((worker.due for worker in self._workers.values()), default=float("inf"))
        patience = None if due == float("inf") else max(due - time.monotonic(), 0.0)
        for ready in wait(list(self._workers), patience):
            worker = self._workers[ready]  # type: ignore[index]  # what it was given comes back
            try:
                message = cloudpickle.loads(worker.connection.recv_bytes())
            except (EOFError, ConnectionResetError):
                self._bury(worker)
            else:
                self._handle(worker, message)
        now = time.monotonic()
        for worker in list(self._workers.values()):
            if worker.due <= now:
                self._time_out(worker)

    def _handle(self, worker: _Worker, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        trial = worker.trial
        if kind == "ready":
            worker.ready = True
            self._deaths = 0
        elif trial is None:
            _logger.warning("A worker without a trial sent %r.", kind)
        elif kind == "call":
            self._answer(worker, trial, *rest)
        elif kind == "returned":
            self._finish(worker, outcome_of(rest[0], self._loop.n_objectives))
        elif kind == "pruned":
            _logger.info("Trial %d pruned. %s", trial.number, rest[0])
            n = self._loop.n_objectives
            self._finish(worker, pruned_outcome(trial.frozen(), n))
        else:
            error: BaseException = rest[0]
            self._finish(worker, Outcome(TrialState.FAIL, reason=reason_of(error)), error)

    def _answer(
        self,
        worker: _Worker,
        trial: Trial,
        method: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        study = self._loop.study
        try:
            if method in _METHODS:
                answer = getattr(trial, method)(*args, **kwargs)
            elif method == "trial_get" and args[0] in _READABLE:
                answer = getattr(trial, args[0])
            elif method == "study_get" and args[0] in _READABLE_OF_STUDY:
                answer = getattr(study, args[0])
            elif method == "study_call" and args[0] in _METHODS_OF_STUDY:
                answer = getattr(study, args[0])(*args[1:], **kwargs)
            else:
                name = args[0] if args else method
                worker.send("error", AttributeError(f"{name!r} is not for worker processes"))
                return
        except Exception as error:  # noqa: BLE001 - what it is, the objective is to see
            worker.send("error", sendable(error))
        else:
            worker.send("value", answer)

    def _finish(
        self, worker: _Worker, outcome: Outcome, error: BaseException | None = None
    ) -> None:
        trial, loop = worker.trial, self._loop
        worker.trial, worker.due = None, float("inf")
        if trial is None:
            return
        frozen: FrozenTrial | None = None
        try:
            frozen = loop.finish(trial, outcome)
        except (StaleAttempt, TrialFinished) as late:
            _logger.warning("%s", late)
        finally:
            if loop.keeper is not None:
                loop.keeper.release(trial.number)
        if frozen is not None:
            log_outcome(loop.study, frozen, error)
        if error is not None and not isinstance(error, loop.catch):
            self._error = self._error or error
        elif frozen is not None:
            loop.after(frozen)

    def _time_out(self, worker: _Worker) -> None:
        worker.kill()
        del self._workers[worker.connection]
        limit = self._loop.limits.trial_timeout
        self._finish(worker, Outcome(TrialState.FAIL, reason=f"it took more than {limit} s"))

    def _bury(self, worker: _Worker) -> None:
        """Replace a worker that died, and run its trial again if it has attempts left."""
        cause = worker.cause()
        worker.connection.close()
        del self._workers[worker.connection]
        trial, loop = worker.trial, self._loop
        if trial is None:
            self._deaths += 1
            if self._deaths >= _QUICK_DEATHS:
                raise RuntimeError(f"Worker processes do not start: the last one {cause}.")
            return
        if trial.attempt > loop.limits.max_retries:
            reason = f"its worker was lost in attempt {trial.attempt}: {cause}"
            self._finish(worker, Outcome(TrialState.FAIL, reason=reason))
            return
        _logger.warning(
            "The worker of trial %d was lost (%s); the trial is run again.", trial.number, cause
        )
        if loop.keeper is not None:
            loop.keeper.release(trial.number)
        again = loop.reclaim(trial)
        if again is not None:
            self._retries.append(again)

    def _abandon(self) -> None:
        """Ctrl-C: give the running trials back, or fail them, as the loop in one process does."""
        for worker in self._workers.values():
            if worker.trial is not None:
                self._loop.interrupted(worker.trial)
                worker.trial = None


def run_in_processes(loop: Loop, n_jobs: int) -> None:
    """Run a loop on ``n_jobs`` worker processes.

    Raises:
        InvalidArgument: If the objective cannot be sent to a process.
        RuntimeError: If worker processes do not start.
    """
    _Pool(loop, n_jobs).run()
