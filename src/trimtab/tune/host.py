"""Where trainables run: any number of them begun, one at a time going on.

Each has a thread of its own, which rests while another runs or while it waits for an answer. So a
trial can be paused at any report, whether or not it has saved a checkpoint, and taking it up again
costs a switch of threads.
"""

from __future__ import annotations

import logging
import os
import threading
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final

from trimtab.tune.events import Event, Failed, Reported, Returned
from trimtab.tune.output import captured
from trimtab.tune.session import Assignment, Ended, Go, Session, enter, own
from trimtab.tune.trainable import Made, run

_logger = logging.getLogger(__name__)

GRACE = 30.0
"""Seconds for which a trial that was told to end may clean up, or save its state."""
_REFUSALS: Final = 100
"""Reports of a trial that was told to end, before we take it that it never will."""
_STUCK: Final = 75
"""The exit status of a worker in which a trial does not end."""
_LONGEST: Final = 10_000
"""Characters of an error's text that are kept."""


class Host:
    """Runs trials of one trainable.

    Args:
        trainable: What is run.
        deliver: Is told of every event, from the thread of the trial that caused it.
        scratch: A folder for temporary files, from which checkpoints are moved.
        has_process: Whether nothing else prints in this process: then what trials print can be
            kept apart.
        reuse: Whether an object of a class trainable may serve one trial after another.
    """

    def __init__(
        self,
        trainable: Any,
        deliver: Callable[[Event], None],
        scratch: str | None = None,
        *,
        has_process: bool = False,
        reuse: bool = False,
    ) -> None:
        self._trainable = trainable
        self._deliver = deliver
        self._scratch = scratch
        self._has_process = has_process
        self._made = Made(reuse=reuse)
        self._resting: dict[int, _Resting] = {}

    def start(self, assignment: Assignment) -> None:
        """Begin a trial, and let it run until it waits or ends."""
        trial = _Resting(assignment, self._trainable, self._deliver, self._made, self._scratch)
        self._resting[assignment.number] = trial
        self._let(trial, None)

    def go(self, number: int, answer: Go) -> None:
        """Let a trial that waits run until it waits again or ends."""
        self._let(self._resting[number], answer)

    def end(self, number: int) -> None:
        """End a trial that waits; its own clean-up runs."""
        trial = self._resting.get(number)
        if trial is not None:
            self._let(trial, None)

    def drop(self, number: int) -> None:
        """End a trial that waits and tell nothing more of it."""
        trial = self._resting.get(number)
        if trial is not None:
            trial.is_dropped = True
            self._let(trial, None)

    def close(self) -> None:
        """End all that wait and tell nothing more of them; clean up what is kept for others.

        One that runs, where this interrupts it, ends with its next report.
        """
        for number, trial in list(self._resting.items()):
            if trial.has_turn:
                trial.is_dropped = True
            else:
                self.drop(number)
        self._made.close()

    def _let(self, trial: _Resting, answer: Go | None) -> None:
        with captured(trial.folder) if trial.captures and self._has_process else nullcontext():
            came_back = trial.turn(answer)
        if not came_back:
            _logger.warning("Trial %d does not end, though it was told to.", trial.number)
            if self._has_process:
                os._exit(_STUCK)  # another worker takes the place of this one
            trial.abandon()
        if trial.has_ended:
            del self._resting[trial.number]


class _Resting:
    """One trial's thread, and the baton that passes between it and whoever lets it run."""

    def __init__(
        self,
        assignment: Assignment,
        trainable: Any,
        deliver: Callable[[Event], None],
        made: Made,
        scratch: str | None,
    ) -> None:
        self.number = assignment.number
        self.folder = assignment.folder
        self.captures = assignment.capture
        self.has_ended = False
        self.has_turn = False
        self.is_dropped = False
        self.is_abandoned = False
        self._refusals = 0
        self._assignment = assignment
        self._trainable = trainable
        self._deliver = deliver
        self._made = made
        self._scratch = scratch
        self._answer: Go | None = None
        self._session: Session | None = None
        # Locks, and not events: handing one over is one call each.
        self._mine, self._theirs = threading.Lock(), threading.Lock()
        self._mine.acquire()
        self._theirs.acquire()
        self._thread: threading.Thread | None = None

    def turn(self, answer: Go | None) -> bool:
        """Let it run, from another thread, until it waits or ends.

        Returns:
            Whether it did, which it has to within `GRACE` where it was told to end.
        """
        self._answer = answer
        patience = GRACE if answer is None and self._thread is not None else -1.0
        self.has_turn = True
        before = enter(self._session)
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name=f"trial-{self.number}", daemon=True
            )
            self._thread.start()
        else:
            self._mine.release()
        try:
            came_back = self._theirs.acquire(timeout=patience)
        finally:
            enter(before)
        self.has_turn = False
        if self.has_ended:
            self._thread.join()
        return came_back and self._refusals < _REFUSALS

    def abandon(self) -> None:
        """Go on without it: it is told of as ended, and its thread rests for ever, or runs on."""
        self.has_ended = self.is_abandoned = True
        if not self.is_dropped:
            self._deliver(Returned(self.number))
        self.is_dropped = True

    def check(self) -> None:
        """Refuse a report of a trial that was told to end (`Line`)."""
        if not self._refusals:
            if not self.is_dropped:
                return
            raise Ended
        self._refusals += 1
        if self._refusals == _REFUSALS:
            self._theirs.release()
            while True:
                self._mine.acquire()
        raise Ended

    def send(self, event: Reported) -> None:
        """Tell of a report (`Line`)."""
        if not self.is_dropped:
            self._deliver(event)

    def wait(self) -> Go:
        """Give the turn back until the trial may go on (`Line`)."""
        self._theirs.release()
        self._mine.acquire()
        if self._answer is None:
            self._refusals = 1
            raise Ended
        return self._answer

    def _run(self) -> None:
        self._session = session = Session(self._assignment, self, self._scratch)
        enter(session)
        own(session)
        event: Event
        try:
            event = Returned(self.number, run(self._trainable, session, self._made))
        except Ended:
            event = Returned(self.number)
        except SystemExit as error:
            event = failure(self.number, RuntimeError(f"it called sys.exit({error.code!r})"))
        except BaseException as error:  # noqa: BLE001 - a trainable may raise anything
            event = failure(self.number, error)
        if self.is_abandoned:
            return
        self.has_ended = True
        if not self.is_dropped:
            self._deliver(event)
        self._theirs.release()


def failure(number: int, error: BaseException) -> Failed:
    """A trial's error as an event."""
    kind = type(error).__name__
    try:
        reason = f"{kind}: {error}"
    except Exception:  # noqa: BLE001 - its text is made by code of the user's
        reason = f"{kind}, whose text cannot be had"
    text = _cut("".join(traceback.format_exception(error)))
    if not isinstance(error, Exception):
        error = RuntimeError(f"it raised {reason}")
    return Failed(number, _cut(reason), text, error)


def _cut(text: str) -> str:
    """A text with its end, where it is long: there an error is told of."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]}\n... ({len(text)} characters)\n{text[-_LONGEST // 2 :]}"
