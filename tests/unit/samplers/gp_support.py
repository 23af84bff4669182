"""What the tests of Gaussian processes share."""

from collections.abc import Callable

import numpy as np

from trimtab.records import StudyDirection
from trimtab.samplers import Sampler
from trimtab.samplers.gp.kernel import matern52
from trimtab.samplers.gp.model import Posterior
from trimtab.schedulers import NopPruner
from trimtab.space import FloatDistribution, Floats, Space
from trimtab.storage import InMemoryStorage
from trimtab.study import Study


def cube(d: int) -> Space:
    """d floats of [0, 1]."""
    return Space({f"x{j}": FloatDistribution(0.0, 1.0) for j in range(d)})


def new_study(sampler: Sampler, m: int = 1) -> Study:
    """A study in memory, every objective minimized."""
    storage = InMemoryStorage()
    storage.create_study("s", (StudyDirection.MINIMIZE,) * m)
    return Study("s", storage, sampler, NopPruner())


def run(study: Study, space: Space, values: Callable[[Floats], object], n: int) -> Study:
    """Run n trials of a function of the point of the unit cube."""
    for _ in range(n):
        trial = study.ask(dict(space))
        internals = tuple(d.to_internal_repr(trial.params[name]) for name, d in space.items())
        study.tell(trial, values(space.encode(internals)))
    return study


def posterior(n: int = 12, d: int = 3, noise: float = 0.05, seed: int = 0) -> Posterior:
    """A process conditioned on random numbers."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(n)
    return Posterior.of(
        matern52, np.array([2.0, 3.0, 1.0])[:d], 0.1, rng.random((n, d)), np.full(n, noise), y
    )


def slopes(function: Callable[[Floats], float], x: Floats, step: float = 1e-6) -> Floats:
    """Central differences, shape of ``x``."""
    out = np.empty_like(x)
    for j in range(len(x)):
        ahead, behind = x.copy(), x.copy()
        ahead[j] += step
        behind[j] -= step
        out[j] = (function(ahead) - function(behind)) / (2.0 * step)
    return out
