"""Three ways of evaluating trials: each snippet of the page runs, with its imports changed."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

import trimtab.experiment
from tests.seeds.listings import seed
from trimtab.benchmarks.synthetic import branin, hartmann6
from trimtab.experiment import (
    Arm,
    Data,
    Experiment,
    Metric,
    Models,
    Objective,
    OptimizationConfig,
    ParameterType,
    RangeParameter,
    Runner,
    SearchSpace,
    TrialStatus,
)
from trimtab.service import AxClient, ObjectiveProperties, optimize

pd = pytest.importorskip("pandas")

IMPORTS = {
    "from trimtab.benchmarks.synthetic import hartmann6": (
        "from ax.utils.measurement.synthetic_functions import hartmann6"
    ),
    "from trimtab.benchmarks.synthetic import branin": (
        "from ax.utils.measurement.synthetic_functions import branin"
    ),
    "from trimtab.experiment import Runner": "from ax import Runner",
}

SERVICE = """
for i in range(25):
    parameters, trial_index = ax_client.get_next_trial()
    raw_data = evaluate_trial(parameters)
    ax_client.complete_trial(trial_index=trial_index, raw_data=raw_data)
"""

HARTMANN = """
from trimtab.benchmarks.synthetic import hartmann6
def hartmann_evaluation_function(parameterization):
    x = np.array([parameterization.get(f"x{i+1}") for i in range(6)])
    # Standard error is 0 since we are computing a synthetic function.
    return {"hartmann6": (hartmann6(x), 0.0), "l2norm": (np.sqrt((x ** 2).sum()), 0.0)}
"""

BRANIN = """
from trimtab.benchmarks.synthetic import branin
def branin_evaluation_function(parameterization):
    # Standard error is 0 since we are computing a synthetic function.
    return (branin(parameterization.get("x1"), parameterization.get("x2")), 0.0)
"""

BRANIN_BARE = """
lambda parameterization: branin(parameterization.get("x1"), parameterization.get("x2"))
"""

BRANIN_UNKNOWN = """
from trimtab.benchmarks.synthetic import branin
def branin_evaluation_function_unknown_sem(parameterization):
    return (branin(parameterization.get("x1"), parameterization.get("x2")), None)
"""

DEVELOPER = """
sobol = Models.SOBOL(exp.search_space)
for i in range(5):
    trial = exp.new_trial(generator_run=sobol.gen(1))
    trial.run()
    trial.mark_completed()
for i in range(15):
    gpei = Models.BOTORCH_MODULAR(experiment=exp, data=exp.fetch_data())
    generator_run = gpei.gen(1)
    trial = exp.new_trial(generator_run=generator_run)
    trial.run()
    trial.mark_completed()
"""

METRIC = """
class MyMetric(Metric):
    def fetch_trial_data(self, trial):
        records = []
        for arm_name, arm in trial.arms_by_name.items():
            params = arm.parameters
            records.append({
                "arm_name": arm_name,
                "metric_name": self.name,
                "mean": self.foo(params["x1"], params["x2"]),
                "sem": 0.0,
                "trial_index": trial.index,
            })
        return Data(df=pd.DataFrame.from_records(records))
"""

RUNNER = """
from foo_system import deploy_to_foo
from trimtab.experiment import Runner
class FooRunner(Runner):
    def __init__(self, foo_param):
        self.foo_param = foo_param
    def run(self, trial):
        name_to_params = {
            arm.name: arm.parameters for arm in trial.arms
        }
        run_metadata = deploy_to_foo(self.foo_param, name_to_params)
        return run_metadata
    @property
    def staging_required(self):
        return False
