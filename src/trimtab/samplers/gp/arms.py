"""Trials as observations of arms, a row for every point that was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.samplers.gp.fit import Sample
from trimtab.space import Floats

Indices = NDArray[np.int64]


def grouped(points: Floats) -> Indices:
    """Shape (n,): index of the arm of every point, shape (n, d), in order of first appearance."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(row.tobytes(), len(known)) for row in points], dtype=np.int64)


def pooled(features: Floats, groups: Indices, y: Floats, variance: Floats) -> Sample:
    """The measurements of every arm as one observation of it.

    An arm some of whose measurements have a known variance and some have not becomes two: that
    of the former, weighted by their precision, and that of the latter.

    Args:
        features: Shape (n, f).
        groups: Shape (n,), see `grouped`.
        y: Shape (n,).
        variance: Shape (n,), NaN where unknown. A zero is exact knowledge.
    """
    unknown = np.isnan(variance)
    keys = 2 * groups + unknown
    if len(np.unique(keys)) == len(keys):
        known = np.where(unknown, 0.0, variance)
        return Sample(features, y, known, unknown.astype(np.float64), np.arange(len(y)))
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    k = len(first)
    of_unknown = unknown[first]
    # Exact measurements outweigh all others, without an infinite weight.
    least = np.full(k, np.inf)
    np.fmin.at(least, inverse, np.where(unknown, np.inf, variance))
    weights = np.ones(len(y))
    exact = ~unknown & (least[inverse] == 0.0)
    weights[exact] = variance[exact] == 0.0
    graded = ~unknown & (least[inverse] > 0.0)
    weights[graded] = least[inverse][graded] / variance[graded]
    total = np.bincount(inverse, weights, k)
    means = np.bincount(inverse, weights * y, k) / total
    counts = np.bincount(inverse, minlength=k)
    deviations = np.where(unknown, (y - means[inverse]) ** 2, 0.0)
    order = np.argsort(first, kind="stable")
    return Sample(
        features[first[order]],
        means[order],
        np.where(of_unknown, 0.0, least / total)[order],
        np.where(of_unknown, 1.0 / counts, 0.0)[order],
        first[order],
        float(deviations.sum()),
        int((counts[of_unknown] - 1).sum()),
    )
