"""The client: asking and telling, what it comes to, and several clients at one time."""

from __future__ import annotations

import copy
import math
import threading
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument, SpaceExhausted, TrialFinished, WrongStatus
from trimtab.experiment import TrialStatus
from trimtab.records import TrialState
from trimtab.schedulers import (
    AsyncHyperBandScheduler,
    HyperbandPruner,
    MedianPruner,
    MedianStoppingRule,
    PercentilePruner,
    SuccessiveHalvingPruner,
)
from trimtab.service import AxClient, Client, ObjectiveProperties

X = {"name": "x", "type": "range", "bounds": [-2.0, 2.0]}
Y = {"name": "y", "type": "range", "bounds": [-2.0, 2.0]}


def loss(p: Any) -> float:
    return float((p["x"] - 0.5) ** 2 + (p.get("y", 0.0) + 0.25) ** 2)


def client(**options: Any) -> Client:
    made = Client(
        random_seed=options.pop("random_seed", 3),
        storage=options.pop("storage", None),
        early_stopping_strategy=options.pop("early_stopping_strategy", None),
    )
    if "objectives" not in options and "objective_name" not in options:
        options["objectives"] = {"loss": ObjectiveProperties(minimize=True)}
    made.create_experiment(options.pop("parameters", [X, Y]), options.pop("name", "lab"), **options)
    return made


def test_ask_and_complete() -> None:
    made = client()
    for number in range(15):
        parameters, index = made.get_next_trial()
        assert index == number
        assert made.experiment.trial(index).status is TrialStatus.RUNNING
        made.complete_trial(index, {"loss": (loss(parameters), 0.0)})
    best = made.get_best_trial()
    assert best is not None
    index, parameters, (means, covariances) = best
    assert means == {"loss": loss(parameters)}
    assert covariances == {"loss": {"loss": 0.0}}
    assert made.get_best_parameters() == (parameters, (means, covariances))
    assert made.get_trial_parameters(index) == parameters
    assert means["loss"] < 0.1


def test_there_is_no_best_before_something_is_complete() -> None:
    made = client()
    made.get_next_trial()
    assert made.get_best_parameters() is None
    assert made.get_best_trial() is None


@pytest.mark.parametrize(
    ("raw_data", "value", "sem"),
    [
        (1.5, 1.5, None),
        (np.float64(1.5), 1.5, None),
        ((1.5, None), 1.5, None),
        ((1.5, 0.0), 1.5, 0.0),
        ([1.5, 0.25], 1.5, 0.25),
        ({"loss": 2}, 2.0, None),
        ({"loss": (2, 1)}, 2.0, 1.0),
        ([(1, 3.0), (0, 5.0)], 3.0, None),
        ([({"epoch": 1}, {"loss": (3.0, 0.5)})], 3.0, 0.5),
    ],
)
def test_the_forms_of_a_result(raw_data: Any, value: float, sem: float | None) -> None:
    made = client()
    _, index = made.get_next_trial()
    made.complete_trial(index, raw_data)
    trial = made.experiment.study.trials[0]
    assert trial.values == (value,)
    assert (trial.sems or (None,)) == (sem,)


def test_steps_are_reports() -> None:
    made = client()
    _, index = made.get_next_trial()
    made.update_running_trial_with_intermediate_data(index, [(0, {"loss": (4.0, 0.5)}), (1, 3.0)])
    made.complete_trial(index, [(2, 2.0)])
    trial = made.experiment.study.trials[0]
    assert trial.intermediate_values == {0: 4.0, 1: 3.0, 2: 2.0}
    assert trial.reports[0].metrics == {"loss": 4.0, "loss (sem)": 0.5, "value": 4.0}
    assert trial.value == 2.0


