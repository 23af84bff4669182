"""ASHA, Hyperband, the median rule and the rest under Ray Tune's names, decision by decision."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.schedulers import (
    CONTINUE,
    PB2,
    STOP,
    ASHAScheduler,
    AsyncHyperBandScheduler,
    Continue,
    Exploit,
    FIFOScheduler,
    HyperBandForBOHB,
    HyperBandScheduler,
    MedianStoppingRule,
    NopPruner,
    PatientPruner,
    Pause,
    PopulationBasedTraining,
    PopulationBasedTrainingReplay,
    PromotingASHA,
    Scheduler,
    Stop,
    SuccessiveHalvingPruner,
    create_scheduler,
)
from trimtab.schedulers.creation import NAMES
from trimtab.schedulers.replay import Change, parsed_policy, policy_of
from trimtab.space.domains import choice, loguniform, randint, uniform
from trimtab.testing.simulation import METRIC, Simulation

MAX = StudyDirection.MAXIMIZE
RAY: dict[str, Any] = {"metric": METRIC, "mode": "max"}


class Curves:
    """Scores by trial and iteration."""

    def __init__(self, score: Callable[[int, int], float]) -> None:
        self._score = score

    def begin(self, number: int) -> tuple[dict[str, Any], int]:
        return {"number": number}, number

    def train(self, state: int, config: Mapping[str, Any], iteration: int) -> tuple[int, float]:
        return state, self._score(state, iteration)


def lengths(run: Simulation) -> list[int]:
    """How many reports each trial made."""
    return [run.history.last_step(number) or 0 for number in range(len(run.history))]


# ---------------------------------------------------------------------- ASHA


def test_asha_is_asha() -> None:
    assert ASHAScheduler is AsyncHyperBandScheduler
    scheduler = ASHAScheduler()
    assert (scheduler.time_attr, scheduler.max_t, scheduler.grace_period) == (
        "training_iteration",
        100,
        1,
    )
    assert (scheduler.reduction_factor, scheduler.stop_last_trials) == (4, True)


def test_asha_asks_at_its_rungs_and_at_the_end() -> None:
    asked: list[int] = []

    class Watching(ASHAScheduler):
        def on_report(self, history: History, number: int, *rest: Any) -> Any:
            asked.append(history.last_step(number) or 0)
            return super().on_report(history, number, *rest)

    run = Simulation(
        lambda: Watching(**RAY), Curves(lambda n, i: 1.0), n_trials=1, length=500, strict=False
    ).run()
    assert asked == [1, 4, 16, 64, 100]
    assert run.history.states.tolist() == [TrialState.COMPLETE]


def test_asha_stops_nan_at_a_rung() -> None:
    run = Simulation(
        lambda: ASHAScheduler(max_t=8, **RAY),
        Curves(lambda n, i: math.nan if n == 0 else 1.0),
        n_trials=2,
    ).run()
    assert lengths(run)[0] == 1


def test_a_report_that_passes_several_rungs_counts_at_each() -> None:
    history = History((MAX,))
    report = Report(20, {METRIC: 1.0, "epoch": 20.0})
    history.apply(FrozenTrial.build(0, TrialState.RUNNING, reports={20: report}))
    decision = ASHAScheduler("epoch", **RAY).on_report(history, 0, MAX, np.random.default_rng(0))
    assert isinstance(decision, Continue)
    assert len(decision.state) == 3


def algorithm_2(scores: Callable[[int, int], float], n: int, eta: int, rungs: list[int]) -> Any:
    """Li et al. (2020), algorithm 2, word for word, with one worker: (trial, resource)."""
    values: list[dict[int, float]] = [{} for _ in rungs]
    promoted: list[set[int]] = [set() for _ in rungs]
    jobs: list[tuple[int, int]] = []
    new = 0
    while True:
        for k in reversed(range(len(rungs) - 1)):
            ranked = sorted(values[k], key=lambda t: (-values[k][t], t))
            found = [t for t in ranked[: len(ranked) // eta] if t not in promoted[k]]
            if found:
                promoted[k].add(found[0])
                trial, rung = found[0], k + 1
                break
        else:
            if new == n:
                return jobs
            trial, rung, new = new, 0, new + 1
        jobs.append((trial, rungs[rung]))
        values[rung][trial] = scores(trial, rungs[rung])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eta", [2, 3])
def test_promoting_asha_is_algorithm_2(seed: int, eta: int) -> None:
    table = np.random.default_rng(seed).integers(0, 9, size=(40, 82))  # with ties

    def score(number: int, iteration: int) -> float:
        return float(table[number, iteration])

    rungs = [eta**k for k in range(4)]
    run = Simulation(
        lambda: PromotingASHA(max_t=rungs[-1], reduction_factor=eta, **RAY),
        Curves(score),
        n_trials=40,
        slots=1,
        length=100,
        strict=False,
        lazy=True,
    ).run()
    ends = (Pause, Stop)
    jobs = [(event.number, event.step) for event in run.events if isinstance(event.decision, ends)]
    assert jobs == algorithm_2(score, 40, eta, rungs)


# ---------------------------------------------------------------------- Hyperband


def test_brackets_are_those_of_the_paper() -> None:
    shapes = [(s.size, s.rungs) for s in HyperBandScheduler()._shapes]
    assert shapes == [
        (5, ()),
        (8, (27,)),
        (15, (9, 27)),
        (34, (3, 9, 27)),
        (81, (1, 3, 9, 27)),
    ]
    assert [s.size for s in HyperBandForBOHB()._shapes] == [81, 34, 15, 8, 5]


def test_whole_rungs_are_compared() -> None:
    run = Simulation(
        lambda: HyperBandScheduler(max_t=9, **RAY), Curves(lambda n, i: n), n_trials=17
    ).run()
    assert lengths(run) == [9] * 3 + [3] * 3 + [9] * 2 + [1] * 6 + [3] * 2 + [9]
    assert run.history.states.tolist().count(TrialState.COMPLETE) == 6


def test_a_bracket_that_is_not_filled_makes_do() -> None:
    run = Simulation(
        lambda: HyperBandForBOHB(max_t=9, **RAY), Curves(lambda n, i: n), n_trials=5, lazy=True
    ).run()
    assert lengths(run) == [1, 1, 1, 3, 9]


def test_a_diverged_trial_is_the_worst_of_its_rung() -> None:
    run = Simulation(
        lambda: HyperBandForBOHB(max_t=3, **RAY),
        Curves(lambda n, i: math.nan if n == 2 else n),
        n_trials=3,
    ).run()
    assert lengths(run) == [1, 3, 1]


# ---------------------------------------------------------------------- the median rule


def median_history(*curves: list[float]) -> History:
    history = History((MAX,))
    for number, curve in enumerate(curves):
        reports = {step: Report(step, {METRIC: v}) for step, v in enumerate(curve, start=1)}
        history.apply(FrozenTrial.build(number, TrialState.RUNNING, reports=reports))
    return history


def rule(**options: Any) -> MedianStoppingRule:
    options = {"time_attr": "training_iteration", "grace_period": 2, **RAY} | options
    return MedianStoppingRule(**options)


def test_the_median_is_of_running_averages_after_the_grace_period() -> None:
    # Averages of the others from step 2 to step 3: 2, 4 and 6; the best of trial 3 counts.
    others = ([99.0, 1.0, 3.0, 50.0], [0.0, 4.0, 4.0], [0.0, 5.0, 7.0, 0.0])
    rng = np.random.default_rng(0)
    for best, expected in ((3.9, STOP), (4.0, CONTINUE)):
        history = median_history(*others, [best, 0.0, 0.0])
        assert rule().on_report(history, 3, MAX, rng) == expected
    assert rule().on_report(median_history(*others, [0.0]), 3, MAX, rng) == CONTINUE
    few = rule(min_samples_required=4)
    assert few.on_report(median_history(*others, [0.0] * 3), 3, MAX, rng) == CONTINUE
    crowded = median_history(*others, [0.0] * 3)
    crowded.apply(FrozenTrial.build(4, TrialState.WAITING))
    assert isinstance(few.on_report(crowded, 3, MAX, rng), Pause)
    soft = rule(hard_stop=False)
    assert isinstance(soft.on_report(median_history(*others, [0.0] * 3), 3, MAX, rng), Pause)


# ---------------------------------------------------------------------- PB2


def pb2(**options: Any) -> PB2:
    options = {"hyperparam_bounds": {"lr": [0.0, 1.0]}} | options
    return PB2("training_iteration", perturbation_interval=2, **{**RAY, **options})


class Gains:
    """The nearer the parameter is to 0.7, the more is gained; log and integers beside it."""

    def begin(self, number: int) -> tuple[dict[str, Any], float]:
        draw = np.random.default_rng(number)
        width, momentum = int(draw.integers(1, 9)), {"beta": float(draw.random())}
        return {"lr": float(draw.uniform(0.0, 0.3)), "width": width, "m": momentum}, 0.0

    def train(self, state: float, config: Mapping[str, Any], iteration: int) -> tuple[float, float]:
        after = state + 1.0 - 3.0 * abs(config["lr"] - 0.7)
        return after, after


def test_pb2_goes_where_gains_are_and_stays_within_bounds() -> None:
    bounds = {"lr": [0.0, 1.0], "width": [1, 8], "m": {"beta": loguniform(1e-4, 1.0)}}
    tried: list[dict[str, Any]] = []

    class Watching(PB2):
        def adapt(self, config: dict[str, Any]) -> dict[str, Any]:
            tried.append(config)
            return config

    run = Simulation(
        lambda: Watching(
            "training_iteration",
            perturbation_interval=2,
            hyperparam_bounds=bounds,
            synch=True,
            **RAY,
        ),
        Gains(),
        n_trials=8,
        slots=8,
        length=40,
        strict=False,
    ).run()
    assert all(0.0 <= config["lr"] <= 1.0 for config in tried)
    assert all(1 <= config["width"] <= 8 and type(config["width"]) is int for config in tried)
    assert all(1e-4 <= config["m"]["beta"] <= 1.0 for config in tried)
    late = [abs(config["lr"] - 0.7) for config in tried[len(tried) // 2 :]]
    assert float(np.median(late)) < 0.15
    assert max(run.scores().values()) > 20.0


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        (None, InvalidArgument),
        ([0, 1], InvalidType),
        ({"lr": [0.0]}, InvalidType),
        ({"lr": [1.0, 0.0]}, InvalidArgument),
        ({"lr": choice([1, 2])}, InvalidType),
        ({"lr": "ab"}, InvalidType),
    ],
)
def test_pb2_refuses_what_are_no_bounds(bounds: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        pb2(hyperparam_bounds=bounds)


# ---------------------------------------------------------------------- replay


def test_a_replay_trains_with_the_policy() -> None:
    seen: list[tuple[int, float]] = []

    class Watched(Curves):
        def train(self, state: int, config: Mapping[str, Any], iteration: int) -> tuple[int, float]:
            seen.append((iteration, config["net"]["lr"]))
            return super().train(state, config, iteration)

    policy: Any = [(0, {"net": {"lr": 0.1}}), (2, {"net/lr": 0.2}), (5, {"net": {"lr": 0.3}})]
    Simulation(
        lambda: PopulationBasedTrainingReplay(policy),
        Watched(lambda n, i: 1.0),
        n_trials=1,
        length=7,
    ).run()
    assert seen == [(1, 0.1), (2, 0.1), (3, 0.2), (4, 0.2), (5, 0.2), (6, 0.3), (7, 0.3)]


@pytest.mark.parametrize("synch", [False, True])
def test_a_policy_is_what_the_ancestors_trained_with(synch: bool) -> None:
    trained: dict[int, list[float]] = {}

    class World:
        """The state is all that was trained with so far: the truth to compare a policy with."""

        def begin(self, number: int) -> tuple[dict[str, Any], list[float]]:
            return {"lr": float(np.random.default_rng(number).random())}, []

        def train(
            self, state: list[float], config: Mapping[str, Any], iteration: int
        ) -> tuple[list[float], float]:
            trained[len(trained)] = after = [*state, config["lr"]]
            return after, -abs(config["lr"] - 0.01 * iteration)

    def make() -> Scheduler:
        return PopulationBasedTraining(
            "training_iteration",
            perturbation_interval=3,
            synch=synch,
            hyperparam_mutations={"lr": uniform(0, 1)},
            **RAY,
        )

    run = Simulation(make, World(), n_trials=6, slots=3, length=30, fails={(2, 10)}).run()
    for number, member in run.members.items():
        policy = policy_of(run.history, number)
        held = [
            next(c.config["lr"] for c in reversed(policy) if c.iteration < iteration)
            for iteration in range(1, member.iteration + 1)
        ]
        assert held == member.state
    assert any(len(policy_of(run.history, number)) > 2 for number in run.members)


def test_ray_tunes_policy_files_are_read() -> None:
    rows = [
        ["x", "y", 4, 4, {"lr": 0.9}, {"lr": 0.8}],  # of a line that ended
        ["a", "b", 4, 4, {"lr": 0.1}, {"lr": 0.2}],
        ["c", "a", 8, 8, {"lr": 0.2}, {"lr": 0.3}],
    ]
    lines = [json.dumps(row) for row in rows]
    assert parsed_policy([*lines, ""]) == (
        Change(0, {"lr": 0.1}),
        Change(4, {"lr": 0.2}),
        Change(8, {"lr": 0.3}),
    )
    for broken in ([], ["no JSON"], ["[1, 2]"]):
        with pytest.raises(InvalidArgument):
            parsed_policy(broken)


@pytest.mark.parametrize(
    "policy", [[], [(3, {})], [(0, {}), (0, {})], [(0, {}), (2, 1)], [3], [(0.5, {})]]
)
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        PopulationBasedTrainingReplay(policy)


# ---------------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", NAMES)
def test_every_short_name_makes_its_scheduler(name: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "pb2": {"hyperparam_bounds": {"lr": [0, 1]}},
        "pbt": {"hyperparam_mutations": {"lr": [0, 1]}},
        "pbt_replay": {"policy": [(0, {})]},
    }
    made = create_scheduler(name, **arguments.get(name, {}))
    assert type(made).__name__ == NAMES[name]


def test_unknown_names_are_refused() -> None:
    for name in ("resource_changing", "", 3):
        with pytest.raises(InvalidArgument, match="promoting_asha"):
            create_scheduler(name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ASHAScheduler(max_t=0),
        lambda: ASHAScheduler(grace_period=200),
        lambda: ASHAScheduler(reduction_factor=1),
        lambda: ASHAScheduler(brackets=0),
        lambda: ASHAScheduler(time_attr=""),
        lambda: ASHAScheduler(mode="best"),  # type: ignore[arg-type]
        lambda: HyperBandScheduler(max_t=0),
        lambda: HyperBandScheduler(reduction_factor=1),
        lambda: MedianStoppingRule(grace_period=-1),
        lambda: MedianStoppingRule(min_samples_required=0),
    ],
)
def test_bad_arguments_are_refused(make: Callable[[], Scheduler]) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        make()


def test_a_trial_at_its_end_is_not_pruned_in_a_study() -> None:
    assert Stop(completes=True) != STOP
    history = median_history([1.0] * 100)

    class Study:
        direction = MAX

    study = Study()
    study.history = history  # type: ignore[attr-defined]
    assert not ASHAScheduler(max_t=50, **RAY).prune(study, history.trial(0))


def test_a_scheduler_without_metric_takes_the_runs() -> None:
    wrapped = PatientPruner(SuccessiveHalvingPruner(), 3).for_metric("loss")
    assert wrapped.metric == "loss"
    assert wrapped._wrapped is not None
    assert wrapped._wrapped.metric == "loss"
    assert ASHAScheduler("epoch", None, "min").for_metric("loss").metric == "loss"
    assert FIFOScheduler().for_metric("loss").next_step(History((MAX,)), 0) is None
    assert NopPruner().next_step(History((MAX,)), 0) is None


@pytest.mark.parametrize("bounds", [loguniform(1e-4, 1.0), randint(1, 100), [1, 100]])
def test_pb2_draws_at_random_before_it_knows_anything(bounds: Any) -> None:
    scheduler = pb2(hyperparam_bounds={"x": bounds})
    initial = scheduler.initial({}, np.random.default_rng(0))
    assert set(initial) == {"x"}
    history = median_history([5.0, 5.0], [1.0, 1.0])
    for number, score in ((0, 5.0), (1, None)):
        attrs = {"tune:config": {"x": 7}, "pbt:score": score, "pbt:time": 2.0, "pbt:last": 0.0}
        history.apply(history.trial(number).replace(system_attrs=attrs))
    decision = scheduler.on_report(history, 1, MAX, np.random.default_rng(0))
    assert isinstance(decision, Exploit)
    x = decision.params["x"]
    assert 1e-4 <= x <= 100
    if not hasattr(bounds, "distribution") or bounds == randint(1, 100):
        assert type(x) is int  # as the donor's
