"""PED-ANOVA agrees with Optuna's on the same trials."""

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import optuna
import pytest

from tests.unit.importance.twins import twins
from trimtab.errors import InvalidArgument, TrimtabWarning
from trimtab.importance import PedAnovaImportanceEvaluator, get_param_importances
from trimtab.importance.pareto import best_of_several, widest
from trimtab.importance.ped_anova import Grid, best_part
from trimtab.samplers.pareto import hypervolume
from trimtab.space import FloatDistribution, IntDistribution


@pytest.fixture
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def mixed(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1.0, 2.0)
    y = trial.suggest_float("y", 1e-4, 10.0, log=True)
    k = trial.suggest_int("k", 1, 7)
    e = trial.suggest_int("e", 1, 300, log=True)
    s = trial.suggest_float("s", 0.0, 1.0, step=0.25)
    c: Any = trial.suggest_categorical("c", ["a", None, 3])
    trial.suggest_float("same", 1.0, 1.0)
    return x * x + abs(math.log10(y)) + 0.1 * k + e / 300 + s + ["a", None, 3].index(c)


def conditional(trial: optuna.Trial) -> float:
    kind = trial.suggest_categorical("kind", ["linear", "tree", "rare"])
    if kind == "linear":
        return 1.0 + trial.suggest_float("rate", 0.0, 1.0)
    if kind == "tree":
        width = trial.suggest_int("width", 1, 30)
        return 0.5 + (trial.suggest_float("rate", 0.0, 0.1) * 10 - 0.5) ** 2 + 0.01 * width
    return 5.0


def widening(trial: optuna.Trial) -> float:
    return trial.suggest_float("x", 0.0, 1.0 + trial.number % 3) * trial.suggest_float("y", 0, 1)


def two(trial: optuna.Trial) -> Sequence[float]:
    x, y, z = (trial.suggest_float(name, 0.0, 1.0) for name in "xyz")
    return x + 0.1 * z, (1.0 - x) ** 2 + y


def three(trial: optuna.Trial) -> Sequence[float]:
    x, y, z = (trial.suggest_float(name, 0.0, 1.0) for name in "xyz")
    return x, 1.0 - x + y * y, (x - 0.3) ** 2 + 0.2 * z


Objective = Callable[[optuna.Trial], Any]
MIN, MAX = "minimize", "maximize"


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize(
    ("objective", "directions", "n"),
    [
        (mixed, [MIN], 100),
        (mixed, [MAX], 61),
        (conditional, [MIN], 150),
        (widening, [MIN], 90),
        (two, [MIN, MIN], 80),
        (two, [MIN, MAX], 80),
        (three, [MIN, MIN, MAX], 60),
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target_quantile": 0.25, "region_quantile": 0.7},
        {"target_quantile": 0.3, "evaluate_on_local": False},
    ],
)
def test_agrees_with_optuna(
    objective: Objective, directions: list[str], n: int, options: dict[str, Any]
) -> None:
    theirs, ours = twins(objective, n, seed=n, directions=directions)
    expected = optuna.importance.get_param_importances(
        theirs,
        evaluator=optuna.importance.PedAnovaImportanceEvaluator(**options),
        normalize=False,
    )
    found = get_param_importances(
        ours, evaluator=PedAnovaImportanceEvaluator(**options), normalize=False
    )
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.usefixtures("_quiet")
def test_targets_agree_with_optuna() -> None:
    theirs, ours = twins(two, 70, directions=[MIN, MAX])
    expected = optuna.importance.get_param_importances(theirs, target=lambda t: (t.values or [])[1])
    found = get_param_importances(ours, target=lambda t: (t.values or [])[1])
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_few_trials_agree_with_optuna(n: int) -> None:
    theirs, ours = twins(mixed, n)
    assert get_param_importances(ours) == pytest.approx(
        optuna.importance.get_param_importances(theirs)
    )


def test_the_parameter_that_matters_comes_first() -> None:
    _, ours = twins(
        lambda t: 10 * t.suggest_float("big", 0, 1) + 0.1 * t.suggest_float("small", 0, 1), 200
    )
    found = get_param_importances(ours)
    assert list(found) == ["big", "small"]
    assert found["big"] > 0.9
    assert sum(found.values()) == pytest.approx(1.0)


def test_a_grid_with_log_and_step_together() -> None:
    distribution = FloatDistribution(0.5, 64.0, log=True, step=0.5)
    values = np.random.default_rng(0).choice(np.arange(1, 129) * 0.5, size=50)
    density = Grid(distribution).density(values)
    assert density.shape == (8,)
    assert density.sum() == pytest.approx(1.0)


def test_densities_follow_the_counts() -> None:
    density = Grid(IntDistribution(0, 9)).density(np.array([2.0] * 40 + [7.0] * 10))
    assert density.argmax() == 2
    assert density[2] > density[7] > density[4]


def test_ties_are_all_among_the_best() -> None:
    assert best_part(np.array([[1.0], [0.0], [1.0], [2.0]]), 0.5).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("m", [2, 3, 4])
def test_smaller_choices_are_part_of_larger_ones(m: int) -> None:
    losses = np.random.default_rng(m).random((40, m)).round(1)
    chosen = [best_of_several(losses, wanted) for wanted in range(1, 41)]
    assert [int(c.sum()) for c in chosen] == list(range(1, 41))
    assert all((big >= small).all() for small, big in itertools.pairwise(chosen))


@pytest.mark.parametrize("m", [2, 3, 4])
def test_each_choice_adds_the_most_volume(m: int) -> None:
    front = np.random.default_rng(m).random((12, m))
    front = np.concatenate([front, front[:3]])
    chosen = widest(front, len(front)).tolist()
    assert sorted(chosen) == list(range(15))
    reference = np.maximum(1.1 * front.max(axis=0), 0.9 * front.max(axis=0))
    for i in range(6):
        volumes = [hypervolume(front[[*chosen[:i], j]], reference) for j in range(15)]
        assert volumes[chosen[i]] == pytest.approx(max(volumes))


@pytest.mark.parametrize(
    "options",
    [
        {"target_quantile": 0.0},
        {"target_quantile": 1.0},
        {"target_quantile": 0.5, "region_quantile": 0.5},
        {"region_quantile": 1.1},
        {"target_quantile": math.nan},
    ],
)
def test_quantiles_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="quantile"):
        PedAnovaImportanceEvaluator(**options)


def test_what_cannot_be_told_is_warned_of() -> None:
    _, ours = twins(mixed, 1)
    with pytest.warns(TrimtabWarning, match="too few"):
        assert len(set(get_param_importances(ours).values())) == 1
    with pytest.warns(TrimtabWarning, match="no effect"):
        PedAnovaImportanceEvaluator(region_quantile=0.5, evaluate_on_local=False)
    _, ours = twins(lambda t: 0.0 * t.suggest_float("x", 0, 1), 20)
    with pytest.warns(TrimtabWarning, match="same ones"):
        assert get_param_importances(ours) == {"x": 1.0}
    _, ours = twins(mixed, 20)
    with pytest.warns(TrimtabWarning, match="negate"):
        get_param_importances(ours, target=lambda t: -(t.value or 0.0))
