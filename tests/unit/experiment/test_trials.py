"""The life of trials and batches: every step is in the study, and none can be taken wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.experiment.lab import SPACE, STATUS_QUO, Computed, Elsewhere, Instant, experiment
from trimtab.errors import InvalidArgument, InvalidType, UnknownTrial, WrongStatus
from trimtab.experiment import (
    Arm,
    BatchTrial,
    Experiment,
    GeneratorRun,
    Objective,
    OptimizationConfig,
    Runner,
    Trial,
    TrialStatus,
)
from trimtab.records import TrialState
from trimtab.study import load_study

ONE = Arm({"x": 0.1, "y": 0.2})
OTHER = Arm({"x": 0.3, "y": 0.4})


def test_a_trial_from_candidate_to_completed() -> None:
    exp = experiment(runner=Instant())
    trial = exp.new_trial(GeneratorRun([ONE]))
    assert trial.status is TrialStatus.CANDIDATE
    assert trial.arm == Arm(ONE.parameters, "0_0")
    assert trial.run() is trial
    assert exp.trials[0].status is TrialStatus.RUNNING
    assert trial.deployed_name == "lab_0" == trial.unique_name
    assert trial.mark_completed() is trial
    assert exp.trial(0).mark_complete().index == 0
    assert trial.mark_complete() is trial
    assert exp.study.trials[0].state is TrialState.RUNNING  # its results are not known yet
    assert [row.mean for row in exp.fetch_data().rows] == [pytest.approx(0.2)]
    assert exp.study.trials[0].value == pytest.approx(0.2)
    assert exp.study.trials[0].sems == (0.0,)


def test_data_are_fetched_once() -> None:
    metric = Computed("loss")
    exp = experiment(metric, runner=Instant())
    exp.new_trial(GeneratorRun([ONE])).run().mark_completed()
    assert [len(exp.fetch_data()) for _ in range(3)] == [1, 1, 1]
    assert metric.calls == 1


class Staging(Instant):
    @property
    def staging_required(self) -> bool:
        return True


def test_a_staged_trial_runs_when_it_is_told() -> None:
    trial = experiment(runner=Staging()).new_trial(GeneratorRun([ONE])).run()
    assert trial.status is TrialStatus.STAGED
    with pytest.raises(WrongStatus, match="STAGED; expected RUNNING"):
        trial.mark_completed()
    assert trial.mark_running().status is TrialStatus.RUNNING


@pytest.mark.parametrize("end", ["mark_failed", "mark_abandoned"])
def test_what_has_ended_stays_so(end: str) -> None:
    exp = experiment(runner=Instant())
    trial = exp.new_trial(GeneratorRun([ONE])).run()
    getattr(trial, end)("the reason")
    assert trial.failed_reason == "the reason"
    assert exp.study.trials[0].state is TrialState.FAIL
    for step in (trial.run, trial.mark_completed, trial.mark_running, trial.mark_early_stopped):
        with pytest.raises(WrongStatus, match=f"Trial 0 is {trial.status.name}"):
            step()


def test_only_a_candidate_is_run() -> None:
    runner = Instant()
    trial = experiment(runner=runner).new_trial(GeneratorRun([ONE])).run()
    with pytest.raises(WrongStatus, match="expected CANDIDATE"):
        trial.run()
    assert runner.ran == [0]


def test_two_do_not_run_one_trial() -> None:
    runner = Instant()
    exp = experiment(runner=runner)
    trial = exp.new_trial(GeneratorRun([ONE]))
    trial.claim()
    with pytest.raises(WrongStatus, match="by somebody else"):
        exp.trial(0).run()
    assert runner.ran == []


def test_a_runner_is_needed_unless_it_is_run_by_hand() -> None:
    exp = experiment()
    trial = exp.new_trial(GeneratorRun([ONE]))
    with pytest.raises(InvalidArgument, match="runner"):
        trial.run()
    assert trial.mark_running().status is TrialStatus.RUNNING
    exp.runner = Instant()
    other = exp.new_trial(GeneratorRun([OTHER]))
    with pytest.raises(WrongStatus, match="no_runner_required"):
        other.mark_running()
    assert other.mark_running(no_runner_required=True).status is TrialStatus.RUNNING


class Returns(Runner):
    def __init__(self, value: Any) -> None:
        self.value = value

    def run(self, trial: Any) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.mark.parametrize("value", [{"handle": object()}, ["name"], {1: 2}, "name"])
def test_metadata_that_json_cannot_hold_fail_the_trial(value: Any) -> None:
    trial = experiment(runner=Returns(value)).new_trial(GeneratorRun([ONE]))
    with pytest.raises(InvalidType, match=r"`run`: expected a mapping that JSON can hold"):
        trial.run()
    assert trial.status is TrialStatus.FAILED
    assert "JSON cannot hold" in str(trial.failed_reason)


def test_a_runner_that_raises_leaves_a_candidate() -> None:
    exp = experiment(runner=Returns(OSError("no room")))
    trial = exp.new_trial(GeneratorRun([ONE]))
    with pytest.raises(OSError, match="no room"):
        trial.run()
    assert trial.status is TrialStatus.CANDIDATE
    exp.runner = Returns(None)
    assert trial.run().run_metadata == {}


def test_a_trial_has_one_arm() -> None:
    exp = experiment(runner=Instant())
    with pytest.raises(InvalidArgument, match="one arm"):
        exp.new_trial(GeneratorRun([ONE, OTHER]))
    trial = exp.new_trial()
    assert trial.arm is None
    trial.add_arm(ONE)
    assert trial.arm == Arm(ONE.parameters, "0_0")
    with pytest.raises(WrongStatus, match="its arm already"):
        trial.add_arm(OTHER)
    with pytest.raises(InvalidArgument, match=r"`parameters\.x`"):
        exp.new_trial(GeneratorRun([Arm({"x": 2.0, "y": 0.0})]))


def test_a_batch_has_several_arms_with_weights() -> None:
    exp = experiment(runner=Instant(), status_quo=STATUS_QUO)
    first = exp.new_trial(GeneratorRun([ONE]))
    batch = exp.new_batch_trial(GeneratorRun([ONE, OTHER], [1.0, 2.0]), add_status_quo_arm=True)
    assert (first.index, batch.index) == (0, 1)
    assert list(exp.trials) == [0, 1]
    assert isinstance(exp.trials[1], BatchTrial)
    assert batch.arm_weights == {"1_0": 1.0, "1_1": 2.0, "status_quo": 1.0}
    batch.set_status_quo_with_weight(Arm(STATUS_QUO), 5.0)
    assert batch.normalized_arm_weights() == {"1_0": 0.125, "1_1": 0.25, "status_quo": 0.625}
    assert batch.status_quo == Arm(STATUS_QUO, "status_quo")
    with pytest.raises(UnknownTrial, match="an arm of the batch trial 1"):
        exp.trial(2)
    batch.run()
    with pytest.raises(WrongStatus, match="only that takes arms"):
        batch.add_arm(ONE)
    batch.mark_arm_abandoned("1_0", "broken")
    assert batch.status is TrialStatus.RUNNING
    assert batch.abandoned_arm_names == {"1_0"}
    assert batch.normalized_arm_weights(total=7.0) == {"1_1": 2.0, "status_quo": 5.0}
    batch.mark_completed()
    exp.fetch_data()
    states = [trial.state for trial in exp.study.trials[1:]]
    assert states == [TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]
    assert exp.trials[1].status is TrialStatus.COMPLETED
    with pytest.raises(InvalidArgument, match="1_1"):
        batch.mark_arm_abandoned("7_7")


def test_an_empty_batch_runs_and_can_be_filled_before() -> None:
    exp = experiment(runner=Instant())
    empty = exp.new_batch_trial()
    assert empty.arms == []
    assert empty.run().mark_completed().status is TrialStatus.COMPLETED
    filled = exp.new_batch_trial().add_arm(ONE).add_arm(OTHER, weight=3.0)
    assert filled.arm_weights == {"1_0": 1.0, "1_1": 3.0}
    assert [trial.params for trial in exp.study.trials[1:]] == [ONE.parameters, OTHER.parameters]


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf"), "1"])
def test_weights_are_positive(weight: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match="weight"):
        GeneratorRun([ONE], [weight])


def test_trials_are_stopped_by_their_runner() -> None:
    runner = Elsewhere()
    exp = experiment(runner=runner)
    trial = exp.new_trial(GeneratorRun([ONE])).run()
    with pytest.raises(InvalidArgument, match="COMPLETED"):
        trial.stop(TrialStatus.RUNNING)
    trial.stop(TrialStatus.ABANDONED, "enough")
    assert runner.stopped == [0]
    assert trial.status is TrialStatus.ABANDONED
    silent = experiment(runner=Instant(), name="other").new_trial(GeneratorRun([ONE])).run()
    with pytest.raises(NotImplementedError, match="Instant cannot stop"):
        silent.stop(TrialStatus.ABANDONED)


def test_an_experiment_is_a_study_of_its_storage(sqlite_url: str) -> None:
    exp = experiment(runner=Instant(), storage=sqlite_url, status_quo=STATUS_QUO)
    exp.new_trial(GeneratorRun([ONE])).run()
    exp.new_batch_trial(GeneratorRun([ONE, OTHER]))
    study = load_study(study_name="lab", storage=sqlite_url)
    assert study.metric_names == ["loss"]
    assert [trial.params for trial in study.trials] == [
        ONE.parameters,
        ONE.parameters,
        OTHER.parameters,
    ]
    metric = Computed("loss")
    again = Experiment.load("lab", sqlite_url, metrics=[metric], runner=Instant())
    assert again.search_space == SPACE
    assert again.seed == exp.seed
    assert again.status_quo == exp.status_quo
    assert {i: type(t) for i, t in again.trials.items()} == {0: Trial, 1: BatchTrial}
    assert again.trials[0].deployed_name == "lab_0"
    again.trials[0].mark_completed()
    again.fetch_data()
    assert metric.calls == 1
    assert exp.trials[0].status is TrialStatus.COMPLETED
    with pytest.raises(InvalidArgument, match="'loss'"):
        Experiment.load("lab", sqlite_url, metrics=[Computed("typo")])


def test_a_study_that_is_no_experiment_is_not_loaded(sqlite_url: str) -> None:
    import trimtab
    from trimtab.errors import StorageVersion

    study = trimtab.create_study(storage=sqlite_url, study_name="plain")
    with pytest.raises(InvalidArgument, match="an experiment"):
        Experiment.load("plain", sqlite_url)
    study.set_system_attr("experiment", {"version": 99})
    with pytest.raises(StorageVersion, match="version 99"):
        Experiment.load("plain", sqlite_url)


def test_what_is_optimized_is_said_before_the_first_trial() -> None:
    exp = Experiment(SPACE, "late")
    assert exp.trials == {}
    with pytest.raises(WrongStatus, match="optimization_config"):
        exp.new_trial(GeneratorRun([ONE]))
    exp.optimization_config = OptimizationConfig(Objective("loss", minimize=True))
    exp.new_trial(GeneratorRun([ONE]))
    with pytest.raises(WrongStatus, match="does not change"):
        exp.optimization_config = OptimizationConfig(Objective("other"))


def test_a_status_quo_is_in_the_space() -> None:
    with pytest.raises(InvalidArgument, match=r"`status_quo\.x`"):
        experiment(status_quo={"x": 2.0, "y": 0.0})
    with pytest.raises(InvalidArgument, match="relative to it"):
        experiment(constraints=["m >= -5%"])
