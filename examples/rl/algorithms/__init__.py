"""The agents, by the names that `conf/algorithm/` gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from algorithms.base import Agent
from algorithms.cleansac import CleanSAC
from algorithms.cleansac_mod import CleanSACMod
from algorithms.dqn import DQN
from algorithms.sac import SAC

__all__ = ["ALGORITHMS", "Agent", "build"]

ALGORITHMS: Mapping[str, Callable[..., Agent]] = {
    "cleansac": CleanSAC,
    "cleansac_mod": CleanSACMod,
    "dqn": DQN,
    "sac": SAC,
}


def build(name: str, env: Any, seed: int, **settings: Any) -> Agent:
    """Make the agent `name` for a Gymnasium environment.

    Raises:
        ValueError: `name` is not one of `ALGORITHMS`.
        TypeError: the agent has no setting of that name.
    """
    if name not in ALGORITHMS:
        raise ValueError(f"algorithm.name: expected one of {sorted(ALGORITHMS)}, got {name!r}")
    return ALGORITHMS[name](env, seed, **settings)
