"""The trial that runs here, as its trainable sees it.

One trial runs at a time in a worker, and in an `inline` run in the whole process: whoever calls
`report`, from whichever thread that is no other trial's, speaks for it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trimtab.errors import InvalidType, TrimtabError
from trimtab.space.paths import flattened
from trimtab.space.space import check_name
from trimtab.tune.checkpoint import Checkpoint
from trimtab.tune.events import Reported
from trimtab.tune.keeping import Flushes, draft, take_over
from trimtab.tune.resources import DEFAULT, PlacementGroupFactory


class Ended(BaseException):
    """Raised in a trainable that is to end: not an Exception, so that none catches it."""


class NoSession(TrimtabError, RuntimeError):
    """Something that only makes sense in a running trial was called outside of one."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker needs to know to run a trial.

    Attributes:
        number: The trial.
        config: As the trainable is to see it.
        name: The trial's name.
        run_name: The run's.
        folder: The trial's folder.
        checkpoint: The folder of the checkpoint to begin with, or None.
        iteration: How many iterations that checkpoint stands for.
        step: How many reports the trial has made.
        until: The report at which it has to wait for an answer.
        save_at: The report with which a class trainable saves its state; None: none.
        save_every: It saves with every so many reports, too; 0: not.
        save_at_end: Whether it saves when it is told to end.
        seconds: For how long it has trained before.
        resources: What it needs to run, and has.
        capture: Whether what it prints goes to files in its folder.
    """

    number: int
    config: dict[str, Any]
    name: str
    run_name: str
    folder: Path
    checkpoint: Path | None = None
    iteration: int = 0
    step: int = 0
    until: int = 1
    save_at: int | None = None
    save_every: int = 0
    save_at_end: bool = False
    seconds: float = 0.0
    resources: PlacementGroupFactory = DEFAULT
    capture: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """An answer to a trial that waits: go on.

    Attributes:
        until: The report at which it has to wait again.
        save_at: As in `Assignment`.
    """

    until: int
    save_at: int | None = None


class Line(Protocol):
    """The way from a trainable to the run, whatever lies between them."""

    def check(self) -> None:
        """Raises `Ended` where the trial was told to end, and goes on all the same."""

    def send(self, event: Reported) -> None:
        """Tell of a report."""

    def wait(self) -> Go:
        """Wait for an answer. Raises `Ended` where the trial is not to go on."""


class Session:
    """One run of a trial in a worker.

    Args:
        assignment: What is run.
        line: To the run.
        scratch: A folder for temporary files, from which checkpoints are moved.
        clock: Seconds, for durations.
    """

    def __init__(
        self,
        assignment: Assignment,
        line: Line,
        scratch: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.assignment = assignment
        self.step = assignment.step
        self.iteration = assignment.iteration
        self._go = Go(assignment.until, assignment.save_at)
        self._line = line
        self._scratch = scratch
        self._clock = clock
        self._began = self._last = clock()
        self._names: set[str] = set()  # of metrics that were found to be in order

    def report(
        self,
        metrics: Mapping[str, Any],
        checkpoint: Checkpoint | None = None,
        *,
        done: bool = False,
    ) -> None:
        """Tell of one more iteration, and wait where the run wants to decide."""
        self._line.check()
        if not isinstance(metrics, Mapping):
            raise InvalidType("metrics", "a dictionary", metrics)
        if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
            raise InvalidType("checkpoint", "a trimtab.tune.Checkpoint", checkpoint)
        self._check_names(metrics)
        now = self._clock()
        self.step += 1
        self.iteration += 1
        saved = None if checkpoint is None else self.keep(checkpoint.path)
        waits = self.step >= self._go.until
        self._line.send(
            Reported(
                self.assignment.number,
                self.step,
                self.iteration,
                dict(metrics),
                now - self._last,
                self.assignment.seconds + now - self._began,
                saved,
                waits,
                done,
            )
        )
        self._last = self._clock()
        if waits:
            self._go = self._line.wait()
            waited = self._clock() - self._last
            self._began += waited  # waiting is not training
            self._last += waited

    def _check_names(self, metrics: Mapping[str, Any]) -> None:
        names = flattened(metrics).keys()
        if not names <= self._names:
            for name in names:
                check_name("metrics", name)
            self._names |= names

    def saves_next(self) -> bool:
        """Whether a class trainable is to save its state with its next report."""
        step, every = self.step + 1, self.assignment.save_every
        return step == self._go.save_at or (every > 0 and step % every == 0)

    def keep(self, source: str) -> str:
        """Take over a folder as the checkpoint of this step; its name."""
        target = self._place(self.step)
        take_over(source, target, scratch=self._scratch, flush=_flushes.are_due())
        return target.name

    def draft(self, step: int) -> str:
        """A folder in which the checkpoint of a step can be written before it is kept."""
        return str(draft(self._place(step)))

    def _place(self, step: int) -> Path:
        return self.assignment.folder / f"checkpoint_{step:06d}"

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What the trial is to begin with."""
        path = self.assignment.checkpoint
        return None if path is None else Checkpoint(path)


