"""Optuna's module name for the parameters that trials have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trimtab.records import FrozenTrial, TrialState
from trimtab.space import Distribution


def intersection_search_space(
    trials: Iterable[FrozenTrial], include_pruned: bool = False
) -> dict[str, Distribution]:
    """The parameters that all completed trials have, each under its latest distribution.

    Args:
        trials: In order of number.
        include_pruned: Whether pruned trials count as well.

    Returns:
        Distributions by name, names ascending; empty before the first trial has completed.
    """
    states = {TrialState.COMPLETE} | ({TrialState.PRUNED} if include_pruned else set())
    shared: dict[str, Distribution] | None = None
    for trial in trials:
        if trial.state in states:
            theirs = trial.distributions
            names = theirs if shared is None else [name for name in shared if name in theirs]
            shared = {name: theirs[name] for name in names}
    return dict(sorted((shared or {}).items()))


class IntersectionSearchSpace:
    """`intersection_search_space` of a study.

    Args:
        include_pruned: Whether pruned trials count as well.
    """

    def __init__(self, include_pruned: bool = False) -> None:
        self._include_pruned = include_pruned

    def calculate(self, study: Any) -> dict[str, Distribution]:
        """The parameters that all completed trials of ``study`` have."""
        return intersection_search_space(study.get_trials(), self._include_pruned)


__all__ = ["IntersectionSearchSpace", "intersection_search_space"]
