"""Which acquisition is maximized next, by what is known, noisy, running or infeasible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from trimtab.samplers.gp.acquisition import (
    Acquisition,
    LogExpectedImprovement,
    LogFeasibility,
    Sum,
)
from trimtab.samplers.gp.hypervolume import LogHypervolumeImprovement
from trimtab.samplers.gp.observations import Observations
from trimtab.samplers.gp.surrogate import Surrogate
from trimtab.samplers.pareto import is_pareto, nondominated_rank
from trimtab.space import Floats

_SAMPLES = 32
_FRONT_SAMPLES = 8
_MOST_CONTENDERS = 12
_MOST_ARMS = 512
"""Of more arms, only the best ones measured may be the best there are."""
_GOOD = 8
_CONFIDENCE = 2.0
"""Standard deviations by which an arm may turn out better than it looks."""
_MARGINS = (0.1, 1.0)
"""Of the front's width: how far beyond its worst values the hypervolume reaches, mostly and at
times. With the smaller one the front is filled, with the larger one its ends are found."""
_AT_TIMES = 0.1


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be maximized next, and where to begin.

    Attributes:
        acquisition: Of features.
        good: Shape (g, d), points of good arms, the best first.
    """

    acquisition: Acquisition
    good: Floats


def improvement(
    surrogate: Surrogate,
    seen: Observations,
    pending: Floats,
    thresholds: Floats,
    rng: np.random.Generator,
) -> Goal:
    """The logarithm of the expected feasible improvement.

    While nothing feasible was seen it is that of the probability of feasibility (Gardner et al.,
    "Bayesian optimization with inequality constraints", ICML 2014, section 3.2).

    Args:
        surrogate: The processes.
        seen: What was measured.
        pending: Shape (k, d), points that are being measured.
        thresholds: Shape (m,), losses beyond which nothing counts for the hypervolume, NaN where
            they are inferred. Not used with one objective.
        rng: Draws what is not known.
    """
    chances: list[Acquisition] = [
        LogFeasibility(surrogate.constraint_posterior(k, seen))
        for k in range(len(surrogate.constraints))
    ]
    failure = surrogate.failure_posterior(seen)
    if failure is not None:
        chances.append(LogFeasibility(failure))
    feasible = seen.violation <= 0.0
    if surrogate.constraints and not feasible.any():
        order = np.argsort(seen.violation, kind="stable")[:_GOOD]
        return Goal(_product(chances), seen.points[order])
    rows = np.nonzero(feasible)[0] if feasible.any() else np.arange(len(seen))
    if len(rows) > _MOST_ARMS:
        order = np.argsort(nondominated_rank(seen.losses[rows]), kind="stable")
        rows = np.sort(rows[order[:_MOST_ARMS]])
    arms = seen.points[rows]
    several = len(surrogate.objectives) > 1
    gain, order = (_hypervolume if several else _single)(
        surrogate, seen, arms, pending, thresholds, rng
    )
    return Goal(_product([gain, *chances]), arms[order])


def _product(terms: list[Acquisition]) -> Acquisition:
    return terms[0] if len(terms) == 1 else Sum(terms)


def _single(
    surrogate: Surrogate,
    seen: Observations,
    arms: Floats,
    pending: Floats,
    thresholds: Floats,
    rng: np.random.Generator,
) -> tuple[Acquisition, NDArray[np.int64]]:
    """Improvement on the best of the arms and of what is running; and the best arms."""
    del thresholds
    model = surrogate.objective_posterior(0, seen)
    features = surrogate.encoding.features(arms)
    mean, variance = model.predict(features)
    mean = mean[:, 0]
    good = np.argsort(mean, kind="stable")[:_GOOD]
    deterministic = surrogate.objectives[0].deterministic
    contenders = np.empty(0, dtype=np.int64)
    if not deterministic:
        margin = _CONFIDENCE * np.sqrt(variance)
        able = mean - margin <= (mean + margin).min()
        contenders = _distinct(features, np.argsort(mean - margin, kind="stable"), able)
    sampled = np.concatenate([features[contenders], surrogate.encoding.features(pending)])
    if not len(sampled):
        return LogExpectedImprovement(model, mean[good[:1]]), good
    model, values = model.sampling(sampled, _normals(len(sampled), _SAMPLES, rng))
    best = values.min(axis=0)
    if deterministic:
        best = np.minimum(best, mean[good[0]])
    return LogExpectedImprovement(model, best), good


def _hypervolume(
    surrogate: Surrogate,
    seen: Observations,
    arms: Floats,
    pending: Floats,
    thresholds: Floats,
    rng: np.random.Generator,
) -> tuple[Acquisition, NDArray[np.int64]]:
    """Improvement of the hypervolume of the arms and of what is running; and the arms in front."""
    m = len(surrogate.objectives)
    models = [surrogate.objective_posterior(j, seen) for j in range(m)]
    features = surrogate.encoding.features(arms)
    predictions = [model.predict(features) for model in models]
    means = np.column_stack([mean[:, 0] for mean, _ in predictions])
    front = is_pareto(means)
    good = np.nonzero(front)[0]
    good = good[rng.permutation(len(good))][:_GOOD]
    margin = _MARGINS[int(rng.random() < _AT_TIMES)]
    reference = _reference(surrogate, means, front, thresholds, margin)
    contenders = np.empty(0, dtype=np.int64)
    if not all(output.deterministic for output in surrogate.objectives):
        contenders = _distinct(features, rng.permutation(len(features)), front)
    sampled = np.concatenate([features[contenders], surrogate.encoding.features(pending)])
    if not len(sampled):
        return LogHypervolumeImprovement(models, [means[front]], reference), good
    draws = [
        model.sampling(sampled, _normals(len(sampled), _FRONT_SAMPLES, rng)) for model in models
    ]
    values = np.stack([value for _, value in draws], axis=2)  # (points, samples, m)
    settled = np.setdiff1d(np.nonzero(front)[0], contenders)
    fronts = [np.concatenate([means[settled], values[:, s]]) for s in range(_FRONT_SAMPLES)]
    return LogHypervolumeImprovement([model for model, _ in draws], fronts, reference), good


def _reference(
    surrogate: Surrogate,
    means: Floats,
    front: NDArray[np.bool_],
    thresholds: Floats,
    margin: float,
) -> Floats:
    """The thresholds, and for those that are not given a margin beyond the front's nadir."""
    worst, best = means[front].max(axis=0), means[front].min(axis=0)
    width = np.where(worst > best, worst - best, means.max(axis=0) - best)
    reference: Floats = worst + margin * np.maximum(width, 1.0)
    for j, output in enumerate(surrogate.objectives):
        if thresholds[j] == thresholds[j]:
            reference[j] = output.transform.forward(thresholds[j : j + 1])[0]
    return reference


def _distinct(
    features: Floats, order: NDArray[np.int64], able: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The first rows in ``order`` that are ``able`` and not equal to one before."""
    out: list[int] = []
    known: set[bytes] = set()
    for row in order[able[order]].tolist():
        key = features[row].tobytes()
        if key not in known:
            known.add(key)
            out.append(row)
            if len(out) == _MOST_CONTENDERS:
                break
    return np.array(out, dtype=np.int64)


def _normals(k: int, s: int, rng: np.random.Generator) -> Floats:
    """Standard normal numbers, shape (k, s), every row of them stratified."""
    strata = rng.permuted(np.tile(np.arange(s), (k, 1)), axis=1)
    out: Floats = ndtri((strata + rng.random((k, s))) / s)
    return out
