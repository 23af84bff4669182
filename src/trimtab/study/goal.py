"""How many trials a study is to come to, kept with it for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from trimtab.study.limits import Limits
from trimtab.study.loop import begun

if TYPE_CHECKING:
    from trimtab.study.study import Study

KEY: Final = "goal"
"""The system attribute of a study that holds the number."""


def keep_goal(study: Study, limits: Limits) -> None:
    """Keep what a run that begins is to bring the study to; nothing where only time ends it."""
    if limits.total_trials is not None:
        goal = int(limits.total_trials)
    elif limits.n_trials is not None:
        with study.storage.lock:
            goal = begun(study.history) + int(limits.n_trials)
    else:
        return
    if goal_in(study.system_attrs) != goal:
        study.set_system_attr(KEY, goal)


def goal_in(attrs: Mapping[str, Any]) -> int | None:
    """The number that a study's system attributes hold."""
    goal = attrs.get(KEY)
    return goal if isinstance(goal, int) and not isinstance(goal, bool) else None
