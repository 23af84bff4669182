"""Generators, and what is done with their arms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.experiment.lab import SPACE, Instant, experiment, sphere, two_objectives
from trimtab.errors import InvalidArgument, InvalidType, MetricFailed, SpaceExhausted, UnknownTrial
from trimtab.experiment import (
    Arm,
    ChoiceParameter,
    Data,
    Generation,
    GeneratorRun,
    Generators,
    Metric,
    Models,
    MultiObjective,
    Objective,
    OptimizationConfig,
    OutcomeConstraint,
    ParameterType,
    SearchSpace,
)
from trimtab.experiment.best import hypervolume, pareto

ROW = {"arm_name": "0_0", "metric_name": "loss", "mean": 1.0, "sem": 0.0, "trial_index": 0}


def params(run: GeneratorRun) -> list[Any]:
    return [arm.parameters for arm in run.arms]


def test_the_sequence_goes_on_and_begins_alike_with_a_seed() -> None:
    one, two = Models.SOBOL(SPACE, seed=3), Models.SOBOL(search_space=SPACE, seed=3)
    assert params(one.gen(2)) + params(one.gen(1)) == params(two.gen(3))
    assert params(Models.SOBOL(SPACE).gen(2)) != params(Models.SOBOL(SPACE).gen(2))
    assert one.gen(1).generator == "QMCSampler"
    assert Models is Generators


def test_the_model_learns_and_batches_spread() -> None:
    exp = experiment(runner=Instant())
    for _ in range(8):
        exp.new_trial(exp.gen(1)).run().mark_completed()
    gpei = Models.GPEI(experiment=exp, data=exp.fetch_data())
    run = gpei.gen(3)
    assert run.generator == "GPSampler"
    assert len({tuple(arm.parameters.values()) for arm in run.arms}) == 3
    assert min(sphere(arm.parameters) for arm in run.arms) < 0.05
    assert run.best_arm_predictions is not None
    best, (means, covariances) = run.best_arm_predictions
    assert means["loss"] == sphere(best.parameters) == exp.study.best_value
    assert covariances["loss"]["loss"] == 0.0
    assert run.arm_weights == {0: 1.0, 1: 1.0, 2: 1.0}
    assert run.param_df.shape == (3, 2)
    assert len(exp.study.trials) == 8  # the arms are not trials yet
    (arm,) = gpei.gen(1, fixed_features={"x": 0.25}).arms
    assert arm.parameters["x"] == 0.25


def test_measurements_may_come_from_elsewhere() -> None:
    exp = experiment(Metric("loss"))
    trial = exp.new_trial(GeneratorRun([Arm({"x": 0.5, "y": 0.5})]))
    trial.mark_running().mark_completed()
    assert len(exp.fetch_data()) == 0
    assert exp.study.trials[0].values is None
    Models.BOTORCH_MODULAR(experiment=exp, data=Data([{**ROW, "sem": None}]))
    assert exp.study.trials[0].values == (1.0,)
    assert exp.study.trials[0].sems is None
    assert exp.lookup_data([0]).rows == Data([{**ROW, "sem": float("nan")}]).rows


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"metric_name": "lost"}, InvalidArgument, "'lost'"),
        ({"arm_name": "0_1"}, InvalidArgument, "'0_0'"),
        ({"trial_index": 5}, UnknownTrial, "5"),
    ],
)
def test_measurements_of_nothing_are_refused(change: Any, error: Any, says: str) -> None:
    exp = experiment(Metric("loss"))
    exp.new_trial(GeneratorRun([Arm({"x": 0.5, "y": 0.5})]))
    with pytest.raises(error, match=says):
        exp.attach_data(Data([{**ROW, **change}]))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{**ROW, "sem": -1.0}], "sem"),
        ([{**ROW, "mean": "much"}], "mean"),
        ([{"arm_name": "0_0"}], "metric_name, mean"),
        (["row"], "rows"),
    ],
)
def test_impossible_tables_are_refused(rows: Any, says: str) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match=says):
        Data(rows)


class Answers(Metric):
    def __init__(self, answer: Any) -> None:
        super().__init__("loss")
        self.answer = answer

    def fetch_trial_data(self, trial: Any, **kwargs: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Ok:
    """What Ax's metrics return."""

    def __init__(self, value: Any) -> None:
        self.value = value


@pytest.mark.parametrize(
    ("answer", "says"), [(OSError("gone"), "OSError: gone"), (None, "NoneType"), (Ok(3), "Ok")]
)
def test_a_metric_that_fails_is_named(answer: Any, says: str) -> None:
    exp = experiment(Answers(answer), runner=Instant())
    exp.new_trial(exp.gen(1)).run().mark_completed()
    with pytest.raises(MetricFailed, match=f"'loss'.*trial 0.*{says}|'loss'.*{says}.*trial 0"):
        exp.fetch_data()


