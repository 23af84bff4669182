"""Environments in which an agent can learn all there is within a second."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class Signs(gymnasium.Env):  # type: ignore[misc] # its types are not checked
    """Several times: a number that is -1 or 1, and a reward of 1 for saying which."""

    observation_space = spaces.Box(-1, 1, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, length: int = 20) -> None:
        self._length = length

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self._left = self._length
        return self._next(), {}

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        reward = float(action == (self._shown > 0))
        self._left -= 1
        return self._next(), reward, self._left == 0, False, {}

    def _next(self) -> NDArray[np.float32]:
        self._shown = self.np_random.choice([-1, 1])
        return np.array([self._shown], np.float32)


Goals = dict[str, NDArray[np.float64]]


class Line(gymnasium.Env):  # type: ignore[misc]
    """A point on a line is to be moved to a goal, ten steps of at most 0.2; rewards are sparse."""

    observation_space = spaces.Dict(
        {
            name: spaces.Box(-3, 3, (1,), np.float64)
            for name in ("observation", "achieved_goal", "desired_goal")
        }
    )
    action_space = spaces.Box(-2, 2, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Goals, dict[str, Any]]:
        super().reset(seed=seed)
        self._left, self._at = 10, 0.0
        self._goal = self.np_random.uniform(-1, 1)
        return self._seen(), {}

    def step(self, action: NDArray[np.float32]) -> tuple[Goals, float, bool, bool, dict[str, Any]]:
        self._at += 0.1 * float(action[0])
        self._left -= 1
        seen = self._seen()
        reward = self.compute_reward(seen["achieved_goal"], seen["desired_goal"], {})
        success = {"is_success": float(reward == 0)}
        return seen, float(reward), False, self._left == 0, success

    def compute_reward(
        self, achieved: NDArray[Any], goals: NDArray[Any], info: dict[str, Any]
    ) -> NDArray[np.float32]:
        """0 within 0.1 of the goal, else -1."""
        far: NDArray[np.bool_] = np.abs(achieved - goals).max(-1) > 0.1
        return -far.astype(np.float32)

    def _seen(self) -> Goals:
        return {
            "observation": np.array([self._at]),
            "achieved_goal": np.array([self._at]),
            "desired_goal": np.array([self._goal]),
        }
