"""What all evaluators share: whom they ask, what they refuse, what they return."""

import math
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest

from tests.unit.importance.twins import twins
from trimtab import importance
from trimtab.errors import NoVariance
from trimtab.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    get_param_importances,
)
from trimtab.importance.fanova import variance_fractions
from trimtab.importance.forest import Leaves
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, Space

FORESTS: list[Any] = [FanovaImportanceEvaluator, MeanDecreaseImpurityImportanceEvaluator]
NAMES = [
    "PedAnovaImportanceEvaluator",
    "FanovaImportanceEvaluator",
    "MeanDecreaseImpurityImportanceEvaluator",
]


def additive(trial: optuna.Trial) -> float:
    """Variances 9/12, 4/12, 25/12 (on the log scale) and 2/3 * 1/4."""
    x = trial.suggest_float("x", 0.0, 1.0)
    k = trial.suggest_int("k", 0, 10_000)
    rate = trial.suggest_float("rate", 1e-5, 1.0, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    return 3 * x + 2e-4 * k + float(np.log10(rate)) + {"a": 0.0, "b": 0.5, "c": 1.0}[kind]


def test_fanova_finds_the_variances_of_an_additive_function() -> None:
    _, ours = twins(additive, 1000)
    found = get_param_importances(
        ours, evaluator=FanovaImportanceEvaluator(seed=0), normalize=False
    )
    parts = {"rate": 25 / 12, "x": 9 / 12, "k": 4 / 12, "kind": 1 / 6}
    whole = sum(parts.values())
    assert list(found) == list(parts)
    assert found == pytest.approx({name: part / whole for name, part in parts.items()}, abs=0.04)
    assert 0.9 < sum(found.values()) <= 1.0, "there is no interaction but what the trees make up"


def test_fanova_gives_interactions_to_no_one() -> None:
    _, ours = twins(lambda t: t.suggest_float("x", -1, 1) * t.suggest_float("y", -1, 1), 600)
    found = FanovaImportanceEvaluator(seed=0).evaluate(ours)
    assert sum(found.values()) < 0.2


def test_fractions_are_those_of_the_boxes() -> None:
    # x splits at 1/4; its right part splits by the choices {0} and {1, 2}.
    leaves = Leaves(
        tree=np.zeros(3, dtype=np.int64),
        value=np.array([0.0, 3.0, 6.0]),
        low=np.array([[0.0, 0.0], [0.25, 0.0], [0.25, 0.0]]),
        high=np.array([[0.25, 1.0], [1.0, 1.0], [1.0, 1.0]]),
        member={1: np.array([[1, 1, 1], [1, 0, 0], [0, 1, 1]], dtype=bool)},
        decrease=np.zeros((1, 2)),
    )
    x = np.array([0.0, 5.0])  # over the choices, with weights 1/4 and 3/4
    choice = np.array([2.25, 4.5, 4.5])  # over x
    variance_x = (x**2 * [0.25, 0.75]).sum() - 3.75**2
    whole = 9 * 0.25 + 36 * 0.5 - 3.75**2
    expected = [variance_x / whole, choice.var() / whole]
    assert variance_fractions(leaves)[0] == pytest.approx(expected)


def plain(trial: optuna.Trial) -> float:
    x, y, z = (trial.suggest_float(name, 0.0, 1.0) for name in "xyz")
    c = trial.suggest_categorical("c", [0, 1])
    return 3 * x + 2 * y**2 + 0.3 * z + 4.0 * c


@pytest.mark.parametrize("name", NAMES[1:])
def test_forests_agree_with_optunas(name: str) -> None:
    theirs, ours = twins(plain, 80)
    expected = optuna.importance.get_param_importances(
        theirs, evaluator=getattr(optuna.importance, name)(n_trees=8, seed=0)
    )
    found = get_param_importances(ours, evaluator=getattr(importance, name)(seed=0))
    assert list(found) == list(expected)
    assert found == pytest.approx(dict(expected), abs=0.08)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("params", [None, [], ["x"], ["x", "absent"], "x", [1]])
@pytest.mark.parametrize("n", [0, 1, 30])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_misuse_ends_as_with_optuna(name: str, params: Any, n: int) -> None:
    theirs, ours = twins(plain, n)
    try:
        expected = optuna.importance.get_param_importances(
            theirs, evaluator=getattr(optuna.importance, name)(), params=params
        )
    except AssertionError:  # of no completed trial and no parameter
        expected = {}
    except (ValueError, TypeError) as error:
        with pytest.raises(type(error), match="expected"):
            get_param_importances(ours, evaluator=getattr(importance, name)(), params=params)
        return
    found = get_param_importances(ours, evaluator=getattr(importance, name)(), params=params)
    assert set(found) == set(expected)
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize("kind", FORESTS)
def test_forests_assess_what_all_trials_have(kind: Any) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_float("moving", 0, 1 + trial.number % 2)
        trial.suggest_int("fixed", 3, 3)
        return x + (trial.suggest_float("late", 0, 1) if trial.number > 10 else 0.0)

    _, ours = twins(objective, 40)
    assert set(get_param_importances(ours, evaluator=kind())) == {"x", "fixed"}
    assert get_param_importances(ours, evaluator=kind())["fixed"] == 0.0
    late = get_param_importances(ours, evaluator=kind(), params=["late", "x"])
    assert set(late) == {"late", "x"}
    with pytest.raises(ValueError, match="distributions are the same"):
        get_param_importances(ours, evaluator=kind(), params=["moving"])


def objective_of(index: int, trial: FrozenTrial) -> float:
    assert trial.values is not None
    return trial.values[index]


@pytest.mark.parametrize("kind", FORESTS)
def test_forests_need_one_target(kind: Any) -> None:
    _, ours = twins(
        lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)),
        50,
        directions=["minimize"] * 2,
    )
    with pytest.raises(ValueError, match="`target`"):
        get_param_importances(ours, evaluator=kind())
    for name in "xy":
        found = get_param_importances(
            ours, evaluator=kind(seed=0), target=partial(objective_of, "xy".index(name))
        )
        assert next(iter(found)) == name


