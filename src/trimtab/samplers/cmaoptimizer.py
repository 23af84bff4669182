"""The optimizers of the library ``cmaes``: made, and kept as plain arrays."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.space import Floats, Space

_SMALLEST_SIGMA = 1e-10  # the library divides by it
_MOST_LEVELS = 10_000  # beyond, a margin for the next level is no different from none
_TRANSIENT = ("_rng", "_B", "_D")  # the random state is ours; the rest is recomputed


@dataclass(frozen=True)
class Variant:
    """Which CMA-ES.

    Attributes:
        separable: The covariance is diagonal (Ros and Hansen, PPSN 2008).
        margin: No discrete parameter gets stuck (Hamano et al., GECCO 2022).
        lr_adapt: The learning rate adapts to noise (Nomura et al., GECCO 2023).
        popsize: Samples a generation; None for ``4 + floor(3 ln d)``.
    """

    separable: bool = False
    margin: bool = False
    lr_adapt: bool = False
    popsize: int | None = None

    @property
    def prefix(self) -> str:
        """Of the keys under which a trial's record keeps its part of the search."""
        return "sepcma:" if self.separable else "cmawm:" if self.margin else "cma:"


@dataclass(frozen=True)
class Start:
    """The first distribution, in the unit cube.

    Attributes:
        mean: Shape (d,).
        sigma: Standard deviation, positive.
        cov: Shape (d, d), or None for the identity.
    """

    mean: Floats
    sigma: float
    cov: Floats | None = None


def make_optimizer(variant: Variant, space: Space, start: Start, popsize: int | None) -> Any:
    """An optimizer of the unit cube of ``space`` (d columns, none of them categorical).

    Args:
        variant: Which.
        space: The columns.
        start: The first distribution.
        popsize: Samples a generation; None for the library's default.
    """
    import cmaes

    d = len(space)
    bounds = np.tile([0.0, 1.0], (d, 1))
    shared: dict[str, Any] = {
        "mean": start.mean.copy(),  # one of the classes changes it in place
        "sigma": max(start.sigma, _SMALLEST_SIGMA),
        "bounds": bounds,
        "seed": 0,  # replaced before every draw
        "n_max_resampling": 10 * d,
        "population_size": popsize,
    }
    optimizer: Any
    if variant.separable and d > 1:
        optimizer = cmaes.SepCMA(**shared)
    elif variant.margin:
        steps = np.zeros(d)
        for j, distribution in enumerate(space.distributions):
            if 1 < space.levels[j] <= _MOST_LEVELS and not getattr(distribution, "log", False):
                steps[j] = 1.0 / space.levels[j]
                bounds[j] = (steps[j] / 2.0, 1.0 - steps[j] / 2.0)  # middles of the outer cells
        shared["mean"] = np.clip(shared["mean"], bounds[:, 0], bounds[:, 1])
        optimizer = cmaes.CMAwM(steps=steps, cov=start.cov, **shared)
    else:
        optimizer = cmaes.CMA(cov=start.cov, lr_adapt=variant.lr_adapt, **shared)
    core = _core(optimizer)
    core._funhist_values = np.zeros_like(core._funhist_values)  # allocated, not initialized
    return optimizer


def clone(optimizer: Any) -> Any:
    """A copy whose arrays are its own. It shares the random state, which `draw` replaces."""
    copy = object.__new__(type(optimizer))
    for name, value in vars(optimizer).items():
        if name == "_cma":
            value = clone(value)
        elif isinstance(value, np.ndarray):
            value = value.copy()
        copy.__dict__[name] = value
    return copy


def draw(optimizer: Any, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A point drawn from the distribution, again until it lies in the unit cube, else clipped.

    Args:
        optimizer: Of any variant.
        rng: The only source of randomness.

    Returns:
        The point to be evaluated and the one to be told, each of shape (d,).
    """
    if _core(optimizer) is not optimizer:
        optimizer.reseed_rng(int(rng.integers(2**32)))
        point, raw = optimizer.ask()
        return np.clip(point, 0.0, 1.0), raw
    axes = optimizer._eigen_decomposition()
    if isinstance(axes, tuple):
        directions, lengths = axes
        scale = directions * lengths
    else:
        scale = axes
    mean, sigma, d = optimizer._mean, optimizer._sigma, optimizer.dim
    n = 1
    while True:  # one, then the rest of the tries at once
        normal = rng.standard_normal((n, d))
        steps = normal @ scale.T if scale.ndim == 2 else normal * scale
        points = mean + sigma * steps
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        if inside.any():
            point = points[int(inside.argmax())]
            return point, point
        if n > 1:
            point = np.clip(points[-1], 0.0, 1.0)
            return point, point
        n = 10 * d


def dump(optimizer: Any, fresh: Any) -> dict[str, Any]:
    """What sets an optimizer apart from a fresh one of the same making, as JSON."""
    state = {}
    for part, old in _parts(optimizer, fresh):
        for name, value in vars(part).items():
            before = vars(old)[name]
            if name in _TRANSIENT or not isinstance(value, (np.ndarray, float, int)):
                continue
            if value is not before and not np.array_equal(value, before):
                state[name] = _encode(value)
    return state


def load(state: Mapping[str, Any], fresh: Any) -> Any:
    """The optimizer that `dump` was given; ``fresh`` becomes it."""
    for part, _ in _parts(fresh, fresh):
        for name in vars(part).keys() & state.keys():
            setattr(part, name, _decode(state[name]))
    return fresh


def is_sound(optimizer: Any) -> bool:
    """Whether all numbers of an optimizer are finite and its step size is positive."""
    core = _core(optimizer)
    numbers = (core._mean, core._C, core._sigma, core._p_sigma, core._pc)
    return all(np.isfinite(value).all() for value in numbers) and core._sigma > 0.0


def _core(optimizer: Any) -> Any:
    return getattr(optimizer, "_cma", optimizer)


def _parts(optimizer: Any, fresh: Any) -> list[tuple[Any, Any]]:
    parts = [(optimizer, fresh)]
    if _core(optimizer) is not optimizer:
        parts.append((_core(optimizer), _core(fresh)))
    return parts


def encode_array(array: Floats) -> str:
    """The bytes of a vector of floats, little endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode("ascii")


def decode_array(text: str) -> Floats:
    """The vector that `encode_array` was given."""
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)


def _encode(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return float(value) if isinstance(value, float) else int(value)
    if value.ndim == 2 and value.shape[0] == value.shape[1]:  # symmetric: half of it is enough
        return {"n": len(value), "upper": encode_array(value[np.triu_indices(len(value))])}
    return {"shape": list(value.shape), "data": encode_array(value.ravel())}


def _decode(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "upper" in value:
        n = int(value["n"])
        upper = np.triu_indices(n)
        matrix = np.zeros((n, n))
        matrix[upper] = decode_array(value["upper"])
        matrix.T[upper] = matrix[upper]
        return matrix
    if "data" not in value:
        raise InvalidArgument("cma:optimizer", "an array's shape and data", value)
    return decode_array(value["data"]).reshape(value["shape"])
