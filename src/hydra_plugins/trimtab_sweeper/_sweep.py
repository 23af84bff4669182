"""The sweep: whenever a slot is free the next run begins, until there is none."""

from __future__ import annotations

import logging
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hydra_plugins.trimtab_sweeper._arms import FAILED, Arm, Arms
from hydra_plugins.trimtab_sweeper._jobs import Event, Failed, Jobs, Pruned, Reported, Returned
from hydra_plugins.trimtab_sweeper._outcome import told
from hydra_plugins.trimtab_sweeper._settings import Settings
from hydra_plugins.trimtab_sweeper._space import Dimensions
from hydra_plugins.trimtab_sweeper._stop import Signals
from trimtab.errors import (
    FailureRateExceeded,
    SpaceExhausted,
    StaleAttempt,
    TrialFinished,
    TrimtabError,
    UnknownTrial,
)
from trimtab.integrations.hydra.job import LARGEST_SEED
from trimtab.records import FrozenTrial, Outcome, TrialState
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.storage import Draft, Lease
from trimtab.study import Study, Trial
from trimtab.study.leases import LeaseKeeper, worker_id
from trimtab.study.loop import reason_of
from trimtab.study.outcome import pruned_outcome
from trimtab.study.tell import finish

_logger = logging.getLogger(__name__)

_PATIENCE: Final = 0.5
"""Seconds between two looks at the clock and the stop file while nothing happens."""
_GRACE: Final = 5.0
"""Seconds that jobs have to end after Ctrl-C before they are killed."""
_LEASE: Final = 60.0
_TAKEN: Final = (TrialFinished, StaleAttempt, UnknownTrial)
"""What a trial says that someone else ended, took over or deleted."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is under way."""

    trial: Trial
    seed: int
    began: float


