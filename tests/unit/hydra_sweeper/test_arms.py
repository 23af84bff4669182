"""Parameterizations: which is run next, which wins, what counts."""

from __future__ import annotations

import pytest

from hydra_plugins.trimtab_sweeper._arms import FAILED, Arms, point_of
from trimtab.records import FrozenTrial, TrialState
from trimtab.samplers.racing import Race
from trimtab.space import FloatDistribution, Space
from trimtab.study import create_trial

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
SPACE = Space({"x": FloatDistribution(0, 1)})


def trial(number: int, x: float, value: float | None = None, **more: object) -> FrozenTrial:
    made = create_trial(
        params={"x": x},
        distributions=dict(SPACE),
        value=value,
        state=COMPLETE if value is not None else more.get("state", FAIL),  # type: ignore[arg-type]
        system_attrs={FAILED: True} if more.get("counts") else {},
    )
    return made.replace(number=number)


def arms(*ended: FrozenTrial, race: Race | None = None, sign: float = 1.0) -> Arms:
    found = Arms(race or Race(2, 2), retries=1, sign=sign)
    for one in ended:
        found.begin(one)
        found.end(one)
    return found


def planned(found: Arms, left: int = 100, may_begin: bool = True) -> float | str | None:
    """``x`` of the arm to be run again, "new", or None."""
    plan = found.plan(left, may_begin)
    if plan is None:
        return None
    return "new" if plan.arm is None else float(plan.arm.params["x"])


def test_an_arm_gets_its_minimum_before_another_begins() -> None:
    assert planned(arms()) == "new"
    assert planned(arms(trial(0, 0.5, 1.0))) == 0.5
    assert planned(arms(trial(0, 0.5, 1.0), trial(1, 0.5, 2.0))) == "new"


def test_a_running_trial_counts() -> None:
    found = arms(trial(0, 0.5, 1.0))
    found.begin(trial(1, 0.5))
    assert planned(found) == "new"
    found.drop(1)
    assert planned(found) == 0.5


def test_no_arm_begins_that_cannot_get_its_minimum() -> None:
    assert planned(arms(), left=2) == "new"
    assert planned(arms(), left=1) is None
    assert planned(arms(trial(0, 0.5, 1.0)), left=1) == 0.5
    assert planned(arms(), left=0) is None


def test_an_exhausted_space_begins_none() -> None:
    assert planned(arms(), may_begin=False) is None
    assert planned(arms(trial(0, 0.5, 1.0)), may_begin=False) == 0.5


@pytest.mark.parametrize(("failed", "expected"), [(1, 0.5), (2, "new")])
def test_failed_runs_are_made_up_for_as_often_as_retries_say(failed: int, expected: object) -> None:
    ended = [trial(number, 0.5, counts=True) for number in range(failed)]
    assert planned(arms(*ended)) == expected


def test_a_pruned_arm_is_not_run_again() -> None:
    assert planned(arms(trial(0, 0.5, state=PRUNED))) == "new"


def test_what_was_cut_short_with_its_sweep_does_not_count() -> None:
    found = arms(trial(0, 0.5, counts=True), trial(1, 0.25), trial(2, 0.25, 1.0))
    assert found.runs == 2
    assert found.failures == 1


def test_the_best_has_the_minimum() -> None:
    found = arms(trial(0, 0.1, 0.0), trial(1, 0.2, 1.0), trial(2, 0.2, 3.0), trial(3, 0.3, 9.0))
    best = found.best()
    assert best is not None
    assert best.params == {"x": 0.2}
    assert found.mean(best) == 2.0
    assert best.sem == 1.0
    assert arms(trial(0, 0.1, 0.0)).best() is None


def test_the_best_of_what_is_maximized() -> None:
    ended = [trial(0, 0.1, 1.0), trial(1, 0.2, 3.0)]
    found = arms(*ended, race=Race(1, 1), sign=-1.0)
    best = found.best()
    assert best is not None
    assert (best.params, found.mean(best), best.sem) == ({"x": 0.2}, 3.0, None)


def test_a_replicate_repeats_a_complete_trial_where_there_is_one() -> None:
    found = arms(trial(0, 0.5, counts=True), trial(3, 0.5, 1.0))
    found.begin(trial(2, 0.5))
    (arm,) = found.arms
    assert arm.example == 3
    assert arm.numbers == [0, 3, 2]


def test_a_point_is_the_same_in_any_order() -> None:
    one = Space({"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)})
    other = Space({"y": FloatDistribution(0, 1), "x": FloatDistribution(0, 1)})
    assert point_of(one, (0.25, 0.5)) == point_of(other, (0.5, 0.25))
    assert point_of(one, (0.25, 0.5)) != point_of(other, (0.25, 0.5))
