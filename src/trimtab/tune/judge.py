"""What becomes of members: the scheduler and the stopper are asked, nothing is done.

Answers are pure in what was noted (`journal`). A run that was cut off asks again, and is told the
same.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from trimtab.records import History, StudyDirection
from trimtab.samplers.base import Streams
from trimtab.schedulers import Decision, Exploit, Scheduler
from trimtab.space.paths import with_value
from trimtab.tune.journal import Journal
from trimtab.tune.members import Member
from trimtab.tune.session import Go
from trimtab.tune.stoppers import Stopper

_FAR: Final = 1000
"""Reports that a trial may be ahead of what was taken in: what they take in memory is bounded."""
_LANE: Final = 1 << 62
"""Lanes of random numbers from here on are the scheduler's; those below are the samplers'."""


class Judge:
    """Decides for a run.

    Args:
        scheduler: Decides which members go on.
        direction: Of the metric by which it compares them.
        stopper: Decides which have done enough.
        journal: Has what they reported.
        seed: Of the scheduler's choices.
        has_deadline: Whether the clock may end the run: then each report is looked at.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        direction: StudyDirection,
        stopper: Stopper,
        journal: Journal,
        seed: int | None,
        *,
        has_deadline: bool,
    ) -> None:
        self._scheduler = scheduler
        self._direction = direction
        self._stopper = stopper
        self._journal = journal
        self._streams = Streams(seed)
        self._far = 1 if has_deadline else _FAR

    @property
    def prefers_paused(self) -> bool:
        """Whether a member that was paused goes on before one that has not begun."""
        return self._scheduler.prefers_paused

    def has_done(self, member: Member) -> bool:
        """Whether a member has done enough with its last report, which is told only once."""
        return member.is_done or self._stopper(f"{member.number:05d}", member.result)

    def ends_run(self) -> bool:
        """Whether all of them have."""
        return self._stopper.stop_all()

    def on_report(self, member: Member) -> Decision:
        """What becomes of a member that waits at a report."""
        with self._journal.history(member.number) as history:
            rng = self._random(history, member)
            return self._scheduler.on_report(history, member.number, self._direction, rng)

    def on_failure(self, member: Member) -> Decision:
        """What becomes of a member that failed for good."""
        with self._journal.history(member.number) as history:
            rng = self._random(history, member)
            return self._scheduler.on_failure(history, member.number, self._direction, rng)

    def on_rest(self, *, is_last: bool) -> list[tuple[int, Decision]]:
        """What becomes of the members that rest, by number, in the order in which it is to be done.

        Args:
            is_last: Whether nothing runs and nothing is to come.
        """
        ask = self._scheduler.conclude if is_last else self._scheduler.release
        with self._journal.history() as history:
            step = sum(history.last_step(number) or 0 for number in history.paused)
            rng = self._streams.at(len(history), _LANE + step)
            decisions = ask(history, self._direction, rng)
            # Donors are copied before any of them is changed.
            return sorted(decisions.items(), key=lambda item: not isinstance(item[1], Exploit))

    def config_after(self, decision: Exploit, donor: Member) -> dict[str, Any]:
        """The config with which a member goes on from a donor."""
        config = donor.config
        for name, value in decision.params.items():
            config = with_value(config, name, value)
        return self._scheduler.adapt(config)

    def horizon(self, member: Member) -> Go:
        """Up to which report a member may go without asking, and with which it is to save."""
        near = member.step + self._far
        at = self._stopper.next_iteration(member.iteration)
        if at is not None:
            near = min(near, member.step + max(at - member.iteration, 1))
        with self._journal.history(member.number) as history:
            due = self._scheduler.next_step(history, member.number)
        if due is None:
            return Go(near)
        due = max(due, member.step + 1)
        return Go(min(near, due), due if self._scheduler.needs_checkpoints else None)

    def _random(self, history: History, member: Member) -> np.random.Generator:
        """Random numbers for a decision, the same whenever it is made again."""
        step = history.last_step(member.number) or 0
        return self._streams.at(member.number, _LANE + step)
