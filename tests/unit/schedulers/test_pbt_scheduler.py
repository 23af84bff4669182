"""Population based training: who is compared with whom, when, and what becomes of them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.records.lineage import CONFIG, LINEAGE
from trimtab.schedulers import CONTINUE, STOP, Continue, Exploit, PopulationBasedTraining
from trimtab.schedulers.pbt import LAST, NEXT, SCORE, TIME
from trimtab.space.domains import randint, sample_from, uniform
from trimtab.testing.simulation import METRIC, Simulation

MAX, MIN = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE


def pbt(**options: Any) -> PopulationBasedTraining:
    """A scheduler that compares every four iterations, unless told otherwise."""
    usual: dict[str, Any] = {
        "time_attr": "training_iteration",
        "metric": METRIC,
        "mode": "max",
        "perturbation_interval": 4,
        "hyperparam_mutations": {"lr": uniform(0.0, 1.0)},
    }
    return PopulationBasedTraining(**usual | options)


def population(*members: Mapping[str, Any], direction: StudyDirection = MAX) -> History:
    """A history of members: state, steps, score, and attributes."""
    history = History((direction,))
    for number, member in enumerate(members):
        attrs = {CONFIG: {"lr": 0.5}} | {k: v for k, v in member.items() if ":" in k}
        state = member.get("state", TrialState.RUNNING)
        done = state is TrialState.COMPLETE
        reports = {
            step: Report(step, {METRIC: member.get("score", 0.0)})
            for step in range(1, member.get("steps", 4) + 1)
        }
        history.apply(
            FrozenTrial.build(
                number,
                state,
                values=(0.0,) if done else None,
                finished=1 if done else None,
                reports=reports,
                system_attrs=attrs,
            )
        )
    return history


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# ---------------------------------------------------------------------- quantiles


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(-9, 9)), min_size=1, max_size=100),
    st.floats(0.0, 0.5),
)
def test_quantiles(scores: list[float | None], fraction: float) -> None:
    history = population(*({SCORE: score, "steps": 0} for score in scores))
    lower, upper = pbt(quantile_fraction=fraction).quantiles(history, {})
    n, n_diverged = len(scores), sum(score is None for score in scores)
    k = min(math.ceil(n * fraction), n // 2)
    if k == 0:
        assert (lower, upper) == ([], [])
        return
    assert len(lower) == max(k, n_diverged)
    assert len(upper) == min(k, n - len(lower))
    assert not set(lower) & set(upper)
    found = [scores[number] for number in upper]
    assert None not in found
    rest = [s for number, s in enumerate(scores) if number not in upper and s is not None]
    assert max(rest, default=-math.inf) <= min(
        [s for s in found if s is not None], default=math.inf
    )
    assert {number for number, s in enumerate(scores) if s is None} <= set(lower)


@pytest.mark.parametrize(("n", "k"), [(1, 0), (2, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_a_quarter_of_the_population_as_ray_tune_counts(n: int, k: int) -> None:
    lower, upper = pbt().quantiles(population(*({SCORE: float(i)} for i in range(n))), {})
    assert lower == list(range(k))
    assert upper == list(range(n - k, n))


def test_ended_members_are_no_part_of_the_population() -> None:
    history = population({SCORE: 9.0, "state": TrialState.COMPLETE}, {SCORE: 1.0}, {SCORE: 2.0})
    assert pbt().quantiles(history, {}) == ([1], [2])


# ---------------------------------------------------------------------- one at a time


def test_a_bad_member_goes_on_from_a_good_one_with_its_config_as_base() -> None:
    history = population({SCORE: 9.0, TIME: 4, LAST: 4, CONFIG: {"lr": 0.2}}, {"score": 1.0})
    decision = pbt(resample_probability=0.0).on_report(history, 1, MAX, rng())
    assert isinstance(decision, Exploit)
    assert decision.donor == 0
    assert decision.params["lr"] in (0.24, 0.16000000000000003)
    assert decision.state[LAST] == 4


def test_a_good_member_keeps_its_config() -> None:
    history = population({SCORE: 0.0, TIME: 4, LAST: 4}, {"score": 1.0})
    decision = pbt().on_report(history, 1, MAX, rng())
    assert decision == Continue({SCORE: 1.0, TIME: 4.0, LAST: 4.0}, yields=True)


def test_min_turns_the_comparison() -> None:
    history = population({SCORE: -9.0, TIME: 4, LAST: 4}, {"score": 1.0}, direction=MIN)
    assert isinstance(pbt(mode="min").on_report(history, 1, MIN, rng()), Continue)
    assert isinstance(pbt(mode="min").on_failure(history, 0, MIN, rng()), Exploit)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_member_that_diverged_is_rescued(score: float) -> None:
    history = population({SCORE: -100.0, TIME: 4, LAST: 4}, {"score": score})
    decision = pbt().on_report(history, 1, MAX, rng())
    assert isinstance(decision, Exploit)
    assert decision.donor == 0
    assert decision.state[SCORE] is None


def test_all_have_diverged_and_nobody_can_help() -> None:
    history = population({SCORE: None, TIME: 4, LAST: 4}, {"score": math.nan})
    assert isinstance(pbt().on_report(history, 1, MAX, rng()), Continue)
    assert pbt().on_failure(history, 1, MAX, rng()) == STOP


def test_a_failed_member_is_rescued_before_the_first_comparison_too() -> None:
    history = population({"score": 1.0, "steps": 2}, {"score": 5.0, "steps": 1}, {"steps": 0})
    decision = pbt().on_failure(history, 2, MAX, rng())
    assert isinstance(decision, Exploit)
    assert decision.donor == 1


def test_burn_in_comes_before_the_first_comparison() -> None:
    scheduler = pbt(burn_in_period=10)
    history = population({"steps": 4, "score": 1.0}, {SCORE: 9.0, TIME: 4, LAST: 4})
    assert scheduler.on_report(history, 0, MAX, rng()) == CONTINUE
    assert scheduler.next_step(history, 0) == 10
    assert pbt(burn_in_period=10, synch=True).next_step(history, 0) == 10


def test_the_next_step_is_counted_from_where_the_donor_was() -> None:
    history = population({"steps": 8, LAST: 12, LINEAGE: [[8, 1, 12, {}]]}, {})
    assert pbt().next_step(history, 0) == 12  # iteration 16, as it goes on from iteration 12


def test_a_member_makes_room_for_those_behind() -> None:
    history = population({"score": 1.0}, {"state": TrialState.WAITING, "steps": 0})
    assert pbt().on_report(history, 0, MAX, rng()) == Continue(
        {SCORE: 1.0, TIME: 4.0, LAST: 4.0}, yields=True
    )


@pytest.mark.parametrize("attribute", ["epochs", "training_iteration"])
def test_require_attrs(attribute: str) -> None:
    history = History((MAX,))
    trial = FrozenTrial.build(0, TrialState.RUNNING, reports={4: Report(4, {"other": 1.0})})
    history.apply(trial)
    with pytest.raises(InvalidArgument, match="trial 0"):
        pbt(time_attr=attribute).on_report(history, 0, MAX, rng())
    lenient = pbt(time_attr=attribute, require_attrs=False)
    assert lenient.on_report(history, 0, MAX, rng()) == CONTINUE


# ---------------------------------------------------------------------- all at one time

RESTS = {"state": TrialState.PAUSED, TIME: 4.0}


def test_the_barrier_waits_for_every_member_that_lives() -> None:
    scheduler = pbt(synch=True)
    history = population(RESTS | {SCORE: 1.0}, {"steps": 3})
    assert scheduler.release(history, MAX, rng()) == {}
    waiting = population(RESTS | {SCORE: 1.0}, {"state": TrialState.WAITING, "steps": 0})
    assert scheduler.release(waiting, MAX, rng()) == {}


@pytest.mark.parametrize("how", ["complete", "deleted", "archived"])
def test_the_barrier_does_not_wait_for_who_ended(how: str) -> None:
    history = population(RESTS | {SCORE: 1.0}, RESTS | {SCORE: 2.0}, {"steps": 3})
    if how == "deleted":
        history.remove(2)
    else:
        ended = history.trial(2).replace(state=TrialState.COMPLETE, values=(1.0,), finished=2)
        history.apply(ended.replace(archived=how == "archived"))
    decisions = pbt(synch=True).release(history, MAX, rng())
    assert isinstance(decisions[0], Exploit)
    assert decisions[0].donor == 1
    assert decisions[1] == Continue({LAST: 4.0, NEXT: 8.0})


def test_whoever_rests_without_having_been_compared_goes_on() -> None:
    history = population(RESTS | {SCORE: 1.0}, {"state": TrialState.PAUSED, "steps": 2})
    assert pbt(synch=True).release(history, MAX, rng()) == {1: Continue({NEXT: 4})}


def test_a_latecomer_is_due_when_the_others_are() -> None:
    history = population(
        RESTS | {SCORE: 1.0, TIME: 12.0, NEXT: 12.0}, RESTS | {SCORE: 1.0, TIME: 4.0}
    )
    assert pbt(synch=True).release(history, MAX, rng()) == {1: Continue({NEXT: 12.0})}


class Lives:
    """Members whose score is the sum of what their parameter has been."""

    def begin(self, number: int) -> tuple[dict[str, Any], float]:
        return {"lr": 0.1 * number, "net": {"width": 2}}, 0.0

    def train(self, state: float, config: Mapping[str, Any], iteration: int) -> tuple[float, float]:
        after = state + config["lr"]
        return after, math.nan if iteration == 7 and config["lr"] == 0.0 else after


MUTATIONS = {"lr": uniform(0.0, 1.0), "net": {"width": randint(1, 9)}}


@pytest.mark.parametrize("synch", [False, True])
def test_no_end_of_a_member_blocks_the_others(synch: bool) -> None:
    def make() -> PopulationBasedTraining:
        return pbt(synch=synch, hyperparam_mutations=MUTATIONS)

    for fails in [{(0, 1)}, {(0, 4), (1, 5)}, {(n, 3) for n in range(4)}, {(3, 9), (3, 10)}]:
        run = Simulation(make, Lives(), n_trials=4, slots=2, fails=fails).run()
        assert not run.left
    for archived in (False, True):
        run = Simulation(make, Lives(), n_trials=4, slots=2)
        run.intervene(2, archived=archived)
        assert not run.run().left
    for deletes in ({3: 0}, {9: 1, 11: 2}, {8: 3, 9: 2, 10: 1}):
        assert not Simulation(make, Lives(), n_trials=4, slots=2, deletes=deletes).run().left
    alone = Simulation(make, Lives(), n_trials=1).run()
    assert alone.reports == 20
    assert not alone.left


@pytest.mark.parametrize("synch", [False, True])
def test_nested_parameters_mutate_within_their_bounds(synch: bool) -> None:
    run = Simulation(
        lambda: pbt(synch=synch, hyperparam_mutations=MUTATIONS), Lives(), n_trials=6, length=60
    ).run()
    widths = {member.config["net"]["width"] for member in run.members.values()}
    assert widths <= set(range(1, 9))
    assert len(widths) > 1
    assert all(0.0 <= member.config["lr"] <= 1.0 for member in run.members.values())


def test_missing_parameters_are_drawn_at_the_beginning() -> None:
    initial = pbt(hyperparam_mutations=MUTATIONS).initial({"net": {"depth": 1}}, rng())
    assert set(initial) == {"lr", "net/width"}


def test_a_function_of_ones_own_changes_a_copy() -> None:
    def halve(config: dict[str, Any]) -> dict[str, Any]:
        config["net"]["width"] //= 2
        return config

    config = {"net": {"width": 8}}
    scheduler = pbt(hyperparam_mutations=None, custom_explore_fn=halve)
    assert scheduler.adapt(config) == {"net": {"width": 4}}
    assert config == {"net": {"width": 8}}
    with pytest.raises(InvalidType, match="custom_explore_fn"):
        pbt(custom_explore_fn=lambda config: None).adapt(config)


@pytest.mark.parametrize(
    "options",
    [
        {"hyperparam_mutations": None},
        {"hyperparam_mutations": {"lr": sample_from(lambda spec: 1)}},
        {"perturbation_interval": 0},
        {"perturbation_interval": math.nan},
        {"burn_in_period": -1},
        {"quantile_fraction": 0.6},
        {"resample_probability": 1.5},
        {"perturbation_factors": (1.2,)},
        {"perturbation_factors": (1.2, -1)},
        {"custom_explore_fn": 3},
        {"time_attr": 3},
        {"mode": "best"},
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((InvalidArgument, InvalidType)):
        pbt(**options)


def test_defaults_are_ray_tunes() -> None:
    scheduler = PopulationBasedTraining(hyperparam_mutations={"lr": [1, 2]})
    assert scheduler.time_attr == "time_total_s"
    assert scheduler.interval == 60.0
    assert scheduler.quantile_fraction == scheduler.resample_probability == 0.25
    assert scheduler.factors == (1.2, 0.8)
    assert not scheduler.synch
    assert scheduler.require_attrs
