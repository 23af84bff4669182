"""Soft actor-critic in one file.

Haarnoja et al. 2018, "Soft Actor-Critic Algorithms and Applications",
https://arxiv.org/abs/1812.05905. Goals are appended to observations; `use_her` relabels them.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from algorithms.base import Observation, Returns, Vector, split
from algorithms.replay import Batch, Replay

Tensor = Any  # PyTorch's types are not checked: it may not be installed
LOG_STD_RANGE = (-5.0, 2.0)


class CleanSAC:
    """An agent for continuous actions.

    Args:
        env: a Gymnasium environment with a `Box` of actions; with goals or without.
        seed: of the networks, of the environment and of what is drawn.
        learning_rate: of the actor, the critics and the temperature.
        gamma: discount, 0 to 1.
        tau: how far the target moves to the critics after each update, 0 to 1.
        batch_size: transitions of one update.
        buffer_size: transitions that are kept.
        learning_starts: steps with random actions before the first update.
        train_freq: steps between two updates.
        ent_coef: the temperature; "auto" learns it (section 5).
        net_arch: widths of the hidden layers.
        normalize: give the networks inputs of mean 0 and standard deviation 1, as seen so far.
        use_her: hindsight experience replay.
        n_sampled_goal: relabelled transitions for each other one.
    """

    def __init__(
        self,
        env: Any,
        seed: int,
        *,
        learning_rate: float = 1e-3,
        gamma: float = 0.95,
        tau: float = 0.05,
        batch_size: int = 256,
        buffer_size: int = 1_000_000,
        learning_starts: int = 500,
        train_freq: int = 1,
        ent_coef: float | str = "auto",
        net_arch: tuple[int, ...] = (256, 256),
        normalize: bool = True,
        use_her: bool = False,
        n_sampled_goal: int = 4,
    ) -> None:
        self.gamma, self.tau = gamma, tau
        self.batch_size, self.train_freq = batch_size, train_freq
        self.learning_starts = learning_starts
        self.normalize = normalize
        self._env = env
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._observation, _ = env.reset(seed=seed)
        observed, goal = split(self._observation)
        self._centre = torch.tensor((env.action_space.high + env.action_space.low) / 2)
        self._scale = torch.tensor((env.action_space.high - env.action_space.low) / 2)
        n_inputs, n_actions = len(observed) + len(goal), len(self._scale)
        self._replay = Replay(
            buffer_size,
            len(observed),
            len(goal),
            np.zeros(n_actions, np.float32),
            n_sampled_goal if use_her else 0,
            env.unwrapped.compute_reward if use_her and len(goal) else None,
        )
        self._mean, self._std = torch.zeros(n_inputs), torch.ones(n_inputs)
        self._actor = layers((n_inputs, *net_arch, 2 * n_actions), 1, self._generator)
        self._critics = layers((n_inputs + n_actions, *net_arch, 1), 2, self._generator)
        self._targets = [weight.detach().clone() for weight in self._critics]
        learnt = ent_coef == "auto"
        self._log_temperature = torch.tensor(
            0.0 if learnt else math.log(float(ent_coef)), requires_grad=learnt
        )
        self._optimizers = [
            torch.optim.Adam(weights, lr=learning_rate)
            for weights in (self._actor, self._critics, [self._log_temperature])
            if weights[0].requires_grad
        ]
        self._returns = Returns()
        self._steps = 0

    def select(self, values: Tensor) -> Tensor:
        """What both critics (2 × n) together say of n actions: the smaller (section 4.2)."""
        return values.min(0).values

    def act(self, observation: Observation) -> Any:
        """The mode of the policy."""
        return self._action(observation, explores=False)

    def learn(self, n_steps: int) -> dict[str, float]:
        """See `Agent.learn`."""
        for _ in range(n_steps):
            self._step()
            if self._steps > self.learning_starts and self._steps % self.train_freq == 0:
                self._update(self._replay.sample(self.batch_size, self._rng))
        return {"rollout_rewards_mean": self._returns.mean()}

    def _action(self, observation: Observation, *, explores: bool) -> Any:
        with torch.no_grad():
            inputs = self._normal(np.concatenate(split(observation))[None])
            return (self._scale * self._squashed(inputs, explores)[0][0] + self._centre).numpy()

    def _step(self) -> None:
        """One step in the environment."""
        if self._steps < self.learning_starts:
            squashed = self._rng.uniform(-1, 1, len(self._scale)).astype(np.float32)
            action = self._scale.numpy() * squashed + self._centre.numpy()
        else:
            action = self._action(self._observation, explores=True)
            squashed = (action - self._centre.numpy()) / self._scale.numpy()
        following, reward, terminated, truncated, _ = self._env.step(action)
        self._replay.add(
            *split(self._observation),
            squashed,
            float(reward),
            split(following)[0],
            following["achieved_goal"] if isinstance(following, dict) else np.empty(0, np.float32),
            terminated,
        )
        self._steps += 1
        self._returns.add(float(reward), terminated or truncated)
        self._observation = following
        if terminated or truncated:
            self._replay.end_episode()
            if self.normalize:
                self._mean, self._std = map(torch.from_numpy, self._replay.moments())
            self._observation, _ = self._env.reset()

    def _normal(self, inputs: Vector) -> Tensor:
        """What the networks are shown of inputs; nothing is further than 5 from the mean."""
        return ((torch.from_numpy(inputs) - self._mean) / self._std).clamp(-5, 5)

    def _squashed(self, inputs: Tensor, explores: bool = True) -> tuple[Tensor, Tensor]:
        """Actions in (-1, 1), n × n_actions, and their log probabilities, n (appendix C)."""
        mean, log_std = forward(self._actor, inputs[None])[0].chunk(2, -1)
        low, high = LOG_STD_RANGE
        std = (low + (high - low) * (torch.tanh(log_std) + 1) / 2).exp()
        noise = torch.randn(mean.shape, generator=self._generator) if explores else 0.0 * mean
        raw = mean + std * noise
        density = -(noise**2) / 2 - std.log() - math.log(2 * math.pi) / 2
        # log(1 - tanh(x)²), without cancellation where |x| is large
        squash = 2 * (math.log(2) - raw - functional.softplus(-2 * raw))
        return torch.tanh(raw), (density - squash).sum(-1)

    def _update(self, batch: Batch) -> None:
        """One step of the critics, the actor, the temperature and the targets."""
        inputs, following = self._normal(batch.inputs), self._normal(batch.next_inputs)
        temperature = self._log_temperature.exp()
        with torch.no_grad():
            actions, logs = self._squashed(following)
            value = self.select(values(self._targets, following, actions)) - temperature * logs
            alive = 1 - torch.from_numpy(batch.terminated)
            target = torch.from_numpy(batch.rewards) + self.gamma * alive * value  # (eq. 3)
        said = values(self._critics, inputs, torch.from_numpy(batch.actions))
        critic_loss = ((said - target) ** 2).mean(1).sum() / 2  # (eq. 5)
        self._descend(1, critic_loss, self._critics)

        actions, logs = self._squashed(inputs)
        actor_loss = (
            temperature.detach() * logs - self.select(values(self._critics, inputs, actions))
        ).mean()
        self._descend(0, actor_loss, self._actor)  # (eq. 7)
        if self._log_temperature.requires_grad:  # (eq. 18), with one nat less for each action
            surplus = logs.detach().mean() - len(self._scale)
            self._descend(2, -self._log_temperature * surplus, [self._log_temperature])
        with torch.no_grad():
            for kept, weight in zip(self._targets, self._critics, strict=True):
                kept.lerp_(weight, self.tau)

    def _descend(self, which: int, loss: Tensor, weights: list[Tensor]) -> None:
        """One step of an optimizer, with the gradient of its own weights only."""
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = gradient
        self._optimizers[which].step()


def layers(widths: tuple[int, ...], n: int, generator: Any) -> list[Tensor]:
    """Weights (n × in × out) and biases (n × 1 × out) of n networks that are run at once."""
    made = []
    for inside, outside in itertools.pairwise(widths):
        bound = inside**-0.5  # PyTorch's own, of torch.nn.Linear
        for shape in ((n, inside, outside), (n, 1, outside)):
            drawn = torch.rand(shape, generator=generator) * 2 * bound - bound
            made.append(drawn.requires_grad_())
    return made


def forward(weights: list[Tensor], inputs: Tensor) -> Tensor:
    """What n networks (see `layers`) make of inputs, n × batch × in: n × batch × out."""
    for layer in range(0, len(weights), 2):
        if layer:
            inputs = torch.relu(inputs)
        inputs = torch.baddbmm(weights[layer + 1], inputs, weights[layer])
    return inputs


def values(weights: list[Tensor], inputs: Tensor, actions: Tensor) -> Tensor:
    """What each of n critics says of actions: n × batch."""
    n = weights[0].shape[0]
    return forward(weights, torch.cat([inputs, actions], -1).expand(n, -1, -1))[..., 0]
