"""What the sampler proposes, and that it depends on the history alone."""

import copy as copying
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trimtab
from tests.unit.samplers.tpe_support import ask, best, copy, new_history, optimize, tell
from trimtab.errors import InvalidArgument, TrimtabWarning
from trimtab.records import History, TrialState
from trimtab.samplers import RandomSampler, TPESampler
from trimtab.samplers.pareto import hypervolume
from trimtab.samplers.tpe.memory import POOL
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    Space,
)

UNIT = FloatDistribution(0.0, 1.0)
FLOATS = Space({f"x{i}": UNIT for i in range(4)})
MIXED = Space(
    {
        "lr": FloatDistribution(1e-5, 1.0, log=True),
        "n": IntDistribution(1, 100),
        "q": FloatDistribution(0.0, 2.0, step=0.25),
        "c": CategoricalDistribution(("a", "b", "c")),
    }
)


def sphere(params: dict[str, Any]) -> float:
    return float(sum((value - 0.3) ** 2 for value in params.values()))


def bowl(params: dict[str, Any]) -> float:
    return float(
        abs(math.log10(params["lr"]) + 3.0)
        + abs(params["n"] - 40) / 30.0
        + abs(params["q"] - 0.5)
        + (params["c"] != "b")
    )


# ---------------------------------------------------------------------- purity


@pytest.mark.parametrize("kwargs", [{}, {"multivariate": False}, {"group": True}])
@pytest.mark.parametrize(("space", "objective"), [(FLOATS, sphere), (MIXED, bowl)])
def test_a_reopened_study_goes_on_bit_for_bit(
    space: Space, objective: Callable[[dict[str, Any]], float], kwargs: dict[str, Any]
) -> None:
    whole = optimize(TPESampler(seed=5, **kwargs), space, objective, 260)
    for k in (3, 11, 60, 150, 259):
        reopened = copy(whole, upto=k)
        resumed = TPESampler(seed=5, **kwargs)
        for number in range(k, min(k + 3, 260)):
            point = space.decode(ask(resumed, reopened, space))
            assert point == whole.point(number)
            reopened.apply(whole.trial(number))


def test_a_proposal_does_not_depend_on_who_asked_before() -> None:
    history = optimize(RandomSampler(seed=0), FLOATS, sphere, 150)
    one, other = TPESampler(seed=1), TPESampler(seed=1)
    for number in range(150, 190):
        ask(one, history, FLOATS, number)
    assert ask(one, history, FLOATS, 190).tolist() == ask(other, history, FLOATS, 190).tolist()


def test_archiving_starts_the_memory_anew() -> None:
    history = optimize(TPESampler(seed=2), FLOATS, sphere, 60)
    sampler = TPESampler(seed=2)
    ask(sampler, history, FLOATS)
    winner = int(np.argmin(history.values[:, 0]))
    history.apply(history.trial(winner).replace(archived=True))
    without = ask(sampler, history, FLOATS)
    assert without.tolist() == ask(TPESampler(seed=2), history, FLOATS).tolist()


def test_a_copied_sampler_proposes_the_same() -> None:
    history = optimize(RandomSampler(seed=0), FLOATS, sphere, 30)
    sampler = TPESampler(seed=3)
    ask(sampler, history, FLOATS)
    twin = copying.deepcopy(sampler)
    assert ask(twin, history, FLOATS).tolist() == ask(sampler, history, FLOATS).tolist()


