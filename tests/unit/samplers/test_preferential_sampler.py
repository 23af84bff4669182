"""What the preferential sampler proposes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.preferential import PreferentialStudy, create_study
from trimtab.samplers import PreferentialSampler, RandomSampler, Sampler
from trimtab.samplers.preferential import Judgement
from trimtab.samplers.preferential.features import Encoder
from trimtab.samplers.preferential.sampler import _MOST_TRIALS, FIT, _first_new, _kept
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space
from trimtab.study import Trial

Suggest = Callable[[Trial], Sequence[Any]]
Utility = Callable[[Sequence[Any]], float]


def judged(
    sampler: Sampler, suggest: Suggest, utility: Utility, n: int, mode: Any = "worst"
) -> tuple[PreferentialStudy, dict[int, float]]:
    """A study after n judgements of someone who sees ``utility``, and the utilities."""
    study = create_study(4, sampler=sampler)
    seen: dict[int, float] = {}
    for _ in range(n):
        while study.should_generate():
            trial = study.ask()
            seen[trial.number] = utility(suggest(trial))
            study.mark_comparison_ready(trial)
        numbers = [trial.number for trial in study.candidates]
        clicked = (min if mode == "worst" else max)(numbers, key=lambda number: seen[number])
        study.judge(numbers, clicked, mode)
    return study, seen


def cube(d: int) -> Suggest:
    return lambda trial: [trial.suggest_float(f"x{j}", 0.0, 1.0) for j in range(d)]


def distance(point: Sequence[Any]) -> float:
    return -float(np.sum((np.array(point) - 0.37) ** 2))


@pytest.mark.parametrize("mode", ["worst", "best"])
def test_it_finds_what_is_liked(mode: str) -> None:
    best = [
        max(judged(make(seed), cube(3), distance, 20, mode)[1].values())
        for make in (lambda s: PreferentialSampler(seed=s), lambda s: RandomSampler(seed=s))
        for seed in range(3)
    ]
    assert np.mean(best[:3]) > 0.2 * np.mean(best[3:])  # both below 0
    assert min(best[:3]) > -0.02


def test_the_model_knows_what_is_liked() -> None:
    study, seen = judged(PreferentialSampler(seed=0), cube(2), distance, 15)
    utilities = study.utilities
    numbers = list(seen)
    order = np.corrcoef(
        [np.argsort(np.argsort([one[n] for n in numbers])) for one in (utilities, seen)]
    )
    assert order[0, 1] > 0.8
    assert seen[study.best_trial.number] > -0.01


@pytest.mark.parametrize("seed", range(3))
def test_pictures_made_at_once_differ(seed: int) -> None:
    study, _ = judged(PreferentialSampler(seed=seed), cube(2), distance, 10)
    batch = []
    for _ in range(5):
        trial = study.ask()
        batch.append(cube(2)(trial))
    apart = [np.linalg.norm(np.subtract(a, b)) for i, a in enumerate(batch) for b in batch[:i]]
    assert min(apart) > 0.03  # less where what is being made is overlooked


def test_no_point_is_shown_twice_while_others_are_left() -> None:
    def suggest(trial: Trial) -> Sequence[Any]:
        return [trial.suggest_int("n", 0, 4), trial.suggest_categorical("c", ["a", "b", "c"])]

    study, _ = judged(
        PreferentialSampler(seed=1, n_startup_trials=4), suggest, lambda p: -abs(p[0] - 2), 11
    )
    later = [tuple(trial.params.values()) for trial in study.trials]
    assert len(study.trials) == 14
    assert len(set(later[4:])) == len(later[4:])


def test_what_was_tried_comes_last() -> None:
    space = Space({"n": IntDistribution(1, 4), "x": FloatDistribution(0.0, 1.0)})
    points = np.array([[0.125, 0.5], [0.375, 0.5], [0.125, 0.25]])
    assert _first_new(space, points, points[:1]).tolist() == [0.375, 0.5]
    assert _first_new(space, points, points[1:]).tolist() == [0.125, 0.5]
    assert _first_new(space, points, points).tolist() == [0.125, 0.5]


def test_mixed_and_conditional_spaces() -> None:
    def suggest(trial: Trial) -> Sequence[Any]:
        kind = trial.suggest_categorical("kind", ["plain", "striped"])
        x = trial.suggest_float("x", 1e-3, 1.0, log=True)
        stripes = trial.suggest_int("stripes", 1, 9) if kind == "striped" else 0
        return [kind, x, stripes]

    def utility(point: Sequence[Any]) -> float:
        kind, x, stripes = point
        return float((kind == "striped") - abs(np.log10(x) + 1.5) - 0.2 * abs(stripes - 6))

    study, seen = judged(PreferentialSampler(seed=0), suggest, utility, 30)
    assert max(seen.values()) > 0.6
    assert study.best_trial.params["kind"] == "striped"


def test_the_fit_travels_in_the_records() -> None:
    study, _ = judged(PreferentialSampler(seed=0), cube(2), distance, 8)
    first, second = study.ask(), study.ask()
    assert first.system_attrs[FIT] == second.system_attrs[FIT]  # nothing was judged in between
    cube(2)(first), cube(2)(second)
    study.mark_comparison_ready(first)
    study.mark_comparison_ready(second)
    study.report_preference(first.number, second.number)
    assert study.ask().system_attrs[FIT]["of"] != first.system_attrs[FIT]["of"]


def test_what_was_taken_back_is_not_learned_from() -> None:
    study, _ = judged(PreferentialSampler(seed=0), cube(2), distance, 8)
    before = study.utilities
    study.undo()
    after = study.utilities
    study.restore(study.judgements[-1])
    assert before != after
    assert study.utilities == before


def test_the_first_points_need_no_judgement() -> None:
    study = create_study(4, sampler=PreferentialSampler(seed=0, n_startup_trials=1))
    points = [cube(2)(study.ask()) for _ in range(12)]
    assert len({tuple(point) for point in points}) == 12
    assert study.utilities == {}


def test_startup_is_at_least_one_trial() -> None:
    with pytest.raises(InvalidArgument, match="n_startup_trials"):
        PreferentialSampler(n_startup_trials=0)


def test_of_many_judgements_the_latest_and_some_older_are_kept() -> None:
    many = [Judgement(f"j{i}", i, "", "worst", (i, i + 1, i + 2, i + 3), i) for i in range(2000)]
    kept = _kept(many, set(range(2010)))
    trials = {number for judgement in kept for number in judgement.candidates}
    assert _MOST_TRIALS // 2 < len(trials) <= _MOST_TRIALS
    assert kept[-50:] == many[-50:]
    older = [judgement.time for judgement in kept if judgement.time < 1900]
    assert older[0] == 0
    assert max(np.diff(older)) < 300
    assert _kept(many[:30], set(range(40))) == many[:30]
    assert _kept(many, set()) == []


def test_features_of_a_mixed_space() -> None:
    space = Space(
        {
            "x": FloatDistribution(0.0, 1.0),
            "c": CategoricalDistribution(("a", "b", "c")),
            "n": IntDistribution(1, 4),
        }
    )
    units = np.array([[0.2, 0.5 / 3, 0.125], [0.4, 2.5 / 3, np.nan], [0.6, 1.5 / 3, 0.875]])
    encoder = Encoder(space, units)
    features = encoder.features(units)
    assert encoder.group.tolist() == [0, 1, 1, 1, 2, 2]
    assert features.shape == (3, 6)
    distances = ((features[:, None, 1:4] - features[None, :, 1:4]) ** 2).sum(2)
    assert np.allclose(distances, 1.0 - np.eye(3))  # any two choices are equally far apart
    assert features[:, 5].tolist() == [1.0, 0.0, 1.0]
    foretold = encoder.foretold(np.array([[0.9, 2.5 / 3, 0.3], [0.9, 0.5 / 3, 0.3]]))
    assert np.isnan(foretold).tolist() == [[False, False, True], [False] * 3]
    moved = encoder.moved(np.full((200, 3), 0.5), 0.1, np.random.default_rng(0))
    assert ((moved >= 0.0) & (moved <= 1.0)).all()
    assert set(np.round(moved[:, 2] * 4, 6)) <= {0.5, 1.5, 2.5, 3.5}
