"""How much each parameter matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trimtab.records import FrozenTrial
from trimtab.visualization.bars import bars_of_parameters
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    StudyLike,
    Target,
    check_target,
    objective_index,
    objective_name,
    select,
)
from trimtab.visualization.figure import empty, nothing_complete
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.theme import ThemeName

if TYPE_CHECKING:
    from trimtab.importance import BaseImportanceEvaluator

_TITLE = "Hyperparameter Importances"


def plot_param_importances(
    study: StudyLike,
    evaluator: BaseImportanceEvaluator | None = None,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = DEFAULT_TARGET_NAME,
    theme: ThemeName = "light",
) -> Any:
    """The parameters' importances, the largest on top; see `trimtab.importance`.

    With several objectives, and no target, each parameter has a bar for each of them.

    Args:
        study: Whose trials.
        evaluator: How to measure; None: PED-ANOVA.
        params: Names; None: all that the evaluator takes.
        target: A function of a `FrozenTrial`, or an objective by index or metric name.
        target_name: What it is called in the legend.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If a parameter is not there, as the evaluator says (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    from trimtab.importance import get_param_importances

    graph_objects()
    if target is not None:
        check_target([study], target, target_name)
    trials = select(study, 0 if target is None else target, target_name)
    if not len(trials):
        return empty(_TITLE, theme, nothing_complete(trials.history))
    space = trials.history.space
    if len(trials) < 2:
        return empty(_TITLE, theme, "Importances need two complete trials.")
    names = None if params is None else list(params)
    bars = [
        (name, get_param_importances(study, evaluator=evaluator, params=names, target=what))
        for name, what in _targets(study, target, target_name)
    ]
    if not any(found for _, found in bars):
        return empty(_TITLE, theme, "No parameters to compare.")
    return bars_of_parameters(_TITLE, "Hyperparameter Importance", bars, space, theme)


def _targets(
    study: StudyLike, target: Target, target_name: str
) -> list[tuple[str, Callable[[FrozenTrial], float] | int | None]]:
    """What to explain, by name: a function, an objective by its index, or None for the only one."""
    m = len(study.directions)
    if callable(target):
        return [(target_name, target)]
    if m == 1:
        objective_index(study, target)
        name = objective_name(study, 0) if target_name == DEFAULT_TARGET_NAME else target_name
        return [(name, None)]
    chosen = range(m) if target is None else [objective_index(study, target)]
    return [(objective_name(study, j), _Objective(j)) for j in chosen]


class _Objective(int):
    """An objective's index, and the function of a trial that a user's own evaluator may expect."""

    __slots__ = ()

    def __call__(self, trial: FrozenTrial) -> float:
        return (trial.values or ())[self]
