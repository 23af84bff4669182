"""Several studies side by side: what sets them apart, and the figures that overlay them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

import trimtab.visualization as vis
from trimtab.dashboard.context import StudyView
from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, StudyDirection, TrialState

MOST: Final = 12
"""Studies that can be compared at once: more lines cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Column:
    """One study of the table.

    Attributes:
        study: The study.
        color: Its place among the colours of the figures.
        counts: How many trials there are in each state; archived ones are left out.
        value: The best feasible value of the objective, or None.
        trial: The trial that has it.
        seconds: From the start of the first trial to the end of the last, or None.
        is_best: Whether no other study of the same direction has a better value.
    """

    study: StudyView
    color: int
    counts: Mapping[TrialState, int]
    value: float | None
    trial: FrozenTrial | None
    seconds: float | None
    is_best: bool = False


def compare(studies: Sequence[StudyView], objective: int) -> list[Column]:
    """A column of the table for each study."""
    columns = [_column(study, color, objective) for color, study in enumerate(studies)]
    losses = [
        np.inf if column.value is None else column.value * _sign(column.study, objective)
        for column in columns
    ]
    is_one_way = len({_direction(study, objective) for study in studies}) == 1
    if not is_one_way or not np.isfinite(losses).any():
        return columns
    best = int(np.argmin(losses))
    columns[best] = replace(columns[best], is_best=True)
    return columns


def _direction(study: StudyView, objective: int) -> StudyDirection | None:
    return study.directions[objective] if objective < len(study.directions) else None


def _sign(study: StudyView, objective: int) -> float:
    return -1.0 if _direction(study, objective) is StudyDirection.MAXIMIZE else 1.0


def _column(study: StudyView, color: int, objective: int) -> Column:
    with study.storage.lock:
        history = study.history
        states = history.states[~history.archived]
        counts = {state: int(np.count_nonzero(states == state)) for state in TrialState}
        trial = None
        if objective < history.n_objectives:
            complete = history.usable(TrialState.COMPLETE)
            complete = complete[history.violation[complete] <= 0.0]
            if len(complete):
                losses = history.losses[complete, objective]
                trial = history.trial(int(complete[np.argmin(losses)]))
        begun, ended = history.started[history.started > 0], history.finished_at
        seconds = None
        if len(begun) and ended.any():
            seconds = max(int(ended.max()) - int(begun.min()), 0) / 1e6
    value = trial.values[objective] if trial is not None and trial.values is not None else None
    return Column(study, color, counts, value, trial, seconds)


def parameter_rows(columns: Sequence[Column]) -> list[tuple[str, list[Any]]]:
    """Each parameter's name and its value in the best trial of each study, None where absent."""
    names = sorted({name for column in columns if column.trial for name in column.trial.params})
    return [
        (name, [column.trial.params.get(name) if column.trial else None for column in columns])
        for name in names
    ]


def differences(studies: Sequence[StudyView], objective: int) -> list[str]:
    """What keeps the studies from being compared as they are, in words."""
    notes = []
    without = [study for study in studies if objective >= len(study.directions)]
    if without:
        notes.append(f"{_names(without)}: there is no objective {objective}, so it is left out.")
    ways = {
        direction: [study for study in studies if _direction(study, objective) is direction]
        for direction in (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
    }
    if all(ways.values()):
        notes.append(
            f"{_names(ways[StudyDirection.MINIMIZE])}: small is better. "
            f"{_names(ways[StudyDirection.MAXIMIZE])}: large is better. "
            "Their values are drawn on one axis, but none of them is called the best."
        )
    metrics = {
        study.metric_names[objective]
        for study in studies
        if study.metric_names and objective < len(study.metric_names)
    }
    if len(metrics) > 1:
        listed = ", ".join(sorted(metrics))
        notes.append(f"The objectives have different names: {listed}. Are they the same measure?")
    return notes


def _names(studies: Sequence[StudyView]) -> str:
    return ", ".join(f"“{study.study_name}”" for study in studies)


def overlay_json(
    studies: Sequence[StudyView], name: str, objective: int, options: Mapping[str, str]
) -> str:
    """A figure of several studies, as plotly.js reads it.

    Args:
        studies: Those drawn; their places give the colours.
        name: ``"history"`` or ``"edf"``.
        objective: Of those that have it.
        options: ``theme``, ``log``, ``x`` and, for a history, ``points``: whether the trials are
            drawn besides the best so far.

    Raises:
        InvalidArgument: If a name or an option is unknown.
    """
    theme = options.get("theme", "light")
    if theme not in ("light", "dark"):
        raise InvalidArgument("theme", "light or dark", theme)
    drawn = [study for study in studies if objective < len(study.directions)]
    target = objective if any(len(study.directions) > 1 for study in drawn) else None
    shared: dict[str, Any] = {"target": target, "log": options.get("log") == "1", "theme": theme}
    # Always in the same order, so that two of these cannot wait for each other.
    locks = {id(study.storage.lock): study.storage.lock for study in drawn}
    for _, lock in sorted(locks.items()):
        lock.acquire()
    try:
        if name == "edf":
            figure = vis.plot_edf(drawn, **shared)
        elif name == "history":
            figure = vis.plot_optimization_history(drawn, x=options.get("x", "number"), **shared)  # type: ignore[arg-type]  # the plot refuses what is no axis
        else:
            raise InvalidArgument("figure", "history or edf", name)
    finally:
        for lock in locks.values():
            lock.release()
    if name == "history" and options.get("points") != "1":
        lines = [trace for trace in figure.data if trace.mode == "lines"]
        if lines:
            for line in lines:
                line.name = line.name.removeprefix("Best Value of ")
            figure.data = lines
            figure.layout.title.text = "Best value so far"
            figure.layout.title.subtitle.text = None
    return str(figure.to_json(validate=False))
