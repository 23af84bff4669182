"""Whose turn it is: of those that may run the one that is behind, where there is room for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from trimtab.tune.executors.base import Executor
from trimtab.tune.members import Member, Phase
from trimtab.tune.population import Population
from trimtab.tune.resources import PlacementGroupFactory
from trimtab.tune.trainable import Needs

_MOST_WANTED: Final = 100
"""Trials of which an executor is told that they wait for room."""


class Turns:
    """Says who runs next.

    Args:
        population: Those that may, and those that are to come.
        executor: Knows what there is room for.
        needs: What a member with a config needs.
        max_concurrent: How many run at one time; None: no bound.
        prefers_paused: Whether those that rested go before new ones.
        refuse: Is told of a member whose needs can never be met, and why; it ends the member.

    Attributes:
        lacks_room: Whether someone may wait for room, when it was last asked.
    """

    def __init__(
        self,
        population: Population,
        executor: Executor,
        needs: Needs,
        max_concurrent: int | None,
        *,
        prefers_paused: bool,
        refuse: Callable[[Member, Exception], None],
    ) -> None:
        self._population = population
        self._executor = executor
        self._needs = needs
        self._bound = math.inf if max_concurrent is None else max_concurrent
        self._prefers_paused = prefers_paused
        self._refuse = refuse
        self.lacks_room = False

    def may_come(self) -> bool:
        """Whether there may be room for anyone: where all need the same that is soon said."""
        same = self._needs.same
        self.lacks_room = same is not None and not self._executor.has_room(same)
        return not self.lacks_room and self._population.count(Phase.RUNNING) < self._bound

    def is_owed(self) -> bool:
        """Whether members that ran when the run was cut off have not been begun again yet."""
        return any(member.is_cut_off for member in self._population.in_phase(Phase.READY))

    def next(self) -> Member | None:
        """The member that runs next; None: there is none, or no room."""
        again, is_short = None, False
        for member in sorted(self._population.in_phase(Phase.READY), key=_how_far):
            if self._has_room(member):
                again = member
                break
            is_short = is_short or (member.is_live and not member.has_worker)
        if again is not None and (self._prefers_paused or again.is_cut_off or again.iteration == 0):
            return again
        while not is_short:  # what waits for room comes to have it before something new does
            new = self._population.create()
            if new is None:
                break
            if self._has_room(new):
                return new
            is_short = new.is_live
        return again

    def _has_room(self, member: Member) -> bool:
        needs = self._needs_of(member)
        return needs is not None and self._executor.has_room(needs, member.number)

    def _needs_of(self, member: Member) -> PlacementGroupFactory | None:
        """What a member needs; None where that can never be met."""
        if self._needs.same is not None:
            return self._needs.same  # looked at when the run began
        try:
            needs = self._needs(member.config)
            if not member.has_worker:
                self._executor.check(needs)
        except Exception as error:  # noqa: BLE001 - what it needs may be a function of a user's
            self._refuse(member, error)
            return None
        return needs

    def tell(self, *, is_stopping: bool) -> None:
        """Tell an executor that can grow what would run now, had it more room."""
        if not self._executor.grows:
            return
        free = 0.0 if is_stopping else self._bound - self._population.count(Phase.RUNNING)
        waiting = [each for each in self._population.in_phase(Phase.READY) if not each.has_worker]
        wanted = [needs for each in waiting if (needs := self._needs_of(each)) is not None]
        if self._needs.same is not None:
            wanted += [self._needs.same] * int(min(self._population.to_come(), _MOST_WANTED))
        self._executor.expect(wanted[: int(min(free, _MOST_WANTED))])


def _how_far(member: Member) -> tuple[bool, int, int]:
    """Those that ran when the run was cut off had their turn: they are first."""
    return not member.is_cut_off, member.iteration, member.number
