"""What the Gaussian process sampler proposes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.samplers.gp_support import cube, new_study, run
from trimtab import Measurement
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import TrialState
from trimtab.samplers import GPSampler, RandomSampler
from trimtab.samplers.gp.surrogate import _MODEL_ARMS, fitted_rows
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    Floats,
    IntDistribution,
    LinearConstraint,
    Space,
    parse_constraint,
)
from trimtab.study import Study, Trial
from trimtab.testing.samplers import spaces, suggest


def bowl(x: Floats) -> float:
    return float(((x - 0.37) ** 2).sum())


def smallest(study: Study) -> float:
    return min(t.value for t in study.trials if t.value is not None)


@pytest.mark.parametrize("d", [1, 3, 6])
def test_it_finds_the_bottom(d: int) -> None:
    study = run(new_study(GPSampler(seed=0)), cube(d), bowl, 25)
    assert smallest(study) < 1e-3


def test_choices_only() -> None:
    table = np.random.default_rng(0).random((6, 5))
    space = Space({f"c{j}": CategoricalDistribution(tuple("abcde")) for j in range(6)})

    def cost(x: Floats) -> float:
        return float(sum(table[j, int(u * 5)] for j, u in enumerate(x)))

    gaps = [
        smallest(run(new_study(sampler), space, cost, 45)) - table.min(axis=1).sum()
        for sampler in (GPSampler(seed=0), RandomSampler(seed=0))
    ]
    assert gaps[0] < 0.3 * gaps[1]


def test_no_point_twice_while_others_are_left() -> None:
    space = Space({"n": IntDistribution(0, 4), "k": CategoricalDistribution(("a", "b", "c"))})
    study = run(new_study(GPSampler(seed=0)), space, lambda x: float(x.sum()), 18)
    points = [tuple(trial.params.items()) for trial in study.trials]
    assert len(set(points[:15])) == 15


def test_running_trials_keep_their_distance() -> None:
    study = run(new_study(GPSampler(seed=0)), cube(2), bowl, 8)
    batch = [study.ask(dict(cube(2))) for _ in range(4)]
    points = np.array([list(trial.params.values()) for trial in batch])
    apart = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(4, 1)]
    assert apart.min() > 0.01


def test_the_order_in_which_choices_stand() -> None:
    choices = tuple(2**k for k in range(7))
    space = Space({"width": CategoricalDistribution(choices)})
    lengths = []
    for ordered in ((), ("width",)):
        sampler = GPSampler(seed=0, ordered=ordered, n_startup_trials=5)
        study = run(new_study(sampler), space, bowl, 5)
        predictor = sampler.predictor(study.history)
        points = predictor.points([{"width": c} for c in choices])
        lengths.append(predictor.predict(points)[1])
    assert lengths[1].max() < lengths[0].max()  # neighbours tell of one another


# ---------------------------------------------------------------------- noise


def test_a_standard_error_says_how_far_to_trust() -> None:
    means = {}
    for sem in (0.0, 0.5):
        sampler = GPSampler(seed=0, n_startup_trials=4)
        study = new_study(sampler)
        for x, y in ((0.1, 1.0), (0.4, 0.9), (0.6, -1.0), (0.9, 1.1), (0.95, 1.0), (0.2, 1.05)):
            study.enqueue_trial({"x0": x})
            study.tell(study.ask(dict(cube(1))), Measurement(y, sem=sem))
        predictor = sampler.predictor(study.history)
        means[sem] = predictor.predict(np.array([[0.6]]))[0][0]
    assert means[0.0] == pytest.approx(-1.0, abs=0.01)
    assert means[0.5] > -0.9


def test_known_and_unknown_noise_in_one_study() -> None:
    rng = np.random.default_rng(0)
    study = new_study(GPSampler(seed=0))
    for i in range(30):
        trial = study.ask(dict(cube(2)))
        value = bowl(np.array(list(trial.params.values()))) + 0.02 * rng.normal()
        study.tell(trial, [value, Measurement(value, 0.02), Measurement(value, None)][i % 3])
    best = study.best_arm.params
    assert bowl(np.array(list(best.values()))) < 0.02


def test_the_best_arm_is_the_model_s() -> None:
    """Of the arms around the bottom the luckiest is not the best; one far off is luckier yet."""
    rng = np.random.default_rng(3)
    sampler = GPSampler(seed=0)
    study = new_study(sampler)
    for x in np.linspace(0.0, 1.0, 40):
        study.enqueue_trial({"x0": x})
        trial = study.ask(dict(cube(1)))
        study.tell(trial, bowl(np.array([x])) + 0.05 * rng.normal())
    lucky = study.best_trial.params["x0"]
    assert abs(study.best_arm.params["x0"] - 0.37) <= abs(lucky - 0.37)
    assert abs(study.best_arm.params["x0"] - 0.37) < 0.1
    assert sampler.best(study.history) == study.best_arm.trials[0]


def test_a_model_that_predicts_badly_is_not_asked() -> None:
    rng = np.random.default_rng(0)
    sampler = GPSampler(seed=0)
    study = run(new_study(sampler), cube(3), lambda x: float(rng.normal()), 20)
    assert sampler.best(study.history) in (None, study.best_trial.number)
    assert study.best_arm.trials == (study.best_trial.number,)


# ---------------------------------------------------------------------- constraints


def told(
    study: Study, space: Space, outcome: Callable[[Floats], tuple[float, float]], n: int
) -> Study:
    """Run trials that set one constraint."""
    for _ in range(n):
        trial = study.ask(dict(space))
        value, constraint = outcome(np.array(list(trial.params.values())))
        trial.set_constraint("c", constraint)
        study.tell(trial, value)
    return study


def test_outcome_constraints() -> None:
    study = told(
        new_study(GPSampler(seed=0)), cube(2), lambda x: (float(x.sum()), 0.8 - float(x @ x)), 30
    )
    assert study.best_value == pytest.approx(np.sqrt(0.8), abs=0.02)


def test_feasible_points_are_looked_for() -> None:
    study = told(
        new_study(GPSampler(seed=0)),
        cube(3),
        lambda x: (0.0, float(np.abs(x - 0.8).max()) - 0.1),
        30,
    )
    assert any(max(trial.constraints.values()) <= 0.0 for trial in study.trials)


@pytest.mark.parametrize("text", ["a + b <= 1.2", "n + 4*s <= 6", "a - 0.1*n >= 0.3"])
def test_linear_constraints_hold_always(text: str) -> None:
    space = Space(
        {
            "a": FloatDistribution(0.0, 1.0),
            "b": FloatDistribution(0.01, 1.0, log=True),
            "n": IntDistribution(0, 8),
            "s": FloatDistribution(0.0, 2.0, step=0.25),
            "k": CategoricalDistribution(("u", "v")),
        }
    )
    constraint = parse_constraint(text, space)
    sampler = GPSampler(seed=0, parameter_constraints=[constraint], search_space=space)
    study = new_study(sampler)
    for _ in range(20):
        trial = study.ask()
        for name, distribution in space.items():
            suggest(trial, name, distribution)
        assert constraint.holds(trial.params)
        study.tell(trial, trial.params["n"] + (trial.params["a"] - 1.0) ** 2)


def test_constrained_parameters_must_be_known() -> None:
    constraint = LinearConstraint({"x0": 1.0, "x1": 1.0}, 1.0)
    study = new_study(GPSampler(parameter_constraints=[constraint]))
    with pytest.raises(InvalidArgument, match="search_space"):
        study.ask()


def test_fixed_features() -> None:
    sampler = GPSampler(seed=0, n_startup_trials=3, fixed_features={"x1": 0.25})
    study = new_study(sampler)
    for _ in range(10):
        trial = study.ask()
        suggest(trial, "x0", FloatDistribution(0.0, 1.0))
        assert suggest(trial, "x1", FloatDistribution(0.0, 1.0)) == 0.25
        study.tell(trial, bowl(np.array(list(trial.params.values()))))
    assert smallest(study) < 0.12**2 + 1e-3


# ---------------------------------------------------------------------- several objectives


@pytest.mark.parametrize("m", [2, 3, 4])
def test_several_objectives(m: int) -> None:
    tops = np.linspace(0.2, 0.8, m)

    def values(x: Floats) -> list[float]:
        return [float(((x - top) ** 2).sum()) for top in tops]

    study = run(new_study(GPSampler(seed=0), m), cube(2), values, 30)
    # The front is the diagonal between the two outermost points.
    front = np.array([list(t.params.values()) for t in study.best_trials if t.number >= 12])
    assert len(front) > 6
    assert np.median(np.abs(front[:, 0] - front[:, 1])) < 0.15


def test_thresholds() -> None:
    def values(x: Floats) -> list[float]:
        return [float(x[0]), float(1.0 - x[0] + x[1])]

    sampler = GPSampler(seed=0, reference_point=[0.3, None])
    study = run(new_study(sampler, 2), cube(2), values, 25)
    late = [trial.params["x0"] for trial in study.trials[12:]]
    assert np.mean(np.array(late) < 0.32) > 0.6
    wrong = new_study(GPSampler(seed=0, reference_point=[1.0]), 2)
    with pytest.raises(InvalidArgument, match="reference_point"):
        wrong.ask(dict(cube(2)))


# ---------------------------------------------------------------------- anything may come


VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 1.0, -1e300, 1e300, 1e-300]),
    st.just(None),  # the trial fails
)


@given(
    spaces(),
    st.lists(VALUES, min_size=8, max_size=8),
    st.sampled_from([None, 0.0, 1e-3, 1e9]),
    st.integers(0, 99),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_told(
    space: Space, values: list[float | None], sem: float | None, seed: int
) -> None:
    study = new_study(GPSampler(seed=seed, n_startup_trials=1))
    for i, value in enumerate(values):
        trial = study.ask(dict(space))
        for name, distribution in space.items():
            assert distribution._contains(distribution.to_internal_repr(trial.params[name]))
        if value is None:
            study.tell(trial, state=TrialState.FAIL)
        elif i % 2:
            study.tell(trial, value)
        else:
            study.tell(trial, Measurement(value, sem))
        if i == 4 and study.trials:
            study.enqueue_trial(study.trials[0].params)  # a duplicate


def test_failed_trials_are_kept_away_from() -> None:
    study = new_study(GPSampler(seed=0))
    for _ in range(30):
        trial = study.ask(dict(cube(2)))
        x = np.array(list(trial.params.values()))
        if x[0] > 0.5:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, float(1.0 - x[0]))
    # The model of the others alone would see the best point at 1, again and again.
    assert np.mean([trial.params["x0"] for trial in study.trials[15:]]) < 0.8
    assert smallest(study) < 0.52


def test_failures_by_chance_keep_nobody_away() -> None:
    rng = np.random.default_rng(0)
    study = new_study(GPSampler(seed=0))
    for _ in range(35):
        trial = study.ask(dict(cube(2)))
        if rng.random() < 0.3:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, bowl(np.array(list(trial.params.values()))))
    assert smallest(study) < 1e-3


def test_pruned_trials_are_not_repeated() -> None:
    study = new_study(GPSampler(seed=0, n_startup_trials=4))
    for _ in range(25):
        trial = study.ask(dict(cube(1)))
        x = trial.params["x0"]
        if abs(x - 0.7) < 0.2:  # looks good in between, and is pruned
            trial.report(5.0, 1)
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, abs(x - 0.7) + 0.3 * x)
    assert smallest(study) < 0.36  # at the edge of what is pruned
    middle = [t for t in study.trials if abs(t.params["x0"] - 0.7) < 0.1]
    assert len(middle) < 6


def test_two_thousand_trials_of_fifty_parameters() -> None:
    space = cube(50)
    study = new_study(GPSampler(seed=0))
    rng = np.random.default_rng(0)
    import trimtab

    study.add_trials(
        [
            trimtab.create_trial(
                params=dict(zip(space, x.tolist(), strict=True)),
                distributions=dict(space),
                value=bowl(x),
            )
            for x in rng.random((2000, 50))
        ]
    )
    trial = study.ask(dict(space))
    x = np.array(list(trial.params.values()))
    assert bowl(x) < smallest(study)
    predictor = study.sampler.predictor(study.history)  # type: ignore[attr-defined]
    assert len(predictor.leave_one_out().numbers) <= _MODEL_ARMS + 2000 - fitted_rows(2000)


def test_refits_become_rarer() -> None:
    steps = [n for n in range(1, 500) if fitted_rows(n) == n]
    assert steps[:32] == list(range(1, 33))
    gaps = np.diff(steps)
    assert (np.diff(gaps) >= 0).all()
    assert all(fitted_rows(n) > n - n / 16 - 1 for n in range(1, 500))


# ---------------------------------------------------------------------- predictions, arguments


def test_predictions() -> None:
    sampler = GPSampler(seed=0)
    study = run(new_study(sampler), cube(3), lambda x: float(np.sin(5.0 * x[0]) + 0.1 * x[1]), 40)
    predictor = sampler.predictor(study.history)
    at = np.random.default_rng(0).random((50, 3))
    mean, sd = predictor.predict(at)
    truth = np.sin(5.0 * at[:, 0]) + 0.1 * at[:, 1]
    assert np.corrcoef(mean, truth)[0, 1] > 0.9
    assert (np.abs(mean - truth) < 4.0 * sd + 0.05).mean() > 0.9
    shares = predictor.sensitivities()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=lambda name: shares[name]) == "x0"


def test_leave_one_out_is_leaving_one_out() -> None:
    sampler = GPSampler(seed=0, deterministic_objective=True)
    study = run(new_study(sampler), cube(2), bowl, 15)
    left = sampler.predictor(study.history).leave_one_out()
    assert left.p_value < 0.01
    assert np.allclose(left.observed, study.history.values[left.numbers, 0])
    standardized = (left.observed - left.means) / left.sds
    assert np.abs(standardized).max() < 10.0


def test_a_maximized_objective_is_predicted_in_its_units() -> None:
    from trimtab import create_study

    sampler = GPSampler(seed=0, n_startup_trials=15)
    study = create_study(direction="maximize", sampler=sampler)
    for _ in range(15):
        trial = study.ask(dict(cube(1)))
        study.tell(trial, 100.0 - bowl(np.array([trial.params["x0"]])))
    mean, _ = sampler.predictor(study.history).predict(np.array([[0.37], [0.9]]))
    assert mean == pytest.approx([100.0, 100.0 - 0.53**2], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_startup_trials": 0}, InvalidArgument),
        ({"parameter_constraints": ["x0 <= 1"]}, InvalidType),
    ],
)
def test_arguments(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(arguments))):
        GPSampler(**arguments)


def test_a_model_needs_trials() -> None:
    sampler = GPSampler(seed=0)
    with pytest.raises(InvalidArgument, match="two complete trials"):
        sampler.predictor(new_study(sampler).history)


def test_another_sampler_begins() -> None:
    first = RandomSampler(seed=7)
    one = run(new_study(GPSampler(seed=7, independent_sampler=first)), cube(2), bowl, 5)
    two = run(new_study(RandomSampler(seed=7)), cube(2), bowl, 5)
    assert [t.params for t in one.trials] == [t.params for t in two.trials]


def test_a_late_parameter_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    study = new_study(GPSampler(seed=0, independent_sampler=RandomSampler(seed=0)))

    def objective(trial: Trial) -> float:
        value = trial.suggest_float("x", 0.0, 1.0)
        return value + (trial.suggest_float("y", 0.0, 1.0) if trial.number == 3 else 0.0)

    study.optimize(objective, n_trials=5)
    assert "'y' of trial 3" in caplog.text