def test_outcome_constraints_and_tracked_metrics() -> None:
    made = client(outcome_constraints=["cost <= 10"], tracking_metric_names=["seconds"])
    for cost in (9.0, 11.0):
        _, index = made.get_next_trial()
        made.complete_trial(index, {"loss": -cost, "cost": (cost, 0.5), "seconds": 3.0})
    trials = made.experiment.study.trials
    assert [trial.constraints for trial in trials] == [{"cost <= 10": -1.0}, {"cost <= 10": 1.0}]
    best = made.get_best_trial()
    assert best is not None
    assert best[0] == 0
    assert best[2][0] == pytest.approx({"loss": -9.0, "cost": 9.0, "seconds": 3.0}, rel=1e-3)
    assert best[2][1]["cost"] == {"cost": 0.25}
    made.update_trial_data(0, {"seconds": (4.0, None)})
    frame = made.get_trials_data_frame()
    assert frame["seconds"].tolist() == [4.0, 3.0]
    assert frame["cost_sem"].tolist() == [0.5, 0.5]
    assert frame["trial_status"].tolist() == ["COMPLETED", "COMPLETED"]
    with pytest.raises(InvalidArgument, match="only tracked"):
        made.update_trial_data(0, {"cost": 1.0})


def test_the_status_quo_comes_first_where_something_is_relative_to_it() -> None:
    quo = {"x": 1.0, "y": 1.0}
    made = client(outcome_constraints=["clicks >= -5%"], status_quo=quo)
    assert made.get_next_trial() == (quo, 0)
    _, other = made.get_next_trial()
    made.complete_trial(other, {"loss": 1.0, "clicks": 94.0})
    constraints = [trial.constraints for trial in made.experiment.study.trials]
    assert constraints == [{}, {}]  # nobody knows yet
    made.complete_trial(0, {"loss": 2.0, "clicks": 100.0})
    constraints = [trial.constraints for trial in made.experiment.study.trials]
    assert constraints == [{"clicks >= -5%": -5.0}, {"clicks >= -5%": 1.0}]
    best = made.get_best_trial()
    assert best is not None
    assert best[0] == 0
    _, third = made.get_next_trial()
    made.complete_trial(third, {"loss": 1.5, "clicks": 97.0})
    best = made.get_best_trial()
    assert best is not None
    assert best[0] == third


def test_several_objectives_with_thresholds() -> None:
    made = client(
        parameters=[X],
        objectives={
            "cost": ObjectiveProperties(minimize=True, threshold=4.0),
            "gain": ObjectiveProperties(minimize=False, threshold=0.0),
        },
    )
    told = [(1.0, 1.0), (2.0, 3.0), (3.0, 2.0), (5.0, 9.0), (0.5, -1.0)]
    for cost, gain in told:
        _, index = made.get_next_trial()
        made.complete_trial(index, {"cost": (cost, 0.0), "gain": (gain, 0.0)})
    front = made.get_pareto_optimal_parameters()
    assert {index: values[0] for index, (_, values) in front.items()} == {
        0: {"cost": 1.0, "gain": 1.0},
        1: {"cost": 2.0, "gain": 3.0},
    }
    assert made.get_hypervolume() == pytest.approx(3.0 * 1.0 + 2.0 * 2.0)
    with pytest.raises(InvalidArgument, match="get_pareto_optimal_parameters"):
        made.get_best_parameters()
    _, index = made.get_next_trial()
    with pytest.raises(InvalidArgument, match="Metric name must be provided"):
        made.complete_trial(index, 1.0)


def test_a_lucky_measurement_is_not_on_the_front() -> None:
    made = client(
        parameters=[X],
        objectives={
            "cost": ObjectiveProperties(minimize=True),
            "gain": ObjectiveProperties(minimize=False),
        },
    )
    rng = np.random.default_rng(1)
    for number in range(24):
        p, index = made.attach_trial({"x": -2.0 + number / 6})
        lucky = 5.0 if number == 2 else 0.0  # at x = -1.67, which is far from any good
        cost = p["x"] ** 2 + 0.1 * rng.standard_normal() - lucky
        gain = -((p["x"] - 1.0) ** 2) + 0.1 * rng.standard_normal() + lucky
        made.complete_trial(
            index, {"cost": (cost, 3.0 if lucky else 0.1), "gain": (gain, 3.0 if lucky else 0.1)}
        )
    assert 2 in made.get_pareto_optimal_parameters(use_model_predictions=False)
    front = made.get_pareto_optimal_parameters()
    assert 2 not in front
    assert all(-0.3 <= parameters["x"] <= 1.3 for parameters, _ in front.values())
    assert all(covs["cost"]["cost"] > 0.0 for _, (_, covs) in front.values())


