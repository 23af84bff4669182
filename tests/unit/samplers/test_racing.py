"""The race of arms: who is run once more, who is named the best."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.samplers.racing import ArmRuns, Race


def arm(*losses: float, running: int = 0, failed: int = 0) -> ArmRuns:
    return ArmRuns(losses, running, failed)


GOOD, CLOSE, BAD = arm(1.0, 1.2, 1.1), arm(1.1, 1.3, 1.2), arm(9.0, 9.2, 9.1)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_refused(loss: float) -> None:
    with pytest.raises(InvalidArgument, match="losses"):
        ArmRuns((1.0, loss))


@pytest.mark.parametrize("which", ["running", "failed"])
def test_a_negative_number_of_runs_is_refused(which: str) -> None:
    with pytest.raises(InvalidArgument, match=which):
        ArmRuns((), **{which: -1})


@pytest.mark.parametrize(
    ("minimum", "maximum", "share", "named"),
    [
        (0, 3, 0.5, "minimum"),
        (3, 2, 0.5, "maximum"),
        (1, 2, -0.1, "extra_share"),
        (1, 2, 1.1, "extra_share"),
        (1, 2, math.nan, "extra_share"),
    ],
)
def test_a_race_out_of_range_is_refused(
    minimum: int, maximum: int, share: float, named: str
) -> None:
    with pytest.raises(InvalidArgument, match=named):
        Race(minimum, maximum, share)


def test_half_a_run_is_refused() -> None:
    with pytest.raises(InvalidType, match="minimum"):
        Race(1.5, 2)  # type: ignore[arg-type]


def test_without_arms_one_is_begun_and_none_is_the_best() -> None:
    assert Race(2, 4).next_run([]) is None
    assert Race(2, 4).incumbent([]) is None


def test_an_arm_that_was_begun_is_completed_first() -> None:
    race = Race(3, 9)
    assert race.next_run([GOOD, arm(50.0, 51.0), CLOSE]) == 1
    assert race.next_run([GOOD, arm(50.0), arm()]) == 1


def test_running_runs_count_towards_the_minimum() -> None:
    race = Race(3, 9, extra_share=0.0)
    assert race.next_run([GOOD, arm(50.0, running=1)]) == 1
    assert race.next_run([GOOD, arm(50.0, running=2)]) is None


def test_equal_minimum_and_maximum_run_nothing_extra() -> None:
    assert Race(3, 3, extra_share=1.0).next_run([GOOD, CLOSE], new_arms=False) is None


def test_an_extra_run_goes_to_a_contender_and_never_to_one_clearly_worse() -> None:
    race = Race(3, 6, extra_share=1.0)
    assert race.next_run([BAD, GOOD, CLOSE]) in {1, 2}
    assert race.next_run([BAD, GOOD]) is None
    assert race.next_run([BAD, arm(1.0, 1.2, 1.1, 1.0, 1.1, 1.2), CLOSE]) == 2


def test_of_two_contenders_the_one_with_fewer_runs_is_run() -> None:
    race = Race(3, 6, extra_share=1.0)
    assert race.next_run([arm(1.0, 1.2, 1.1, 1.1), CLOSE]) == 1
    assert race.next_run([GOOD, arm(1.1, 1.3, 1.2, running=1)]) == 0


def test_a_clear_case_leaves_the_runs_to_new_arms() -> None:
    assert Race(3, 6, extra_share=1.0).next_run([BAD, GOOD], remaining=1) is None


def test_noiseless_arms_get_nothing_extra_unless_they_are_equal() -> None:
    race = Race(2, 9, extra_share=1.0)
    assert race.next_run([arm(1.0, 1.0), arm(1.1, 1.1)]) is None
    assert race.next_run([arm(1.0, 1.0), arm(2.0, 2.0), arm(1.0, 1.0)]) in {0, 2}


def test_with_a_minimum_of_one_the_noise_is_found_out() -> None:
    assert Race(1, 3, extra_share=1.0).next_run([arm(1.0), arm(5.0)]) == 0


def test_extra_runs_have_their_share_and_no_more() -> None:
    race = Race(2, 50, extra_share=0.25)
    arms = [arm(0.0, 2.0), arm(0.0, 2.0), arm(0.0, 2.0)]
    assert race.next_run(arms) is not None  # 1 of 7
    arms[0] = arm(0.0, 2.0, 1.0)
    assert race.next_run(arms) is not None  # 2 of 8
    arms[1] = arm(0.0, 2.0, 1.0)
    assert race.next_run(arms) is None  # 3 of 9


def test_where_the_total_is_known_extra_runs_come_last() -> None:
    race = Race(2, 50, extra_share=0.25)
    arms = [arm(0.0, 2.0)] * 3
    assert race.next_run(arms, remaining=14) is None
    assert race.next_run([*arms, *arms], remaining=4) is not None  # 4 of 16 are their share
    assert race.next_run([*arms, *arms], remaining=7) is None  # beside 2 for an arm 5 of 19


def test_no_arm_is_begun_that_could_not_get_its_minimum() -> None:
    race = Race(3, 9, extra_share=0.0)
    assert race.next_run([GOOD, CLOSE], remaining=3) is None
    assert race.next_run([GOOD, CLOSE], remaining=2) is not None
    assert race.next_run([arm(1.0, 1.2, 1.1, 1.1), CLOSE], remaining=2) is not None


def test_an_exhausted_space_leaves_all_to_contenders_up_to_the_maximum() -> None:
    race = Race(3, 4, extra_share=0.0)
    assert race.next_run([GOOD, CLOSE], new_arms=False) is not None
    full = [arm(1.0, 1.2, 1.1, 1.1), arm(1.1, 1.3, 1.2, running=1)]
    assert race.next_run(full, new_arms=False) is None


def test_an_arm_that_keeps_failing_is_given_up() -> None:
    race = Race(2, 9, extra_share=0.0)
    assert race.next_run([arm(1.0, failed=1)]) == 0
    assert race.next_run([arm(1.0, failed=2)]) is None
    assert race.incumbent([arm(0.0, failed=2), arm(5.0, 5.0)]) == 1


def test_the_best_is_never_the_luckiest_run() -> None:
    race = Race(2, 9)
    lucky = arm(-50.0)
    swinging = arm(-9.0, 29.0, 30.0)
    assert race.incumbent([lucky, swinging, arm(1.0, 1.1)]) == 2


def test_of_nearly_equal_means_the_better_known_is_the_best() -> None:
    rest = [arm(float(i), 2.0 + i) for i in range(4)]
    few, many = arm(-2.1, 0.0), arm(*[-2.0, 0.0] * 6)
    assert np.mean(few.losses) < np.mean(many.losses)
    assert Race(2, 12).incumbent([few, *rest, many]) == 5


def test_equal_arms_are_won_by_the_first() -> None:
    assert Race(1, 2).incumbent([arm(2.0), arm(1.0), arm(1.0)]) == 1


def simulated(
    race: Race, means: Sequence[float], slots: int, total: int, seed: int
) -> tuple[list[ArmRuns], list[int | None]]:
    """A sweep on some slots, the oldest run ending first; the arms, and what was decided."""
    rng = np.random.default_rng(seed)
    arms: list[ArmRuns] = []
    running: list[int] = []
    decided: list[int | None] = []
    for spent in range(total):
        if len(running) == slots:
            i = running.pop(0)
            loss = float(means[i] + rng.normal())
            arms[i] = ArmRuns((*arms[i].losses, loss), arms[i].running - 1)
        left = len(arms) < len(means)
        choice = race.next_run(arms, total - spent, new_arms=left)
        decided.append(choice)
        if choice is None:
            if not left:
                break
            choice = len(arms)
            arms.append(ArmRuns(()))
        arms[choice] = ArmRuns(arms[choice].losses, arms[choice].running + 1)
        running.append(choice)
    for i in running:
        loss = float(means[i] + rng.normal())
        arms[i] = ArmRuns((*arms[i].losses, loss), arms[i].running - 1)
    return arms, decided


@given(
    minimum=st.integers(1, 4),
    beyond=st.integers(0, 4),
    share=st.floats(0.0, 1.0),
    means=st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=8),
    slots=st.integers(1, 4),
    total=st.integers(1, 40),
    seed=st.integers(0, 9),
)
def test_in_any_sweep_the_bounds_are_kept(
    minimum: int,
    beyond: int,
    share: float,
    means: list[float],
    slots: int,
    total: int,
    seed: int,
) -> None:
    race = Race(minimum, minimum + beyond, share)
    arms, decided = simulated(race, means, slots, total, seed)
    counts = [arm.runs for arm in arms]
    assert sum(counts) <= total
    assert max(counts) <= minimum + beyond
    # Only the arm begun last can lack runs, and only where the budget ended.
    assert all(count >= minimum for count in counts[:-1])
    assert counts[-1] >= minimum or len(decided) == total
    best = race.incumbent(arms)
    assert (best is None) == all(count < minimum for count in counts)
    assert best is None or counts[best] >= minimum


@given(
    losses=st.lists(
        st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5).map(tuple), min_size=1, max_size=6
    ),
    shift=st.integers(-100, 100),
)
def test_the_unit_of_the_loss_does_not_matter(losses: list[tuple[float, ...]], shift: int) -> None:
    race = Race(2, 9, extra_share=1.0)
    scale = 2.0**shift  # exact
    arms = [ArmRuns(each) for each in losses]
    scaled = [ArmRuns(tuple(scale * loss for loss in each)) for each in losses]
    if all(abs(loss) > 1e-100 or loss == 0.0 for each in losses for loss in each):
        assert race.next_run(arms) == race.next_run(scaled)
        assert race.incumbent(arms) == race.incumbent(scaled)
