"""What trials find: functions of named parameters, in instances.

An instance is shifted or reflected, so that no sampler gains by where it looks first; the middle of
a range, where some begin, is never the best point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab import CategoricalDistribution, FloatDistribution, IntDistribution
from trimtab.benchmarks import branin, hartmann6

Array = NDArray[np.float64]
Distribution = FloatDistribution | IntDistribution | CategoricalDistribution
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a trial finds, without noise.

    Attributes:
        values: One for each objective, to be minimized.
        constraints: One for each constraint, kept where it is at most 0.
    """

    values: tuple[float, ...]
    constraints: tuple[float, ...] = ()


@dataclass(frozen=True)
class Instance:
    """One instance of a problem.

    Attributes:
        space: What the parameters may be.
        outcome: What a trial of them finds.
        optimum: The smallest feasible value; of two objectives the largest hypervolume.
    """

    space: Mapping[str, Distribution]
    outcome: Callable[[Params], Outcome]
    optimum: float


# ------------------------------------------------------------------ floats


def _cube(low: float, high: float, d: int) -> dict[str, Distribution]:
    return {f"x{i}": FloatDistribution(low, high) for i in range(d)}


def _point(params: Params, d: int) -> Array:
    return np.array([params[f"x{i}"] for i in range(d)], dtype=np.float64)


def shifted(
    function: Callable[[Array], float], d: int, low: float, high: float, home: float
) -> Callable[[int], Instance]:
    """A function with its minimum of 0 where all coordinates are ``home``, moved elsewhere."""

    def make(instance: int) -> Instance:
        share = np.random.default_rng(instance).uniform(0.15, 0.85, d)
        best = low + (high - low) * share

        def outcome(params: Params) -> Outcome:
            return Outcome((function(_point(params, d) - best + home),))

        return Instance(_cube(low, high, d), outcome, 0.0)

    return make


def _reflection(instance: int, d: int) -> Callable[[Array], Array]:
    """Some axes of the unit cube turned round: the minimum moves, its depth does not."""
    turned = np.random.default_rng(instance).random(d) < 0.5

    def reflect(x: Array) -> Array:
        return np.where(turned, 1.0 - x, x)

    return reflect


def ackley(x: Array) -> float:
    """Ackley 1987: a deep hole in a plain of ripples."""
    slope = 20.0 * math.exp(-0.2 * math.sqrt(float(np.mean(x**2))))
    ripples = math.exp(float(np.mean(np.cos(2.0 * math.pi * x))))
    return 20.0 + math.e - slope - ripples


def levy(x: Array) -> float:
    """Levy & Montalvo 1985: a bowl with waves."""
    w = 1.0 + (x - 1.0) / 4.0
    inner = (w[:-1] - 1.0) ** 2 * (1.0 + 10.0 * np.sin(math.pi * w[:-1] + 1.0) ** 2)
    last = (w[-1] - 1.0) ** 2 * (1.0 + np.sin(2.0 * math.pi * w[-1]) ** 2)
    return float(np.sin(math.pi * w[0]) ** 2 + np.sum(inner) + last)


def rosenbrock(x: Array) -> float:
    """Rosenbrock 1960: a bent valley with steep walls."""
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def _branin_at(unit: Array) -> float:
    """Branin's function with both axes scaled to [0, 1]."""
    return float(branin(15.0 * unit[0] - 5.0, 15.0 * unit[1]))


def branin_turned(instance: int) -> Instance:
    reflect = _reflection(instance, 2)

    def outcome(params: Params) -> Outcome:
        return Outcome((_branin_at(reflect(_point(params, 2))),))

    return Instance(_cube(0.0, 1.0, 2), outcome, branin.fmin)


def hartmann_turned(instance: int) -> Instance:
    reflect = _reflection(instance, 6)

    def outcome(params: Params) -> Outcome:
        return Outcome((float(hartmann6(reflect(_point(params, 6)))),))

    return Instance(_cube(0.0, 1.0, 6), outcome, hartmann6.fmin)


def bbob(function: int, d: int) -> Callable[[int], Instance]:
    """A function of the bbob suite on [-5, 5]^d (Hansen et al. 2009), by coco-experiment."""

    def make(instance: int) -> Instance:
        from cocoex import BareProblem

        problem = BareProblem("bbob", function, d, instance)

        def outcome(params: Params) -> Outcome:
            return Outcome((float(problem(_point(params, d))),))

        return Instance(_cube(-5.0, 5.0, d), outcome, float(problem.best_value()))

    return make


# ------------------------------------------------------------------ mixed