def test_a_front_is_for_several_objectives() -> None:
    with pytest.raises(InvalidArgument, match="two or more"):
        client().get_pareto_optimal_parameters()
    with pytest.raises(InvalidArgument, match="two or more"):
        client().get_hypervolume()


def test_no_point_violates_bounds_or_constraints() -> None:
    made = client(
        parameters=[
            {"name": "a", "type": "range", "bounds": [0.0, 1.0]},
            {"name": "b", "type": "range", "bounds": [0.0, 1.0]},
            {"name": "n", "type": "range", "bounds": [1, 6]},
            {"name": "k", "type": "choice", "values": ["u", "v", "w"]},
            {"name": "f", "type": "fixed", "value": 7},
        ],
        parameter_constraints=["a + b <= 0.3", "a <= b", "n + 10*a >= 3"],
    )
    for _ in range(25):
        p, index = made.get_next_trial()
        assert p["a"] + p["b"] <= 0.3 + 1e-15
        assert p["a"] <= p["b"]
        assert p["n"] + 10 * p["a"] >= 3
        assert p["f"] == 7
        made.experiment.search_space.check(p)
        made.complete_trial(index, p["a"] * p["n"] + (p["k"] == "u"))


def test_fixed_features_hold() -> None:
    made = client(parameter_constraints=["x + y <= 1"])
    for number in range(12):
        fixed = {"x": 1.5} if number % 2 else None
        p, index = made.get_next_trial(fixed_features=fixed)
        assert (p["x"] == 1.5) == bool(fixed)
        assert p["x"] + p["y"] <= 1.0
        made.complete_trial(index, loss(p))
    for fixed in ({"z": 1.0}, {"x": 9.0}):
        with pytest.raises(InvalidArgument, match="fixed_features"):
            made.get_next_trial(fixed_features=fixed)
    with pytest.raises(InvalidArgument, match="feasible point"):
        client(parameter_constraints=["x + y >= 1"]).get_next_trial(
            fixed_features={"x": -2.0, "y": -2.0}
        )


FINITE = [
    {"name": "n", "type": "range", "bounds": [1, 3]},
    {"name": "k", "type": "choice", "values": ["u", "v"]},
]


def test_a_finite_space_is_exhausted_and_failures_are_tried_again() -> None:
    made = client(parameters=FINITE, parameter_constraints=["n <= 2"])
    first, complete = made.get_next_trials(max_trials=3)
    assert (len(first), complete) == (3, False)
    made.log_trial_failure(0, {"reason": "broken"})
    made.abandon_trial(1)
    more, complete = made.get_next_trials(max_trials=10)
    assert complete
    points = {(p["n"], p["k"]) for p in [*first.values(), *more.values()]}
    assert points == {(n, k) for n in (1, 2) for k in "uv"}
    assert len(first) + len(more) == 5  # the one that failed came again, the abandoned one not
    assert first[0] in more.values()
    with pytest.raises(SpaceExhausted, match="All 4 points"):
        made.get_next_trial()
    again, index = made.attach_trial(first[1])
    assert (again, index) == (first[1], 5)


def test_what_waits_comes_first_and_is_not_proposed_again() -> None:
    made = client(parameters=FINITE)
    made.experiment.study.enqueue_trial({"n": 2, "k": "v"})
    assert made.get_next_trial() == ({"n": 2, "k": "v"}, 0)
    made.complete_trial(0, 1.0)
    asked, complete = made.get_next_trials(10)
    assert complete
    assert len(asked) == 5
    assert {"n": 2, "k": "v"} not in asked.values()
    made.experiment.study.enqueue_trial({"n": 1, "k": "u"})  # a person may, all the same
    assert made.get_next_trial() == ({"n": 1, "k": "u"}, 6)


def test_two_clients_exhaust_a_space_together(sqlite_url: str) -> None:
    client(parameters=[{"name": "n", "type": "range", "bounds": [1, 12]}], storage=sqlite_url)
    told: list[int] = []

    def work() -> None:
        mine = Client(storage=sqlite_url)
        mine.load_experiment("lab")
        while True:
            try:
                p, index = mine.get_next_trial()
            except SpaceExhausted:
                return
            mine.complete_trial(index, p["n"])
            told.append(p["n"])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = Client(storage=sqlite_url)
    made.load_experiment("lab")
    assert set(told) == set(range(1, 13))
    assert {trial.state for trial in made.experiment.study.trials} == {TrialState.COMPLETE}


