"""The replay buffer: what it keeps, and hindsight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.rl import example

replay = example("algorithms.replay")


def reward(achieved: NDArray[Any], goals: NDArray[Any], info: dict[str, Any]) -> NDArray[Any]:
    return np.where(np.abs(achieved - goals).max(-1) < 0.5, 0.0, -1.0)


def filled(capacity: int, episodes: list[int], n_sampled_goal: int = 4) -> Any:
    """Transition i leads from i to i + 1 and achieves i; the goal is -1; episodes end in turn.

    The last episode has not ended yet.
    """
    kept = replay.Replay(capacity, 1, 1, np.zeros(2, np.float32), n_sampled_goal, reward)
    number = 0
    for episode in episodes:
        if number:
            kept.end_episode()
        for _ in range(episode):
            here, there = np.array([number]), np.array([number + 1])
            kept.add(here, [-1.0], [number, 0], -1.0, there, here, False)
            number += 1
    return kept


@pytest.mark.parametrize("capacity", [100, 13])
def test_hindsight_takes_what_the_same_episode_achieved_later(capacity: int) -> None:
    episodes = [5, 5, 7, 3]
    kept = filled(capacity, episodes)
    batch = kept.sample(20_000, np.random.default_rng(0))
    numbers, goals = batch.inputs[:, 0].astype(int), batch.inputs[:, 1]
    assert set(numbers) == set(range(max(0, 20 - capacity), 20))
    assert (batch.next_inputs[:, 0] == numbers + 1).all()
    assert (batch.next_inputs[:, 1] == goals).all()
    assert (batch.actions[:, 0] == numbers).all()

    relabelled = goals >= 0
    assert relabelled.mean() == pytest.approx(0.8, abs=0.01)
    ends = np.repeat(np.cumsum(episodes), episodes)
    for number in set(numbers):
        chosen = goals[relabelled & (numbers == number)].astype(int)
        assert set(chosen) == set(range(number, ends[number]))
    # Only the transition that achieved its goal is rewarded.
    assert (batch.rewards == np.where(goals == numbers, 0.0, -1.0)).all()


def test_without_hindsight_goals_and_rewards_are_as_they_were() -> None:
    kept = filled(100, [5, 5], n_sampled_goal=0)
    batch = kept.sample(200, np.random.default_rng(0))
    assert (batch.inputs[:, 1] == -1).all()
    assert (batch.rewards == -1).all()


def test_what_is_kept_goes_on_elsewhere() -> None:
    kept, other = filled(13, [5, 5, 7]), filled(13, [])
    other.restore(kept.state())
    for each in (kept, other):
        each.end_episode()
        each.add([17], [-1.0], [17, 0], -1.0, [18], [17], True)
    batches = [each.sample(500, np.random.default_rng(1)) for each in (kept, other)]
    for name in ("inputs", "actions", "rewards", "next_inputs", "terminated"):
        one, two = (getattr(batch, name) for batch in batches)
        assert (one == two).all(), name
    assert batches[0].terminated.any()
    assert len(other) == 13


def test_moments_are_those_of_the_inputs() -> None:
    mean, std = filled(100, [4]).moments()
    assert mean.tolist() == [1.5, -1.0]
    assert std.tolist() == pytest.approx([np.std([0, 1, 2, 3]), 1e-3])  # never 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"capacity": 0}, "capacity: expected at least 1, got 0"),
        ({"n_sampled_goal": -1}, "n_sampled_goal: expected at least 0, got -1"),
        ({"goal": 0}, "use_her: expected an environment with goals"),
        ({"rewards": None}, "use_her: expected an environment with goals"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], message: str) -> None:
    given = {"capacity": 9, "observed": 1, "goal": 1, "n_sampled_goal": 4, "rewards": reward}
    with pytest.raises(ValueError, match=message):
        replay.Replay(action=np.zeros(1), **{**given, **changed})
