"""A replay buffer, with hindsight for environments that have goals.

Hindsight experience replay: Andrychowicz et al. 2017, https://arxiv.org/abs/1707.01495, section 3,
with the strategy "future" of section 4.5: what an episode reached later is taken for its goal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.base import Vector

Rewards = Callable[[Vector, Vector, dict[str, Any]], NDArray[Any]]


@dataclass(frozen=True)
class Batch:
    """n transitions. An input is an observation followed by its goal."""

    inputs: Vector
    """n × (observed + goal)"""
    actions: NDArray[Any]
    """n × the shape of an action"""
    rewards: Vector
    """n"""
    next_inputs: Vector
    """n × (observed + goal)"""
    terminated: Vector
    """n; 1.0 where the episode came to an end of its own, not where its time was up"""


class Replay:
    """The last `capacity` transitions.

    Args:
        capacity: how many are kept, at least 1.
        observed: how many numbers an observation has, without its goal.
        goal: how many numbers a goal has; 0 for none.
        action: an action like those to come, for its shape and type.
        n_sampled_goal: relabelled transitions for each one that is not; 0 is no hindsight.
        rewards: the environment's `compute_reward(achieved, goals, info)`, for whole batches;
            needed with hindsight only.
    """

    def __init__(
        self,
        capacity: int,
        observed: int,
        goal: int,
        action: NDArray[Any],
        n_sampled_goal: int = 0,
        rewards: Rewards | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected at least 1, got {capacity}")
        if n_sampled_goal < 0:
            raise ValueError(f"n_sampled_goal: expected at least 0, got {n_sampled_goal}")
        if n_sampled_goal and (rewards is None or goal == 0):
            raise ValueError("use_her: expected an environment with goals, got one without")
        self.capacity = capacity
        self.added = 0  # in all; transition i lives in row i modulo capacity
        self._relabelled = n_sampled_goal / (1 + n_sampled_goal)
        self._compute_rewards = rewards if n_sampled_goal else None
        shapes = {
            "observation": (observed,),
            "goal": (goal,),
            "reward": (),
            "next_observation": (observed,),
            "achieved": (goal,),  # by the action
            "terminated": (),
        }
        self._columns: dict[str, NDArray[Any]] = {
            "action": np.zeros((capacity, *action.shape), action.dtype),
            # The transition before which its episode ended.
            "end": np.zeros(capacity, np.int64),
            **{name: np.zeros((capacity, *shape), np.float32) for name, shape in shapes.items()},
        }
        self._began = 0

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(
        self,
        observation: Vector,
        goal: Vector,
        action: Any,
        reward: float,
        next_observation: Vector,
        achieved: Vector,
        terminated: bool,
    ) -> None:
        """Keep one transition; the oldest gives way."""
        transition = {
            "observation": observation,
            "goal": goal,
            "action": action,
            "reward": reward,
            "next_observation": next_observation,
            "achieved": achieved,
            "terminated": terminated,
            "end": np.iinfo(np.int64).max,  # not yet
        }
        for name, value in transition.items():
            self._columns[name][self.added % self.capacity] = value
        self.added += 1

    def end_episode(self) -> None:
        """What is added from now on belongs to another episode."""
        kept = np.arange(max(self._began, self.added - self.capacity), self.added)
        self._columns["end"][kept % self.capacity] = self.added
        self._began = self.added

    def moments(self) -> tuple[Vector, Vector]:
        """Mean and standard deviation of each number of the inputs, the latter above 0."""
        kept = [self._columns[name][: len(self)] for name in ("observation", "goal")]
        inputs = np.hstack(kept)
        return inputs.mean(0), np.maximum(inputs.std(0), 1e-3)

    def sample(self, n: int, rng: np.random.Generator) -> Batch:
        """`n` of them, with replacement, as they were or with a goal reached later."""
        chosen = rng.integers(self.added - len(self), self.added, n)
        row = {name: column[chosen % self.capacity] for name, column in self._columns.items()}
        goals, rewards = row["goal"], row["reward"]
        if self._compute_rewards is not None:
            later = rng.integers(chosen, np.minimum(row["end"], self.added)) % self.capacity
            relabelled = rng.random((n, 1)) < self._relabelled
            goals = np.where(relabelled, self._columns["achieved"][later], goals)
            rewards = self._compute_rewards(row["achieved"], goals, {}).astype(np.float32)
        return Batch(
            np.hstack([row["observation"], goals]),
            row["action"],
            rewards,
            np.hstack([row["next_observation"], goals]),
            row["terminated"],
        )

    def state(self) -> dict[str, Any]:
        """All that is kept, in arrays, for `restore` to go on from."""
        kept = {name: column[: len(self)].copy() for name, column in self._columns.items()}
        return {"added": self.added, "columns": kept}

    def restore(self, state: dict[str, Any]) -> None:
        """Keep what another of the same capacity kept; another episode begins."""
        for name, column in state["columns"].items():
            self._columns[name][: len(column)] = column
        self.added = self._began = state["added"]
        np.minimum(self._columns["end"], self.added, out=self._columns["end"])
