"""A storage against a model made of dicts: whatever the order of calls, they agree."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from trimtab.errors import StaleAttempt, TrialFinished, TrialUnfinished, UnknownTrial
from trimtab.records import (
    FINISHED,
    FrozenTrial,
    History,
    Outcome,
    Report,
    TrialState,
    TrialUpdate,
    parse_directions,
)
from trimtab.space import FloatDistribution, IntDistribution, Space
from trimtab.storage import Draft, InMemoryStorage, Lease, Storage, open_storage
from trimtab.storage.base import MAX_ATTEMPTS, absorb

SPACES = (
    Space({"x": FloatDistribution(0.0, 1.0)}),
    Space({"x": FloatDistribution(0.0, 5.0), "n": IntDistribution(0, 9)}),
)
POINTS: tuple[tuple[float | int, ...], ...] = ((0.5,), (2.5, 3))

values = st.sampled_from([0.0, -1.5, 1e300])
sems = st.none() | st.sampled_from([0.0, 0.25])
steps = st.integers(0, 4)
states = st.sampled_from(FINISHED)


@dataclass
class Model:
    """One trial as it should be."""

    state: TrialState
    space: int = 0
    attempt: int = 1
    max_attempts: int = 3
    expired: bool = False
    archived: bool = False
    end: tuple[Any, Any] = (None, None)
    user: dict[str, Any] = field(default_factory=dict)
    reports: dict[int, tuple[float, bool]] = field(default_factory=dict)


class StorageMachine(RuleBasedStateMachine):
    """Opens the storage anew from time to time, where it can be."""

    storage: Storage
    follower: History

    def __init__(self) -> None:
        super().__init__()
        self.trials: list[Model | None] = []
        self.order: list[int] = []

    def open(self) -> Storage:
        return InMemoryStorage()

    @initialize()
    def begin(self) -> None:
        self.storage = self.open()
        directions = parse_directions("minimize")
        self.study_id = self.storage.create_study("s", directions).id
        self.follower = History(directions)

    def number(self, data: st.DataObject) -> int:
        return data.draw(st.integers(0, len(self.trials)), label="number")

    def model(self, number: int) -> Model | None:
        return self.trials[number] if number < len(self.trials) else None

    def expected(self, number: int, attempt: int | None) -> type[Exception] | None:
        """What any write to a trial is refused with."""
        model = self.model(number)
        if model is None:
            return UnknownTrial
        if attempt is not None and attempt != model.attempt:
            return StaleAttempt
        return None

    def refused(self, kind: type[Exception], call: Any) -> None:
        try:
            call()
        except kind:
            return
        raise AssertionError(f"not refused with {kind.__name__}")

    # ------------------------------------------------------------------ rules

    @rule(which=st.integers(0, 1), seconds=st.sampled_from([None, 3600.0]), most=st.integers(1, 2))
    def start(self, which: int, seconds: float | None, most: int) -> None:
        draft = Draft(SPACES[which], POINTS[which], {"w": which})
        trial = self.storage.start(self.study_id, draft, Lease(seconds, "w", most))
        assert trial is not None
        number = self.claim(most)
        if number is None:
            number = len(self.trials)
            model = Model(TrialState.RUNNING, which, 1, most, user={"w": which})
            self.trials.append(model)
        assert trial.number == number
        self.agree(trial)

    @rule(most=st.integers(1, 3))
    def take(self, most: int) -> None:
        trial = self.storage.start(self.study_id, None, Lease(None, "w", most))
        number = self.claim(most)
        assert (None if trial is None else trial.number) == number
        if trial is not None:
            self.agree(trial)

    def claim(self, most: int) -> int | None:
        """The model's side of `start`."""
        present = [
            (number, model)
            for number, model in enumerate(self.trials)
            if model is not None and not model.archived
        ]
        queue = [(number, model) for number, model in present if model.state is TrialState.WAITING]
        expired = [(number, model) for number, model in present if model.expired]
        for number, model in queue + expired:
            model.expired = False
            if model.state is TrialState.WAITING:
                model.state = TrialState.RUNNING
            elif model.attempt < model.max_attempts:
                model.attempt += 1
                last = max((s for s, (_, saved) in model.reports.items() if saved), default=-1)
                model.reports = {s: r for s, r in model.reports.items() if s <= last}
            else:
                model.state = TrialState.FAIL
                self.order.append(number)
                continue
            model.max_attempts = most
            return number
        return None

    @rule(n=st.integers(0, 2))
    def add(self, n: int) -> None:
        trials = [FrozenTrial.build(0, TrialState.WAITING, user_attrs={"w": 9})] * n
        first = len(self.trials)
        assert self.storage.add(self.study_id, trials) == list(range(first, first + n))
        self.trials += [Model(TrialState.WAITING, -1, user={"w": 9}) for _ in range(n)]

    @precondition(lambda self: self.trials)
    @rule(
        data=st.data(),
        attempt=st.sampled_from([None, 1, 2]),
        state=states,
        value=values,
        sem=sems,
        step=st.none() | steps,
    )
    def finish(
        self,
        data: st.DataObject,
        attempt: int | None,
        state: TrialState,
        value: float,
        sem: float | None,
        step: int | None,
    ) -> None:
        number = self.number(data)
        outcome = Outcome(state, (value,), (sem,))
        update = None if step is None else TrialUpdate(reports=(Report(step, {"value": 9.0}),))

        def call() -> FrozenTrial:
            return self.storage.finish(self.study_id, number, attempt, outcome, update)

        kind = self.expected(number, attempt)
        model = self.model(number)
        if kind is not None or model is None:
            self.refused(kind or UnknownTrial, call)
            return
        end = (value, sem)
        if model.state in FINISHED:
            if (model.state, model.end) == (state, end):
                self.agree(call())
            else:
                self.refused(TrialFinished, call)
            return
        model.state, model.end, model.expired = state, end, False
        if step is not None:
            model.reports.setdefault(step, (9.0, False))
        self.order.append(number)
        self.agree(call())

    @precondition(lambda self: self.trials)
    @rule(
        data=st.data(), state=st.none() | states, value=values, note=st.none() | st.integers(0, 2)
    )
    def amend(
        self, data: st.DataObject, state: TrialState | None, value: float, note: int | None
    ) -> None:
        number = self.number(data)
        outcome = None if state is None else Outcome(state, (value,))

        def call() -> FrozenTrial:
            update = TrialUpdate(user_attrs={"note": note})
            return self.storage.amend(self.study_id, number, outcome, update)

        model = self.model(number)
        if model is None or model.state not in FINISHED:
            self.refused(UnknownTrial if model is None else TrialUnfinished, call)
            return
        model.user["note"] = note
        if state is None:
            model.state, model.end = TrialState.RUNNING, (None, None)
            model.attempt += 1
            model.max_attempts = MAX_ATTEMPTS
            self.order.remove(number)
        else:
            model.state, model.end = state, (value, None)
        self.agree(call())

    @rule()
    def summarize(self) -> None:
        """What is counted is what there is."""
        listed = [model for model in self.trials if model is not None and not model.archived]
        (summary,) = self.storage.summaries()
        assert summary.counts == {
            state: sum(model.state is state for model in listed) for state in TrialState
        }
        complete = [m.end[0] for m in listed if m.state is TrialState.COMPLETE]
        assert summary.best == min(complete, default=None)
        assert self.storage.revisions() == {self.study_id: summary.study.revision}

    @precondition(lambda self: self.trials)
    @rule(data=st.data(), attempt=st.sampled_from([None, 1, 2]), step=steps, saved=st.booleans())
    def report(self, data: st.DataObject, attempt: int | None, step: int, saved: bool) -> None:
        number = self.number(data)
        report = Report(step, {"value": float(number)}, "saved" if saved else None)

        def call() -> None:
            update = TrialUpdate(reports=(report,))
            self.storage.write(self.study_id, number, attempt, update)

        kind = self.expected(number, attempt)
        model = self.model(number)
        if kind is None and model is not None and model.state in FINISHED:
            kind = TrialFinished
        if kind is not None or model is None:
            self.refused(kind or UnknownTrial, call)
            return
        call()
        model.reports.setdefault(step, (float(number), saved))

    @precondition(lambda self: self.trials)
    @rule(data=st.data(), value=st.none() | st.integers(0, 2))
    def note(self, data: st.DataObject, value: int | None) -> None:
        number = self.number(data)
        model = self.model(number)
        update = TrialUpdate(user_attrs={"note": value})
        if model is None:
            self.refused(
                UnknownTrial, lambda: self.storage.write(self.study_id, number, None, update)
            )
            return
        self.storage.write(self.study_id, number, None, update)
        model.user["note"] = value

    @precondition(lambda self: self.trials)
    @rule(data=st.data(), state=st.sampled_from([TrialState.WAITING, TrialState.PAUSED]))
    def move(self, data: st.DataObject, state: TrialState) -> None:
        number = self.number(data)
        model = self.model(number)

        def call() -> None:
            self.storage.set_state(self.study_id, number, None, state)

        if model is None or model.state in FINISHED:
            self.refused(UnknownTrial if model is None else TrialFinished, call)
            return
        call()
        model.state, model.expired = state, False

    @precondition(lambda self: self.trials)
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        number = self.number(data)
        model = self.model(number)
        if model is None:
            return
        runs = model.state is TrialState.RUNNING
        assert self.storage.expire(self.study_id, number, model.attempt) is runs
        if runs:
            model.expired = True

    @precondition(lambda self: self.trials)
    @rule(data=st.data(), archived=st.booleans())
    def archive(self, data: st.DataObject, archived: bool) -> None:
        number = self.number(data)
        model = self.model(number)
        if model is not None:
            self.storage.archive_trials(self.study_id, [number], archived)
            model.archived = archived

    @precondition(lambda self: self.trials)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        number = self.number(data)
        if self.model(number) is not None:
            self.storage.delete_trials(self.study_id, [number])
            self.trials[number] = None
            self.order = [other for other in self.order if other != number]

    @rule()
    def follow(self) -> None:
        """A reader that reads only what changed."""
        absorb(self.follower, self.storage.changes(self.study_id, self.follower.revision))
        self.check(self.follower)

    # ------------------------------------------------------------------ checks

    def agree(self, trial: FrozenTrial) -> None:
        model = self.model(trial.number)
        assert model is not None
        value, sem = model.end
        assert trial.state is model.state
        assert trial.values == (None if value is None else (value,))
        assert trial.sems == (None if sem is None else (sem,))
        assert (trial.attempt, trial.archived) == (model.attempt, model.archived)
        assert trial.user_attrs == model.user
        assert trial.point == (POINTS[model.space] if model.space >= 0 else ())
        found = {
            step: (report.metrics["value"], report.checkpoint is not None)
            for step, report in trial.reports.items()
        }
        assert found == model.reports
        assert list(found) == sorted(found)

    def check(self, history: History) -> None:
        present = [number for number, model in enumerate(self.trials) if model is not None]
        trials = list(history.trials(archived=True))
        assert [trial.number for trial in trials] == present
        for trial in trials:
            self.agree(trial)
        finished = [n for n in history.finished.tolist() if history.states[n] >= 0]
        assert finished == self.order

    @rule()
    def read(self) -> None:
        """The shared history; not after every step, so that it falls behind."""
        self.check(self.storage.history(self.study_id))


class SQLiteMachine(StorageMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="trimtab-stateful-"))

        self.other = self.open()

    def open(self) -> Storage:
        return open_storage(self.folder / "study.db")

    @rule()
    def reopen(self) -> None:
        self.storage.close()
        self.storage = self.open()

    @rule()
    def change_hands(self) -> None:
        """Another process, with a history of its own, goes on."""
        self.storage, self.other = self.other, self.storage

    def teardown(self) -> None:
        if hasattr(self, "storage"):
            self.storage.close()
        self.other.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestMemoryMachine = StorageMachine.TestCase
TestMemoryMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSQLiteMachine = SQLiteMachine.TestCase
TestSQLiteMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
