"""The same reports make our pruners and Optuna's stop the same trials at the same steps."""

import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState as OptunaState

from trimtab import schedulers
from trimtab.records import StudyDirection, TrialState
from trimtab.testing.schedulers import Curves, Event, Race, curves_for

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class OptunaRace(Race):
    """The race with Optuna in the place of our scheduler; our history keeps the order of turns."""

    def __init__(self, pruner: optuna.pruners.BasePruner, direction: StudyDirection) -> None:
        super().__init__(None, direction)
        # Optuna's Hyperband hashes the study's name with the number; ours the number alone.
        theirs = optuna.study.StudyDirection[direction.name]
        self.study = optuna.create_study(study_name="", pruner=pruner, direction=theirs)
        self.trials: dict[int, optuna.Trial] = {}

    def start(self, number: int) -> None:
        super().start(number)
        self.trials[number] = self.study.ask()
        assert self.trials[number].number == number

    def report(self, number: int, step: int, value: float) -> bool:
        super().report(number, step, value)
        self.trials[number].report(value, step)
        return self.trials[number].should_prune()

    def finish(self, number: int, state: TrialState, value: float) -> None:
        super().finish(number, state, value)
        told = value if state is TrialState.COMPLETE else None
        self.study.tell(self.trials[number], told, OptunaState[state.name])


Options = dict[str, Any]

KINDS: list[tuple[str, list[Options]]] = [
    (
        "MedianPruner",
        [{}, {"n_startup_trials": 0}, {"n_startup_trials": 2, "n_warmup_steps": 3}],
    ),
    (
        "PercentilePruner",
        [
            {"percentile": 25.0, "n_startup_trials": 1},
            {"percentile": 70.0, "n_startup_trials": 2, "interval_steps": 3, "n_min_trials": 4},
            {"percentile": 0.0, "n_startup_trials": 3, "n_warmup_steps": 1, "interval_steps": 2},
            {"percentile": 100.0, "n_startup_trials": 0},
        ],
    ),
    (
        "SuccessiveHalvingPruner",
        [
            {},
            {"min_resource": 1},
            {"min_resource": 2, "reduction_factor": 2, "min_early_stopping_rate": 1},
            {"min_resource": 1, "reduction_factor": 3, "bootstrap_count": 3},
        ],
    ),
    (
        "HyperbandPruner",
        [
            {},
            {"reduction_factor": 2},
            {"min_resource": 1, "max_resource": 9},
            {"min_resource": 2, "max_resource": 11, "reduction_factor": 2, "bootstrap_count": 2},
        ],
    ),
    (
        "ThresholdPruner",
        [
            {"lower": -1.0},
            {"upper": 1.5, "n_warmup_steps": 3},
            {"lower": -2.0, "upper": 2.0, "n_warmup_steps": 2, "interval_steps": 2},
        ],
    ),
    ("WilcoxonPruner", [{}, {"p_threshold": 0.3, "n_startup_steps": 5}, {"p_threshold": 1.0}]),
    ("NopPruner", [{}]),
]
CASES = [pytest.param(kind, options) for kind, cases in KINDS for options in cases]
DIRECTIONS = [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]


def compare(
    ours: Callable[[], schedulers.Scheduler],
    theirs: Callable[[], optuna.pruners.BasePruner],
    direction: StudyDirection,
    curves: Curves,
    width: int,
    steps: list[int] | None = None,
) -> list[Event]:
    found = Race(ours(), direction).run(curves, width=width, steps=steps)
    assert found == OptunaRace(theirs(), direction).run(curves, width=width, steps=steps)
    return found


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("kind", "options"), CASES)
@pytest.mark.parametrize("nan", [False, True])
def test_decisions(kind: str, options: Options, direction: StudyDirection, nan: bool) -> None:
    for seed, width in ((0, 1), (1, 4)):
        compare(
            lambda: getattr(schedulers, kind)(**options),
            lambda: getattr(optuna.pruners, kind)(**options),
            direction,
            curves_for(seed, nan=nan),
            width,
        )


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("wrapped", "inner"), [(None, {}), ("MedianPruner", {"n_startup_trials": 2})]
)
@pytest.mark.parametrize("patience", [{"patience": 0}, {"patience": 2, "min_delta": 0.1}])
def test_patience(
    wrapped: str | None, inner: Options, patience: Options, direction: StudyDirection
) -> None:
    def make(module: Any) -> Any:
        return module.PatientPruner(wrapped and getattr(module, wrapped)(**inner), **patience)

    for seed in range(3):
        for nan in (False, True):
            compare(
                lambda: make(schedulers),
                lambda: make(optuna.pruners),
                direction,
                curves_for(seed, nan=nan),
                3,
            )


