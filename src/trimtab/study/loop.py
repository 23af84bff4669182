"""The ask-tell loop: one trial from its asking to its end."""

from __future__ import annotations

import gc
import logging
import threading
import time
from typing import TYPE_CHECKING

from trimtab.errors import StaleAttempt, TrialFinished, TrialPruned
from trimtab.records import FrozenTrial, History, Outcome, TrialState
from trimtab.storage import InMemoryStorage, Lease
from trimtab.study.leases import LeaseKeeper, reclaim_dead, worker_id
from trimtab.study.limits import Limits
from trimtab.study.outcome import outcome_of, pruned_outcome
from trimtab.study.tell import finish
from trimtab.study.timeouts import TrialTimeout, deadline

if TYPE_CHECKING:
    from trimtab.study.progress import Progress
    from trimtab.study.study import Callback, Objective, Study
    from trimtab.study.trial import Trial

_logger = logging.getLogger(__name__)

_NEVER = 1e9
"""Seconds of a lease that only ends when it is ended."""


class Budget:
    """What is left of the limits; shared by the threads of one loop."""

    def __init__(self, study: Study, limits: Limits) -> None:
        self._study = study
        self._limits = limits
        self._left = limits.n_trials
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def elapsed(self) -> float:
        """Seconds since the loop began."""
        return time.monotonic() - self._began

    def take(self) -> bool:
        """Whether one more trial may begin; if so, it is counted."""
        with self._lock:
            if self._study._stop.is_set():
                return False
            if self._limits.timeout is not None and self.elapsed() >= self._limits.timeout:
                return False
            if self._left is not None:
                if self._left == 0:
                    return False
                self._left -= 1
            return True


