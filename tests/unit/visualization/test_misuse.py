"""Optuna's users get for the same misuse the same kind of exception or warning."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.visualization.standin import StandIn, make_study, make_trial
from trimtab import visualization as ours
from trimtab.space import FloatDistribution

optuna = pytest.importorskip("optuna", minversion="5.0")
theirs = optuna.visualization

VALUES = [[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 5.0, 0.0], [0.5, 7.0, 1.0, 1.0]]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(level)


def our_study(m: int, n: int) -> StandIn:
    space = {"x": FloatDistribution(0.0, 10.0), "y": FloatDistribution(0.0, 10.0)}
    study = make_study(*["minimize"] * m)
    rows = [make_trial(v[:m], {"x": v[0], "y": v[1]}, space) for v in VALUES[:n]]
    return study.add(*rows) if rows else study


def their_study(m: int, n: int) -> Any:
    study = optuna.create_study(directions=["minimize"] * m)
    uniform = optuna.distributions.FloatDistribution(0.0, 10.0)
    for v in VALUES[:n]:
        trial = optuna.create_trial(
            params={"x": v[0], "y": v[1]},
            distributions={"x": uniform, "y": uniform},
            values=v[:m],
        )
        study.add_trial(trial)
    return study


def outcome(call: Callable[[], Any]) -> tuple[tuple[type, ...], set[type]]:
    """The exception's builtin bases, and the kinds of warnings."""
    raised: tuple[type, ...] = ()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
            kinds = (ValueError, TypeError, ImportError, AttributeError)
            raised = tuple(kind for kind in kinds if isinstance(error, kind))
    experimental = optuna.exceptions.ExperimentalWarning
    return raised, {w.category for w in caught if not issubclass(w.category, experimental)}


def two(trial: Any) -> float:
    return float(trial.values[0]) * 2.0


CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], int, int]] = [
    *((name, (), {}, 2, 3) for name in (
        "plot_optimization_history", "plot_slice", "plot_contour", "plot_edf", "plot_rank",
    )),
    *((name, (), {"target": two}, 1, 3) for name in (
        "plot_optimization_history", "plot_slice", "plot_contour", "plot_edf", "plot_rank",
        "plot_parallel_coordinate",
    )),
    *((name, (["nope"],), {}, 1, 3) for name in (
        "plot_slice", "plot_contour", "plot_rank", "plot_parallel_coordinate",
    )),
    # Of an empty study no figure of ours complains; of theirs one does, and three do not.
    *((name, (["nope"],), {}, 1, 0) for name in ("plot_slice", "plot_contour", "plot_rank")),
    *((name, (), {"target": lambda _: "seven", "target_name": "t"}, 1, 3) for name in (
        "plot_slice", "plot_contour", "plot_edf", "plot_parallel_coordinate",
    )),
    ("plot_slice", (), {"target": lambda _: None, "target_name": "t"}, 1, 3),
    ("plot_contour", (["x"],), {}, 1, 3),
    ("plot_pareto_front", (), {}, 1, 3),
    ("plot_pareto_front", (), {}, 4, 3),
    ("plot_pareto_front", (), {}, 4, 0),
    ("plot_pareto_front", (), {"targets": lambda t: t.values}, 4, 3),
    ("plot_pareto_front", (), {"targets": lambda t: t.values[:2]}, 4, 0),
    ("plot_pareto_front", (), {"targets": lambda _: 1.0}, 2, 3),
    ("plot_pareto_front", (), {"target_names": ["a"]}, 2, 3),
    ("plot_pareto_front", (), {"target_names": ["a", "b", "c"]}, 2, 3),
    ("plot_pareto_front", (), {"constraints_func": lambda _: [1.0]}, 2, 3),
    ("plot_hypervolume_history", ([1.0],), {}, 1, 3),
    ("plot_hypervolume_history", ([1.0],), {}, 2, 3),
    ("plot_hypervolume_history", ([9.0, 9.0],), {}, 2, 0),
    ("plot_timeline", (0,), {}, 1, 3),
    ("plot_timeline", (-2,), {}, 1, 0),
    *((name, (), {}, 1, 0) for name in (
        "plot_optimization_history", "plot_slice", "plot_contour", "plot_edf", "plot_rank",
        "plot_parallel_coordinate", "plot_timeline", "plot_intermediate_values",
        "plot_param_importances",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "options", "m", "n"), CASES)
def test_the_same_misuse(
    name: str, args: tuple[Any, ...], options: dict[str, Any], m: int, n: int
) -> None:
    here = outcome(lambda: getattr(ours, name)(our_study(m, n), *args, **options))
    there = outcome(lambda: getattr(theirs, name)(their_study(m, n), *args, **options))
    assert here == there


def test_every_function_is_here_with_their_arguments() -> None:
    gone = {"plot_terminator_improvement", "matplotlib"}
    own = {"plot_parameter_paths", "plot_population", "plot_preference_graph", "plot_utilities"}
    own |= {"plot_model_slice", "plot_model_contour", "plot_leave_one_out", "plot_model_trace"}
    own |= {"plot_model_front", "plot_model_sensitivity"}
    names = set(theirs.__all__) - gone
    assert names == set(ours.__all__) - own
    for name in names:
        mine = inspect.signature(getattr(ours, name)).parameters
        for argument, parameter in inspect.signature(getattr(theirs, name)).parameters.items():
            assert mine[argument].kind == parameter.kind, (name, argument)
            if argument != "reference_point":  # which is chosen where none is given
                assert mine[argument].default == parameter.default, (name, argument)
