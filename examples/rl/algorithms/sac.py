"""The SAC of Stable-Baselines3, as one of our agents."""

from __future__ import annotations

from typing import Any

import stable_baselines3
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from algorithms.base import Observation, Returns


class SAC:
    """Takes the settings of `CleanSAC`, by the same names.

    Args:
        env: a Gymnasium environment with a `Box` of actions; with goals or without.
        seed: of the networks, of the environment and of what is drawn.
        net_arch: widths of the hidden layers.
        use_her: hindsight experience replay.
        n_sampled_goal: relabelled transitions for each other one.
        settings: the rest go to Stable-Baselines3 as they are.
    """

    def __init__(
        self,
        env: Any,
        seed: int,
        *,
        net_arch: tuple[int, ...] = (256, 256),
        use_her: bool = False,
        n_sampled_goal: int = 4,
        **settings: Any,
    ) -> None:
        goals = hasattr(env.unwrapped, "compute_reward")
        if use_her and not goals:
            raise ValueError("use_her: expected an environment with goals, got one without")
        hindsight = {
            "replay_buffer_class": HerReplayBuffer,
            "replay_buffer_kwargs": {
                "n_sampled_goal": n_sampled_goal,
                "goal_selection_strategy": "future",
            },
        }
        self._monitor = Monitor(env)
        self._seen = 0  # episodes of the monitor that were told of
        self._model = stable_baselines3.SAC(
            "MultiInputPolicy" if goals else "MlpPolicy",
            self._monitor,
            seed=seed,
            policy_kwargs={"net_arch": list(net_arch)},
            device="cpu",
            **(hindsight if use_her else {}),
            **settings,
        )

    def act(self, observation: Observation) -> Any:
        """The mode of the policy."""
        return self._model.predict(observation, deterministic=True)[0]

    def learn(self, n_steps: int) -> dict[str, float]:
        """See `Agent.learn`."""
        self._model.learn(n_steps, reset_num_timesteps=False)
        returns = self._monitor.get_episode_rewards()[self._seen :]
        self._seen += len(returns)
        total = Returns()
        for value in returns:
            total.add(value, ended=True)
        return {"rollout_rewards_mean": total.mean()}