reports = st.one_of(st.sampled_from([math.nan, 0.0, 1.0, 2.0]), st.floats(-3.0, 3.0, width=16))


@settings(max_examples=150)
@given(data=st.data())
def test_decisions_on_ties_nan_and_gaps(data: st.DataObject) -> None:
    kind, options = data.draw(
        st.sampled_from([(kind, o) for kind, cases in KINDS for o in cases if kind != "NopPruner"])
    )
    n_steps = data.draw(st.integers(1, 6))
    lengths = st.integers(1, n_steps)
    curves = data.draw(
        st.lists(
            lengths.flatmap(lambda n: st.lists(reports, min_size=n, max_size=n)),
            min_size=1,
            max_size=10,
        )
    )
    steps = sorted(
        data.draw(st.lists(st.integers(0, 40), min_size=n_steps, max_size=n_steps, unique=True))
    )
    compare(
        lambda: getattr(schedulers, kind)(**options),
        lambda: getattr(optuna.pruners, kind)(**options),
        data.draw(st.sampled_from(DIRECTIONS)),
        curves,
        data.draw(st.integers(1, 4)),
        steps,
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PercentilePruner", {"percentile": -0.1}),
        ("PercentilePruner", {"percentile": 100.1}),
        ("MedianPruner", {"n_startup_trials": -1}),
        ("MedianPruner", {"n_warmup_steps": -1}),
        ("MedianPruner", {"interval_steps": 0}),
        ("MedianPruner", {"n_min_trials": 0}),
        ("SuccessiveHalvingPruner", {"min_resource": 0}),
        ("SuccessiveHalvingPruner", {"min_resource": "fast"}),
        ("SuccessiveHalvingPruner", {"reduction_factor": 1}),
        ("SuccessiveHalvingPruner", {"min_early_stopping_rate": -1}),
        ("SuccessiveHalvingPruner", {"bootstrap_count": -1}),
        ("SuccessiveHalvingPruner", {"bootstrap_count": 1}),
        ("HyperbandPruner", {"max_resource": "fast"}),
        ("HyperbandPruner", {"bootstrap_count": 1}),
        ("ThresholdPruner", {}),
        ("ThresholdPruner", {"lower": "low"}),
        ("ThresholdPruner", {"lower": 1.0, "upper": 0.0}),
        ("ThresholdPruner", {"lower": 1.0, "n_warmup_steps": -1}),
        ("ThresholdPruner", {"lower": 1.0, "interval_steps": 0}),
        ("PatientPruner", {"wrapped_pruner": None, "patience": -1}),
        ("PatientPruner", {"wrapped_pruner": None, "patience": 1, "min_delta": -1.0}),
        ("WilcoxonPruner", {"n_startup_steps": -1}),
        ("WilcoxonPruner", {"p_threshold": 1.1}),
    ],
)
def test_misuse_raises_the_same_kind_of_error(kind: str, options: Options) -> None:
    with pytest.raises((ValueError, TypeError)) as theirs:
        getattr(optuna.pruners, kind)(**options)
    with pytest.raises(theirs.type):
        getattr(schedulers, kind)(**options)


@pytest.mark.parametrize(
    "kind",
    [
        "MedianPruner",
        "PercentilePruner",
        "SuccessiveHalvingPruner",
        "HyperbandPruner",
        "ThresholdPruner",
        "PatientPruner",
        "WilcoxonPruner",
        "NopPruner",
    ],
)
def test_signatures_extend_theirs(kind: str) -> None:
    theirs = list(inspect.signature(getattr(optuna.pruners, kind)).parameters.values())
    ours = list(inspect.signature(getattr(schedulers, kind)).parameters.values())
    assert [p.name for p in ours[-2:]] == ["metric", "direction"]
    assert [(p.name, p.default, p.kind) for p in ours[:-2]] == [
        (p.name, p.default, p.kind) for p in theirs
    ]