class Sweep:
    """A sweep that runs.

    Args:
        study: Where its trials are kept.
        jobs: Run them.
        arms: Its parameterizations so far.
        dimensions: What varies.
        settings: How.
        custom: Suggests further parameters.
        stop: Why no more runs are to begin; None: they may.
        signals: That came.
        tell: Is told of every trial that ended.

    Attributes:
        last_failure: Why the last run that failed did.
    """

    def __init__(
        self,
        study: Study,
        jobs: Jobs,
        arms: Arms,
        dimensions: Dimensions,
        settings: Settings,
        custom: Callable[[Trial], None],
        stop: Callable[[], str | None],
        signals: Signals,
        tell: Callable[[FrozenTrial], None],
    ) -> None:
        self._study = study
        self._jobs = jobs
        self._arms = arms
        self._dimensions = dimensions
        self._settings = settings
        self._custom = custom
        self._stop = stop
        self._signals = signals
        self._tell = tell
        self._space = dimensions.distributions()
        self._lease = Lease(_LEASE, worker_id(), max_attempts=1)
        self._keeper = LeaseKeeper(study.storage, study.study_id, _LEASE)
        self._runs: dict[int, Run] = {}
        self._exhausted = False
        self._why: str | None = None
        self.last_failure: str | None = None

    def run(self) -> None:
        """Until nothing is left to be run.

        Raises:
            FailureRateExceeded: If more runs failed than may; those that ran are told first.
            SystemExit: If a signal came, with the status that shells expect of it.
        """
        with self._keeper:
            while not self._signals.count:
                while len(self._runs) < self._settings.n_jobs and self._begin():
                    pass
                if not self._runs:
                    break
                for event in self._jobs.wait(_PATIENCE):
                    self._take(event)
            else:
                self._interrupt()
                raise SystemExit(128 + self._signals.last)
        _logger.info("The sweep is over: %s.", self._why or self._all_done())
        if self._fails_too_often():
            raise FailureRateExceeded(
                f"{self._arms.failures} of {self._arms.runs} runs failed, more than "
                f"`max_failure_rate` allows; the last one: {self.last_failure}."
            )

    def _all_done(self) -> str:
        if self._arms.runs >= self._settings.max_trials:
            return f"all {self._arms.runs} runs are done"
        if self._exhausted:
            return f"{self._arms.runs} runs are done, and the search space is exhausted"
        return (
            f"{self._arms.runs} runs are done, and the {self._settings.max_trials} in all leave "
            "too few for another parameterization"
        )

    def _fails_too_often(self) -> bool:
        ended = max(self._arms.runs - len(self._runs), self._settings.n_jobs)
        return self._arms.failures > self._settings.max_failure_rate * ended

    def _begin(self) -> bool:
        """Begin the next run, if there is one."""
        if self._why is None and self._fails_too_often():
            self._why = "too many runs failed"
        self._why = self._why or self._stop()
        if self._why is not None:
            return False
        left = self._settings.max_trials - self._arms.runs
        plan = self._arms.plan(left, not self._exhausted)
        if plan is None:
            return False
        try:
            trial = self._ask() if plan.arm is None else self._again(plan.arm)
        except SpaceExhausted as exhausted:
            _logger.info("%s", exhausted)
            self._exhausted = True
            return True  # perhaps a contender is to be run
        self._start(trial)
        return True

    def _ask(self) -> Trial:
        sampler = self._study.sampler
        with self._study.storage.lock:
            history = self._study.history
            if not history.waiting and sampler.exhausted(history, history.space):
                raise SpaceExhausted("All points of the search space have been tried.")
            return self._study.asker.ask(self._lease, self._space, buffered=True)

    def _again(self, arm: Arm) -> Trial:
        """A trial that measures an arm once more (or what someone queued before it)."""
        study = self._study
        with study.storage.lock:
            example = study.history.trial(arm.numbers[0])
            mark = {} if arm.example is None else {REPLICATE_OF: arm.example}
            draft = Draft(example.space, example.point, system_attrs=mark)
            taken = study.storage.start(study.study_id, draft, self._lease)
            if taken is None or taken.system_attrs != mark or taken.point != example.point:
                return self._ask() if taken is None else study.asker.take_over(taken, None, True)
            return Trial(study, taken, example.space, example.point, True)

    def _start(self, trial: Trial) -> None:
        seed = self._seed(trial.number)
        run = self._runs[trial.number] = Run(trial, seed, time.monotonic())
        self._keeper.hold(trial.number, trial.attempt)
        try:
            for name, distribution in self._space.items():
                trial._suggest(name, distribution)
            self._custom(trial)
            trial.flush()
        except Exception as error:  # noqa: BLE001 - a custom space may raise anything
            # So does a trial that someone queued with a value that is none.
            self._arms.begin(trial.frozen(), is_open=False)
            self._end(run, Outcome(TrialState.FAIL, reason=reason_of(error)))
            return
        overrides = self._dimensions.overrides(trial.params)
        if self._settings.seed_key is not None:
            overrides.append(f"{self._settings.seed_key}={seed}")
        self._arms.begin(trial.frozen())
        self._jobs.start(trial.number, overrides, seed)

    def _seed(self, number: int) -> int:
        if self._settings.seed is None:
            return secrets.randbelow(LARGEST_SEED + 1)
        sequence = np.random.SeedSequence((self._settings.seed, number))
        return int(sequence.generate_state(1)[0]) & LARGEST_SEED

    # ------------------------------------------------------------------ how runs end

    def _take(self, event: Event) -> None:
        run = self._runs[event.number]
        if isinstance(event, Reported):
            self._report(run.trial, event)
        elif isinstance(event, Pruned):
            self._end(run, pruned_outcome(run.trial.frozen(), len(self._study.directions)))
        elif isinstance(event, Failed):
            self._end(run, Outcome(TrialState.FAIL, reason=event.reason))
        else:
            ended = told(event.value, self._settings.metrics, len(self._study.directions))
            for key, value in ended.attrs.items():
                run.trial.set_user_attr(key, value)
            if event.folder is not None:
                run.trial.set_user_attr("folder", event.folder)
            self._end(run, ended.outcome)

    def _report(self, trial: Trial, event: Reported) -> None:
        prune, error = False, None
        try:
            value = event.metrics[""] if set(event.metrics) == {""} else event.metrics
            trial.report(value, event.step)
            prune = self._should_prune(trial)
        except _TAKEN as taken:  # from the dashboard, perhaps: nobody waits for this run
            _logger.warning("%s", taken)
            prune = True
        except (TrimtabError, NotImplementedError) as refused:
            error = str(refused)
        self._jobs.answer(event.number, prune=prune, error=error)

    def _should_prune(self, trial: Trial) -> bool:
        try:
            return trial.should_prune()
        except NotImplementedError:  # of several objectives, no pruner knows which to look at
            if self._settings.pruner is None:
                return False
            raise

    def _end(self, run: Run, outcome: Outcome, *, cut: bool = False) -> None:
        """Tell a trial, unless it was ended by someone else.

        Args:
            run: Its run.
            outcome: How it ended.
            cut: Whether the sweep cut it short: then it does not count.
        """
        trial = run.trial
        trial.set_user_attr("job", trial.number)
        trial.set_user_attr("seed", run.seed)
        if outcome.state is TrialState.FAIL and not cut:
            trial.set_system_attr(FAILED, True)
            self.last_failure = outcome.reason
        del self._runs[trial.number]
        self._keeper.release(trial.number)
        study = self._study
        update, ended = trial.final_update(), trial.end_time()
        try:
            frozen = finish(study, trial.number, trial.attempt, outcome, update, ended)
        except _TAKEN as taken:
            _logger.warning("%s", taken)
            self._arms.drop(trial.number)
            return
        self._arms.end(frozen)
        self._tell(frozen)
        _log_end(frozen, outcome, time.monotonic() - run.began)

    def _interrupt(self) -> None:
        """The jobs are interrupted too, and what they still return is kept."""
        _logger.warning("Interrupted: %d runs end. Once more ends them at once.", len(self._runs))
        self._jobs.signal(signal.SIGINT)
        deadline = time.monotonic() + _GRACE
        while len(self._jobs) and time.monotonic() < deadline and self._signals.count == 1:
            for event in self._jobs.wait(_PATIENCE / 5.0):
                if isinstance(event, Reported):
                    self._jobs.answer(event.number, prune=True)
                elif isinstance(event, Returned):
                    self._take(event)
        self._jobs.signal(signal.SIGKILL)
        for run in list(self._runs.values()):
            self._end(run, Outcome(TrialState.FAIL, reason="the sweep was interrupted"), cut=True)


def _log_end(trial: Any, outcome: Outcome, seconds: float) -> None:
    if outcome.state is TrialState.FAIL:
        _logger.warning("#%d failed after %.1f s: %s.", trial.number, seconds, outcome.reason)
    elif outcome.state is TrialState.PRUNED:
        _logger.info("#%d was pruned after %.1f s.", trial.number, seconds)
    else:
        values = ", ".join(f"{value:.6g}" for value in outcome.values or ())
        _logger.info("#%d: %s after %.1f s.", trial.number, values, seconds)