class Loop:
    """One call of `Study.optimize`.

    Args:
        study: To run.
        func: The objective.
        limits: When to end.
        catch: Exceptions of ``func`` that do not end the loop.
        callbacks: Called after each trial, one at a time.
        gc_after_trial: Collect garbage after every trial.
        progress: Told of each trial that ended.
        in_processes: Whether trials run in processes that may be lost.
    """

    def __init__(
        self,
        study: Study,
        func: Objective,
        limits: Limits,
        catch: tuple[type[BaseException], ...],
        callbacks: tuple[Callback, ...],
        gc_after_trial: bool,
        progress: Progress | None,
        in_processes: bool,
    ) -> None:
        self.study = study
        self.func = func
        self.limits = limits
        self.catch = catch
        self.callbacks = callbacks
        self.gc_after_trial = gc_after_trial
        self.progress = progress
        self.budget = Budget(study, limits)
        self.n_objectives = len(study.directions)
        self.keeper: LeaseKeeper | None = None
        self._after_lock = threading.Lock()
        self._lacking: tuple[int, int] | None = None  # origin, runs still to do
        attempts = limits.max_retries + 1
        if not isinstance(study.storage, InMemoryStorage):
            self.lease = Lease(limits.lease, worker_id(), attempts)
        elif in_processes:
            self.lease = Lease(_NEVER, max_attempts=attempts)
        else:  # nobody could reclaim a trial of this process's memory
            self.lease = Lease()

    def ask(self) -> Trial | None:
        """The next trial, or None where there is none to run."""
        study, total = self.study, self.limits.total_trials
        with study.storage.lock:
            history = study.history
            if self._lacking is not None and history.states[self._lacking[0]] == TrialState.FAIL:
                self._lacking = None
            if (total is not None and begun(history) >= total) or (
                not history.waiting
                and self._lacking is None  # else the last point of a grid is measured too rarely
                and study.sampler.exhausted(history, history.space)
            ):
                return self._left_over()
            trial = self._ask_arm(history)
            if (
                total is not None
                and trial.attempt == 1
                and begun(study.history, below=trial.number) >= total
            ):
                # Another process began the last one between our look and our write. Each looks at
                # the numbers below its own only: else two that meet would both give way.
                study.storage.delete_trials(study.study_id, [trial.number])
                return None
            return trial

    def _left_over(self) -> Trial | None:
        """What waits or was left by a dead worker, where no new trial is to begin."""
        study = self.study
        if self.keeper is not None:  # nobody may come after us to wait for its lease
            reclaim_dead(study.storage, study.study_id)
        taken = study.storage.start(study.study_id, None, self.lease)
        return None if taken is None else study.asker.take_over(taken, None, True)

    def _ask_arm(self, history: History) -> Trial:
        """A new arm, or the one before again while it lacks replicates."""
        study, replicates = self.study, self.limits.replicates
        if self._lacking is not None:
            origin, left = self._lacking
            self._lacking = (origin, left - 1) if left > 1 else None
            return study.asker.replicate(origin, self.lease, buffered=True)
        trial = study.asker.ask(self.lease, buffered=True, history=history)
        if replicates > 1:
            self._lacking = (trial.number, replicates - 1)
        return trial

    def run_one(self) -> bool:
        """Run one trial; whether there was one to run."""
        trial = self.ask()
        if trial is None:
            return False
        if self.keeper is not None:
            self.keeper.hold(trial.number, trial.attempt)
        try:
            frozen = self._run(trial)
        finally:
            if self.keeper is not None:
                self.keeper.release(trial.number)
            if self.gc_after_trial:
                gc.collect()
        if frozen is not None:
            self.after(frozen)
        return True

    def after(self, frozen: FrozenTrial) -> None:
        """Tell callbacks and the progress line; one trial at a time."""
        if not self.callbacks and self.progress is None:
            return
        with self._after_lock:
            for callback in self.callbacks:
                callback(self.study, frozen)
            if self.progress is not None:
                self.progress.update(self.study, frozen)

    def _run(self, trial: Trial) -> FrozenTrial | None:
        error: BaseException | None = None
        try:
            if self.limits.trial_timeout is None:
                returned = self.func(trial)
            else:
                with deadline(self.limits.trial_timeout):
                    returned = self.func(trial)
            outcome = outcome_of(returned, self.n_objectives)
        except TrialPruned as pruned:
            outcome = pruned_outcome(trial.frozen(), self.n_objectives)
            _logger.info("Trial %d pruned. %s", trial.number, pruned)
        except TrialTimeout:
            outcome = Outcome(
                TrialState.FAIL, reason=f"it took more than {self.limits.trial_timeout} s"
            )
        except KeyboardInterrupt:
            self.interrupted(trial)
            raise
        except Exception as raised:  # noqa: BLE001 - an objective may raise anything
            error, outcome = raised, Outcome(TrialState.FAIL, reason=reason_of(raised))
        try:
            frozen = self.finish(trial, outcome)
        except (StaleAttempt, TrialFinished) as late:
            if error is not None and not isinstance(error, self.catch):
                raise error from late
            _logger.warning("%s", late)
            return None
        log_outcome(self.study, frozen, error)
        if error is not None and not isinstance(error, self.catch):
            raise error
        return frozen

    def finish(self, trial: Trial, outcome: Outcome) -> FrozenTrial:
        """Write a trial's end together with what it had not written yet."""
        update, ended = trial.final_update(), trial.end_time()
        return finish(self.study, trial.number, trial.attempt, outcome, update, ended)

    def interrupted(self, trial: Trial) -> None:
        """Ctrl-C: an unfinished total goes on with this trial later; else it fails."""
        if self.limits.total_trials is not None:
            # The same command goes on where it was: the trial is not the one to blame.
            self.study.storage.set_state(
                self.study.study_id, trial.number, trial.attempt, TrialState.WAITING
            )
        else:
            self.finish(trial, Outcome(TrialState.FAIL, reason="KeyboardInterrupt()"))

    def reclaim(self, trial: Trial) -> Trial | None:
        """The next attempt at a trial whose worker was lost (or what waited before it)."""
        study = self.study
        update = trial.take_update()
        if update is not None:  # its parameters stay, though their worker is gone
            study.storage.write(study.study_id, trial.number, trial.attempt, update)
        study.storage.expire(study.study_id, trial.number, trial.attempt)
        taken = study.storage.start(study.study_id, None, self.lease)
        return None if taken is None else study.asker.take_over(taken, None, True)


def begun(history: History, below: int | None = None) -> int:
    """How many trials were begun, deleted ones not among them.

    Args:
        history: Of the study.
        below: Only those with numbers below this one are counted; None: all.
    """
    states = history.states[:below]
    return int(((states >= 0) & (states != TrialState.WAITING)).sum())


def reason_of(error: BaseException) -> str:
    """An exception in one line, of bounded length."""
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= 2000 else text[:2000] + "..."


def log_outcome(study: Study, trial: FrozenTrial, error: BaseException | None) -> None:
    """One log line for a trial that ended."""
    if error is None and not _logger.isEnabledFor(logging.INFO) and trial.values is not None:
        return
    if trial.state is TrialState.FAIL:
        _logger.warning(
            "Trial %d failed with parameters: %s because of the following error: %s.",
            trial.number,
            trial.params,
            trial.system_attrs.get("fail_reason"),
            exc_info=error,
        )
        return
    if trial.state is not TrialState.COMPLETE:
        return
    if trial.values is not None and len(trial.values) > 1:
        _logger.info(
            "Trial %d finished with values: %s and parameters: %s.",
            trial.number,
            list(trial.values),
            trial.params,
        )
        return
    best = ""
    try:
        best_trial = study.best_trial
        best = f" Best is trial {best_trial.number} with value: {best_trial.value}."
    except ValueError:
        best = " No trial is feasible so far."
    _logger.info(
        "Trial %d finished with value: %s and parameters: %s.%s",
        trial.number,
        trial.value,
        trial.params,
        best,
    )
