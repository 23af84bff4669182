"""A run without training: any scheduler, at work on learning curves made of arithmetic.

`Simulation` does with a scheduler what a Tuner does, with as many slots as are wanted, and holds it
to its contract at every decision. For a scheduler of your own::

    def test_mine():
        run = Simulation(lambda: MyScheduler(metric="loss", mode="min"), world, n_trials=16)
        run.run()
        assert not run.left

A member may fail, or the whole run be taken up from its records, at any report.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.records.lineage import CONFIG, LINEAGE
from trimtab.schedulers import Continue, Decision, Exploit, Pause, Scheduler, Stop
from trimtab.schedulers.progress import ITERATION
from trimtab.space.paths import with_value
from trimtab.testing.schedulers import reloaded

METRIC = "score"
_PATIENCE = 1_000_000


class World(Protocol):
    """What is trained: a state, and how a config moves it."""

    def begin(self, number: int) -> tuple[dict[str, Any], Any]:
        """The config and the state that a trial begins with."""

    def train(self, state: Any, config: Mapping[str, Any], iteration: int) -> tuple[Any, float]:
        """The state after one more iteration, and what is reported of it."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A state that a member can go on from."""

    state: Any
    iteration: int


@dataclass(slots=True)
class Member:
    """A trial of a simulation; its records are in the history."""

    number: int
    config: dict[str, Any]
    saved: Saved
    state: Any
    iteration: int = 0
    step: int = 0
    until: int = 1
    phase: str = "ready"
    lineage: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Event:
    """What was decided, and when: the order of events is a run's fingerprint."""

    number: int
    step: int
    decision: Decision


