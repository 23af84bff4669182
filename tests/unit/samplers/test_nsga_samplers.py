"""NSGA-II and NSGA-III: they find fronts, keep generations, and no option is idle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.samplers import NSGAIIISampler, NSGAIISampler, RandomSampler, Sampler, nsgaii
from trimtab.samplers.nsgaii import PolynomialMutation
from trimtab.samplers.nsgaii.genetic import _numbers, _runs
from trimtab.samplers.nsgaiii import _fill_niches, _normalized, reference_directions
from trimtab.samplers.pareto import hypervolume
from trimtab.schedulers import NopPruner
from trimtab.space import Distribution
from trimtab.storage import InMemoryStorage
from trimtab.study import Study, Trial

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def study_of(sampler: Sampler, *directions: StudyDirection) -> Study:
    storage = InMemoryStorage()
    storage.create_study("s", directions or (MINIMIZE,))
    return Study("s", storage, sampler, NopPruner())


def zdt1(trial: Trial) -> tuple[float, float]:
    first, *rest = (trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(6))
    g = 1.0 + 9.0 * float(np.mean(rest))
    return first, g * (1.0 - float(np.sqrt(first / g)))


def volume(sampler: Sampler, n: int = 400) -> float:
    study = study_of(sampler, MINIMIZE, MINIMIZE)
    study.optimize(zdt1, n_trials=n)
    return hypervolume(study.history.losses, np.array([1.1, 7.0]))


@pytest.mark.parametrize("kind", [NSGAIISampler, NSGAIIISampler])
def test_the_front_is_found(kind: type[NSGAIISampler]) -> None:
    found = [volume(kind(seed=seed, population_size=20)) for seed in range(3)]
    drawn = [volume(RandomSampler(seed=seed)) for seed in range(3)]
    assert min(found) > max(drawn) + 0.5


def test_the_crowded_die_first_and_win_no_tournament() -> None:
    losses = np.array([[0.0, 1.0], [0.5, 0.5], [0.52, 0.48], [0.54, 0.46], [1.0, 0.0], [2.0, 2.0]])
    sampler, feasible, rng = NSGAIISampler(), np.zeros(6), np.random.default_rng(0)
    assert sorted(sampler.select(losses, feasible, 4, rng).tolist()) == [0, 1, 3, 4]
    merit = sampler.merit(losses, feasible)
    assert sorted(merit[[0, 4]]) == [0, 1]
    assert merit[2] == 4
    assert merit[5] == 5


@pytest.mark.parametrize("name", [n for n in nsgaii.__all__ if n.endswith("Crossover")])
def test_every_crossover_beats_chance(name: str) -> None:
    if name == "BaseCrossover":
        return
    crossover = getattr(nsgaii, name)()
    drawn = volume(RandomSampler(seed=1))
    mutation = PolynomialMutation() if name == "SPXCrossover" else None
    sampler = NSGAIISampler(seed=1, population_size=20, crossover=crossover, mutation=mutation)
    assert volume(sampler) > drawn


def test_directions_are_turned() -> None:
    for kind in (NSGAIISampler, NSGAIIISampler):
        down = study_of(kind(seed=1, population_size=10), MINIMIZE, MINIMIZE)
        mixed = study_of(kind(seed=1, population_size=10), MINIMIZE, MAXIMIZE)
        down.optimize(zdt1, n_trials=60)

        def turned(trial: Trial) -> tuple[float, float]:
            first, second = zdt1(trial)
            return first, -second

        mixed.optimize(turned, n_trials=60)
        assert [t.params for t in down.trials] == [t.params for t in mixed.trials]


def test_generations_follow_each_other_and_are_recorded() -> None:
    study = study_of(NSGAIISampler(seed=1, population_size=10), MINIMIZE, MINIMIZE)
    study.optimize(zdt1, n_trials=40)
    trials = study.trials
    assert [t.system_attrs["nsgaii:generation"] for t in trials] == [n // 10 for n in range(40)]
    begun = {n: t.system_attrs["nsgaii:selection"] for n, t in enumerate(trials) if n % 10 == 0 < n}
    assert [s["pool"] for s in begun.values()] == [[0, 10], [10, 10], [20, 10]]
    assert all(len(s["parents"]) == 10 for s in begun.values())
    assert sum("nsgaii:selection" in t.system_attrs for t in trials) == 3


def test_failed_late_and_foreign_trials_hold_nothing_up() -> None:
    study = study_of(NSGAIISampler(seed=1, population_size=5), MINIMIZE, MINIMIZE)
    late = study.ask()
    zdt1(late)
    for i in range(20):
        trial = study.ask()
        values = zdt1(trial)
        if i % 4:
            study.tell(trial, values)
        else:
            study.tell(trial, state=TrialState.FAIL)
    study.tell(late, (0.0, 0.0))  # nothing is better
    good = study.ask()
    zdt1(good)
    study.tell(good, (0.0, 0.1))
    for _ in range(5):
        trial = study.ask()
        study.tell(trial, zdt1(trial))
    selections = [t.system_attrs.get("nsgaii:selection") for t in study.trials]
    made = [s for s in selections if s is not None]
    assert [0 in _numbers(s["pool"]) for s in made].count(True) == 1
    assert 0 not in _numbers(made[0]["pool"])
    assert 0 in made[-1]["parents"]


def test_replicates_count_with_their_mean_and_are_no_members() -> None:
    studies = []
    for noise in (0.0, 50.0):
        study = study_of(NSGAIISampler(seed=1, population_size=5), MINIMIZE, MINIMIZE)
        for _ in range(15):
            trial = study.ask()
            one, two = zdt1(trial)
            study.tell(trial, (one + noise, two))
            study.tell(study.ask(replicate_of=trial.number), (one - noise, two))
        studies.append(study)
    assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]
    begun = [t.number for t in studies[0].trials if "nsgaii:selection" in t.system_attrs]
    assert begun == [10, 20]


def test_infeasible_trials_rank_behind() -> None:
    def constrained(trial: Trial) -> tuple[float, float]:
        values = zdt1(trial)
        trial.set_constraint("c", 0.5 - values[0])
        return values

    study = study_of(NSGAIISampler(seed=1, population_size=10), MINIMIZE, MINIMIZE)
    study.optimize(constrained, n_trials=200)
    late = [t.is_feasible for t in study.trials[100:]]
    assert np.mean(late) > 0.7


def test_a_constraints_function_is_used() -> None:
    sampler = NSGAIISampler(
        seed=1, population_size=10, constraints_func=lambda t: [0.5 - t.params["x0"]]
    )
    study = study_of(sampler, MINIMIZE, MINIMIZE)
    study.optimize(zdt1, n_trials=150)
    assert np.mean([t.params["x0"] >= 0.5 for t in study.trials[100:]]) > 0.7
    assert all(t.constraints for t in study.trials)


def test_conditional_parameters_are_inherited() -> None:
    def objective(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return 2.0 + trial.suggest_float("x", 0.0, 1.0)
        return (trial.suggest_float("y", 0.0, 1.0) - 0.2) ** 2

    study = study_of(NSGAIISampler(seed=1, population_size=10))
    study.optimize(objective, n_trials=200)
    late = study.trials[150:]
    assert np.mean([t.params["kind"] == "b" for t in late]) > 0.6
    assert np.median([abs(t.params["y"] - 0.2) for t in late if "y" in t.params]) < 0.1


def test_a_child_without_crossover_and_mutation_is_a_parent() -> None:
    sampler = NSGAIISampler(seed=1, population_size=5, crossover_prob=0.0, mutation_prob=0.0)
    study = study_of(sampler, MINIMIZE, MINIMIZE)
    study.optimize(zdt1, n_trials=30)
    first = {tuple(t.params.values()) for t in study.trials[:5]}
    for trial in study.trials[5:]:
        nearest = min(np.abs(np.subtract(tuple(trial.params.values()), p)).max() for p in first)
        assert nearest < 1e-12


def test_mutation_that_always_happens_leaves_nothing() -> None:
    sampler = NSGAIISampler(seed=1, population_size=5, mutation_prob=1.0)
    study = study_of(sampler, MINIMIZE, MINIMIZE)
    study.optimize(zdt1, n_trials=10)
    first = {t.params["x0"] for t in study.trials[:5]}
    assert first.isdisjoint(t.params["x0"] for t in study.trials[5:])


def test_strategies_can_be_replaced() -> None:
    calls: list[int] = []

    def elite(history: History, pool: list[FrozenTrial]) -> list[FrozenTrial]:
        calls.append(len(pool))
        return pool[:5]

    def child(
        history: History, space: dict[str, Distribution], parents: list[FrozenTrial]
    ) -> dict[str, Any]:
        assert len(parents) == 5
        return dict.fromkeys(space, 0.125)

    sampler = NSGAIISampler(
        seed=1,
        population_size=5,
        elite_population_selection_strategy=elite,
        child_generation_strategy=child,
    )
    study = study_of(sampler, MINIMIZE, MINIMIZE)
    study.optimize(zdt1, n_trials=15)
    assert calls == [5, 10]
    assert all(set(t.params.values()) == {0.125} for t in study.trials[5:])


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("population_size", {"population_size": 1}),
        ("population_size", {"population_size": 2, "crossover": nsgaii.UNDXCrossover()}),
        ("mutation_prob", {"mutation_prob": 1.5}),
        ("crossover_prob", {"crossover_prob": -0.1}),
        ("swapping_prob", {"swapping_prob": float("nan")}),
        ("crossover", {"crossover": "sbx"}),
        ("mutation", {"mutation": "polynomial"}),
        ("after_trial_strategy", {"after_trial_strategy": print}),
    ],
)
@pytest.mark.parametrize("kind", [NSGAIISampler, NSGAIIISampler])
def test_bad_options_are_refused(
    kind: type[NSGAIISampler], argument: str, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument, match=argument):
        kind(**options)


def test_runs_of_numbers() -> None:
    assert _runs([0, 1, 2, 5, 7, 8]) == [0, 3, 5, 1, 7, 2]
    assert _numbers(_runs([0, 1, 2, 5, 7, 8])) == [0, 1, 2, 5, 7, 8]
    assert _runs([]) == []


# ------------------------------------------------------------------------- reference points


def test_directions_are_spread_evenly() -> None:
    directions = reference_directions(3, 4)
    assert directions.shape == (15, 3)
    assert np.allclose(directions.sum(axis=1), 1.0)
    assert len({tuple(row) for row in directions.tolist()}) == 15


def test_preferred_directions_are_followed() -> None:
    angles = np.linspace(0.0, np.pi / 2.0, 31)
    losses = 1.0 - np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sampler = NSGAIIISampler(reference_points=[[1.0, 0.0], [3.0, 1.0], [1.0, 1.0]])
    chosen = sampler.select(losses, np.zeros(31), 3, np.random.default_rng(0))
    slopes = losses[np.sort(chosen), 1] / losses[np.sort(chosen), 0]
    assert slopes == pytest.approx([1.0, 1.0 / 3.0, 0.0], abs=0.05)


def test_bad_reference_points_are_refused() -> None:
    for points in ([1.0, 2.0], [[0.0, 0.0]], [[np.nan, 1.0]]):
        with pytest.raises(InvalidArgument, match="reference_points"):
            NSGAIIISampler(reference_points=points)
    with pytest.raises(InvalidArgument, match="dividing_parameter"):
        NSGAIIISampler(dividing_parameter=0)
    sampler = NSGAIIISampler(seed=1, population_size=4, reference_points=np.eye(3))
    study = study_of(sampler, MINIMIZE, MINIMIZE)
    with pytest.raises(InvalidArgument, match="2 columns"):
        study.optimize(zdt1, n_trials=20)


def test_objectives_are_scaled_by_their_intercepts() -> None:
    losses = np.array([[0.0, 100.0], [10.0, 0.0], [5.0, 50.0]]) + 7.0
    assert np.allclose(_normalized(losses), [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    assert np.isfinite(_normalized(np.ones((4, 3)))).all()


def test_empty_niches_are_filled_first_with_the_nearest() -> None:
    rng = np.random.default_rng(0)
    taken = np.array([0, 0, 1])
    niche = np.array([0, 2, 2, 1])
    distance = np.array([0.0, 0.9, 0.1, 0.0])
    assert _fill_niches(taken, niche, distance, 1, rng).tolist() == [2]
    assert set(_fill_niches(taken, niche, distance, 3, rng).tolist()) == {1, 2, 3}
    assert sorted(_fill_niches(taken, niche, distance, 4, rng).tolist()) == [0, 1, 2, 3]
