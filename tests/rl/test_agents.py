"""The agents: that they learn, and the parts in which mistakes would only make them worse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.rl import example

algorithms = example("algorithms")
gymnasium: Any = pytest.importorskip("gymnasium")
environments = example("environments")
torch: Any = pytest.importorskip("torch")
worlds: Any = example("tests.rl.worlds")

SMALL = {"net_arch": (32, 32), "batch_size": 64, "learning_starts": 100}
HINDSIGHT = {**SMALL, "use_her": True, "ent_coef": 0.05, "gamma": 0.9, "train_freq": 2}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_dqn_learns() -> None:
    world = worlds.Signs()
    agent = algorithms.build("dqn", world, 0, exploration_steps=200, **SMALL)
    first = agent.learn(100)["rollout_rewards_mean"]
    assert 6 < first < 14  # of 20, at random
    agent.learn(400)
    assert environments.evaluate(agent, worlds.Signs(), 3) == {"return": 20.0}


def test_nothing_is_expected_after_the_end() -> None:
    agent = algorithms.build("dqn", worlds.Signs(1), 0, gamma=0.9, learning_rate=0.01, **SMALL)
    agent.learn(600)
    value = example("algorithms.cleansac").forward(agent._network, torch.ones(1, 1, 1)).max()
    assert float(value.detach()) == pytest.approx(1.0, abs=0.1)  # 10 without an end


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cleansac", {}),
        ("cleansac_mod", {"critic_select": "max"}),
        ("cleansac", {"ent_coef": "auto"}),
    ],
)
def test_sac_reaches_goals_by_hindsight(name: str, settings: dict[str, Any]) -> None:
    agent = algorithms.build(name, worlds.Line(), 0, **{**HINDSIGHT, **settings})
    agent.learn(1_000)
    assert environments.evaluate(agent, worlds.Line(), 20)["success_rate"] > 0.8


def test_the_library_agent_is_one_of_ours() -> None:
    agent = algorithms.build("sac", worlds.Line(), 0, **HINDSIGHT)
    assert math.isnan(agent.learn(5)["rollout_rewards_mean"])
    assert -10 <= agent.learn(115)["rollout_rewards_mean"] <= 0
    shown = environments.evaluate(agent, worlds.Line(), 2)
    assert set(shown) == {"return", "success_rate"}


@pytest.mark.parametrize("name", ["cleansac", "dqn"])
def test_a_seed_repeats_a_run(name: str) -> None:
    def weights(seed: int) -> Any:
        world = worlds.Signs() if name == "dqn" else worlds.Line()
        agent = algorithms.build(name, world, seed, **SMALL)
        agent.learn(150)
        return (agent._network if name == "dqn" else agent._actor)[0].detach()

    one, again, other = weights(1), weights(1), weights(2)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_the_critic_that_is_believed() -> None:
    said = torch.tensor([[1.0, 5.0], [2.0, 3.0]])
    for name, settings, expected in [
        ("cleansac", {}, [1.0, 3.0]),
        ("cleansac_mod", {"critic_select": "min"}, [1.0, 3.0]),
        ("cleansac_mod", {"critic_select": "max"}, [2.0, 5.0]),
    ]:
        agent = algorithms.build(name, worlds.Line(), 0, **settings)
        assert agent.select(said).tolist() == expected
    with pytest.raises(ValueError, match="critic_select: expected 'min' or 'max', got 'mean'"):
        algorithms.build("cleansac_mod", worlds.Line(), 0, critic_select="mean")


def test_log_probabilities_are_those_of_a_squashed_normal() -> None:
    """Against the density that the samples themselves have."""
    agent = algorithms.build("cleansac", worlds.Line(), 3, **HINDSIGHT)
    with torch.no_grad():
        actions, logs = agent._squashed(torch.ones(200_000, 2))
    counts, edges = np.histogram(actions[:, 0].numpy(), 40, (-0.9, 0.9))
    density = counts / len(actions) / (edges[1] - edges[0])
    middle = np.digitize(actions[:, 0].numpy(), edges) - 1
    for k in np.flatnonzero(counts > 2_000):
        assert logs[middle == k].exp().mean() == pytest.approx(density[k], rel=0.1)


def test_targets_follow_and_gradients_stay_apart() -> None:
    agent = algorithms.build("cleansac", worlds.Line(), 0, tau=0.25, **HINDSIGHT)
    agent.learn(100)
    before = [weight.clone() for weight in agent._targets]
    agent.learn(2)  # one update
    for old, new, critic in zip(before, agent._targets, agent._critics, strict=True):
        assert torch.allclose(new, old + 0.25 * (critic - old), atol=1e-6)
    assert any(not torch.equal(old, new) for old, new in zip(before, agent._targets, strict=True))


def test_networks_run_at_once_are_those_run_alone() -> None:
    cleansac = example("algorithms.cleansac")
    both = cleansac.layers((3, 8, 2), 2, torch.Generator().manual_seed(0))
    inputs = torch.rand(5, 3)
    together = cleansac.forward(both, inputs.expand(2, -1, -1))
    for k in range(2):
        hidden = torch.relu(inputs @ both[0][k] + both[1][k])
        assert torch.allclose(together[k], hidden @ both[2][k] + both[3][k], atol=1e-6)


def test_dqn_goes_on_from_its_state() -> None:
    agent = algorithms.build("dqn", worlds.Signs(), 0, **SMALL)
    agent.learn(200)
    other = algorithms.build("dqn", worlds.Signs(), 9, **{**SMALL, "learning_rate": 0.5})
    other.restore(agent.state())
    for one, two in zip(agent._network, other._network, strict=True):
        assert torch.equal(one, two)
    assert (other._steps, len(other._replay)) == (200, 200)
    assert other._optimizer.param_groups[0]["lr"] == 0.5  # settings are its own
    other.adjust(learning_rate=0.1, gamma=0.5)
    assert other._optimizer.param_groups[0]["lr"] == 0.1
    assert other.gamma == 0.5
    with pytest.raises(ValueError, match=r"settings: expected some of .*, got 'net_arch'"):
        other.adjust(0.1, net_arch=3)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match=r"algorithm.name: expected one of .*, got 'ppo'"):
        algorithms.build("ppo", worlds.Line(), 0)
    with pytest.raises(TypeError, match="learning_rat"):
        algorithms.build("cleansac", worlds.Line(), 0, learning_rat=0.1)
    with pytest.raises(ValueError, match="use_her: expected an environment with goals"):
        algorithms.build("sac", gymnasium.make("Pendulum-v1"), 0, use_her=True)