def test_a_proposal_touches_few_rows_however_long_the_study(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = optimize(RandomSampler(seed=0), FLOATS, sphere, 3000)
    sampler = TPESampler(seed=0)
    ask(sampler, history, FLOATS)
    rows = 0
    one, many = History.unit_row, History.unit_rows

    def count_one(self: History, space: Space, number: int) -> list[float]:
        nonlocal rows
        rows += 1
        return one(self, space, number)

    def count_many(self: History, space: Space, numbers: Any) -> Any:
        nonlocal rows
        rows += len(numbers)
        return many(self, space, numbers)

    def refuse(self: History, *args: Any) -> Any:
        raise AssertionError("reads a whole column")

    monkeypatch.setattr(History, "unit_row", count_one)
    monkeypatch.setattr(History, "unit_rows", count_many)
    monkeypatch.setattr(History, "unit", refuse)
    monkeypatch.setattr(History, "usable", refuse)
    optimize(sampler, FLOATS, sphere, 10, history)
    assert rows <= 20
    rows = 0
    ask(TPESampler(seed=0), history, FLOATS)
    assert rows <= POOL + 60


def test_a_changed_range_is_encoded_anew() -> None:
    history = optimize(TPESampler(seed=1), Space({"x": UNIT}), sphere, 40)
    wide = Space({"x": FloatDistribution(-9.0, 1.0)})
    sampler = TPESampler(seed=1)
    ask(sampler, history, Space({"x": UNIT}))
    fresh = TPESampler(seed=1)
    assert ask(sampler, history, wide).tolist() == ask(fresh, history, wide).tolist()


# ---------------------------------------------------------------------- quality


@pytest.mark.parametrize(("space", "objective"), [(FLOATS, sphere), (MIXED, bowl)])
@pytest.mark.parametrize("kwargs", [{}, {"multivariate": False}])
def test_better_than_random(
    space: Space, objective: Callable[[dict[str, Any]], float], kwargs: dict[str, Any]
) -> None:
    ours = [best(optimize(TPESampler(seed=s, **kwargs), space, objective, 80)) for s in range(5)]
    chance = [best(optimize(RandomSampler(seed=s), space, objective, 80)) for s in range(5)]
    assert np.mean(ours) < 0.7 * np.mean(chance)


def test_proposals_lie_in_the_cube_and_on_the_grid() -> None:
    history = optimize(TPESampler(seed=4), MIXED, bowl, 30)
    for number in range(30, 80):
        point = ask(TPESampler(seed=4), history, MIXED, number)
        assert np.all((point >= 0.0) & (point <= 1.0))
        assert (point[3] * 3) % 1.0 == pytest.approx(0.5)


def test_the_start_is_stratified() -> None:
    history = new_history()
    sampler = TPESampler(seed=0, n_startup_trials=8)
    points = np.array([ask(sampler, history, FLOATS, number) for number in range(8)])
    assert np.sort(np.floor(points * 8), axis=0).tolist() == [[i] * 4 for i in range(8)]


def test_users_gamma_and_weights_are_used() -> None:
    asked: list[int] = []

    def gamma(n: int) -> int:
        return n // 2

    def weights(n: int) -> Any:
        asked.append(n)
        return np.linspace(0.1, 1.0, n)

    history = optimize(RandomSampler(seed=0), FLOATS, sphere, 40)
    ask(TPESampler(seed=0, gamma=gamma, weights=weights), history, FLOATS)
    assert sorted(asked) == [20, 20]


@pytest.mark.parametrize("weights", [lambda n: -np.ones(n), np.zeros, lambda n: [1.0]])
def test_wrong_weights_are_refused(weights: Callable[[int], Any]) -> None:
    history = optimize(RandomSampler(seed=0), FLOATS, sphere, 40)
    with pytest.raises(InvalidArgument, match="weights"):
        ask(TPESampler(seed=0, weights=weights), history, FLOATS)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"consider_prior": False},
        {"prior_weight": 5.0},
        {"consider_magic_clip": False},
        {"consider_endpoints": True},
        {"n_ei_candidates": 3},
        TPESampler.hyperopt_parameters(),
    ],
)
def test_every_argument_changes_the_proposal(kwargs: dict[str, Any]) -> None:
    history = optimize(RandomSampler(seed=0), MIXED, bowl, 40)
    plain = [ask(TPESampler(seed=0), history, MIXED, n).tolist() for n in range(40, 50)]
    changed = [ask(TPESampler(seed=0, **kwargs), history, MIXED, n).tolist() for n in range(40, 50)]
    assert plain != changed


# ---------------------------------------------------------------------- pending, constraints


def test_pending_trials_repel() -> None:
    history = optimize(TPESampler(seed=0), FLOATS, sphere, 60)

    def spread(*, liar: bool) -> float:
        parallel, points = copy(history), []
        sampler = TPESampler(seed=9, constant_liar=liar)
        for _ in range(12):
            point = ask(sampler, parallel, FLOATS)
            params = FLOATS.external(FLOATS.decode(point))
            tell(parallel, FLOATS, params, None, state=TrialState.RUNNING)
            points.append(point)
        gaps = np.linalg.norm(np.array(points)[:, None] - np.array(points), axis=2)
        return float(np.min(gaps + np.eye(12), axis=1).mean())

    assert spread(liar=True) > 1.3 * spread(liar=False)


def test_the_trial_itself_is_not_pending() -> None:
    history = optimize(TPESampler(seed=0), FLOATS, sphere, 40)
    alone = ask(TPESampler(seed=0), history, FLOATS, 40)
    tell(history, FLOATS, dict.fromkeys(FLOATS, 0.3), None, state=TrialState.RUNNING)
    assert ask(TPESampler(seed=0), history, FLOATS, 40).tolist() == alone.tolist()


def test_feasible_trials_come_first_then_the_less_violating() -> None:
    history = new_history()
    rng = np.random.default_rng(0)
    for _ in range(100):
        x = float(rng.random())
        tell(history, {"x": UNIT}, {"x": x}, x, constraint=0.6 - x)  # best feasible at 0.6
    space = Space({"x": UNIT})
    asked = [ask(TPESampler(seed=0), history, space, n)[0] for n in range(100, 130)]
    assert 0.55 < np.median(asked) < 0.75


