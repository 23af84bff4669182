"""The split holds what a sort of all trials would give, whatever the order of arrival."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument
from trimtab.samplers import TPESampler
from trimtab.samplers.pareto import nondominated_rank
from trimtab.samplers.tpe.groups import decompose
from trimtab.samplers.tpe.pareto_split import ParetoSplit, best_by_hypervolume
from trimtab.samplers.tpe.split import Split

CAPACITY = 8


def gamma(n: int) -> int:
    return min(-(-n // 5), 6)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-3, 3)), min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_the_good_are_the_best_and_the_pool_has_the_latest_of_the_rest(
    ranks: list[tuple[int, int]],
) -> None:
    split = Split(gamma, CAPACITY)
    keys = [(tier, float(loss), 0.0, number) for number, (tier, loss) in enumerate(ranks)]
    for key in keys:
        split.add(key, ())
    good = [split.slots[slot] for slot in split.good()]
    ordered, wanted = sorted(keys), gamma(len(keys))
    ties = sum(key[:3] == ordered[wanted - 1][:3] for key in ordered[wanted:])
    n_good = max(wanted, min(wanted + ties, len(keys) // 2))
    assert good == [key[3] for key in ordered[:n_good]]
    bad = {split.slots[slot] for slot in np.nonzero(split.is_bad)[0]}
    assert len(bad) <= CAPACITY
    assert keys[-1][3] in bad | set(good)
    assert not bad & set(good)


def test_what_is_as_good_as_the_last_of_the_good_is_good() -> None:
    split = Split(gamma, CAPACITY)
    ratings = [1.0, -1.0, 0.0, -1.0, 1.0, -1.0, 0.0, -1.0, 1.0, 1.0]
    for number, rating in enumerate(ratings):
        split.add((0, rating, 0.0, number), ())
    assert gamma(len(ratings)) == 2
    assert [split.slots[slot] for slot in split.good()] == [1, 3, 5, 7]


def test_a_replaced_rank_moves_a_trial_between_good_and_bad() -> None:
    split = Split(gamma, CAPACITY)
    keys = [(0, float(number), 0.0, number) for number in range(20)]
    for key in keys:
        split.add(key, ())
    split.replace(keys[0], (0, 99.0, 0.0, 0), ())
    split.replace(keys[15], (0, -1.0, 0.0, 15), ())
    assert [split.slots[slot] for slot in split.good()] == [15, 1, 2, 3]
    assert split.is_bad[split.slots.index(0)] == 1.0
    assert split.is_bad[split.slots.index(15)] == 0.0


def test_slots_stay_bounded() -> None:
    split = Split(gamma, CAPACITY)
    draws = np.random.default_rng(0).random(2000)
    for number, loss in enumerate(draws.tolist()):
        split.add((0, loss, 0.0, number), ())
    assert len(split.slots) <= CAPACITY + 6 + 2


@pytest.mark.parametrize("m", [2, 3, 4])
def test_best_by_hypervolume_takes_whole_fronts_first(m: int) -> None:
    losses = np.random.default_rng(m).random((120, m))
    ranks = nondominated_rank(losses)
    for wanted in (0, 1, 10, 60, 120, 500):
        chosen = best_by_hypervolume(losses, wanted)
        assert len(set(chosen.tolist())) == min(wanted, 120)
        left = np.delete(ranks, chosen)
        if len(chosen) and len(left):
            assert ranks[chosen].max() <= left.min()


def test_best_by_hypervolume_covers_a_front() -> None:
    x = np.linspace(0.0, 1.0, 101)
    chosen = x[best_by_hypervolume(np.stack([x, 1.0 - x], axis=1), 5)]
    assert np.max(np.diff(np.sort(np.concatenate([[0.0], chosen, [1.0]])))) < 0.4


def test_the_pareto_split_puts_infeasible_and_pruned_trials_last() -> None:
    split = ParetoSplit(lambda n: 3, CAPACITY)
    split.add((2, 0.5, 0.0, 0), (0.0, 0.0))
    split.add((1, -3.0, 0.0, 1), (0.0, 0.0))
    split.add((0, 0.0, 0.0, 2), (1.0, 1.0))
    split.add((2, 0.1, 0.0, 3), (0.0, 0.0))
    assert [split.slots[slot] for slot in split.good()] == [2, 1, 3]
    assert np.nonzero(split.is_bad)[0].tolist() == [split.slots.index(0)]


def test_the_pareto_split_stays_bounded_and_keeps_the_front() -> None:
    split = ParetoSplit(lambda n: 10, CAPACITY)
    losses = np.random.default_rng(1).random((1500, 2))
    for number, row in enumerate(losses.tolist()):
        split.add((0, row[0], 0.0, number), tuple(row))
    assert len(split.slots) <= 2 * 100 + CAPACITY + 2
    good = [split.slots[slot] for slot in split.good()]
    ranks = nondominated_rank(losses)
    assert ranks[good].max() <= np.sort(ranks)[9]


def test_the_pareto_split_is_the_same_whenever_it_is_asked() -> None:
    rows = np.random.default_rng(4).integers(0, 12, (120, 2)).astype(float).tolist()
    often, late = ParetoSplit(gamma, CAPACITY), ParetoSplit(gamma, CAPACITY)
    for number, row in enumerate(rows):
        for split in (often, late):
            split.add((0, row[0], 0.0, number), tuple(row))
        fresh = copy.deepcopy(late)
        assert often.good() == fresh.good()
        assert often.is_bad.tolist() == fresh.is_bad.tolist()


def test_decompose() -> None:
    groups = decompose([["a", "b", "c"], ["a", "b", "d"], ["a"]], ["a", "b", "c", "d", "new"])
    assert groups == [("a",), ("b",), ("c",), ("d",), ("new",)]
    assert decompose([["a", "b"], ["a", "b", "c", "d"]], "abcd") == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("argument", "value"),
    [("n_startup_trials", -1), ("n_ei_candidates", 0), ("prior_weight", -1.0), ("group", True)],
)
def test_arguments_are_checked(argument: str, value: float) -> None:
    other = {"multivariate": False} if argument == "group" else {}
    with pytest.raises(InvalidArgument, match=argument):
        TPESampler(**{argument: value, **other})  # type: ignore[arg-type]  # arguments of any type