def test_dependent_parameters() -> None:
    made = client(
        parameters=[
            {
                "name": "kind",
                "type": "choice",
                "values": ["linear", "tree"],
                "dependents": {"linear": ["rate"], "tree": ["depth"]},
            },
            {"name": "rate", "type": "range", "bounds": [1e-4, 1.0], "log_scale": True},
            {"name": "depth", "type": "range", "bounds": [1, 9]},
        ]
    )
    kinds = set()
    for _ in range(20):
        p, index = made.get_next_trial()
        kinds.add(p["kind"])
        assert set(p) == {"kind", "rate" if p["kind"] == "linear" else "depth"}
        value = abs(math.log10(p["rate"]) + 2) if "rate" in p else abs(p["depth"] - 4) + 1
        made.complete_trial(index, value)
    assert kinds == {"linear", "tree"}
    best = made.get_best_parameters()
    assert best is not None
    assert best[0]["kind"] == "linear"


def test_an_expired_trial_fails_when_the_next_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from trimtab.storage import InMemoryStorage

    now = [0.0]
    made = client(storage=InMemoryStorage(clock=lambda: now[0]))
    p, late = made.get_next_trial(ttl_seconds=10.0)
    _, in_time = made.get_next_trial(ttl_seconds=10.0)
    now[0] = 11.0
    made.complete_trial(in_time, 1.0)  # nobody asked meanwhile: nothing is lost
    _, index = made.get_next_trial()
    assert index == 2
    assert made.experiment.trial(late).status is TrialStatus.FAILED
    with pytest.raises(TrialFinished, match="no longer expects data"):
        made.complete_trial(late, loss(p))


def test_early_stopping() -> None:
    made = client(
        early_stopping_strategy=PercentilePruner(50.0, n_startup_trials=2, n_warmup_steps=1)
    )
    for level in (1.0, 2.0, 3.0):
        _, index = made.get_next_trial()
        steps = [(step, level) for step in range(3)]
        made.update_running_trial_with_intermediate_data(index, steps)
        if level < 3.0:
            made.complete_trial(index, level)
    reasons = made.should_stop_trials_early([0, 1, 2])
    assert list(reasons) == [2]
    assert "after step 2" in reasons[2]
    made.stop_trial_early(2)
    assert made.experiment.trial(2).status is TrialStatus.EARLY_STOPPED
    assert made.experiment.study.trials[2].state is TrialState.PRUNED
    assert made.experiment.study.trials[2].value == 3.0
    with pytest.raises(WrongStatus):
        made.stop_trial_early(0)


