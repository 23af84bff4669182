"""Callbacks for the optimize loop: called with the study and each trial that ended."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, StudyDirection, TrialState

if TYPE_CHECKING:
    from trimtab.study.study import Study


class MaxTrialsCallback:
    """Stops once the study, whoever ran them, has enough trials.

    Args:
        n_trials: How many.
        states: Which states count; None: all.
    """

    def __init__(
        self,
        n_trials: int,
        states: Container[TrialState] | None = (TrialState.COMPLETE,),
    ) -> None:
        self._n_trials = n_trials
        self._states = states

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        wanted = [state for state in TrialState if self._states is None or state in self._states]
        if len(study.history.usable(*wanted)) >= self._n_trials:
            study.stop()


class EarlyStopping:
    """Stops when the best value has not improved for a number of complete trials.

    Args:
        patience: Complete trials without improvement, at least 1.
        min_delta: What counts as an improvement: more than this, at least 0.

    Raises:
        InvalidArgument: On a patience below 1 or a negative ``min_delta``.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise InvalidArgument("patience", "at least 1", patience)
        if not min_delta >= 0.0:
            raise InvalidArgument("min_delta", "a number of at least 0", min_delta)
        self._patience = patience
        self._min_delta = min_delta

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        # Computed from the history, not counted here: a resumed study keeps its patience.
        history = study.history
        order = history.finished
        complete = order[(history.states[order] == TrialState.COMPLETE) & ~history.archived[order]]
        if len(complete) <= self._patience:
            return
        sign = -1.0 if study.direction is StudyDirection.MAXIMIZE else 1.0
        feasible = history.violation[complete] <= 0.0
        losses = [
            sign * float(value) if ok else float("inf")
            for value, ok in zip(history.values[complete, 0], feasible, strict=True)
        ]
        before = min(losses[: -self._patience])
        if before < float("inf") and min(losses[-self._patience :]) >= before - self._min_delta:
            study.stop()
