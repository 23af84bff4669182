"""Readings are taken in turns, in processes of their own, and compared round by round."""

import pytest

from benchmarks import harness
from benchmarks.harness import ReadingFailed, Spread, Task, column, measure, ratio, read


def test_a_spread_has_the_median_and_the_range() -> None:
    assert Spread.of([3.0, 1.0, 10.0, 2.0]) == Spread(2.5, 1.0, 10.0)


def test_ratios_are_of_one_round() -> None:
    # The machine was twice as slow in the second round: no ratio knows of it.
    assert ratio([2.0, 4.0, 2.0], [1.0, 2.0, 1.0]) == Spread(2.0, 2.0, 2.0)


def test_a_peer_that_was_left_out_of_later_rounds_is_compared_in_the_first() -> None:
    assert ratio([2.0, 100.0], [1.0]) == Spread(2.0, 2.0, 2.0)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    taken: list[str] = []

    def fake(task: Task) -> dict[str, float]:
        taken.append(task.function)
        return {"number": float(len(taken))}

    monkeypatch.setattr(harness, "read", fake)
    return taken


def test_competitors_take_turns_and_another_one_begins_each_round(turns: list[str]) -> None:
    readings = measure({name: Task(name) for name in "abc"}, 4)
    assert "".join(turns) == "abcbcacababc"
    assert column(readings["b"], "number") == [2.0, 4.0, 9.0, 11.0]


def test_a_slow_competitor_takes_part_in_its_rounds_only(turns: list[str]) -> None:
    readings = measure({"a": Task("a"), "b": Task("b", rounds=1), "c": Task("c", rounds=0)}, 3)
    assert turns == ["a", "b", "a", "a"]
    assert (len(readings["b"]), readings["c"]) == (1, [])


def test_a_reading_comes_from_a_process_of_its_own() -> None:
    arguments = {"library": "trimtab", "sampler": "RandomSampler", "dimension": 2, "n_trials": 3}
    reading = read(Task("memory_study:run_study", arguments))
    assert reading["cpu"] > 0.0
    assert reading["wall"] > 0.0


def test_a_reading_that_fails_says_why() -> None:
    with pytest.raises(ReadingFailed, match="No module named 'nonesuch'"):
        read(Task("growth:at_size", {"library": "nonesuch", "n_trials": 1}))
