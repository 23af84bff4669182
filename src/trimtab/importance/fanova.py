"""How much of the objective's variance each parameter explains."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.errors import NoVariance
from trimtab.importance.base import BaseImportanceEvaluator, Target, check_params, descending, table
from trimtab.importance.forest import Leaves, grow
from trimtab.space import Floats
from trimtab.space.checks import check_count


class FanovaImportanceEvaluator(BaseImportanceEvaluator):
    """Functional analysis of variance on a random forest.

    Hutter, Hoos and Leyton-Brown (2014), "An Efficient Approach for Assessing Hyperparameter
    Importance", algorithm 2: the variance of a parameter's marginal prediction (over all values
    of the others, evenly over the space as it is searched: on a log scale where ``log`` is set,
    every choice alike) as a fraction of the variance of the whole prediction, averaged over the
    trees. The fractions of a function without interactions sum to 1.

    Only parameters that all completed trials have are assessed, unless ``params`` names others.

    Args:
        n_trees: Trees in the forest, at least 1.
        max_depth: Splits above a leaf, at least 1.
        seed: Of the forest; None for another forest every time.

    Raises:
        InvalidArgument: If a number is out of its range.
    """

    def __init__(self, *, n_trees: int = 64, max_depth: int = 64, seed: int | None = None) -> None:
        self._n_trees = check_count("n_trees", n_trees, 1)
        self._max_depth = check_count("max_depth", max_depth, 1)
        self._seed = seed

    def evaluate(
        self,
        study: Any,
        params: list[str] | None = None,
        *,
        target: Target | None = None,
    ) -> dict[str, float]:
        """Fractions of the variance, each from 0 to 1; see the base class.

        Raises:
            InvalidArgument: On several objectives without a ``target``; if no completed trial
                has all ``params``, or their distributions differ between trials.
            NoVariance: If the target is the same in every trial.
        """
        space, varying, data = table(study, check_params(params), target)
        importances = dict.fromkeys(space.names, 0.0)
        if data is None:
            return importances
        rng = np.random.default_rng(self._seed)
        groups = grow(data, self._n_trees, self._max_depth, rng)
        fractions = np.concatenate([variance_fractions(leaves) for leaves in groups])
        if not len(fractions):
            raise NoVariance("The target is the same in every trial: there is nothing to explain.")
        means = fractions.mean(axis=0).tolist()
        return descending(importances | dict(zip(varying, means, strict=True)))


def variance_fractions(leaves: Leaves) -> Floats:
    """The part of each tree's variance that single columns explain.

    Returns:
        Shape (trees, d), without the trees that predict one value everywhere.
    """
    n_trees = len(leaves.decrease)
    tree, widths = leaves.tree, leaves.widths()
    volume = widths.prod(axis=1)
    mean = np.bincount(tree, volume * leaves.value, n_trees)
    deviation = leaves.value - mean[tree]
    whole = np.bincount(tree, volume * deviation**2, n_trees)
    explained = np.empty_like(leaves.decrease)
    for j, width in enumerate(widths.T):
        # A leaf's share of the marginal prediction at any value of column j that is in it.
        others = np.divide(volume, width, out=np.zeros_like(volume), where=width > 0.0)
        share = deviation * others
        if j in leaves.member:
            levels = leaves.member[j].shape[1]
            place = tree[:, None] * levels + np.arange(levels)
            inside = leaves.member[j]
            weights = np.broadcast_to(share[:, None], inside.shape)[inside]
            marginal = np.bincount(place[inside], weights, n_trees * levels)
            explained[:, j] = (marginal.reshape(n_trees, levels) ** 2).mean(axis=1)
        else:
            explained[:, j] = _variance_of_steps(leaves, j, share)
    varies = whole > 0.0
    return np.asarray(explained[varies] / whole[varies, None])


def _variance_of_steps(leaves: Leaves, j: int, share: Floats) -> Floats:
    """Mean square over [0, 1], by tree, of the sum of steps of height ``share`` on the leaves."""
    tree = np.concatenate([leaves.tree, leaves.tree])
    place = np.concatenate([leaves.low[:, j], leaves.high[:, j]])
    step = np.concatenate([share, -share])
    order = np.lexsort((place, tree))
    tree, place = tree[order], place[order]
    # Steps that begin in a tree end in it: the sum is zero again where the next tree begins.
    height = np.cumsum(step[order])[:-1]
    squares: Floats = np.diff(place) * height**2
    return np.asarray(np.bincount(tree[:-1], squares, len(leaves.decrease)), dtype=np.float64)