def test_with_nothing_feasible_the_violation_leads() -> None:
    history = new_history()
    rng = np.random.default_rng(0)
    for _ in range(60):
        x = float(rng.random())
        tell(history, {"x": UNIT}, {"x": x}, x, constraint=1.0 + abs(x - 0.8))
    space = Space({"x": UNIT})
    asked = [ask(TPESampler(seed=0), history, space, n)[0] for n in range(60, 90)]
    assert np.median(asked) == pytest.approx(0.8, abs=0.1)


def test_pruned_trials_rank_by_progress_and_failed_ones_do_not_count() -> None:
    history = new_history()
    rng = np.random.default_rng(0)
    for _ in range(60):
        x = float(rng.random())
        step = 10 - int(10 * abs(x - 0.7))
        tell(history, {"x": UNIT}, {"x": x}, None, state=TrialState.PRUNED, reports={step: 1.0 - x})
        tell(history, {"x": UNIT}, {"x": 0.1}, None, state=TrialState.FAIL)
    space = Space({"x": UNIT})
    asked = [ask(TPESampler(seed=0), history, space, n)[0] for n in range(120, 150)]
    assert np.median(asked) == pytest.approx(0.7, abs=0.12)


# ---------------------------------------------------------------------- noise


def test_a_lucky_run_does_not_outrank_a_proven_arm() -> None:
    history = new_history()
    space = Space({"x": UNIT})
    rng = np.random.default_rng(1)
    for _ in range(30):  # a proven arm near 0.2, others about 1 worse, all with noise 1
        tell(history, space, {"x": 0.2}, 0.0 + float(rng.normal()), sem=1.0)
    for x in np.linspace(0.4, 1.0, 60).tolist():
        tell(history, space, {"x": x}, 1.0 + float(rng.normal()), sem=1.0)
    tell(history, space, {"x": 0.9}, -2.5, sem=1.0)  # lucky
    sampler = TPESampler(seed=0, gamma=lambda n: 1)
    asked = [ask(sampler, history, space, n)[0] for n in range(100, 130)]
    assert np.median(asked) == pytest.approx(0.2, abs=0.1)


def test_replicates_reveal_the_noise() -> None:
    history = new_history()
    space = Space({"x": UNIT})
    rng = np.random.default_rng(2)
    for x in np.linspace(0.0, 1.0, 21).tolist():
        for _ in range(3):
            tell(history, space, {"x": x}, (x - 0.5) ** 2 + 0.2 * float(rng.normal()))
    tell(history, space, {"x": 0.97}, -0.15)
    for _ in range(20):
        tell(history, space, {"x": 0.5}, 0.2 * float(rng.normal()))
    sampler = TPESampler(seed=0, gamma=lambda n: 1)
    asked = [ask(sampler, history, space, n)[0] for n in range(200, 230)]
    assert np.median(asked) == pytest.approx(0.5, abs=0.15)


def test_noiseless_replicates_change_nothing_but_the_count() -> None:
    history = optimize(RandomSampler(seed=0), FLOATS, sphere, 40)
    doubled = copy(history)
    for number in range(40):
        trial = history.trial(number)
        doubled.apply(trial.replace(number=40 + number))
    sampler = TPESampler(seed=0, gamma=lambda n: 4)
    one = [ask(sampler, history, FLOATS, n).tolist() for n in range(80, 85)]
    other = [ask(sampler, doubled, FLOATS, n).tolist() for n in range(80, 85)]
    assert one == other


def test_noise_of_any_size_is_survived() -> None:
    history, space = new_history(), Space({"x": UNIT})
    for x in (0.1, 0.5, 0.9) * 6:
        tell(history, space, {"x": x}, 1e300 * float(np.random.default_rng(3).normal()), sem=1e200)
    assert np.isfinite(ask(TPESampler(seed=0), history, space)).all()


# ---------------------------------------------------------------------- conditional, finite


