"""The orchestrator: what it deploys, how it waits, what it tolerates, and what outlives it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.experiment.lab import Computed, Elsewhere, Instant, experiment
from trimtab.errors import FailureRateExceeded, InvalidArgument
from trimtab.experiment import (
    Data,
    Experiment,
    GeneratorRun,
    Orchestrator,
    Runner,
    TrialStatus,
)
from trimtab.experiment.trial import DEPLOYING
from trimtab.records import TrialState, TrialUpdate
from trimtab.schedulers import PercentilePruner

END = TrialStatus.COMPLETED


class Naps(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def orchestrator(exp: Experiment, **options: Any) -> tuple[Orchestrator, Naps]:
    naps = Naps()
    return Orchestrator(exp, sleep=naps, **options), naps


def statuses(exp: Experiment) -> list[TrialStatus]:
    return [trial.status for trial in exp.trials.values()]


def test_trials_that_end_at_once() -> None:
    runner = Instant()
    exp = experiment(runner=runner)
    made, naps = orchestrator(exp)
    made.run(n_trials=6)
    assert runner.ran == list(range(6))
    assert statuses(exp) == [END] * 6
    assert all(trial.state is TrialState.COMPLETE for trial in exp.study.trials)
    assert naps == []


@pytest.mark.parametrize("parallelism", [1, 3])
def test_trials_that_end_on_their_own(parallelism: int) -> None:
    runner = Elsewhere(rounds=3)
    exp = experiment(runner=runner)
    made, naps = orchestrator(exp)
    made.run(n_trials=7, parallelism=parallelism)
    assert runner.most == parallelism
    assert len(runner.deployed) == 7
    assert statuses(exp) == [END] * 7
    assert len(naps) >= 7 * 3 / parallelism - 1


def test_it_polls_less_and_less_often_until_something_changes() -> None:
    exp = experiment(runner=Elsewhere(rounds=9))
    made, naps = orchestrator(exp, first_poll=1.0, longest_poll=4.0)
    made.run(n_trials=2)
    once = [1.0, 1.5, 2.25, 3.375, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert naps == once * 2


def test_candidates_come_first() -> None:
    runner = Instant()
    exp = experiment(runner=runner)
    exp.new_trial(exp.gen(1))
    exp.new_batch_trial(exp.gen(2))
    orchestrator(exp)[0].run(n_trials=3)
    assert runner.ran == [0, 1, 3]
    assert len(exp.fetch_data()) == 4


def test_the_same_command_goes_on_where_it_was() -> None:
    runner = Elsewhere(end={1: TrialStatus.FAILED, 2: TrialStatus.ABANDONED})
    exp = experiment(runner=runner)
    orchestrator(exp)[0].run(total_trials=4)
    assert statuses(exp).count(END) == 4
    assert len(exp.trials) == 6
    orchestrator(exp)[0].run(total_trials=4)
    assert len(exp.trials) == 6
    orchestrator(exp)[0].run(total_trials=5)
    assert len(exp.trials) == 7


def test_too_many_failures_end_it() -> None:
    runner = Elsewhere(end=dict.fromkeys(range(1, 50), TrialStatus.FAILED))
    exp = experiment(runner=runner)
    with pytest.raises(FailureRateExceeded, match="5 of the 6 trials"):
        orchestrator(exp, tolerated_failure_rate=0.5)[0].run(n_trials=50)
    assert statuses(exp).count(TrialStatus.FAILED) == 5


class Broken(Runner):
    def run(self, trial: Any) -> dict[str, Any]:
        raise OSError("no such queue")


def test_what_cannot_be_deployed_has_failed() -> None:
    exp = experiment(runner=Broken())
    with pytest.raises(FailureRateExceeded):
        orchestrator(exp)[0].run(n_trials=20)
    assert statuses(exp) == [TrialStatus.FAILED] * 5
    assert "no such queue" in str(exp.trials[0].failed_reason)


def test_a_metric_that_raises_fails_its_trial() -> None:
    def sometimes(params: Any) -> float:
        calls.append(params)
        if len(calls) == 2:
            raise OSError("no result file")
        return 1.0

    calls: list[Any] = []
    exp = experiment(Computed("loss", sometimes), runner=Instant())
    orchestrator(exp)[0].run(n_trials=3)
    assert statuses(exp) == [END, TrialStatus.FAILED, END]
    assert "OSError: no result file" in str(exp.trials[1].failed_reason)


def test_a_poll_that_raises_is_tried_again() -> None:
    class Flaky(Elsewhere):
        def poll(self, trial: Any) -> TrialStatus:
            failures.append(trial.index)
            if len(failures) in (1, 2):
                raise OSError("the network is down")
            return super().poll(trial)

    failures: list[int] = []
    exp = experiment(runner=Flaky())
    orchestrator(exp)[0].run(n_trials=2)
    assert statuses(exp) == [END] * 2


def test_an_exhausted_space_ends_it() -> None:
    from trimtab.experiment import (
        Objective,
        OptimizationConfig,
        ParameterType,
        RangeParameter,
        SearchSpace,
    )

    exp = Experiment(
        SearchSpace([RangeParameter("x", ParameterType.INT, 1, 4)]),
        "finite",
        OptimizationConfig(Objective(Computed("loss", lambda p: float(p["x"])))),
        runner=Elsewhere(),
    )
    orchestrator(exp)[0].run(n_trials=99, parallelism=2)
    assert sorted(trial.params["x"] for trial in exp.study.trials) == [1, 2, 3, 4]


class Curve(Computed):
    """Better with each step; of the third trial on, much worse than the others."""

    @property
    def is_available_while_running(self) -> bool:
        return True

    def fetch_trial_data(self, trial: Any, **kwargs: Any) -> Data:
        (name,) = trial.arms_by_name
        level = 100.0 if trial.index >= 3 else 1.0
        row = {"arm_name": name, "metric_name": self.name, "sem": 0.0, "trial_index": trial.index}
        return Data([{**row, "mean": level - step / 100, "step": step} for step in range(5)])


def test_early_stopping() -> None:
    runner = Elsewhere(rounds=3)
    pruner = PercentilePruner(50.0, n_startup_trials=3, n_warmup_steps=1)
    exp = experiment(Curve("loss"), runner=runner, early_stopping=pruner)
    orchestrator(exp, stop_early=True)[0].run(n_trials=5)
    assert statuses(exp) == [END] * 3 + [TrialStatus.EARLY_STOPPED] * 2
    assert runner.stopped == [3, 4]
    assert exp.study.trials[0].intermediate_values == {s: 1.0 - s / 100 for s in range(5)}
    assert exp.study.trials[0].values == (0.96,)  # the last step stands for the end
    assert exp.study.trials[3].state is TrialState.PRUNED


class Dies(Elsewhere):
    """Its process ends while it deploys a trial.

    Args:
        after: Whether the trial has been deployed by then.
    """

    def __init__(self, after: bool) -> None:
        super().__init__()
        self.after = after
        self.dies = True

    def run(self, trial: Any) -> dict[str, Any]:
        if not self.dies:
            return super().run(trial)
        if self.after:
            super().run(trial)
        raise SystemExit


@pytest.fixture
def all_are_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was deploying something is: the process that runs this test would be alive."""
    monkeypatch.setattr("trimtab.experiment.orchestrator.is_dead", lambda worker: True)
    monkeypatch.setattr("trimtab.experiment.orchestrator.worker_id", lambda: "another")