@pytest.mark.parametrize("kind", FORESTS)
def test_a_seed_fixes_the_forest(kind: Any) -> None:
    _, ours = twins(plain, 40)
    assert kind(seed=1).evaluate(ours) == kind(seed=1).evaluate(ours)
    assert kind(seed=1).evaluate(ours) != kind(seed=2).evaluate(ours)


@pytest.mark.parametrize("kind", FORESTS)
@pytest.mark.parametrize("options", [{"n_trees": 0}, {"max_depth": 0}])
def test_forests_are_checked_when_they_are_made(kind: Any, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected a number at least 1"):
        kind(**options)


def test_nothing_to_explain() -> None:
    _, ours = twins(lambda t: 0.1 + 0.0 * t.suggest_float("x", 0, 1), 20)
    with pytest.raises(NoVariance, match="same in every trial"):
        get_param_importances(ours, evaluator=FanovaImportanceEvaluator())
    assert get_param_importances(ours, evaluator=MeanDecreaseImpurityImportanceEvaluator()) == {
        "x": 1.0
    }


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_any_scale_of_the_objective(scale: float) -> None:
    _, ours = twins(lambda t: scale * t.suggest_float("x", 0.5, 1) + scale, 60)
    for name in NAMES:
        assert get_param_importances(ours, evaluator=getattr(importance, name)()) == {"x": 1.0}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_failed_pruned_and_archived_trials_are_left_out(name: str) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        if trial.number % 3 == 0:
            trial.suggest_float("only_pruned", 0, 1)
            raise optuna.TrialPruned
        return x

    _, ours = twins(objective, 60)
    found = get_param_importances(ours, evaluator=getattr(importance, name)())
    assert list(found) == ["x", "y"]
    ours.storage.archive_trials(ours.study_id, list(range(60)))
    assert get_param_importances(ours, evaluator=getattr(importance, name)()) == {}


@pytest.mark.filterwarnings("ignore::trimtab.errors.TrimtabWarning")
@pytest.mark.parametrize("name", NAMES)
def test_values_of_another_kind_are_left_out(name: str) -> None:
    history = History((StudyDirection.MINIMIZE,))
    rng = np.random.default_rng(0)
    for number in range(40):
        x = FloatDistribution(-9, 0) if number < 10 else CategoricalDistribution(("a", "b"))
        space = Space({"x": x, "y": FloatDistribution(0, 1)})
        point = space.decode(rng.random(2))
        trial = FrozenTrial.build(
            number, TrialState.COMPLETE, values=(float(point[0]),), space=space, point=point
        )
        history.apply(trial)
    study = SimpleNamespace(history=history)
    evaluator = getattr(importance, name)()
    assert "y" in get_param_importances(study, evaluator=evaluator)


@pytest.mark.filterwarnings("ignore::trimtab.errors.TrimtabWarning")
@pytest.mark.parametrize("name", NAMES)
def test_trials_without_a_finite_target_are_left_out(name: str) -> None:
    _, ours = twins(plain, 60)
    _, fewer = twins(plain, 40)

    def target(trial: FrozenTrial) -> float:
        if trial.number < 40:
            return float(trial.params["x"])
        return math.nan if trial.number % 2 else math.inf

    def make() -> BaseImportanceEvaluator:
        options = {} if "Ped" in name else {"seed": 0}
        evaluator: BaseImportanceEvaluator = getattr(importance, name)(**options)
        return evaluator

    found = get_param_importances(ours, evaluator=make(), target=target)
    assert found == get_param_importances(fewer, evaluator=make(), target=target)


def test_an_evaluator_of_ones_own() -> None:
    class Mine(BaseImportanceEvaluator):
        def evaluate(self, study: Any, params: Any = None, *, target: Any = None) -> Any:
            return {"x": 3.0, "y": 1.0}

    assert get_param_importances(None, evaluator=Mine()) == {"x": 0.75, "y": 0.25}
    with pytest.raises(TypeError, match="evaluator"):
        get_param_importances(None, evaluator="fanova")  # type: ignore[arg-type]  # wrong on purpose