def branching(point: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Parameters that the branch asks for, and the loss; `a` is shared."""
    branch = point["branch"]
    own = "left" if branch == "l" else "right"
    names = {"branch", "a", own}
    params = {name: value for name, value in point.items() if name in names}
    loss = (point["a"] - 0.8) ** 2 + (point[own] - 0.2) ** 2 + 0.5 * (branch == "r")
    return params, loss


BRANCHES = Space(
    {
        "a": UNIT,
        "branch": CategoricalDistribution(("l", "r")),
        "left": UNIT,
        "right": UNIT,
    }
)


@pytest.mark.parametrize("kwargs", [{}, {"group": True}, {"multivariate": False}])
def test_conditional_spaces(kwargs: dict[str, Any]) -> None:
    history, sampler = new_history(), TPESampler(seed=0, **kwargs)
    for _ in range(100):
        point = BRANCHES.external(BRANCHES.decode(ask(sampler, history, BRANCHES)))
        params, loss = branching(point)
        tell(history, BRANCHES, params, loss)
    assert best(history) < 0.02
    resumed = TPESampler(seed=0, **kwargs)
    assert (
        ask(resumed, copy(history), BRANCHES).tolist() == ask(sampler, history, BRANCHES).tolist()
    )


def test_what_branches_share_is_learnt_from_all_of_them() -> None:
    history, rng = new_history(), np.random.default_rng(0)
    for _ in range(60):  # only the right branch was tried, and `a` is all that matters
        a = float(rng.random())
        params = {"a": a, "branch": "r", "right": float(rng.random())}
        tell(history, BRANCHES, params, (a - 0.8) ** 2)
    asked = [ask(TPESampler(seed=0), history, BRANCHES, n)[0] for n in range(60, 90)]
    assert np.median(asked) == pytest.approx(0.8, abs=0.1)


def test_a_parameter_of_mid_trial_is_learnt_from_the_trials_that_have_it() -> None:
    history, rng = new_history(), np.random.default_rng(0)
    for _ in range(40):
        x = float(rng.random())
        tell(history, BRANCHES, {"left": x}, (x - 0.6) ** 2)
    sampler = TPESampler(seed=0, warn_independent_sampling=True)
    space = Space({"left": UNIT})
    asked = []
    for number in range(40, 70):
        rng_at = sampler.streams.at(number, 1)
        with pytest.warns(TrimtabWarning, match="left"):
            asked.append(sampler.propose_one(history, space, number, rng_at, {}).point[0])
    assert np.median(asked) == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize("kwargs", [{}, {"multivariate": False}, {"group": True}])
def test_a_finite_space_is_walked_through_without_repeats(kwargs: dict[str, Any]) -> None:
    space = Space({"n": IntDistribution(0, 5), "c": CategoricalDistribution(("a", "b", "c"))})
    history = optimize(TPESampler(seed=0, **kwargs), space, lambda p: p["n"] + (p["c"] == "b"), 20)
    points = [history.point(number) for number in range(20)]
    assert len(set(points)) == 18


def test_a_running_arm_is_not_proposed_again() -> None:
    space = Space({"n": IntDistribution(0, 11)})
    history = optimize(TPESampler(seed=0), space, lambda p: float(p["n"]), 10)
    running, left = sorted(set(range(12)) - {history.point(number)[0] for number in range(10)})
    tell(history, space, {"n": running}, None, state=TrialState.RUNNING)
    for number in range(11, 21):
        assert space.decode(ask(TPESampler(seed=0), history, space, number)) == (left,)


def test_a_branch_of_few_values_is_not_repeated_either() -> None:
    space = Space({"kind": CategoricalDistribution(("bare", "tuned")), "x": UNIT})
    history, sampler = new_history(), TPESampler(seed=0)
    for _ in range(60):
        params = space.external(space.decode(ask(sampler, history, space)))
        if params["kind"] == "bare":
            tell(history, space, {"kind": "bare"}, 0.0)
        else:
            tell(history, space, params, 1.0 + params["x"])
    bare = sum(len(history.layout(number)) == 1 for number in range(60))
    assert bare == 1


# ---------------------------------------------------------------------- several objectives


def zdt1(params: dict[str, Any]) -> list[float]:
    values = list(params.values())
    g = 1.0 + 9.0 * sum(values[1:]) / (len(values) - 1)
    return [values[0], g * (1.0 - math.sqrt(values[0] / g))]


def test_hypervolume_on_zdt1_is_better_than_random() -> None:
    space = Space({f"x{i}": UNIT for i in range(6)})
    volumes = []
    for sampler in (TPESampler(seed=0), RandomSampler(seed=0)):
        history = optimize(sampler, space, zdt1, 200, objectives=2)
        volumes.append(hypervolume(history.values, np.array([1.1, 6.0])))
    assert volumes[0] > 1.15 * volumes[1]


def test_several_objectives_resume_bit_for_bit() -> None:
    space = Space({f"x{i}": UNIT for i in range(3)})
    whole = optimize(TPESampler(seed=1), space, lambda p: [*zdt1(p), p["x1"]], 230, objectives=3)
    for k in (12, 100, 229):
        point = ask(TPESampler(seed=1), copy(whole, upto=k), space)
        assert space.decode(point) == whole.point(k)


def test_a_thousand_columns_are_no_trouble() -> None:
    study = trimtab.create_study(sampler=TPESampler(seed=1))

    def objective(trial: trimtab.Trial) -> float:
        return sum(trial.suggest_float(f"x{j}", 0.0, 1.0) for j in range(1000))

    study.optimize(objective, n_trials=14)
    assert all(trial.state.name == "COMPLETE" for trial in study.trials)