@pytest.mark.usefixtures("all_are_dead")
@pytest.mark.parametrize("after", [False, True])
def test_a_trial_in_the_midst_of_being_deployed_is_deployed_once(
    after: bool, sqlite_url: str
) -> None:
    runner = Dies(after)
    exp = experiment(runner=runner, storage=sqlite_url)
    with pytest.raises(SystemExit):
        orchestrator(exp)[0].run(n_trials=1)
    assert exp.trials[0].head().system_attrs[DEPLOYING] is not None
    assert statuses(exp) == [TrialStatus.CANDIDATE]
    runner.dies = False
    again = Experiment.load("lab", sqlite_url, metrics=[Computed("loss")], runner=runner)
    orchestrator(again)[0].run(total_trials=2)
    assert runner.deployed == ["lab_0", "lab_1"]
    assert statuses(exp) == [END, END]


@pytest.mark.usefixtures("all_are_dead")
def test_where_nobody_can_tell_it_is_not_deployed_again() -> None:
    class Forgets(Dies):
        def find(self, trial: Any) -> dict[str, Any] | None:
            return Runner.find(self, trial)  # type: ignore[return-value]  # it raises

    runner = Forgets(after=True)
    exp = experiment(runner=runner)
    with pytest.raises(SystemExit):
        orchestrator(exp)[0].run(n_trials=1)
    runner.dies = False
    orchestrator(exp)[0].run(n_trials=1)
    assert statuses(exp) == [TrialStatus.FAILED, END]
    assert "may or may not" in str(exp.trials[0].failed_reason)
    assert runner.deployed == ["lab_0", "lab_1"]


def test_what_another_process_is_deploying_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # This process, which lives, is another one for the orchestrator.
    monkeypatch.setattr("trimtab.experiment.orchestrator.worker_id", lambda: "another")
    runner = Elsewhere()
    exp = experiment(runner=runner)
    trial = exp.new_trial(exp.gen(1))
    trial.claim()
    orchestrator(exp)[0].run(n_trials=1)
    assert runner.deployed == ["lab_1"]
    assert statuses(exp) == [TrialStatus.CANDIDATE, END]


def test_what_ended_half_is_ended() -> None:
    exp = experiment(runner=Instant())
    batch = exp.new_batch_trial(exp.gen(2)).run()
    attrs = {"status": TrialStatus.FAILED.name}
    exp.study.storage.write(exp.study.study_id, 0, None, TrialUpdate(system_attrs=attrs))
    done = exp.new_trial(GeneratorRun(exp.gen(1).arms)).run().mark_completed()
    orchestrator(exp)[0].run(n_trials=1)
    assert batch.status is TrialStatus.FAILED
    states = [trial.state for trial in exp.study.trials]
    assert states == [TrialState.FAIL, TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]
    assert done.status is END


def test_impossible_orchestrators_are_refused() -> None:
    exp = experiment(runner=Instant())
    with pytest.raises(InvalidArgument, match="runner"):
        Orchestrator(experiment(name="bare"))
    impossible: list[dict[str, Any]] = [
        {"tolerated_failure_rate": 1.5},
        {"first_poll": 0.0},
        {"first_poll": 9.0, "longest_poll": 1.0},
    ]
    for options in impossible:
        with pytest.raises(InvalidArgument):
            Orchestrator(exp, **options)
    made = Orchestrator(exp)
    for numbers in ({}, {"n_trials": 1, "total_trials": 1}, {"n_trials": 0}, {"total_trials": -1}):
        with pytest.raises(InvalidArgument):
            made.run(**numbers)
    with pytest.raises(InvalidArgument, match="parallelism"):
        made.run(1, parallelism=0)
