"""Deep Q-learning, for environments with a few discrete actions.

Mnih et al. 2015, "Human-level control through deep reinforcement learning",
https://www.nature.com/articles/nature14236, algorithm 1; with the double estimator of van Hasselt
et al. 2016, https://arxiv.org/abs/1509.06461 (eq. 4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from algorithms.base import Observation, Returns, split
from algorithms.cleansac import forward, layers
from algorithms.replay import Batch, Replay

ADJUSTABLE = frozenset(
    "batch_size exploration_final_eps exploration_steps gamma target_update_interval "
    "train_freq".split()
)


class DQN:
    """An agent for discrete actions.

    Args:
        env: a Gymnasium environment with `Discrete` actions and a vector for an observation.
        seed: of the network, of the environment and of what is drawn.
        learning_rate: of Adam.
        gamma: discount, 0 to 1.
        batch_size: transitions of one update.
        buffer_size: transitions that are kept.
        learning_starts: steps with random actions before the first update.
        train_freq: steps between two updates.
        target_update_interval: steps after which the target is made equal to the network.
        exploration_steps: steps in which the share of random actions falls from 1 to
            `exploration_final_eps`.
        exploration_final_eps: the share of random actions after that.
        net_arch: widths of the hidden layers.
    """

    def __init__(
        self,
        env: Any,
        seed: int,
        *,
        learning_rate: float = 1e-3,
        gamma: float = 0.99,
        batch_size: int = 64,
        buffer_size: int = 50_000,
        learning_starts: int = 500,
        train_freq: int = 2,
        target_update_interval: int = 200,
        exploration_steps: int = 2_000,
        exploration_final_eps: float = 0.05,
        net_arch: tuple[int, ...] = (64, 64),
    ) -> None:
        self.gamma, self.batch_size, self.train_freq = gamma, batch_size, train_freq
        self.learning_starts, self.exploration_steps = learning_starts, exploration_steps
        self.target_update_interval = target_update_interval
        self.exploration_final_eps = exploration_final_eps
        self._env = env
        self._rng = np.random.default_rng(seed)
        self._observation, _ = env.reset(seed=seed)
        self._n_actions = int(env.action_space.n)
        observed = len(split(self._observation)[0])
        self._replay = Replay(buffer_size, observed, 0, np.zeros((), np.int64))
        generator = torch.Generator().manual_seed(seed)
        self._network = layers((observed, *net_arch, self._n_actions), 1, generator)
        self._target = [weight.detach().clone() for weight in self._network]
        self._optimizer = torch.optim.Adam(self._network, lr=learning_rate)
        self._returns = Returns()
        self._steps = 0

    def act(self, observation: Observation) -> int:
        """The action of the highest value."""
        with torch.no_grad():
            inputs = torch.from_numpy(split(observation)[0])[None, None]
            return int(forward(self._network, inputs).argmax())

    def learn(self, n_steps: int) -> dict[str, float]:
        """See `Agent.learn`."""
        for _ in range(n_steps):
            self._step()
            if self._steps <= self.learning_starts:
                continue
            if self._steps % self.train_freq == 0:
                self._update(self._replay.sample(self.batch_size, self._rng))
            if self._steps % self.target_update_interval == 0:
                self._target = [weight.detach().clone() for weight in self._network]
        return {"rollout_rewards_mean": self._returns.mean()}

    def adjust(self, learning_rate: float, **settings: float) -> None:
        """Go on with other settings: those that are numbers and no size of anything kept.

        Raises:
            ValueError: there is no such setting, or it cannot be changed.
        """
        for name, value in settings.items():
            if name not in ADJUSTABLE:
                raise ValueError(f"settings: expected some of {sorted(ADJUSTABLE)}, got {name!r}")
            setattr(self, name, value)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate

    def state(self) -> dict[str, Any]:
        """Tensors and numbers from which `restore` goes on."""
        replay = self._replay.state()
        columns = {name: torch.from_numpy(column) for name, column in replay["columns"].items()}
        return {
            "network": [weight.detach() for weight in self._network],
            "target": self._target,
            "optimizer": self._optimizer.state_dict(),
            "replay": {**replay, "columns": columns},
            "steps": self._steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`, with one's own settings, in a new episode."""
        rates = [group["lr"] for group in self._optimizer.param_groups]
        with torch.no_grad():
            for weight, saved in zip(self._network, state["network"], strict=True):
                weight.copy_(saved)
        self._target = state["target"]
        self._optimizer.load_state_dict(state["optimizer"])
        for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        replay = state["replay"]
        columns = {name: column.numpy() for name, column in replay["columns"].items()}
        self._replay.restore({**replay, "columns": columns})
        self._steps = state["steps"]

    def _step(self) -> None:
        """One step in the environment."""
        done = max(0, self._steps - self.learning_starts) / self.exploration_steps
        explores = max(self.exploration_final_eps, 1 - done * (1 - self.exploration_final_eps))
        if self._rng.random() < explores:
            action = int(self._rng.integers(self._n_actions))
        else:
            action = self.act(self._observation)
        following, reward, terminated, truncated, _ = self._env.step(action)
        observation, none = split(self._observation)
        self._replay.add(
            observation, none, action, float(reward), split(following)[0], none, terminated
        )
        self._steps += 1
        self._returns.add(float(reward), terminated or truncated)
        self._observation = following
        if terminated or truncated:
            self._replay.end_episode()
            self._observation, _ = self._env.reset()

    def _update(self, batch: Batch) -> None:
        """One step of the network."""
        following = torch.from_numpy(batch.next_inputs)[None]
        with torch.no_grad():
            best = forward(self._network, following)[0].argmax(1, keepdim=True)
            value = forward(self._target, following)[0].gather(1, best)[:, 0]
            alive = 1 - torch.from_numpy(batch.terminated)
            target = torch.from_numpy(batch.rewards) + self.gamma * alive * value
        said = forward(self._network, torch.from_numpy(batch.inputs)[None])[0]
        taken = said.gather(1, torch.from_numpy(batch.actions)[:, None])[:, 0]
        self._optimizer.zero_grad()
        functional.smooth_l1_loss(taken, target).backward()
        torch.nn.utils.clip_grad_norm_(self._network, 10.0)
        self._optimizer.step()