@pytest.mark.parametrize(
    "strategy",
    [
        PercentilePruner(50.0, n_startup_trials=2),
        MedianPruner(n_startup_trials=2),
        SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
        HyperbandPruner(min_resource=1, max_resource=9),
        AsyncHyperBandScheduler(max_t=9, grace_period=1),
        MedianStoppingRule(time_attr="training_iteration", grace_period=1),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
@pytest.mark.parametrize("minimize", [True, False])
def test_every_strategy_ends_the_worst_and_not_the_best(strategy: Any, minimize: bool) -> None:
    made = client(
        early_stopping_strategy=copy.deepcopy(strategy),
        objectives={"loss": ObjectiveProperties(minimize=minimize)},
    )
    sign = 1.0 if minimize else -1.0

    def run(level: float) -> bool:
        """Whether a trial that reports steps 1 to 8 at this level is to end early."""
        _, index = made.get_next_trial()
        for step in range(1, 9):
            report = [(step, sign * (level + 1.0 / step))]
            made.update_running_trial_with_intermediate_data(index, report)
            if made.should_stop_trials_early([index]):
                made.stop_trial_early(index)
                return True
        made.complete_trial(index, sign * level)
        return False

    for level in (0.6, 0.7, 0.8, 0.9):
        run(level)
    # A bracket of Hyperband may let a trial run to its end.
    assert any(run(5.0) for _ in range(4))
    assert not run(0.0)


def test_predictions() -> None:
    made = client(outcome_constraints=["cost <= 10"], tracking_metric_names=["seconds"])
    rng = np.random.default_rng(0)
    for _ in range(25):
        p, index = made.get_next_trial()
        noisy = loss(p) + 0.01 * rng.standard_normal()
        made.complete_trial(index, {"loss": (noisy, 0.01), "cost": p["x"] + 8.0, "seconds": p["y"]})
    (here, there) = made.predict([{"x": 0.5, "y": -0.25}, {"x": 1.0, "y": 0.0}])
    assert set(here) == {"loss", "cost"}
    assert here["loss"][0] == pytest.approx(0.0, abs=0.1)
    assert here["cost"][0] == pytest.approx(8.5, abs=0.1)
    assert there["loss"][0] == pytest.approx(0.3125, abs=0.15)
    assert all(sd > 0.0 for one in (here, there) for _, sd in one.values())
    (told,) = made.predict([{"x": 0.5, "y": -0.25}], ["seconds"])
    assert told["seconds"][0] == pytest.approx(-0.25, abs=0.1)
    with pytest.raises(InvalidArgument, match="unheard"):
        made.predict([{"x": 0.0, "y": 0.0}], ["unheard"])
    with pytest.raises(InvalidArgument, match=r"points\.x"):
        made.predict([{"x": 9.0, "y": 0.0}])
    best = made.get_best_parameters()
    observed = made.get_best_parameters(use_model_predictions=False)
    assert best is not None
    assert observed is not None
    assert loss(best[0]) < 0.05
    assert observed[1][0]["loss"] == min(t.value for t in made.experiment.study.trials if t.value)


def test_pictures() -> None:
    pytest.importorskip("plotly")
    made = client()
    for _ in range(8):
        p, index = made.get_next_trial()
        made.complete_trial(index, loss(p))
    assert "Best by the model" in {t.name for t in made.get_optimization_trace().data}
    with pytest.raises(InvalidArgument, match="two or three"):
        made.get_pareto_plot()
    assert made.get_contour_plot().data
    assert made.get_contour_plot("y", "x", "loss").data
    assert made.get_feature_importances().data
    assert made.get_slice_plot().data
    assert made.get_slice_plot("x", "loss").data
    assert made.get_cross_validation_plot().data
    for arguments in ({"param_x": "z"}, {"param_x": "x", "param_y": "x"}, {"metric_name": "z"}):
        with pytest.raises(InvalidArgument):
            made.get_contour_plot(**arguments)


def test_pictures_of_few_trials_and_of_several_objectives() -> None:
    pytest.importorskip("plotly")
    made = client(
        objectives={
            "a": ObjectiveProperties(minimize=True),
            "b": ObjectiveProperties(minimize=False),
        }
    )
    for _ in range(8):
        p, index = made.get_next_trial()
        made.complete_trial(index, {"a": loss(p), "b": p["x"]})
    assert made.get_pareto_plot().layout.xaxis.title.text == "a"
    assert "Hypervolume" in made.get_optimization_trace().layout.yaxis.title.text
    assert {bar.name for bar in made.get_feature_importances().data} == {"a", "b"}
    assert {bar.name for bar in made.get_feature_importances("b").data} == {"b"}
    few = client(name="few")
    _, index = few.get_next_trial()
    few.complete_trial(index, 1.0)
    assert few.get_optimization_trace().data[0].y[0] == 1.0


def test_clients_of_one_database_share_its_trials(storage_url: str) -> None:
    client(storage=storage_url)
    seen: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        mine = AxClient(storage=storage_url)
        mine.load_experiment_from_database("lab")
        for _ in range(6):
            p, index = mine.get_next_trial()
            mine.complete_trial(index, (loss(p), 0.0))
            with lock:
                seen.append(index)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(24))
    made = AxClient(storage=storage_url)
    made.load_experiment("lab")
    trials = made.experiment.study.trials
    assert len({tuple(trial.params.values()) for trial in trials}) == 24
    best = made.get_best_parameters()
    assert best is not None
    assert best[1][0]["loss"] == min(trial.value for trial in trials if trial.value is not None)
