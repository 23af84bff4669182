"""Runs trials whose runner lets them go: deploys, polls, fetches, and survives its own death."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Final

from trimtab.errors import (
    FailureRateExceeded,
    InvalidArgument,
    MetricFailed,
    SpaceExhausted,
    WrongStatus,
)
from trimtab.experiment.batch import BatchTrial
from trimtab.experiment.experiment import Experiment
from trimtab.experiment.fetching import fetch_trial
from trimtab.experiment.runner import Runner
from trimtab.experiment.status import TrialStatus
from trimtab.experiment.trial import DEPLOYING, BaseTrial
from trimtab.records import TrialState
from trimtab.study.leases import is_dead, worker_id

_logger = logging.getLogger(__name__)

_FACTOR: Final = 1.5
_LEAST_FAILURES: Final = 5
"""Failures below which no rate is held against an experiment."""


class Orchestrator:
    """Drives an experiment's runner until enough trials have ended.

    All that it knows is in the study. Killed at any moment and started again, it goes on: trials
    that run are polled by their stored metadata; one in the midst of being deployed is looked for
    with `Runner.find`, and deployed if it is not there. No trial is deployed twice.

    Args:
        experiment: With a runner.
        tolerated_failure_rate: Share of the trials of this run that may fail; above it, from the
            fifth failure on, the run ends with `FailureRateExceeded`.
        first_poll: Seconds between two rounds of polls, grown by half with each round in which
            nothing changed.
        longest_poll: Seconds to which it grows.
        stop_early: Whether trials that the experiment's early stopping strategy would end are
            stopped.
        sleep: Waits for some seconds; for tests.

    Raises:
        InvalidArgument: If a number is impossible, or the experiment has no runner.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        tolerated_failure_rate: float = 0.5,
        first_poll: float = 1.0,
        longest_poll: float = 60.0,
        stop_early: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if experiment.runner is None:
            raise InvalidArgument("experiment", "an experiment with a runner", experiment)
        if not 0.0 <= tolerated_failure_rate <= 1.0:
            raise InvalidArgument(
                "tolerated_failure_rate", "a share from 0 to 1", tolerated_failure_rate
            )
        if not 0.0 < first_poll <= longest_poll:
            raise InvalidArgument(
                "first_poll", f"above 0 and at most `longest_poll`={longest_poll}", first_poll
            )
        self.experiment = experiment
        self._runner: Runner = experiment.runner
        self._rate = tolerated_failure_rate
        self._first, self._longest = first_poll, longest_poll
        self._stop_early = stop_early
        self._sleep = sleep
        self._ended: dict[TrialStatus, int] = {}

    def run(
        self,
        n_trials: int | None = None,
        parallelism: int = 1,
        *,
        total_trials: int | None = None,
        timeout: float = math.inf,
    ) -> None:
        """Deploy trials and wait until they have ended.

        Args:
            n_trials: How many new trials to deploy.
            parallelism: How many run at one time, those of earlier runs included.
            total_trials: Instead of ``n_trials``: until the experiment has so many trials that
                did not fail; the same command, run again after a crash, goes on where it was.
            timeout: Seconds after which no trial is deployed any more and the run ends.

        Raises:
            InvalidArgument: If a number is impossible, or neither number is given.
            FailureRateExceeded: If more trials failed than are tolerated; those that run go on.
        """
        if (n_trials is None) == (total_trials is None):
            raise InvalidArgument("n_trials", "`n_trials` or `total_trials`, one of them", n_trials)
        for name, number in (("n_trials", n_trials or total_trials), ("parallelism", parallelism)):
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise InvalidArgument(name, "a whole number of at least 1", number)
        self._ended = dict.fromkeys(TrialStatus, 0)
        ends = time.monotonic() + timeout
        left = n_trials if n_trials is not None else math.inf
        wait = self._first
        self._recover()
        while True:
            changed = self._poll()
            running = self._running()
            self._check_rate()
            late = time.monotonic() >= ends
            while left > 0 and not late and len(running) < parallelism:
                if total_trials is not None and self._counted() >= total_trials:
                    left = 0
                    break
                trial = self._next()
                if trial is None:
                    left = 0
                    break
                left -= 1
                changed = True
                self._deploy(trial)
                self._check_rate()
                running = self._running()
            if late or (not running and left <= 0):
                return
            if not self._runner.is_polled:
                continue  # what was deployed has ended
            wait = self._first if changed else min(wait * _FACTOR, self._longest)
            self._sleep(wait)

    # ------------------------------------------------------------------ recover

    def _recover(self) -> None:
        """Take over from one that died: what was being deployed, ended or fetched."""
        for trial in self._at(TrialStatus.CANDIDATE):
            self._find(trial)
        for trial in self._at(TrialStatus.FAILED, TrialStatus.ABANDONED):
            trial.end_rows()
        for trial in self._at(TrialStatus.COMPLETED):
            if any(row.state is TrialState.RUNNING for row in trial.rows() if row.space):
                self._fetch(trial)

    def _find(self, trial: BaseTrial) -> None:
        """Take over a trial that somebody died deploying, or leave it to be deployed."""
        worker = trial.head().system_attrs.get(DEPLOYING)
        if worker is None or worker == worker_id() or not is_dead(str(worker)):
            return  # nobody was deploying it, or whoever was still may be
        try:
            trial.claim(of=str(worker))
            metadata = self._runner.find(trial)
        except WrongStatus:  # another one was faster
            return
        except NotImplementedError as error:
            self._end(trial, TrialStatus.FAILED, f"it may or may not have been deployed: {error}")
            return
        if metadata is None:
            trial.release()
        else:
            _logger.info("Trial %d was deployed before; it is taken over.", trial.index)
            trial.deployed(metadata)

    # ------------------------------------------------------------------ deploy

    def _next(self) -> BaseTrial | None:
        """A CANDIDATE that nobody deploys, else a new one; None where the space is exhausted."""
        for trial in self._at(TrialStatus.CANDIDATE):
            if trial.arms and trial.head().system_attrs.get(DEPLOYING) is None:
                return trial
        try:
            return self.experiment.ask(candidate=True)
        except SpaceExhausted as end:
            _logger.info("No more trials: %s", end)
            return None

    def _deploy(self, trial: BaseTrial) -> None:
        try:
            trial.run()
        except WrongStatus:  # another orchestrator took it
            return
        except Exception as error:
            _logger.exception("Trial %d could not be deployed.", trial.index)
            if not trial.status.is_terminal:
                reason = f"it could not be deployed: {type(error).__name__}: {error}"
                trial.mark_failed(reason)
            self._ended[TrialStatus.FAILED] += 1
            return
        if not self._runner.is_polled and trial.status is TrialStatus.RUNNING:
            self._end(trial, TrialStatus.COMPLETED)

    # ------------------------------------------------------------------ poll

    def _running(self) -> list[BaseTrial]:
        return self._at(TrialStatus.RUNNING, TrialStatus.STAGED)

    def _at(self, *statuses: TrialStatus) -> list[BaseTrial]:
        found = self.experiment.trial_indices_by_status
        indices = sorted(index for status in statuses for index in found[status])
        return [self.experiment.trial(index) for index in indices]

    def _counted(self) -> int:
        """Trials that were begun and did not fail."""
        bad = (TrialStatus.FAILED, TrialStatus.ABANDONED, TrialStatus.CANDIDATE)
        found = self.experiment.trial_indices_by_status
        return sum(len(indices) for status, indices in found.items() if status not in bad)

    def _poll(self) -> bool:
        """Ask about all trials that were deployed; whether anything changed."""
        changed = False
        for trial in self._running():
            before = trial.status
            try:
                now = self._runner.poll(trial)
            except Exception:
                _logger.exception("Trial %d could not be polled; it will be again.", trial.index)
                continue
            if now is TrialStatus.RUNNING:
                if before is TrialStatus.STAGED:
                    trial.mark_running(no_runner_required=True)
                    changed = True
                changed |= self._watch(trial)
            elif now.is_terminal:
                if before is TrialStatus.STAGED:
                    trial.mark_running(no_runner_required=True)
                self._end(trial, now)
                changed = True
        return changed

    def _watch(self, trial: BaseTrial) -> bool:
        """Fetch what a running trial reports, and stop it if it does not look promising."""
        if any(m.is_available_while_running for m in self.experiment.metrics.values()):
            try:
                fetch_trial(self.experiment, trial, TrialStatus.RUNNING)
            except MetricFailed as error:
                _logger.warning("%s It will be tried again.", error)
        if not self._stop_early or isinstance(trial, BatchTrial):
            return False
        reason = self.experiment.should_stop(trial.index)
        if reason is None:
            return False
        trial.stop(TrialStatus.EARLY_STOPPED, reason)
        self._ended[TrialStatus.EARLY_STOPPED] += 1
        return True

    def _end(self, trial: BaseTrial, status: TrialStatus, reason: str | None = None) -> None:
        if status is TrialStatus.COMPLETED:
            trial.mark_completed()
            status = self._fetch(trial)
        elif status is TrialStatus.EARLY_STOPPED:
            trial.mark_early_stopped()
        elif status is TrialStatus.ABANDONED:
            trial.mark_abandoned(reason)
        else:
            trial.mark_failed(reason or "its runner says so")
        self._ended[status] += 1

    def _fetch(self, trial: BaseTrial) -> TrialStatus:
        """Fetch the results of a completed trial; one that has none has failed."""
        try:
            fetch_trial(self.experiment, trial, TrialStatus.COMPLETED)
        except MetricFailed as error:
            _logger.warning("%s", error)
            trial.void(str(error))
            return TrialStatus.FAILED
        return TrialStatus.COMPLETED

    def _check_rate(self) -> None:
        failed = self._ended[TrialStatus.FAILED]
        ended = sum(self._ended.values())
        if failed >= _LEAST_FAILURES and failed > self._rate * ended:
            raise FailureRateExceeded(
                f"{failed} of the {ended} trials that ended have failed; expected at most "
                f"{self._rate:.0%}. The last reasons are with the trials."
            )
