"""What every agent can do."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Observation = NDArray[Any] | dict[str, NDArray[Any]]
Vector = NDArray[np.float32]


class Agent(Protocol):
    """Learns in one environment, of which it was made, and acts in others like it."""

    def learn(self, n_steps: int) -> dict[str, float]:
        """Take `n_steps` more in the environment and learn from them.

        Returns:
            `rollout_rewards_mean`: the mean return of the episodes that ended meanwhile, in which
            it also explored; NaN where none ended.
        """
        ...

    def act(self, observation: Observation) -> Any:
        """What it thinks best: an action of the environment, without exploring."""
        ...


def split(observation: Observation) -> tuple[Vector, Vector]:
    """An observation and its goal, which is empty where the environment has none."""
    if isinstance(observation, dict):
        return (
            observation["observation"].astype(np.float32),
            observation["desired_goal"].astype(np.float32),
        )
    return observation.astype(np.float32), np.empty(0, np.float32)


class Returns:
    """Sums the rewards of each episode; keeps those of the episodes that ended since last asked."""

    def __init__(self) -> None:
        self._ended: list[float] = []
        self._current = 0.0

    def add(self, reward: float, ended: bool) -> None:
        self._current += reward
        if ended:
            self._ended.append(self._current)
            self._current = 0.0

    def mean(self) -> float:
        """Mean return of the episodes since last asked; NaN for none."""
        mean = float(np.mean(self._ended)) if self._ended else float("nan")
        self._ended.clear()
        return mean
