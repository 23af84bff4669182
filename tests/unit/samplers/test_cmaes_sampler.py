"""CmaEsSampler: it optimizes, it resumes bit for bit, and no option is idle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.records import StudyDirection, TrialState
from trimtab.samplers import CmaEsSampler, RandomSampler, Sampler
from trimtab.samplers.cmaoptimizer import Start, Variant, clone, draw, dump, load, make_optimizer
from trimtab.schedulers import NopPruner
from trimtab.space import FloatDistribution, IntDistribution, Space
from trimtab.storage import InMemoryStorage
from trimtab.study import Study, Trial

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def study_of(sampler: Sampler, direction: StudyDirection = MINIMIZE) -> Study:
    storage = InMemoryStorage()
    storage.create_study("s", (direction,))
    return Study("s", storage, sampler, NopPruner())


def sphere(trial: Trial) -> float:
    return sum((trial.suggest_float(f"x{i}", -5.0, 5.0) - 1.3) ** 2 for i in range(4))


def rosenbrock(trial: Trial) -> float:
    x, y = (trial.suggest_float(name, -2.0, 2.0) for name in "xy")
    return 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2


def best(sampler: Sampler, objective: Callable[[Trial], float], n: int = 300) -> float:
    study = study_of(sampler)
    study.optimize(objective, n_trials=n)
    return study.best_value


@pytest.mark.parametrize(
    ("options", "bound"),
    [
        ({}, 1e-4),
        ({"use_separable_cma": True}, 1e-4),
        ({"with_margin": True}, 1e-4),
        ({"lr_adapt": True}, 1e-1),
        ({"popsize": 12}, 1e-2),
        ({"x0": {"x0": 1.0, "x3": 2.0}, "sigma0": 0.1}, 1e-4),
        ({"restart_strategy": "ipop"}, 1e-4),
    ],
)
def test_it_solves_the_sphere(options: dict[str, Any], bound: float) -> None:
    assert best(CmaEsSampler(seed=1, **options), sphere) < bound


def test_it_follows_a_curved_valley() -> None:
    found = [best(CmaEsSampler(seed=seed), rosenbrock, 250) for seed in range(5)]
    drawn = [best(RandomSampler(seed=seed), rosenbrock, 250) for seed in range(5)]
    assert np.median(found) < np.median(drawn) / 5.0


def test_maximizing_mirrors_minimizing() -> None:
    down, up = study_of(CmaEsSampler(seed=1)), study_of(CmaEsSampler(seed=1), MAXIMIZE)
    down.optimize(sphere, n_trials=60)
    up.optimize(lambda trial: -sphere(trial), n_trials=60)
    assert [t.params for t in down.trials] == [t.params for t in up.trials]


def test_integers_do_not_get_stuck_with_a_margin() -> None:
    def mixed(trial: Trial) -> float:
        x = trial.suggest_float("x", -5.0, 5.0)
        return x**2 + sum(abs(trial.suggest_int(f"n{i}", 0, 40) - 33) for i in range(3))

    assert best(CmaEsSampler(seed=1, with_margin=True), mixed) < 1e-2


def test_infeasible_trials_rank_behind() -> None:
    def constrained(trial: Trial) -> float:
        value = sphere(trial)
        trial.set_constraint("right", 2.0 - trial.params["x0"])  # the optimum is at x0 = 1.3
        return value

    study = study_of(CmaEsSampler(seed=1))
    study.optimize(constrained, n_trials=300)
    assert study.best_trial.params["x0"] >= 2.0
    assert study.best_value == pytest.approx(0.49, abs=0.02)


def test_choices_and_conditional_parameters_are_left_to_the_independent_sampler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", -5.0, 5.0)
        if trial.suggest_categorical("kind", ["a", "b"]) == "b":
            x += trial.suggest_float("y", 0.0, 1.0)
        return x**2

    study = study_of(CmaEsSampler(seed=1, independent_sampler=RandomSampler(seed=2)))
    with caplog.at_level(logging.WARNING, "trimtab.samplers"):
        study.optimize(objective, n_trials=60)
    assert study.sampler.search_space(study.history).names == ("x",)
    warned = [record.args[0] for record in caplog.records if isinstance(record.args, tuple)]
    assert sorted(map(str, warned)) == ["kind", "y"]
    assert {t.params["kind"] for t in study.trials} == {"a", "b"}
    caplog.clear()
    with caplog.at_level(logging.WARNING, "trimtab.samplers"):
        quiet = CmaEsSampler(seed=1, warn_independent_sampling=False)
        study_of(quiet).optimize(objective, n_trials=10)
    assert not caplog.records


def test_startup_trials_are_drawn_independently() -> None:
    study = study_of(CmaEsSampler(seed=1, n_startup_trials=7))
    study.optimize(sphere, n_trials=10)
    begun = ["cma:generation" in trial.system_attrs for trial in study.trials]
    assert begun == [False] * 7 + [True] * 3


@pytest.mark.parametrize("consider", [False, True])
def test_pruned_trials_count_if_they_are_to(consider: bool) -> None:
    study = study_of(CmaEsSampler(seed=1, popsize=4, consider_pruned_trials=consider))
    study.tell(trial := study.ask(), sphere(trial))
    for _ in range(12):
        trial = study.ask()
        trial.report(sphere(trial), 1)
        study.tell(trial, state=TrialState.PRUNED)
    generations = [trial.system_attrs["cma:generation"] for trial in study.trials[1:]]
    assert max(generations) == (2 if consider else 0)


def test_failed_and_slow_trials_hold_nothing_up() -> None:
    study = study_of(CmaEsSampler(seed=1, popsize=4))
    study.tell(trial := study.ask(), sphere(trial))
    slow = study.ask()
    for i in range(30):
        trial = study.ask()
        value = sphere(trial)
        if i % 3:
            study.tell(trial, value)
        else:
            study.tell(trial, state=TrialState.FAIL)
    study.tell(slow, sphere(slow))
    assert study.ask().system_attrs["cma:generation"] == 5


def test_a_collapsed_distribution_restarts_with_a_larger_population() -> None:
    def flat(trial: Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        trial.suggest_float("y", 0.0, 1.0)
        return 0.0

    for strategy in ("ipop", "bipop"):
        study = study_of(CmaEsSampler(seed=1, popsize=4, restart_strategy=strategy, inc_popsize=3))
        study.optimize(flat, n_trials=500)
        runs = [
            trial.system_attrs["cma:optimizer"]
            for trial in study.trials
            if "cma:optimizer" in trial.system_attrs
        ]
        sizes = {run["popsize"] for run in runs} - {4}
        assert 12 in sizes
        if strategy == "bipop":
            assert any(run.get("restarts", {}).get("small") for run in runs)


def test_a_change_of_the_searched_parameters_begins_anew() -> None:
    def shrinking(trial: Trial) -> float:
        x = trial.suggest_float("x", -5.0, 5.0)
        y = trial.suggest_float("y", -5.0, 5.0) if trial.number < 20 else 0.0
        return x**2 + y**2

    study = study_of(CmaEsSampler(seed=1))
    study.optimize(shrinking, n_trials=100)
    runs = [trial.system_attrs.get("cma:optimizer") for trial in study.trials]
    attrs = [run for run in runs if run is not None]
    assert [a["names"] for a in attrs[:1] + attrs[-1:]] == [["x", "y"], ["x"]]
    assert [a["generation"] for a in attrs] == list(range(len(attrs)))
    assert study.best_value < 1e-6


def test_source_trials_shape_the_first_distribution() -> None:
    source = study_of(RandomSampler(seed=1))
    source.optimize(sphere, n_trials=100)
    warm = study_of(CmaEsSampler(seed=1, source_trials=source.trials))
    warm.optimize(sphere, n_trials=40)
    cold = study_of(CmaEsSampler(seed=1))
    cold.optimize(sphere, n_trials=40)
    early = [s.history.values[1:20].mean() for s in (warm, cold)]
    assert early[0] < early[1]
    study = study_of(CmaEsSampler(seed=1, source_trials=source.trials[:5]))
    study.optimize(sphere, n_trials=1)
    with pytest.raises(InvalidArgument, match="source_trials"):
        study.ask()


@pytest.mark.parametrize("failure", [float("nan"), np.linalg.LinAlgError("no convergence")])
def test_a_distribution_that_breaks_down_begins_anew(
    failure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cmaes

    def tell(self: Any, solutions: Any) -> None:
        self._C[:] = np.nan
        if isinstance(failure, Exception):
            raise failure

    study = study_of(CmaEsSampler(seed=1, popsize=4))
    study.optimize(sphere, n_trials=5)
    monkeypatch.setattr(cmaes.CMA, "tell", tell)
    study.optimize(sphere, n_trials=1)
    assert study.trials[-1].system_attrs["cma:optimizer"]["state"] == {}
    monkeypatch.undo()
    study.optimize(sphere, n_trials=200)
    assert study.best_value < 1e-2


def test_replicates_count_with_their_mean() -> None:
    lucky: list[Study] = []
    for noise in (0.0, 50.0):
        study = study_of(CmaEsSampler(seed=1, popsize=4))
        study.tell(trial := study.ask(), sphere(trial))
        for _ in range(20):
            trial = study.ask()
            value = sphere(trial)
            study.tell(trial, value + noise)
            again = study.ask(replicate_of=trial.number)
            study.tell(again, value - noise)
        lucky.append(study)
    assert [t.params for t in lucky[0].trials] == [t.params for t in lucky[1].trials]


def test_one_parameter_has_no_separable_form() -> None:
    study = study_of(CmaEsSampler(seed=1, use_separable_cma=True))
    study.optimize(lambda trial: trial.suggest_float("x", -5.0, 5.0) ** 2, n_trials=1)
    with pytest.warns(UserWarning, match="no meaning for one parameter"):
        study.ask()


def test_several_objectives_are_refused() -> None:
    storage = InMemoryStorage()
    storage.create_study("s", (MINIMIZE, MINIMIZE))
    with pytest.raises(InvalidArgument, match="directions"):
        Study("s", storage, CmaEsSampler(), NopPruner()).ask()


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("sigma0", {"sigma0": 0.0}),
        ("sigma0", {"sigma0": float("nan")}),
        ("popsize", {"popsize": 2}),
        ("restart_strategy", {"restart_strategy": "random"}),
        ("inc_popsize", {"inc_popsize": 2}),
        ("inc_popsize", {"inc_popsize": 1, "restart_strategy": "ipop"}),
        ("source_trials", {"source_trials": [], "sigma0": 0.1}),
        ("source_trials", {"source_trials": [], "use_separable_cma": True}),
        ("lr_adapt", {"lr_adapt": True, "with_margin": True}),
        ("with_margin", {"with_margin": True, "use_separable_cma": True}),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    argument: str, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument, match=argument):
        CmaEsSampler(**options)


# ------------------------------------------------------------------------- the optimizers


_SPACE = Space(
    {
        "a": FloatDistribution(0.0, 1.0),
        "b": IntDistribution(1, 7),
        "c": IntDistribution(1, 1000, log=True),
    }
)
_VARIANTS = [Variant(), Variant(separable=True), Variant(margin=True), Variant(lr_adapt=True)]


@pytest.mark.parametrize("variant", _VARIANTS)
def test_an_optimizer_goes_on_bit_for_bit_from_its_record(variant: Variant) -> None:
    def fresh() -> Any:
        return make_optimizer(variant, _SPACE, Start(np.full(3, 0.4), 0.2), None)

    optimizer, rng = fresh(), np.random.default_rng(0)
    for _ in range(8):
        told = [draw(optimizer, rng)[1] for _ in range(optimizer.population_size)]
        optimizer.tell([(x, float(((x - 0.7) ** 2).sum())) for x in told])
        record = dump(optimizer, fresh())
        optimizer = load(record, fresh())
        twin = load(record, clone(fresh()))
        assert dump(twin, fresh()) == record
        one, two = (draw(o, np.random.default_rng(5)) for o in (optimizer, twin))
        assert [x.tolist() for x in one] == [x.tolist() for x in two]
    assert dump(fresh(), fresh()) == {}


@pytest.mark.parametrize("variant", _VARIANTS)
def test_draws_stay_in_the_cube(variant: Variant) -> None:
    optimizer = make_optimizer(variant, _SPACE, Start(np.array([0.0, 1.0, 0.0]), 3.0), None)
    rng = np.random.default_rng(0)
    for _ in range(50):
        point, _ = draw(optimizer, rng)
        assert ((point >= 0.0) & (point <= 1.0)).all()


def test_a_clone_shares_no_array() -> None:
    optimizer = make_optimizer(Variant(margin=True), _SPACE, Start(np.full(3, 0.5), 0.2), None)
    copy = clone(optimizer)
    copy._cma._mean += 1.0
    assert optimizer._cma._mean.tolist() == [0.5] * 3