_current: Session | None = None
_own = threading.local()
# Of this process and not of each trial: a population begins its trials anew again and again, and
# would wait for the disk each time.
_flushes = Flushes()


def _leave() -> None:
    """Leave the trial that runs here: a process that a trainable forks has no part in it."""
    enter(None)
    _own.session = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)


def enter(session: Session | None) -> Session | None:
    """Make a session the one that runs here; the one that did before."""
    global _current
    before, _current = _current, session
    return before


def own(session: Session) -> None:
    """Make a session that of this thread, whichever trial runs."""
    _own.session = session


def current(caller: str) -> Session:
    """The session that runs here.

    Raises:
        NoSession: If none does.
    """
    session: Session | None = getattr(_own, "session", None) or _current
    if session is None:
        raise NoSession(
            f"`{caller}` works only within a trainable that a Tuner runs, in the process that "
            "runs it."
        )
    return session


def report(metrics: Mapping[str, Any], *, checkpoint: Checkpoint | None = None) -> None:
    """Tell of one iteration of the running trial.

    Args:
        metrics: By name: numbers count; strings, lists and the like are shown. Dictionaries in
            it are flattened, their keys joined by slashes.
        checkpoint: The state after this iteration. The folder is taken over before this returns.

    Raises:
        NoSession: If no trial runs here (a RuntimeError).
        InvalidType: If the metrics are no dictionary, or the checkpoint is none.
        InvalidArgument: If a metric has an impossible name.
    """
    current("tune.report").report(metrics, checkpoint)


def get_checkpoint() -> Checkpoint | None:
    """The checkpoint that the running trial is to go on from; None: it begins.

    Raises:
        NoSession: If no trial runs here (a RuntimeError).
    """
    return current("tune.get_checkpoint").checkpoint


class TuneContext:
    """What the running trial may know of itself."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    def get_experiment_name(self) -> str:
        """The run's name."""
        return self._assignment.run_name

    def get_trial_name(self) -> str:
        """The trial's name."""
        return self._assignment.name

    def get_trial_id(self) -> str:
        """The trial's id: its number in five digits or more."""
        return f"{self._assignment.number:05d}"

    def get_trial_dir(self) -> str:
        """The trial's folder; it exists."""
        self._assignment.folder.mkdir(parents=True, exist_ok=True)
        return str(self._assignment.folder)

    def get_trial_resources(self) -> PlacementGroupFactory:
        """What the trial may use; ``required_resources`` has it by name."""
        return self._assignment.resources


def get_context() -> TuneContext:
    """What the running trial may know of itself.

    Raises:
        NoSession: If no trial runs here (a RuntimeError).
    """
    return TuneContext(current("tune.get_context").assignment)