def test_a_result_in_a_wrapper_is_one() -> None:
    exp = experiment(Answers(Ok(Data([ROW]))), runner=Instant())
    exp.new_trial(exp.gen(1)).run().mark_completed()
    assert len(exp.fetch_data()) == 1


def test_a_mean_that_is_no_number_fails_the_arm() -> None:
    exp = experiment(Answers(Data([{**ROW, "mean": float("nan")}])), runner=Instant())
    exp.new_trial(exp.gen(1)).run().mark_completed()
    exp.fetch_data()
    assert exp.study.trials[0].state.name == "FAIL"
    assert "nan" in str(exp.study.trials[0].system_attrs["fail_reason"])


@pytest.mark.parametrize("n", [0, -1, 1.5, True])
def test_how_many_arms(n: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match="`n`"):
        Models.SOBOL(SPACE).gen(n)


def test_a_generator_needs_a_space() -> None:
    with pytest.raises(InvalidArgument, match="search_space"):
        Models.SOBOL()
    with pytest.raises(InvalidType, match="search_space"):
        Models.SOBOL({"x": (0, 1)})  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidType, match="data"):
        Models.GPEI(experiment(), data=[ROW])  # type: ignore[arg-type]  # wrong on purpose


def test_a_finite_space_runs_out() -> None:
    space = SearchSpace([ChoiceParameter("k", ParameterType.STRING, ["a", "b", "c"])])
    sobol = Models.SOBOL(space, seed=0)
    assert {arm.parameters["k"] for arm in sobol.gen(3).arms} == {"a", "b", "c"}
    with pytest.raises(SpaceExhausted):
        sobol.gen(1)


def test_only_the_sequence_where_it_is_wanted() -> None:
    exp = experiment(runner=Instant(), generation=Generation("sobol"))
    for _ in range(8):
        exp.new_trial(exp.gen(1)).run().mark_completed()
        exp.fetch_data()
    assert {trial.generation_method for trial in exp.trials.values()} == {"QMCSampler"}
    with pytest.raises(InvalidArgument, match="method"):
        Generation("magic")
    with pytest.raises(InvalidArgument, match="n_initial"):
        Generation(n_initial=0)


@pytest.mark.parametrize(
    ("text", "mean", "status_quo", "excess"),
    [
        ("m <= 3", 3.5, None, 0.5),
        ("m >= 3", 3.5, None, -0.5),
        ("m<=-1e2", -101.0, None, -1.0),
        ("m >= -5%", 96.0, 100.0, -1.0),
        ("m >= -5%", 94.0, 100.0, 1.0),
        ("m <= +10 %", -95.0, -100.0, -5.0),
        ("m >= -5%", 94.0, None, None),
    ],
)
def test_outcome_constraints(
    text: str, mean: float, status_quo: float | None, excess: float | None
) -> None:
    constraint = OutcomeConstraint.parse(text)
    assert constraint.name == "m"
    found = constraint.excess(mean, status_quo)
    assert found == (None if excess is None else pytest.approx(excess))
    assert OutcomeConstraint.parse(str(constraint)).op == constraint.op


@pytest.mark.parametrize("text", ["m < 3", "m <= x", "<= 3", "m == 3", "m <= 1.2.3", "", 3])
def test_outcome_constraints_that_cannot_be_read(text: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType), match="outcome_constraints"):
        OutcomeConstraint.parse(text)


def test_a_configuration_survives_json() -> None:
    config = OptimizationConfig(
        MultiObjective([Objective("a", True, 3.0), Objective("b")]), ["c <= 1", "d >= -5%"]
    )
    data = json.loads(json.dumps(config.to_json()))
    assert OptimizationConfig.from_json(data, {}).to_json() == config.to_json()
    assert list(config.metrics) == ["a", "b", "c", "d"]


def test_the_front_of_batches_and_its_hypervolume() -> None:
    exp = two_objectives()
    arms = [Arm({"x": v, "y": v}) for v in (0.1, 0.2, 0.3)]
    batch = exp.new_batch_trial(GeneratorRun(arms)).mark_running().mark_completed()
    told = {"0_0": (1.0, 1.0), "0_1": (2.0, 3.0), "0_2": (3.0, 2.0)}
    exp.attach_data(
        Data(
            [
                {**ROW, "arm_name": arm, "metric_name": name, "mean": mean}
                for arm, means in told.items()
                for name, mean in zip("ab", means, strict=True)
            ]
        )
    )
    assert batch.status.name == "COMPLETED"
    assert {number: arm.name for number, (arm, _) in pareto(exp).items()} == {0: "0_0", 1: "0_1"}
    assert hypervolume(exp) > 0.0
