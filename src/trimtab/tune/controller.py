"""The loop of a run: events in, decisions out.

One thread. What a trial reports is noted before anything is decided on it, and is written together
with what was decided (`journal`); decisions are pure in what was noted (`judge`), and what is
decided is done in one place (`course`). So a run that is killed at any moment goes on from its
storage as if nothing had happened.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from trimtab.errors import StorageError
from trimtab.records import TrialState
from trimtab.schedulers import Exploit
from trimtab.tune.course import Course
from trimtab.tune.events import Event, Evicted, Failed, Reported, Returned
from trimtab.tune.executors.base import Executor
from trimtab.tune.journal import Journal
from trimtab.tune.judge import Judge
from trimtab.tune.members import Member, Phase
from trimtab.tune.metrics import numeric, with_automatic
from trimtab.tune.population import Population
from trimtab.tune.trainable import Needs
from trimtab.tune.turns import Turns
from trimtab.tune.watch import Watch

_logger = logging.getLogger(__name__)

_PATIENCE: Final = 0.5
_MAX_RESCUES: Final = 3
_GRACE: Final = 5.0
"""Seconds that a trial has to report, when the run stops, before its worker is taken away."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a run, or a trial in it.

    Attributes:
        max_concurrent: Trials that run at one time; None: no bound.
        deadline: By `time.monotonic`; None: none.
        max_failures: How often a trial is tried again; -1: always.
        fail_fast: Whether the run ends with the first failure.
    """

    max_concurrent: int | None = None
    deadline: float | None = None
    max_failures: int = 0
    fail_fast: bool = False


class Controller:
    """Runs a population to its end.

    Args:
        population: Its trials, those that are to come among them.
        executor: Runs them; open.
        journal: Has what they reported.
        judge: Decides.
        course: Does what was decided.
        limits: What ends it.
        needs: What a trial with a config needs.
        watch: Is told of every result.
    """

    def __init__(
        self,
        population: Population,
        executor: Executor,
        journal: Journal,
        judge: Judge,
        course: Course,
        limits: Limits,
        needs: Needs,
        watch: Watch,
    ) -> None:
        self._population = population
        self._executor = executor
        self._journal = journal
        self._judge = judge
        self._course = course
        self._limits = limits
        self._watch = watch
        self._turns = Turns(
            population,
            executor,
            needs,
            limits.max_concurrent,
            prefers_paused=judge.prefers_paused,
            refuse=self._refuse,
        )
        self._stopping_at = math.inf
        self.is_interrupted = False

    # ------------------------------------------------------------------ the loop

    def run(self) -> None:
        """Run until every trial has ended, or the run is to stop."""
        for member in list(self._population.members.values()):
            if member.open is not None:  # its decision was due when the run was cut off
                self._decide(member)
        while self._goes_on():
            for event in self._executor.poll(self._patience()):
                self._handle(event)
            if time.monotonic() >= self._journal.due:
                self._journal.flush()
            self._check_limits()
        self._journal.flush()

    def interrupt(self) -> None:
        """End the run, not its trials: these can be taken up again. From any thread."""
        self.is_interrupted = True

    def _goes_on(self) -> bool:
        """Start what can be started; whether anything runs, or may after another look."""
        return not self.is_interrupted and (self._fill() or self._is_busy() or self._conclude())

    def _is_busy(self) -> bool:
        phases = (Phase.RUNNING, Phase.ENDING, Phase.READY)
        return any(map(self._population.count, phases)) or (
            self._turns.lacks_room and not self._is_stopping
        )

    def _patience(self) -> float:
        """Seconds to wait for news: not long, so that an interrupt is soon heard."""
        now = time.monotonic()
        ends = self._limits.deadline if self._limits.deadline is not None else math.inf
        if self._is_stopping:
            ends = self._stopping_at + _GRACE
        return max(min(now + _PATIENCE, self._journal.due, ends) - now, 0.0)

    # ------------------------------------------------------------------ what runs next

    def _fill(self) -> bool:
        """Start what can be started.

        Returns:
            Whether anything was started.
        """
        started = False
        while not self._is_stopping and self._turns.may_come():
            if self._population.count(Phase.RESTING) and not self._turns.is_owed():
                self._release()
            member = self._turns.next()
            if member is None:
                break
            self._course.start(member)
            started = True
        self._turns.tell(is_stopping=self._is_stopping)
        return started

    def _refuse(self, member: Member, error: Exception) -> None:
        """End a member whose needs can never be met."""
        member.error = error
        self._fail(member, f"{type(error).__name__}: {error}")

    def _release(self, *, is_last: bool = False) -> bool:
        """Let those that rest go on, or not; whether anything was decided."""
        decisions = self._judge.on_rest(is_last=is_last)
        for number, decision in decisions:
            member = self._population.members[number]
            if member.phase is Phase.RESTING:
                self._attempt(member, partial(self._course.take, member, decision))
        return bool(decisions)

    def _conclude(self) -> bool:
        """Ask once more about those that rest, as nothing runs and nothing is to come.

        Returns:
            Whether any rested. Where none is let go on, all are stopped.
        """
        resting = self._population.in_phase(Phase.RESTING)
        if resting and not self._release(is_last=True):
            for member in resting:
                self._course.leave(member, TrialState.PRUNED)
        return bool(resting)

    # ------------------------------------------------------------------ what happened

    def _handle(self, event: Event) -> None:
        member = self._population.members[event.number]
        if isinstance(event, Reported):
            self._on_report(member, event)
        elif isinstance(event, Returned):
            self._on_return(member, event)
        elif isinstance(event, Failed):
            self._on_failure(member, event)
        elif isinstance(event, Evicted):
            member.has_worker = False
            if member.phase is Phase.ENDING:
                self._course.finish(member, member.ends_as or TrialState.COMPLETE)

    def _on_report(self, member: Member, event: Reported) -> None:
        if event.step <= member.step:
            self._on_repetition(member, event)
            return
        member.result = with_automatic(event, time.time())
        member.rescues = 0
        member.step, member.iteration, member.seconds = event.step, event.iteration, event.total
        metrics = self._journal.report(member, event)
        if event.checkpoint is not None:
            self._course.keep(member, event.checkpoint, metrics, event.step)
        self._watch.on_result(member)
        if event.waits:
            member.open, member.is_done = event.step, event.done
            if not self.is_interrupted:
                self._decide(member)

    def _on_repetition(self, member: Member, event: Reported) -> None:
        """A trial comes once more to where it was: what was reported and decided there stays."""
        member.iteration, member.seconds = event.iteration, event.total
        if event.checkpoint is not None:
            self._course.keep(member, event.checkpoint, numeric(event.metrics), event.step)
            self._journal.report_again(member, event)
        if event.waits:
            self._course.go_on(member)

    def _decide(self, member: Member) -> None:
        """What becomes of a member that waits, or that waited when the run was cut off."""
        self._attempt(member, partial(self._judge_and_act, member))

    def _attempt(self, member: Member, act: Callable[[], None]) -> None:
        """Decide something on a member that does not run. Where that cannot be done it fails.

        It reported nothing to decide by, or a user's function that is asked raises.
        """
        try:
            act()
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            member.open, member.error = None, error
            self._course.drop(member)
            self._fail(member, f"{type(error).__name__}: {error}")

    def _judge_and_act(self, member: Member) -> None:
        has_done = self._judge.has_done(member)
        if self._judge.ends_run():
            self._stop()
        if has_done or self._is_stopping:
            self._course.leave(member)
            return
        decision = self._judge.on_report(member)
        member.open = None
        self._course.take(member, decision)

    def _on_return(self, member: Member, event: Returned) -> None:
        member.has_worker = False
        if event.checkpoint is not None:
            self._course.keep(member, event.checkpoint, {}, member.step)
        self._course.finish(member, member.ends_as or TrialState.COMPLETE)

    def _on_failure(self, member: Member, event: Failed) -> None:
        member.has_worker = False
        if member.ends_as is not None:
            _logger.warning(
                "Trial %s failed (%s) when it had come to its end.", member.name, event.reason
            )
            self._course.finish(member, member.ends_as)
            return
        member.failures += 1
        member.traceback, member.error = event.traceback, event.error
        self._journal.note(member)
        self._journal.flush()
        if self._limits.max_failures == -1 or member.failures <= self._limits.max_failures:
            saved = member.checkpoint
            whence = "its beginning" if saved is None else saved.path.name
            _logger.warning(
                "Trial %s failed (%s); it is tried again from %s.",
                member.name,
                event.reason,
                whence,
            )
            self._course.retry(member)
            self._watch.on_recover(member)
            return
        decision = self._judge.on_failure(member)
        if (
            isinstance(decision, Exploit)
            and member.rescues < _MAX_RESCUES
            and self._course.rescue(member, decision)
        ):
            _logger.warning(
                "Trial %s failed (%s); it goes on from trial %d.",
                member.name,
                event.reason,
                decision.donor,
            )
            self._watch.on_recover(member)
            return
        self._fail(member, event.reason)

    def _fail(self, member: Member, reason: str) -> None:
        self._course.finish(member, TrialState.FAIL, reason)
        if self._limits.fail_fast:
            self._stop()

    # ------------------------------------------------------------------ the end

    @property
    def _is_stopping(self) -> bool:
        return self._stopping_at < math.inf

    def _stop(self) -> None:
        """Begin to end the run: what runs has a while to report."""
        self._stopping_at = min(self._stopping_at, time.monotonic())

    def _check_limits(self) -> None:
        now = time.monotonic()
        is_late = self._limits.deadline is not None and now >= self._limits.deadline
        if is_late or self._judge.ends_run():
            self._stop()
        if not self._is_stopping:
            return
        for phase in (Phase.RESTING, Phase.READY):
            for member in self._population.in_phase(phase):
                self._course.leave(member)
        if now - self._stopping_at >= _GRACE:
            for member in self._population.in_phase(Phase.RUNNING):
                self._course.kill(member)
