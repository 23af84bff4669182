"""The problems that samplers are compared on.

An objective takes a trial with ``suggest_float``, ``suggest_int`` and ``suggest_categorical``, so
that it runs under Trimtab, Optuna and Rustuna alike, and returns a value to be minimized. A
problem comes in instances (shifted, rotated, or with another noise of the data), so that a sampler
is not tuned to where one optimum happens to lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np


class SuggestingTrial(Protocol):
    """What an objective needs of a trial."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A float of the range."""

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """An integer of the range."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""


Objective = Callable[[Any], float]


@dataclass(frozen=True)
class Problem:
    """One problem to be minimized.

    Attributes:
        name: For tables.
        kind: ``bbob``, ``mixed``, ``conditional`` or ``model``.
        make: The objective and its smallest possible value, of one instance (an integer of at
            least 1).
    """

    name: str
    kind: str
    make: Callable[[int], tuple[Objective, float]]


# ---------------------------------------------------------------------- bbob


def _bbob(function: int, dimension: int) -> Problem:
    """A function of the bbob suite on [-5, 5]^d (Hansen et al. 2009), by coco-experiment."""

    def make(instance: int) -> tuple[Objective, float]:
        from cocoex import BareProblem

        problem = BareProblem("bbob", function, dimension, instance)

        def objective(trial: SuggestingTrial) -> float:
            point = [trial.suggest_float(f"x{i}", -5.0, 5.0) for i in range(dimension)]
            return float(problem(np.array(point)))

        return objective, float(problem.best_value())

    return Problem(f"bbob f{function} {dimension}d", "bbob", make)


# ---------------------------------------------------------------------- mixed


def _shift(instance: int, count: int) -> list[float]:
    """Where an instance has its optimum, in the unit cube and away from its faces."""
    return [float(x) for x in np.random.default_rng(instance).uniform(0.15, 0.85, count)]


def _mixed(instance: int) -> tuple[Objective, float]:
    """Floats, logs, integers and choices whose optimum depends on the choice.

    Like the settings of a network: a learning rate and a decay on log scales, a width and a depth,
    an optimizer that moves the best learning rate.
    """
    rate, decay, drop, width, depth = _shift(instance, 5)
    optimizers = {"sgd": (0.15, 0.6), "adam": (0.0, 0.0), "rmsprop": (0.07, 0.25)}
    activations = {"relu": 0.0, "tanh": 0.3, "gelu": 0.1, "elu": 0.2}
    best_width = 2.0 ** (4.0 + 5.0 * width)
    best_depth = 1 + round(7 * depth)

    def objective(trial: SuggestingTrial) -> float:
        optimizer = trial.suggest_categorical("optimizer", list(optimizers))
        shift, cost = optimizers[optimizer]
        lr = math.log10(trial.suggest_float("lr", 1e-5, 1.0, log=True)) / 5.0 + 1.0
        wd = math.log10(trial.suggest_float("decay", 1e-6, 1e-1, log=True)) / 5.0 + 1.2
        dropout = trial.suggest_float("dropout", 0.0, 0.8, step=0.05)
        units = trial.suggest_int("width", 16, 512, log=True)
        layers = trial.suggest_int("depth", 1, 8)
        activation = trial.suggest_categorical("activation", list(activations))
        return (
            12.0 * (lr - rate - shift) ** 2
            + 2.0 * (wd - decay) ** 2
            + 1.5 * abs(dropout - 0.05 * round(16 * drop))
            + 0.5 * math.log2(units / best_width) ** 2 / 4.0
            + 0.1 * (layers - best_depth) ** 2 / 2.0
            + cost
            + activations[activation]
        )

    floor = 0.5 * math.log2(round(best_width) / best_width) ** 2 / 4.0
    return objective, float(floor)


def _choices(instance: int) -> tuple[Objective, float]:
    """Six choices of five and two integers, in pairs that act together: a table to look up."""
    rng = np.random.default_rng(instance)
    tables = rng.uniform(0.0, 1.0, (3, 5, 5)) ** 1.5
    tables -= tables.min(axis=(1, 2), keepdims=True)
    low, high = rng.integers(2, 18, 2)
    letters = "abcde"

    def objective(trial: SuggestingTrial) -> float:
        picks = [letters.index(trial.suggest_categorical(f"c{i}", list(letters))) for i in range(6)]
        total = sum(tables[i][picks[2 * i]][picks[2 * i + 1]] for i in range(3))
        p, q = trial.suggest_int("p", 0, 20), trial.suggest_int("q", 0, 20)
        return float(total + 0.01 * (p - low) ** 2 + 0.02 * (q - p + low - high) ** 2 / 2.0)

    return objective, 0.0


def _grid(instance: int) -> tuple[Objective, float]:
    """Ten integers, a rugged valley: narrow cells and interactions between neighbours."""
    target = np.random.default_rng(instance).integers(3, 28, 10)

    def objective(trial: SuggestingTrial) -> float:
        point = np.array([trial.suggest_int(f"n{i}", 0, 31) for i in range(10)])
        off = (point - target) / 31.0
        valley = np.sum((off[1:] - off[:-1]) ** 2)
        return float(10.0 * np.sum(off**2) + 20.0 * valley + 0.2 * np.sum(np.abs(off) > 1e-9))

    return objective, 0.0


# ---------------------------------------------------------------------- conditional


def _branches(instance: int) -> tuple[Objective, float]:
    """Four branches with parameters of their own and two that all of them share.

    What is shared matters in every branch alike, so that it ought to be learnt from all trials;
    one branch is best, and one looks good early on.
    """
    rng = np.random.default_rng(instance)
    shared = rng.uniform(0.15, 0.85, 2)
    inner = rng.uniform(0.15, 0.85, (4, 3))
    floors = rng.permutation([0.0, 0.15, 0.3, 0.6])
    steep = np.where(floors == 0.0, 6.0, 2.0)

    def objective(trial: SuggestingTrial) -> float:
        a, b = trial.suggest_float("a", 0.0, 1.0), trial.suggest_float("b", 0.0, 1.0)
        branch = trial.suggest_categorical("branch", ["w", "x", "y", "z"])
        index = "wxyz".index(branch)
        own = [trial.suggest_float(f"{branch}{i}", 0.0, 1.0) for i in range(1 + index % 3)]
        cost = sum((value - best) ** 2 for value, best in zip(own, inner[index], strict=False))
        common = 4.0 * (a - shared[0]) ** 2 + 4.0 * (b - shared[1]) ** 2
        return float(common + steep[index] * cost + floors[index])

    return objective, 0.0


def _layers(instance: int) -> tuple[Objective, float]:
    """A depth and, for each layer that exists, a width and a rate: nested parameters."""
    rng = np.random.default_rng(instance)
    best = int(rng.integers(2, 5))
    widths, rates = rng.uniform(0.2, 0.8, 5), rng.uniform(0.2, 0.8, 5)

    def objective(trial: SuggestingTrial) -> float:
        depth = trial.suggest_int("depth", 1, 5)
        total = 0.3 * abs(depth - best)
        scale = math.log10(trial.suggest_float("scale", 1e-3, 1e3, log=True)) / 6.0
        total += 4.0 * (scale - 0.3 * (widths[0] - 0.5)) ** 2
        for i in range(depth):
            units = math.log2(trial.suggest_int(f"units{i}", 8, 1024, log=True) / 8.0) / 7.0
            rate = trial.suggest_float(f"rate{i}", 0.0, 1.0)
            total += 1.5 * (units - widths[i]) ** 2 + (rate - rates[i]) ** 2
        return float(total)

    return objective, 0.0


# ---------------------------------------------------------------------- a real model


@lru_cache(maxsize=4)
def _digits(instance: int) -> tuple[Any, ...]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    split = train_test_split(
        images / 16.0, labels, train_size=500, test_size=900, random_state=instance, stratify=labels
    )
    return tuple(split)


def _svc(instance: int) -> tuple[Objective, float]:
    """A support vector classifier on handwritten digits: kernel, cost, width, degree, scaling.

    The value is the mean log-odds-like loss of the held-out images: error plus half the hinge
    margin, which is smoother than the error alone.
    """
    train_x, test_x, train_y, test_y = _digits(instance)

    def objective(trial: SuggestingTrial) -> float:
        from sklearn.svm import SVC

        kernel = trial.suggest_categorical("kernel", ["rbf", "poly", "sigmoid", "linear"])
        settings: dict[str, Any] = {"C": trial.suggest_float("C", 1e-3, 1e3, log=True)}
        if kernel != "linear":
            settings["gamma"] = trial.suggest_float("gamma", 1e-4, 10.0, log=True)
        if kernel == "poly":
            settings["degree"] = trial.suggest_int("degree", 2, 6)
        if kernel in ("poly", "sigmoid"):
            settings["coef0"] = trial.suggest_float("coef0", -1.0, 2.0)
        power = trial.suggest_float("power", 0.2, 3.0, log=True)
        settings["shrinking"] = trial.suggest_categorical("shrinking", [True, False])
        model = SVC(kernel=kernel, max_iter=2000, **settings)
        with np.errstate(all="ignore"):
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(train_x**power, train_y)
        scores = model.decision_function(test_x**power)
        own = scores[np.arange(len(test_y)), test_y]
        scores[np.arange(len(test_y)), test_y] = -np.inf
        margin = own - scores.max(axis=1)
        error = float(np.mean(margin <= 0.0))
        return error + 0.5 * float(np.mean(np.clip(1.0 - margin, 0.0, 2.0)))

    return objective, 0.0


PROBLEMS: tuple[Problem, ...] = (
    _bbob(1, 5),
    _bbob(3, 5),
    _bbob(8, 5),
    _bbob(10, 5),
    _bbob(15, 5),
    _bbob(20, 5),
    _bbob(1, 10),
    _bbob(3, 10),
    _bbob(8, 10),
    _bbob(15, 10),
    _bbob(17, 10),
    _bbob(21, 10),
    Problem("mixed network", "mixed", _mixed),
    Problem("mixed choices", "mixed", _choices),
    Problem("mixed grid", "mixed", _grid),
    Problem("conditional branches", "conditional", _branches),
    Problem("conditional layers", "conditional", _layers),
    Problem("SVC on digits", "model", _svc),
)
"""All of them, in the order of the tables."""
