"""An objective may be named by its index."""

import warnings

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from trimtab.records import FrozenTrial, History, TrialState, parse_directions
from trimtab.space import FloatDistribution, IntDistribution, Space

SPACE = Space({"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)})


class Study:
    """A history is all that importances read of a study."""

    def __init__(self, *directions: str) -> None:
        self.history = History(parse_directions(directions))

    def add(self, values: tuple[float, ...], space: Space, point: tuple[float, ...]) -> None:
        number = len(self.history)
        self.history.apply(
            FrozenTrial.build(
                number, TrialState.COMPLETE, values=values, space=space, point=point,
                started=1, finished=2,
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def study() -> Study:
    """Low is good of the first objective, high of the second."""
    made = Study("minimize", "maximize")
    for x, y in np.random.default_rng(0).random((200, 2)).tolist():
        made.add(((x - 0.2) ** 2 + 0.001 * y, -((y - 0.1) ** 2)), SPACE, (x, y))
    return made


@pytest.mark.parametrize(
    "evaluator",
    [
        PedAnovaImportanceEvaluator(),
        FanovaImportanceEvaluator(seed=0),
        MeanDecreaseImpurityImportanceEvaluator(seed=0),
    ],
)
def test_it_is_the_objective_turned_so_that_low_is_good(
    study: Study, evaluator: BaseImportanceEvaluator
) -> None:
    for index, sign in ((0, 1.0), (1, -1.0)):
        by_index = get_param_importances(study, evaluator=evaluator, target=index)
        assert next(iter(by_index)) == "xy"[index]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a function is taken to be minimized

            def turned(trial: FrozenTrial, index: int = index, sign: float = sign) -> float:
                return sign * (trial.values or ())[index]

            by_function = get_param_importances(study, evaluator=evaluator, target=turned)
        assert by_index == pytest.approx(by_function, rel=0.05)


def test_an_index_of_no_objective(study: Study) -> None:
    for index in (2, -1):
        with pytest.raises(InvalidArgument, match="`target`: expected 0 to 1"):
            get_param_importances(study, target=index)


def test_integers_too_large_to_tell_apart_as_floats() -> None:
    made = Study("minimize")
    space = Space({"n": IntDistribution(2**60, 2**60 + 100)})
    for k in range(30):
        made.add((float(k),), space, (2**60 + k,))
    assert get_param_importances(made) == {"n": 1.0}
