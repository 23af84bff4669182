"""What every scheduler is held to, and a way to run one without a study.

For a scheduler of your own::

    class TestMine(SchedulerContract):
        def make(self, **options):
            return MyScheduler(**options)
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trimtab.records import (
    DELETED,
    VALUE,
    FrozenTrial,
    History,
    Report,
    StudyDirection,
    TrialState,
)
from trimtab.schedulers import Continue, Decision, Scheduler, Stop

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE

Curves = Sequence[Sequence[float]]
"""One learning curve a trial: its reports at steps 0, 1, ..."""

Event = tuple[int, int, bool]
"""Trial number, step, and whether it was stopped there."""


class Race:
    """Plays learning curves, a few at a time, and lets a scheduler decide.

    Trials that come to the end of their curve are told COMPLETE with its last finite value.

    Args:
        scheduler: Decides; None: nothing is ever stopped.
        direction: Of the metric and of every objective.
        metric: What the curves are reports of.
        n_objectives: How many objectives the study has.
    """

    def __init__(
        self,
        scheduler: Scheduler | None,
        direction: StudyDirection = MINIMIZE,
        metric: str = VALUE,
        n_objectives: int = 1,
    ) -> None:
        self.scheduler = scheduler
        self.direction = direction
        self.metric = metric
        self.history = History((direction,) * n_objectives)
        self._clock = 0

    def run(
        self, curves: Curves, *, width: int = 1, seed: int = 0, steps: Sequence[int] | None = None
    ) -> list[Event]:
        """Play all curves, ``width`` of them at any time, in an order drawn from ``seed``.

        Args:
            curves: One for each trial, in order of number.
            width: How many trials run at once.
            seed: Of who reports next.
            steps: The steps of the reports, ascending; None for 0, 1, ...

        Returns:
            An event for every report.
        """
        return list(self.events(curves, width=width, seed=seed, steps=steps))

    def events(
        self, curves: Curves, *, width: int = 1, seed: int = 0, steps: Sequence[int] | None = None
    ) -> Iterator[Event]:
        """`run`, one event at a time; the race may be changed in between."""
        rng = np.random.default_rng(seed)
        waiting = list(range(len(curves)))
        running: dict[int, int] = {}
        while waiting or running:
            while waiting and len(running) < width:
                number = waiting.pop(0)
                self.start(number)
                running[number] = 0
            number = list(running)[int(rng.integers(len(running)))]
            curve, position = curves[number], running[number]
            if position == len(curve):
                del running[number]
                self.finish(number, TrialState.COMPLETE, _last_finite(curve))
                continue
            step = position if steps is None else steps[position]
            stopped = self.report(number, step, curve[position])
            yield number, step, stopped
            if stopped:
                del running[number]
                self.finish(number, TrialState.PRUNED, _last_finite(curve[: position + 1]))
            else:
                running[number] = position + 1

    def start(self, number: int) -> None:
        """Begin a trial."""
        self._clock += 1
        self.history.apply(FrozenTrial.build(number, TrialState.RUNNING, started=self._clock))

    def report(self, number: int, step: int, value: float) -> bool:
        """Report a value; whether the trial is to stop. What the scheduler keeps is kept."""
        self.history.apply_report(number, Report(step, {self.metric: value, "other": -1e9}))
        if self.scheduler is None:
            return False
        decision = self.decide(number)
        assert isinstance(decision, (Continue, Stop)), "a pruner continues or stops"
        if decision.state:
            trial = self.history.trial(number)
            self.history.apply(trial.replace(system_attrs={**trial.system_attrs, **decision.state}))
        return isinstance(decision, Stop)

    def decide(self, number: int) -> Decision:
        """What the scheduler says now."""
        assert self.scheduler is not None
        rng = np.random.default_rng(0)
        return self.scheduler.on_report(self.history, number, self.direction, rng)

    def finish(self, number: int, state: TrialState, value: float) -> None:
        """End a trial."""
        self._clock += 1
        trial = self.history.trial(number)
        values = (value,) * self.history.n_objectives
        self.history.apply(trial.replace(state=state, values=values, finished=self._clock))


def reloaded(history: History) -> History:
    """The same history built anew, as from a storage."""
    copied = History(history.directions)
    finished = set(history.finished.tolist())
    unfinished = [n for n in range(len(history)) if n not in finished]
    for number in history.finished.tolist() + unfinished:
        if history.states[number] == DELETED:
            copied.remove(number)
        else:
            copied.apply(history.trial(number))
    copied.revision = history.revision
    return copied


def curves_for(seed: int, n_trials: int = 24, n_steps: int = 9, *, nan: bool = False) -> Curves:
    """Noisy decaying curves towards different ends, with NaN here and there on demand."""
    rng = np.random.default_rng(seed)
    ends = rng.normal(size=(n_trials, 1))
    decay = 3.0 * np.exp(-np.arange(n_steps) / rng.uniform(1.0, 6.0, size=(n_trials, 1)))
    noisy = ends + decay + 0.2 * rng.normal(size=(n_trials, n_steps))
    if nan:
        noisy[rng.random(noisy.shape) < 0.15] = math.nan
    rows: list[list[float]] = noisy.tolist()
    return rows


class SchedulerContract(ABC):
    """What a scheduler that continues or stops must do; subclass it in a test module.

    Attributes:
        stops: Whether the scheduler stops some of the trials of `curves_for` (checked, so that
            the contract is not kept by doing nothing).
    """

    stops = True

    @abstractmethod
    def make(self, **options: Any) -> Scheduler:
        """A fresh scheduler; ``options`` are ``metric`` and ``direction``."""

    def curves(self, seed: int) -> Curves:
        """What the trials report (to be minimized)."""
        return curves_for(seed)

    def test_stops_some_and_not_all(self) -> None:
        """Some trials are stopped and some complete."""
        race = Race(self.make())
        stopped = [number for number, _, stop in race.run(self.curves(0), width=3) if stop]
        assert bool(stopped) is self.stops
        assert TrialState.COMPLETE in race.history.states

    def test_history_is_only_read(self) -> None:
        """A decision changes nothing in the history."""
        race = Race(self.make())
        for number, _, _ in race.events(self.curves(1), width=3):
            before = [race.history.trial(n) for n in range(len(race.history))]
            order = race.history.finished.copy()
            race.decide(number)
            assert [race.history.trial(n) for n in range(len(race.history))] == before
            assert (race.history.finished == order).all()

    def test_same_reports_same_decisions(self) -> None:
        """Two runs over the same reports are the same run."""
        curves = self.curves(2)
        assert Race(self.make()).run(curves, width=4) == Race(self.make()).run(curves, width=4)

    def test_resumes_exactly_from_the_records(self) -> None:
        """A fresh scheduler on a reloaded history goes on as the old one would have."""
        curves = self.curves(3)
        expected = Race(self.make()).run(curves, width=4)
        race = Race(self.make())
        events = []
        for event in race.events(curves, width=4):
            events.append(event)
            race.scheduler = self.make()
            race.history = reloaded(race.history)
        assert events == expected

    def test_copies_decide_alike(self) -> None:
        """A deep copy, as a worker process gets, decides as the original does."""
        curves = self.curves(4)
        expected = Race(self.make()).run(curves, width=4)
        race = Race(self.make())
        events = []
        for event in race.events(curves, width=4):
            events.append(event)
            race.scheduler = copy.deepcopy(race.scheduler)
        assert events == expected

    def test_two_studies_do_not_mix(self) -> None:
        """One object may serve two studies in turn."""
        first, second = self.curves(5), self.curves(6)
        expected = [Race(self.make()).run(curves, width=2) for curves in (first, second)]
        shared = self.make()
        races = [Race(shared).events(curves, width=2) for curves in (first, second)]
        found: list[list[Event]] = [[], []]
        going = {0, 1}
        while going:
            for which in sorted(going):
                event = next(races[which], None)
                if event is None:
                    going.discard(which)
                else:
                    found[which].append(event)
        assert found == expected

    def test_directions_mirror_each_other(self) -> None:
        """Maximizing the negative is minimizing."""
        curves = self.curves(7)
        mirrored = [[-value for value in curve] for curve in curves]
        assert self.mirrored_race(MAXIMIZE).run(mirrored, width=3) == Race(self.make()).run(
            curves, width=3
        )

    def mirrored_race(self, direction: StudyDirection) -> Race:
        """The race in the other direction; a scheduler with bounds turns them here."""
        return Race(self.make(), direction)

    def test_named_metric_of_a_multi_objective_study(self) -> None:
        """A scheduler looks at its metric and no other, whatever the number of objectives."""
        curves = self.curves(8)
        alone = Race(self.make()).run(curves, width=3)
        named = Race(self.make(metric="loss", direction="minimize"), metric="loss", n_objectives=2)
        assert named.run(curves, width=3) == alone

    def test_unreported_metric_goes_on(self) -> None:
        """Nothing is decided on reports of other metrics."""
        race = Race(self.make(metric="absent"), metric="loss")
        assert not any(stop for _, _, stop in race.run(self.curves(9), width=3))

    def test_nan_reports_are_survived(self) -> None:
        """NaN among the reports neither raises nor keeps the rest from being judged."""
        race = Race(self.make())
        race.run(curves_for(10, nan=True), width=3)
        assert len(race.history.finished) == len(race.history)

    def test_deleted_and_archived_trials_do_not_count(self) -> None:
        """Decisions after a trial was set aside are those of a history without it."""
        curves = self.curves(11)
        race = Race(self.make())
        race.run(curves[:-1], width=2)
        gone = race.history.trial(0)
        race.history.apply(gone.replace(archived=True))
        race.history.remove(1)
        fresh = Race(self.make())
        fresh.history = reloaded_without(race.history, {0, 1})
        last = len(curves) - 1
        race.start(last)
        fresh.start(last)
        for step, value in enumerate(curves[last]):
            assert race.report(last, step, value) == fresh.report(last, step, value)


def reloaded_without(history: History, numbers: set[int]) -> History:
    """`reloaded`, as if some trials had never been."""
    copied = History(history.directions)
    for number in history.finished.tolist():
        if number not in numbers:
            copied.apply(history.trial(number))
    return copied


def _last_finite(curve: Sequence[float]) -> float:
    return next((value for value in reversed(curve) if math.isfinite(value)), 0.0)
