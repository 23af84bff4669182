"""What the Tuners train, for Trimtab and for Ray Tune alike.

Each is made for one of them, within a function: so it is sent to worker processes as it is, and
these need not find this module.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Trainable = Callable[[dict[str, Any]], None]


def toy(tune: Any) -> Trainable:
    """The trainable of Ray's tutorial on population based training, the toy of the paper.

    Jaderberg et al. (2017), "Population Based Training of Neural Networks", figure 2.

    Args:
        tune: ``trimtab.tune`` or ``ray.tune``.
    """

    def train(config: dict[str, Any]) -> None:
        h = np.array([config["h0"], config["h1"]], dtype=float)
        step, theta = 0, np.array([0.9, 0.9])
        checkpoint = tune.get_checkpoint()
        if checkpoint:
            with checkpoint.as_directory() as folder:
                state = pickle.loads(Path(folder, "checkpoint.pkl").read_bytes())
            step, theta = state["train_step"], state["theta"]
        while True:
            step += 1
            theta = theta - 2.0 * config["lr"] * h * np.array([0.75, 1.0]) * theta
            result = {
                "Q": 1.2 - (0.75 * theta[0] ** 2 + theta[1] ** 2),
                "theta0": theta[0],
                "theta1": theta[1],
                "h0": config["h0"],
                "h1": config["h1"],
                "train_step": step,
            }
            with tempfile.TemporaryDirectory() as folder:
                checkpoint = None
                if step % config["checkpoint_interval"] == 0:
                    state = {"h": h, "train_step": step, "theta": theta}
                    Path(folder, "checkpoint.pkl").write_bytes(pickle.dumps(state))
                    checkpoint = tune.Checkpoint.from_directory(folder)
                tune.report(result, checkpoint=checkpoint)

    return train


def trivial(tune: Any) -> Trainable:
    """One report and nothing else."""

    def train(config: dict[str, Any]) -> None:
        tune.report({"loss": config["x"] ** 2})

    return train


def talkative(tune: Any) -> Trainable:
    """Reports ``config["reports"]`` times, and does nothing between."""

    def train(config: dict[str, Any]) -> None:
        for step in range(config["reports"]):
            tune.report({"loss": 1.0 / (step + 1.0)})

    return train


def member(tune: Any) -> Any:
    """Walks uphill at ``config["rate"]``, step by step; its state is a number."""

    class Member(tune.Trainable):  # type: ignore[misc]  # of one library or the other
        def setup(self, config: dict[str, Any]) -> None:
            self.height = 0.0

        def step(self) -> dict[str, float]:
            self.height += self.config["rate"]
            return {"height": self.height}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            Path(checkpoint_dir, "state").write_text(str(self.height), "ascii")

        def load_checkpoint(self, checkpoint: str) -> None:
            self.height = float(Path(checkpoint, "state").read_text("ascii"))

    return Member
