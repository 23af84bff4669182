"""Environments, and how well an agent does in them."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from algorithms import Agent

EVALUATION_SEED = 1_000_000
"""Of the first episode of an evaluation: each of them shows an agent the same episodes."""


def make(name: str) -> Any:
    """The environment of that name, also of gymnasium-robotics.

    Raises:
        gymnasium.error.Error: there is none.
    """
    if name.startswith("Fetch"):
        import gymnasium_robotics

        gymnasium.register_envs(gymnasium_robotics)
    return gymnasium.make(name)


def evaluate(agent: Agent, env: Any, n_episodes: int) -> dict[str, float]:
    """Let the agent do its best in `n_episodes`, which begin alike in each evaluation.

    Returns:
        `return`, the mean sum of an episode's rewards; and where the environment says what success
        is, `success_rate`: the share of episodes, 0 to 1, that were one at their last step.
    """
    returns, successes = [], []
    for episode in range(n_episodes):
        observation, info = env.reset(seed=EVALUATION_SEED + episode)
        total, ended = 0.0, False
        while not ended:
            observation, reward, terminated, truncated, info = env.step(agent.act(observation))
            total += float(reward)
            ended = terminated or truncated
        returns.append(total)
        if "is_success" in info:
            successes.append(float(info["is_success"]))
    found = {"return": float(np.mean(returns))}
    return {**found, "success_rate": float(np.mean(successes))} if successes else found