def network(instance: int) -> Instance:
    """Like a network's settings: two rates on log scales, a width, a depth and two choices.

    Each optimizer moves the best learning rate, and which one is best differs by instance.
    """
    rng = np.random.default_rng(instance)
    rate, decay = rng.uniform(0.15, 0.7, 2)
    width, depth = int(2.0 ** rng.uniform(4.5, 8.5)), int(rng.integers(2, 8))
    optimizers = ["adam", "rmsprop", "sgd"]
    activations = ["elu", "gelu", "relu", "tanh"]
    moved = dict(zip(rng.permutation(optimizers).tolist(), (0.0, 0.1, 0.2), strict=True))
    costs = dict(zip(rng.permutation(activations).tolist(), (0.0, 0.1, 0.2, 0.3), strict=True))
    space: dict[str, Distribution] = {
        "lr": FloatDistribution(1e-5, 1.0, log=True),
        "decay": FloatDistribution(1e-6, 1e-1, log=True),
        "width": IntDistribution(16, 512, log=True),
        "depth": IntDistribution(1, 8),
        "optimizer": CategoricalDistribution(optimizers),
        "activation": CategoricalDistribution(activations),
    }

    def outcome(params: Params) -> Outcome:
        shift = moved[params["optimizer"]]
        lr = 1.0 + math.log10(params["lr"]) / 5.0
        wd = 1.2 + math.log10(params["decay"]) / 5.0
        value = (
            12.0 * (lr - rate - shift) ** 2
            + 2.0 * (wd - decay) ** 2
            + 0.125 * math.log2(params["width"] / width) ** 2
            + 0.05 * (params["depth"] - depth) ** 2
            + 2.0 * shift
            + costs[params["activation"]]
        )
        return Outcome((value,))

    return Instance(space, outcome, 0.0)


MIXED_WELLS_MINIMUM = -3.269547
"""Of Hartmann6 where its last two coordinates are tenths."""


def wells(instance: int) -> Instance:
    """Hartmann6 with two coordinates in tenths, mirrored and raised by a choice of four."""
    reflect = _reflection(instance, 6)
    rng = np.random.default_rng(instance)
    regimes = ["east", "north", "south", "west"]
    raised = dict(zip(rng.permutation(regimes).tolist(), (0.0, 0.3, 0.6, 0.9), strict=True))
    mirrors = {name: _reflection(1000 * instance + i, 6) for i, name in enumerate(regimes)}
    space: dict[str, Distribution] = {
        **_cube(0.0, 1.0, 4),
        "n0": IntDistribution(0, 10),
        "n1": IntDistribution(0, 10),
        "regime": CategoricalDistribution(regimes),
    }

    def outcome(params: Params) -> Outcome:
        tenths = np.array([params["n0"], params["n1"]]) / 10.0
        place = reflect(np.concatenate([_point(params, 4), tenths]))
        value = float(hartmann6(mirrors[params["regime"]](place)))
        return Outcome((value + raised[params["regime"]],))

    return Instance(space, outcome, MIXED_WELLS_MINIMUM)


# ------------------------------------------------------------------ constrained


GRAMACY_MINIMUM = 0.599788
BALL_MINIMUM = -2.959443


def gramacy(instance: int) -> Instance:
    """A plane between two curves (Gramacy et al., "Modeling an augmented Lagrangian", 2016)."""
    reflect = _reflection(instance, 2)

    def outcome(params: Params) -> Outcome:
        a, b = reflect(_point(params, 2)).tolist()
        wave = 1.5 - a - 2.0 * b - 0.5 * math.sin(2.0 * math.pi * (a**2 - 2.0 * b))
        return Outcome((a + b,), (wave, a**2 + b**2 - 1.5))

    return Instance(_cube(0.0, 1.0, 2), outcome, GRAMACY_MINIMUM)


def ball(instance: int) -> Instance:
    """Hartmann6 within 0.8 of a corner, which leaves its minimum outside."""
    reflect = _reflection(instance, 6)

    def outcome(params: Params) -> Outcome:
        place = reflect(_point(params, 6))
        return Outcome((float(hartmann6(place)),), (float(np.linalg.norm(place)) - 0.8,))

    return Instance(_cube(0.0, 1.0, 6), outcome, BALL_MINIMUM)


# ------------------------------------------------------------------ two objectives


def branin_currin(instance: int) -> Instance:
    """Branin's function and Currin's exponential one (Belakaria et al. 2019)."""
    reflect = _reflection(instance, 2)

    def outcome(params: Params) -> Outcome:
        a, b = place = reflect(_point(params, 2))
        fade = 1.0 - math.exp(-0.5 / b) if b > 0.0 else 1.0
        above = 2300.0 * a**3 + 1900.0 * a**2 + 2092.0 * a + 60.0
        below = 100.0 * a**3 + 500.0 * a**2 + 4.0 * a + 20.0
        return Outcome((_branin_at(place), float(fade * above / below)))

    return Instance(_cube(0.0, 1.0, 2), outcome, BRANIN_CURRIN_VOLUME)


BRANIN_CURRIN_VOLUME = 59.38
"""Up to (18, 6); rounded up from a grid of 8,000 by 8,000 points."""


def quarter_circle(instance: int) -> Instance:
    """DTLZ2 of four floats (Deb et al. 2002), its front at a place of the instance."""
    rng = np.random.default_rng(instance)
    best = rng.uniform(0.15, 0.85, 3)

    def outcome(params: Params) -> Outcome:
        place = _point(params, 4)
        radius = 1.0 + float(np.sum((place[1:] - best) ** 2))
        angle = 0.5 * math.pi * float(place[0])
        return Outcome((radius * math.cos(angle), radius * math.sin(angle)))

    return Instance(_cube(0.0, 1.0, 4), outcome, 1.1**2 - math.pi / 4.0)
