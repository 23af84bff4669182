"""What evaluators share: which trials, which columns, which errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History, TrialState
from trimtab.space import Floats, Space

if TYPE_CHECKING:
    from trimtab.importance.forest import Table

Target = Callable[[FrozenTrial], float] | int
"""What to explain, if not the objective: a function of a trial, or an objective by its index."""


class HasHistory(Protocol):
    """A study, as far as importances need one."""

    @property
    def history(self) -> History:
        """All its trials."""


class BaseImportanceEvaluator(ABC):
    """Says how much each parameter matters."""

    @abstractmethod
    def evaluate(
        self,
        study: Any,
        params: list[str] | None = None,
        *,
        target: Target | None = None,
    ) -> dict[str, float]:
        """Importances, not normalized.

        Args:
            study: Whose completed trials to look at (any object with a ``history``).
            params: Which parameters to assess; None for all that can be.
            target: What to explain; None for the objective.

        Returns:
            By parameter name, at least 0, descending.
        """


def check_params(params: Any) -> list[str] | None:
    """The list of names, or None.

    Raises:
        InvalidType: If it is something else.
    """
    if params is None:
        return None
    if not isinstance(params, (list, tuple)) or not all(isinstance(p, str) for p in params):
        raise InvalidType("params", "a list of parameter names", params)
    return list(params)


def completed(history: History, target: Target | None) -> tuple[NDArray[np.int64], Floats]:
    """The trials to learn from and what to explain about them.

    Args:
        history: Of the study.
        target: None for the objectives.

    Returns:
        Numbers of the completed trials whose target is finite, shape (n,), and the targets: the
        objectives as told, shape (n, m), or shape (n, 1) where a ``target`` is given.

    Raises:
        InvalidArgument: If ``target`` is an index of no objective.
    """
    rows = history.usable(TrialState.COMPLETE)
    if target is None:
        values = history.values[rows]
    elif isinstance(target, int):
        if not 0 <= target < history.n_objectives:
            raise InvalidArgument("target", f"0 to {history.n_objectives - 1}", target)
        values = history.values[rows, target : target + 1]
    else:
        told = [target(history.trial(row)) for row in rows.tolist()]
        values = np.array(told, dtype=np.float64).reshape(len(rows), 1)
    finite = np.isfinite(values).all(axis=1)
    return rows[finite], values[finite]


def common_space(history: History, params: Sequence[str] | None) -> Space:
    """The columns that a model of all parameters together can use.

    Args:
        history: Of the study.
        params: None for all parameters that every completed trial has, with one distribution.

    Returns:
        Their distributions, by name in alphabetical order.

    Raises:
        InvalidArgument: If no completed trial has all ``params``, or they have not the same
            distributions in all that do.
    """
    spaces = distinct_spaces(history)
    if params is None:
        common = dict(spaces[0]) if spaces else {}
        for space in spaces[1:]:
            common = {n: d for n, d in common.items() if n in space and space[n] == d}
        return Space(dict(sorted(common.items())))
    wanted = sorted(set(params))
    having = [space for space in spaces if all(name in space for name in wanted)]
    if wanted and not having:
        raise InvalidArgument("params", "parameters that one completed trial has together", params)
    subsets = {space.subset(tuple(wanted)) for space in having}
    if len(subsets) > 1:
        raise InvalidArgument(
            "params", "parameters whose distributions are the same in all trials", params
        )
    return subsets.pop() if subsets else Space()


def table(
    study: HasHistory, params: Sequence[str] | None, target: Target | None
) -> tuple[Space, Space, Table | None]:
    """What a forest learns from.

    Returns:
        The parameters assessed, those of them that vary, and the numbers (None where fewer than
        two trials are left, or nothing varies).

    Raises:
        InvalidArgument: On several objectives without a ``target``, and as `common_space` does.
    """
    from trimtab.importance.forest import Table

    history = study.history
    if target is None and history.n_objectives > 1:
        raise InvalidArgument(
            "target",
            "a function of the trial, as the study has several objectives "
            "(`lambda t: t.values[0]` explains the first one)",
            None,
        )
    space = common_space(history, params)
    varying = space.subset(tuple(name for name in space if not space[name].single()))
    rows, values = completed(history, target)
    unit = history.unit_rows(varying, rows)
    levels = np.where(varying.is_categorical, varying.levels, 0)
    for j in np.flatnonzero(levels):
        unit[:, j] = history.raw(varying.names[j])[rows]
    whole = ~np.isnan(unit).any(axis=1)
    if whole.sum() < 2 or not len(varying):
        return space, varying, None
    return space, varying, Table(unit[whole], levels, _standardized(values[whole, 0]))


def descending(importances: dict[str, float]) -> dict[str, float]:
    """Sorted from the largest to the smallest."""
    return dict(sorted(importances.items(), key=lambda item: -item[1]))


def distinct_spaces(history: History) -> list[Space]:
    """The distinct spaces of completed trials."""
    layout, spaces = history.layouts()
    used = np.unique(layout[history.usable(TrialState.COMPLETE)])
    return [spaces[i] for i in used.tolist()]


def _standardized(values: Floats) -> Floats:
    scaled = values / max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
    centred = scaled - scaled.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    # Equal values may differ from their mean by rounding alone.
    return centred / spread if spread > 1e-12 else np.zeros_like(centred)
