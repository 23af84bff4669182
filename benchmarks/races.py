"""Noisy sweeps, simulated: how often another arm than the best of those tried is named the best."""

from __future__ import annotations

from typing import Any

import numpy as np

import trimtab
from benchmarks.harness import Reading
from trimtab.samplers import TPESampler
from trimtab.samplers.racing import ArmRuns, Race


class RandomArms:
    """Losses of standard normal distribution: the same arms, in the same order, for every race."""

    scale = 1.0
    """Standard deviation of the arms' true losses."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 0])

    def begin(self) -> float:
        """The true loss of a new arm."""
        return float(self._rng.standard_normal())

    def told(self, arm: int, loss: float) -> None:
        """It does not learn."""


class TPEArms:
    """Those that TPE proposes for the sum of two squares, told of every run."""

    scale = (8 / 45) ** 0.5
    """Standard deviation of the loss over the square from -1 to 1."""

    def __init__(self, seed: int) -> None:
        self.study = trimtab.create_study(sampler=TPESampler(seed=seed))
        self._first: list[int] = []
        self._begun: Any = None

    def begin(self) -> float:
        """The true loss of a new arm."""
        trial = self.study.ask()
        self._first.append(trial.number)
        self._begun = trial
        return _square(trial)

    def told(self, arm: int, loss: float) -> None:
        """Tell a run of an arm."""
        trial, self._begun = self._begun, None
        if trial is None:
            trial = self.study.ask(replicate_of=self._first[arm])
            _square(trial)
        self.study.tell(trial, loss)


def _square(trial: trimtab.Trial) -> float:
    return float(sum(trial.suggest_float(name, -1.0, 1.0) ** 2 for name in "xy"))


SAMPLERS: dict[str, type[RandomArms] | type[TPEArms]] = {"random": RandomArms, "TPE": TPEArms}


def sweep(
    arms: RandomArms | TPEArms, race: Race, runs: int, most: int | None, noise: float, seed: int
) -> Reading:
    """One sweep: whether its winner is wrong, its true loss, and how much was run.

    Args:
        arms: Where new arms come from.
        race: Who is run.
        runs: In all, at most.
        most: Arms that there are; None: no end of them.
        noise: Standard deviation of a run.
        seed: Of the noise, which is the same for the n-th run of the m-th arm in every sweep.
    """
    means: list[float] = []
    losses: list[tuple[float, ...]] = []
    for spent in range(runs):
        left = most is None or len(means) < most
        i = race.next_run([ArmRuns(each) for each in losses], runs - spent, left)
        if i is None:
            if not left:
                break
            i = len(means)
            means.append(arms.begin())
            losses.append(())
        draw = np.random.default_rng([seed, 1, i, len(losses[i])]).standard_normal()
        loss = means[i] + noise * float(draw)
        losses[i] += (loss,)
        arms.told(i, loss)
    winner = race.incumbent([ArmRuns(each) for each in losses])
    if winner is None:
        raise ValueError("`runs`: too few for one arm.")
    return {
        "wrong": float(means[winner] > min(means)),
        "loss": means[winner],
        "arms": len(means),
        "runs": sum(map(len, losses)),
    }


def contest(
    sampler: str,
    race: tuple[int, int, float],
    fixed: int,
    runs: int,
    most: int | None,
    noise: float,
    sweeps: int,
) -> Reading:
    """Many sweeps by racing and by fixed repeats; the mean of what `sweep` says of each.

    Args:
        sampler: Of both.
        race: Minimum, maximum and extra share.
        fixed: How often every arm is run in the other.
        runs: In each sweep.
        most: Arms that there are; None: no end of them.
        noise: Standard deviation of a run, in terms of that of the arms' true losses.
        sweeps: How many, each with a seed of its own.
    """
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    source = SAMPLERS[sampler]
    found: Reading = {}
    for name, each in (("race", Race(*race)), ("fixed", Race(fixed, fixed))):
        made = [
            sweep(source(seed), each, runs, most, noise * source.scale, seed)
            for seed in range(sweeps)
        ]
        for key in made[0]:
            found[f"{name} {key}"] = sum(reading[key] for reading in made) / sweeps
    return found