"""

INVOKED = """
exp.runner = FooRunner(foo_param="foo")
trial = exp.new_batch_trial()
# This calls runner's run method and stores metadata output
# in the trial.run_metadata field
trial.run()
"""

SNIPPETS = {
    "service": SERVICE,
    "hartmann": HARTMANN,
    "branin": BRANIN,
    "branin, bare": BRANIN_BARE,
    "branin, unknown": BRANIN_UNKNOWN,
    "developer": DEVELOPER,
    "metric": METRIC,
    "runner": RUNNER,
    "invoked": INVOKED,
}

BRANIN_SPACE = [
    {"name": "x1", "type": "range", "bounds": [-5.0, 10.0]},
    {"name": "x2", "type": "range", "bounds": [0.0, 15.0]},
]


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_snippet_is_the_page_s_but_for_its_imports(name: str) -> None:
    page = [line.strip() for line in seed("trial-evaluation.txt").splitlines() if line.strip()]
    lines = [line.strip() for line in SNIPPETS[name].splitlines() if line.strip()]
    lines = [IMPORTS.get(line, line) for line in lines]
    places = range(len(page) - len(lines) + 1)
    assert any(page[start : start + len(lines)] == lines for start in places)


def run(code: str, **names: Any) -> dict[str, Any]:
    scope: dict[str, Any] = {"np": np, "pd": pd, **names}
    exec(code, scope)
    return scope


def test_the_service_api_with_metrics_by_name() -> None:
    evaluate = run(HARTMANN)["hartmann_evaluation_function"]
    client = AxClient(random_seed=1)
    client.create_experiment(
        name="hartmann",
        parameters=[{"name": f"x{i + 1}", "type": "range", "bounds": [0.0, 1.0]} for i in range(6)],
        objectives={"hartmann6": ObjectiveProperties(minimize=True)},
        outcome_constraints=["l2norm <= 1.25"],
    )
    run(SERVICE, ax_client=client, evaluate_trial=evaluate)
    trials = client.experiment.study.trials
    assert [trial.number for trial in trials] == list(range(25))
    assert all(trial.sems == (0.0,) for trial in trials)
    best = client.get_best_parameters()
    assert best is not None
    parameters, (means, covariances) = best
    assert means["hartmann6"] == hartmann6(np.array(list(parameters.values())))
    assert means["l2norm"] <= 1.25
    assert covariances["hartmann6"] == {"hartmann6": 0.0}
    assert means["hartmann6"] == min(t.value for t in trials if t.is_feasible and t.value)
    assert means["hartmann6"] < -1.0


@pytest.mark.parametrize(
    ("code", "name", "sem"),
    [
        (BRANIN, "branin_evaluation_function", (0.0,)),
        (f"bare = {BRANIN_BARE.strip()}", "bare", None),
        (BRANIN_UNKNOWN, "branin_evaluation_function_unknown_sem", None),
    ],
)
def test_the_service_api_with_one_mean(code: str, name: str, sem: Any) -> None:
    client = AxClient(random_seed=1)
    client.create_experiment(
        name="branin", parameters=BRANIN_SPACE, objective_name="branin", minimize=True
    )
    evaluate = run(code, branin=branin)[name]
    run(SERVICE, ax_client=client, evaluate_trial=evaluate)
    trials = client.experiment.study.trials
    assert [trial.sems for trial in trials] == [sem] * 25
    best = client.get_best_parameters()
    assert best is not None
    assert best[0] in [trial.params for trial in trials]
    exact = branin(best[0]["x1"], best[0]["x2"])
    assert best[1][0]["branin"] == pytest.approx(exact, abs=0.0 if sem else 5.0)
    assert exact < 5.0


def test_the_loop_api() -> None:
    evaluate = run(BRANIN)["branin_evaluation_function"]
    best, (means, covariances), experiment, model = optimize(
        parameters=BRANIN_SPACE,
        experiment_name="test",
        objective_name="branin",
        evaluation_function=evaluate,
        minimize=True,
        total_trials=20,
        random_seed=1,
    )
    assert means == {"branin": branin(best["x1"], best["x2"])}
    assert covariances == {"branin": {"branin": 0.0}}
    assert len(experiment.trials) == 20
    assert model is None
    assert means["branin"] < 10.0


def test_the_loop_api_with_a_weight() -> None:
    weights = []

    def evaluate(parameterization: dict[str, float], weight: float | None) -> float:
        weights.append(weight)
        return branin(parameterization["x1"], parameterization["x2"])

    optimize(BRANIN_SPACE, evaluate, minimize=True, total_trials=3, random_seed=1)
    assert weights == [None] * 3
    optimize(BRANIN_SPACE, evaluate, minimize=True, total_trials=2, arms_per_trial=4, random_seed=1)
    assert weights[3:] == [0.25] * 8


class Foo:
    """What the page's metric leaves to the reader."""

    name = "foo"

    def foo(self, x1: float, x2: float) -> float:
        return branin(x1, x2)


class Idle(Runner):
    def run(self, trial: Any) -> dict[str, Any]:
        return {"name": f"idle-{trial.index}"}


def experiment(metric: Metric) -> Experiment:
    space = SearchSpace(
        [
            RangeParameter("x1", ParameterType.FLOAT, -5.0, 10.0),
            RangeParameter("x2", ParameterType.FLOAT, 0.0, 15.0),
        ]
    )
    config = OptimizationConfig(Objective(metric=metric, minimize=True))
    return Experiment(
        name="developer", search_space=space, optimization_config=config, runner=Idle(), seed=1
    )


def my_metric() -> Metric:
    kind = run(METRIC, Metric=Metric, Data=Data)["MyMetric"]
    metric: Metric = type("Branin", (kind,), {"foo": Foo.foo})("branin")
    return metric


def test_the_developer_api() -> None:
    exp = experiment(my_metric())
    run(DEVELOPER, exp=exp, Models=Models)
    assert list(exp.trials) == list(range(20))
    assert {trial.status for trial in exp.trials.values()} == {TrialStatus.COMPLETED}
    methods = [trial.generation_method for trial in exp.trials.values()]
    assert methods[:5] == ["QMCSampler"] * 5
    assert "QMCSampler" not in methods[5:]
    frame = exp.fetch_data().df
    assert list(frame.columns) == ["arm_name", "metric_name", "mean", "sem", "trial_index"]
    assert frame["arm_name"].tolist() == [f"{i}_0" for i in range(20)]
    arm = exp.arms_by_name["7_0"]
    assert frame["mean"][7] == branin(arm.parameters["x1"], arm.parameters["x2"])
    assert exp.study.best_value == frame["mean"].min()


def test_a_runner_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed: list[Any] = []

    def deploy_to_foo(foo_param: str, name_to_params: dict[str, Any]) -> dict[str, Any]:
        deployed.append((foo_param, name_to_params))
        return {"name": "the name in foo", "more": [1, 2.5]}

    foo = types.ModuleType("foo_system")
    foo.deploy_to_foo = deploy_to_foo  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, "foo_system", foo)
    kind = run(RUNNER)["FooRunner"]
    assert issubclass(kind, trimtab.experiment.Runner)
    exp = experiment(my_metric())
    trial = run(INVOKED, exp=exp, FooRunner=kind)["trial"]
    assert deployed == [("foo", {})]
    assert trial.run_metadata == {"name": "the name in foo", "more": [1, 2.5]}
    assert trial.deployed_name == "the name in foo"
    assert trial.status is TrialStatus.RUNNING
    arms = [Arm({"x1": 1.0, "x2": 2.0}), Arm({"x1": 3.0, "x2": 4.0})]
    batch = exp.new_batch_trial().add_arms_and_weights(arms)
    batch.run()
    names = {"1_0": {"x1": 1.0, "x2": 2.0}, "1_1": {"x1": 3.0, "x2": 4.0}}
    assert deployed[1] == ("foo", names)
