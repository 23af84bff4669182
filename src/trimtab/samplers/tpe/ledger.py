"""From finished trials to ranks: arms, their noise, and how each compares.

Trials with equal parameters measure the same arm, and the arm is what is ranked, by its posterior
mean: measurements are weighted by their precision, and where something is known of the noise (a
standard error was told, or an arm was replicated) the mean is shrunk towards that of all arms as
far as its noise explains the spread (James and Stein, 1961; the empirical Bayes form of Efron and
Morris, 1973, JASA 68). One lucky run then does not outrank an arm that proved itself. Where nothing
is known of noise a value is taken as it is.
"""

from __future__ import annotations

import math

from trimtab.records import History, TrialState
from trimtab.samplers.tpe.noise import Measurement, Noise
from trimtab.samplers.tpe.split import Key
from trimtab.space import Internal

_GROWTH = 1.25
"""The estimate of the noise is renewed when the measurements grew by this factor."""

_COMPLETE, _PRUNED = int(TrialState.COMPLETE), int(TrialState.PRUNED)


class Ledger:
    """Turns a history's finished trials, in the order in which they finished, into keys.

    Attributes:
        events: (old key or None, new key) in order: a new arm, or one whose rank changed.
        losses: Posterior mean losses by arm (its first trial's number); filled where they are
            not simply the trial's values.
    """

    def __init__(self, history: History) -> None:
        self.events: list[tuple[Key | None, Key]] = []
        self.posterior: dict[int, tuple[float, ...]] = {}
        self._signs: list[float] = history.signs.tolist()
        self._cursor = 0
        self._arms: dict[int, int] = {}
        self._measured: dict[int, list[Measurement]] = {}
        self._keys: dict[int, Key] = {}
        self._noise = Noise(len(self._signs))
        self._count = 0
        self._renew_at = 0.0

    def sync(self, history: History) -> None:
        """Take in what finished since the last call."""
        finished = history.finished
        if self._cursor == len(finished):
            return
        for number in finished[self._cursor :].tolist():
            self._take(history, number)
        self._cursor = len(finished)

    def arm(self, history: History, point: tuple[Internal, ...], layout: int) -> int | None:
        """Number of the first trial that measured this point, if there is one."""
        slot = hash((layout, point))
        while (first := self._arms.get(slot)) is not None:
            if history.layout_id(first) == layout and history.point(first) == point:
                return first
            slot += 1
        return None

    def losses(self, history: History, number: int) -> tuple[float, ...]:
        """Losses of one arm, by its first trial's number."""
        known = self.posterior.get(number)
        if known is not None:
            return known
        return self._values(history, number)

    def _take(self, history: History, number: int) -> None:
        state = history.states.item(number)
        if history.archived.item(number):
            return
        violation = history.violation.item(number)
        if state == _PRUNED:
            if violation > 0.0:
                self.events.append((None, (2, violation, math.inf, number)))
            else:
                self.events.append((None, (1, *self._progress(history, number), number)))
            return
        if state != _COMPLETE:
            return
        layout = history.layout_id(number)
        point = history.point(number)
        slot = hash((layout, point))
        while (first := self._arms.get(slot)) is not None:
            if history.layout_id(first) == layout and history.point(first) == point:
                break
            slot += 1
        losses = self._values(history, number)
        sems = history.sems[number].tolist()
        self._count += 1
        if first is None:
            self._arms[slot] = first = number
        known = not all(map(math.isnan, sems))
        if first != number or known:
            self._measure(history, first, number, losses, tuple(sems))
        if self._noise.known and self._count >= self._renew_at:
            self._renew(history)
        old = self._keys.get(first)
        tier_key: Key
        if self._noise.known or first in self._measured:
            losses = self._estimate(history, first)
        if old is not None and old[0] == 2:
            violation = max(violation, old[1])
        if violation > 0.0:
            tier_key = (2, violation, losses[0], first)
        else:
            tier_key = (0, losses[0], 0.0, first)
        self._keys[first] = tier_key
        self.events.append((old, tier_key))

    def _values(self, history: History, number: int) -> tuple[float, ...]:
        """A trial's own losses."""
        values = history.values[number].tolist()
        return tuple([value * sign for value, sign in zip(values, self._signs, strict=True)])

    def _progress(self, history: History, number: int) -> tuple[float, float]:
        """Further along is better, then the last reported value; nothing reported is worst."""
        last = history.last_value(number)
        if last is None:
            return 1.0, 0.0
        step, value = last
        loss = value * float(self._signs[0])
        return -float(step), loss if loss == loss else math.inf

    def _measure(
        self,
        history: History,
        first: int,
        number: int,
        losses: tuple[float, ...],
        sems: tuple[float, ...],
    ) -> None:
        """Keep a measurement whose noise matters."""
        kept = self._measured.get(first)
        if kept is None:
            kept = self._measured[first] = []
            if first != number:
                kept.append(
                    (
                        self._values(history, first),
                        tuple(history.sems[first].tolist()),
                    )
                )
        before = self._noise.known
        self._noise.remove(kept)
        kept.append((losses, sems))
        self._noise.add(kept)
        if self._noise.known and not before:
            self._renew_at = 0.0

    def _estimate(self, history: History, first: int) -> tuple[float, ...]:
        kept = self._measured.get(first)
        if kept is None:
            kept = [
                (
                    self._values(history, first),
                    tuple(history.sems[first].tolist()),
                )
            ]
        losses = self._noise.estimate(kept)
        self.posterior[first] = losses
        return losses

    def _renew(self, history: History) -> None:
        """Estimate noise and spread anew, and rank all arms by them."""
        self._renew_at = self._count * _GROWTH
        arms = list(self._arms.values())
        single = [(self._values(history, arm), tuple(history.sems[arm].tolist())) for arm in arms]
        self._noise.fit(
            [self._measured.get(arm, [alone]) for arm, alone in zip(arms, single, strict=True)]
        )
        for arm in arms:
            old = self._keys.get(arm)
            if old is None:
                continue
            losses = self._estimate(history, arm)
            new: Key = (0, losses[0], 0.0, arm) if old[0] == 0 else (2, old[1], losses[0], arm)
            if new != old:
                self._keys[arm] = new
                self.events.append((old, new))