class Simulation:
    """A population, trained by arithmetic.

    Args:
        make: A scheduler, made anew whenever it is called.
        world: What is trained.
        n_trials: How many trials there are.
        slots: How many run at one time.
        length: Iterations after which a trial is complete, if the scheduler does not end it.
        direction: Of the metric.
        seed: Of the scheduler, and of who reports next.
        fails: (trial, step) of reports in place of which the trial fails for good.
        deletes: By the count of reports after which it happens: a trial that a person deletes,
            if it is open.
        restarts: Counts of reports after which everything but the records is built anew.
        lazy: Whether trials are made when they begin, not before.
        strict: Whether every decision is made three times, by the scheduler, again, and by a new
            one on reloaded records, and reports that it did not want to see are shown to it.

    Attributes:
        history: The records.
        events: All that was decided.
        reports: How many reports there were: what the run cost.
        left: Trials that rested when nothing else could go on: stopped by nobody.
        calls: How often the scheduler was asked.
    """

    def __init__(
        self,
        make: Callable[[], Scheduler],
        world: World,
        *,
        n_trials: int = 8,
        slots: int = 4,
        length: int = 20,
        direction: StudyDirection = StudyDirection.MAXIMIZE,
        seed: int = 0,
        fails: Collection[tuple[int, int]] = (),
        deletes: Mapping[int, int] | None = None,
        restarts: Collection[int] = (),
        lazy: bool = False,
        strict: bool = True,
    ) -> None:
        self.history = History((direction,))
        self.events: list[Event] = []
        self.reports = 0
        self.left: list[int] = []
        self.calls = 0
        self.members: dict[int, Member] = {}
        self._make = make
        self._scheduler = make()
        self._world = world
        self._n_trials = n_trials
        self._slots = slots
        self._length = length
        self._direction = direction
        self._seed = seed
        self._fails = frozenset(fails)
        self._deletes = dict(deletes or {})
        self._restarts = frozenset(restarts)
        self._strict = strict
        self._order = np.random.default_rng(seed)
        self._clock = 0
        self._made = 0
        if not lazy:
            while self._made < n_trials:
                self._create()

    def run(self) -> Simulation:
        """To the end; this simulation."""
        for _ in range(_PATIENCE):
            while self._count("running") < self._slots and (member := self._next()) is not None:
                self._start(member)
            going = [member for member in self.members.values() if member.phase == "running"]
            if going:
                self._advance(going[int(self._order.integers(len(going)))])
            elif not self._conclude():
                break
        else:
            raise AssertionError("the run does not end")
        assert set(self.history.states.tolist()) <= {1, 2, 3, -1}, "every trial has ended"
        return self

    def scores(self) -> dict[int, float]:
        """The last report of every trial."""
        found = {n: self.history.last_value(n, METRIC) for n in range(len(self.history))}
        return {number: last[1] for number, last in found.items() if last is not None}

    def intervene(self, number: int, *, archived: bool = False) -> None:
        """A person deletes an open trial, or ends it and puts it away."""
        self.members[number].phase = "ended"
        if archived:
            self._finish(self.members[number], TrialState.FAIL)
            self.history.apply(self.history.trial(number).replace(archived=True))
        else:
            self.history.remove(number)

    # ------------------------------------------------------------------ what runs next

    def _next(self) -> Member | None:
        resting = [member for member in self.members.values() if member.phase == "resting"]
        if resting:
            self._apply(self._ask("release"))
        ready = [member for member in self.members.values() if member.phase == "ready"]
        again = min(ready, key=lambda member: (member.iteration, member.number), default=None)
        if again is not None and (self._scheduler.prefers_paused and again.step):
            return again
        if self._made < self._n_trials:
            return self._create()
        return again

    def _create(self) -> Member:
        number = self._made
        self._made += 1
        config, state = self._world.begin(number)
        for name, value in self._scheduler.initial(config, self._random(number, 0)).items():
            config = with_value(config, name, value)
        member = Member(number, config, Saved(state, 0), state)
        self.members[number] = member
        self.history.apply(
            FrozenTrial.build(number, TrialState.WAITING, system_attrs={CONFIG: config})
        )
        return member

    def _start(self, member: Member) -> None:
        if member.phase != "ready":
            raise AssertionError("only what is ready can start")
        member.phase = "running"
        self._write(member, TrialState.RUNNING)
        member.until = self._horizon(member)

    def _horizon(self, member: Member) -> int:
        due = self._scheduler.next_step(self.history, member.number)
        if self._strict:
            assert due == self._scheduler.next_step(self.history, member.number)
            assert due == self._make().next_step(reloaded(self.history), member.number)
        if due is None:
            return _PATIENCE
        assert due > (self.history.last_step(member.number) or 0), "a step yet to come"
        return due

    def _conclude(self) -> bool:
        """Ask once more when nothing can go on; False where nothing came of it."""
        resting = [member for member in self.members.values() if member.phase == "resting"]
        if not resting:
            return False
        decisions = self._ask("conclude")
        self._apply(decisions)
        for member in resting:
            if member.phase == "resting" and not decisions:
                self.left.append(member.number)
                self._finish(member, TrialState.PRUNED)
        return True

    # ------------------------------------------------------------------ what happens

    def _advance(self, member: Member) -> None:
        """One iteration of one member."""
        number = member.number
        if (number, member.step + 1) in self._fails:
            self._fail(member)
            return
        state, score = self._world.train(member.state, member.config, member.iteration + 1)
        member.state, member.step, member.iteration = state, member.step + 1, member.iteration + 1
        self.reports += 1
        metrics = {METRIC: score, "seconds": member.iteration * 0.5}
        if member.iteration != member.step:
            metrics[ITERATION] = float(member.iteration)
        self.history.apply_report(number, Report(member.step, metrics))
        if member.step >= member.until or member.iteration >= self._length:
            member.saved = Saved(copy.deepcopy(member.state), member.iteration)
            self._decide(member)
        elif self._strict:
            decision = self._ask("on_report", number)
            assert decision == Continue(), f"asked at step {member.step}, says {decision}"
        gone = self.members.get(self._deletes.pop(self.reports, -1))
        if gone is not None and gone.phase != "ended":
            self.intervene(gone.number)
        if self.reports in self._restarts:
            self._restart()

    def _decide(self, member: Member) -> None:
        if member.iteration >= self._length:
            self._finish(member, TrialState.COMPLETE)
            return
        decision = self._ask("on_report", member.number)
        self.events.append(Event(member.number, member.step, decision))
        self._follow(member, decision)

    def _fail(self, member: Member) -> None:
        decision = self._ask("on_failure", member.number)
        self.events.append(Event(member.number, member.step, decision))
        self._fails -= {(member.number, member.step + 1)}
        if isinstance(decision, Exploit):
            self._follow(member, decision)
        else:
            self._finish(member, TrialState.FAIL)

    def _restart(self) -> None:
        """As after the death of the process: only what is recorded and saved is there."""
        self.history = reloaded(self.history)
        self._scheduler = self._make()

    def _apply(self, decisions: Mapping[int, Decision]) -> None:
        for number, decision in sorted(
            decisions.items(), key=lambda item: not isinstance(item[1], Exploit)
        ):
            member = self.members[number]
            assert not isinstance(decision, Pause), "what rests goes on, or ends"
            if member.phase == "resting":
                self.events.append(Event(number, member.step, decision))
                self._follow(member, decision)

    def _follow(self, member: Member, decision: Decision) -> None:
        attrs: dict[str, Any] = dict(decision.state)
        if isinstance(decision, Exploit):
            donor = self.members[decision.donor]
            assert donor.phase != "ended", "a donor that lives"
            config = donor.config
            for name, value in decision.params.items():
                config = with_value(config, name, value)
            member.config = self._scheduler.adapt(config)
            member.saved, member.iteration = donor.saved, donor.saved.iteration
            member.state = copy.deepcopy(donor.saved.state)
            member.lineage.append([member.step, donor.number, donor.saved.iteration, {}])
            attrs |= {CONFIG: member.config, LINEAGE: copy.deepcopy(member.lineage)}
            member.phase = "ready"
            self._note(member, attrs)
            return
        self._note(member, attrs)
        if isinstance(decision, Stop):
            completes = decision.completes
            self._finish(member, TrialState.COMPLETE if completes else TrialState.PRUNED)
        elif isinstance(decision, Pause):
            member.phase = "resting"
            self._write(member, TrialState.PAUSED)
        elif member.phase == "resting" or decision.yields:
            member.phase = "ready"
        else:
            member.until = self._horizon(member)

    # ------------------------------------------------------------------ asking

    def _ask(self, call: str, *numbers: int) -> Any:
        """What the scheduler says, and whether it is of one mind about it."""
        lane = sum(map(len, map(self.history.reports, numbers or self.history.paused)))
        answer = self._answer(self._scheduler, self.history, call, numbers, lane)
        self.calls += 1
        if self._strict:
            again = self._answer(self._scheduler, self.history, call, numbers, lane)
            assert again == answer, f"{call} is repeatable"
            anew = self._answer(self._make(), reloaded(self.history), call, numbers, lane)
            assert anew == answer, f"{call} follows from the records"
        return answer

    def _answer(
        self,
        scheduler: Scheduler,
        history: History,
        call: str,
        numbers: Sequence[int],
        lane: int,
    ) -> Any:
        rng = self._random(*(numbers or (len(history),)), lane)
        answer = getattr(scheduler, call)(history, *numbers, self._direction, rng)
        return answer if numbers else dict(answer)

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *key])

    # ------------------------------------------------------------------ the records

    def _count(self, phase: str) -> int:
        return sum(member.phase == phase for member in self.members.values())

    def _note(self, member: Member, attrs: Mapping[str, Any]) -> None:
        if attrs:
            trial = self.history.trial(member.number)
            self.history.apply(trial.replace(system_attrs={**trial.system_attrs, **attrs}))

    def _write(self, member: Member, state: TrialState) -> None:
        self.history.apply(self.history.trial(member.number).replace(state=state))

    def _finish(self, member: Member, state: TrialState) -> None:
        self._clock += 1
        member.phase = "ended"
        last = self.history.last_value(member.number, METRIC)
        values = None
        if last is not None and math.isfinite(last[1]) and state is not TrialState.FAIL:
            values = (last[1],)
        if values is None:
            state = TrialState.FAIL
        trial = self.history.trial(member.number)
        self.history.apply(trial.replace(state=state, values=values, finished=self._clock))
