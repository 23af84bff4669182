"""How much splits on each parameter lower the error of a forest."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.importance.base import BaseImportanceEvaluator, Target, check_params, descending, table
from trimtab.importance.forest import grow
from trimtab.space.checks import check_count


class MeanDecreaseImpurityImportanceEvaluator(BaseImportanceEvaluator):
    """Mean decrease in impurity of a random forest.

    Breiman et al. (1984), "Classification and Regression Trees", section 5.3.4, averaged over a
    forest: the squared error taken away by the splits on a parameter, as a fraction of what all
    splits of the tree take away. Unlike fANOVA it weighs regions by how many trials are there.

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
        """Fractions that sum to 1 (all 0 where the target never varies); see the base class.

        Raises:
            InvalidArgument: On several objectives without a ``target``; if no completed trial
                has all ``params``, or their distributions differ between trials.
        """
        space, varying, data = table(study, check_params(params), target)
        importances = dict.fromkeys(space.names, 0.0)
        if data is None:
            return importances
        rng = np.random.default_rng(self._seed)
        groups = grow(data, self._n_trees, self._max_depth, rng)
        decrease = np.concatenate([leaves.decrease for leaves in groups])
        whole = decrease.sum(axis=1)
        if not (whole > 0.0).any():
            return importances
        mean = (decrease[whole > 0.0] / whole[whole > 0.0, None]).mean(axis=0)
        return descending(
            importances | dict(zip(varying, (mean / mean.sum()).tolist(), strict=True))
        )
