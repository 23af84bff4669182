"""Floor 4: which parameters matter."""

from __future__ import annotations

from typing import Any

from trimtab.errors import InvalidType
from trimtab.importance.base import BaseImportanceEvaluator, Target
from trimtab.importance.fanova import FanovaImportanceEvaluator
from trimtab.importance.impurity import MeanDecreaseImpurityImportanceEvaluator
from trimtab.importance.ped_anova import PedAnovaImportanceEvaluator

__all__ = [
    "BaseImportanceEvaluator",
    "FanovaImportanceEvaluator",
    "MeanDecreaseImpurityImportanceEvaluator",
    "PedAnovaImportanceEvaluator",
    "get_param_importances",
]


def get_param_importances(
    study: Any,
    *,
    evaluator: BaseImportanceEvaluator | None = None,
    params: list[str] | None = None,
    target: Target | None = None,
    normalize: bool = True,
) -> dict[str, float]:
    """How much each parameter matters, judged by the completed trials.

    Args:
        study: The study (any object with a ``history``).
        evaluator: The method; None for `PedAnovaImportanceEvaluator`.
        params: Which parameters to assess; None for all that the evaluator can.
        target: What to explain, a function of a `FrozenTrial` or an objective by its index; None
            for the objective. Trials for which it is not finite are left out.
        normalize: Whether to make the importances sum to 1. Where all are 0 they become equal.

    Returns:
        By parameter name, at least 0, descending; empty where there is nothing to assess.

    Raises:
        InvalidType: If ``evaluator`` is not one, or ``params`` is not a list of names.
        InvalidArgument: If completed trials do not have the ``params``, or the evaluator needs a
            ``target`` because the study has several objectives.
    """
    if evaluator is None:
        evaluator = PedAnovaImportanceEvaluator()
    if not isinstance(evaluator, BaseImportanceEvaluator):
        raise InvalidType("evaluator", "a BaseImportanceEvaluator", evaluator)
    importances = evaluator.evaluate(study, params=params, target=target)
    if not normalize:
        return importances
    whole = sum(importances.values())
    if whole == 0.0:
        return dict.fromkeys(importances, 1.0 / max(len(importances), 1))
    return {name: value / whole for name, value in importances.items()}
