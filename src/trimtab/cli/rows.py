"""Studies and trials as rows: names to plain values, times and durations."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from trimtab.records import FrozenTrial, TrialState
from trimtab.storage.rules import FAIL_REASON

if TYPE_CHECKING:
    from trimtab.study import Study, StudySummary

Row: TypeAlias = dict[str, Any]
"""Values are what JSON holds, datetimes with a zone, and timedeltas."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def trial_rows(study: Study, trials: Iterable[FrozenTrial]) -> list[Row]:
    """A row per trial, all with the same names."""
    listed = list(trials)
    extra = {
        "sems": any(sem is not None for trial in listed for sem in trial.sems or ()),
        "constraints": any(trial.constraints for trial in listed),
        "user_attrs": any(trial.user_attrs for trial in listed),
        "archived": any(trial.archived for trial in listed),
        "reason": any(FAIL_REASON in trial.system_attrs for trial in listed),
    }
    names = study.metric_names
    return [trial_row(trial, len(study.directions), names, extra) for trial in listed]


def trial_row(
    trial: FrozenTrial, n_objectives: int, names: list[str] | None, extra: dict[str, bool]
) -> Row:
    """One trial.

    Args:
        trial: The trial.
        n_objectives: Of its study.
        names: Of the objectives, or None.
        extra: Which of the columns that are mostly empty are wanted.
    """
    row: Row = {"number": trial.number, "state": trial.state.name}
    if n_objectives == 1:
        row["value"] = trial.values[0] if trial.values else None
    else:
        row["values"] = _by_name(trial.values, n_objectives, names)
    if extra.get("sems"):
        if n_objectives == 1:
            row["sem"] = trial.sems[0] if trial.sems else None
        else:
            row["sems"] = _by_name(trial.sems, n_objectives, names)
    row["params"] = trial.params
    if extra.get("constraints"):
        row["constraints"] = dict(trial.constraints)
    if extra.get("user_attrs"):
        row["user_attrs"] = dict(trial.user_attrs)
    row["datetime_start"] = moment(trial.started)
    row["datetime_complete"] = moment(trial.finished)
    row["duration"] = trial.duration
    if extra.get("archived"):
        row["archived"] = trial.archived
    if extra.get("reason"):
        row["reason"] = trial.system_attrs.get(FAIL_REASON)
    return row


def study_row(summary: StudySummary) -> Row:
    """One study of a list."""
    best = summary.best_trial
    return {
        "name": summary.study_name,
        "direction": [direction.name for direction in summary.directions],
        "n_trials": summary.n_trials,
        "best_value": None if best is None else best.value,
        "datetime_start": None
        if summary.datetime_start is None
        else summary.datetime_start.astimezone(datetime.UTC),
    }


def moment(micros: int | None) -> datetime.datetime | None:
    """A time in UTC from microseconds since the epoch."""
    return None if micros is None else _EPOCH + datetime.timedelta(microseconds=micros)


def states(names: Iterable[str]) -> list[TrialState] | None:
    """Trial states from what a user wrote; None for none."""
    return [TrialState[name.upper()] for name in names] or None


def _by_name(numbers: Any, width: int, names: list[str] | None) -> Any:
    told = list(numbers or [None] * width)
    return dict(zip(names, told, strict=True)) if names else told


def flat(row: Row) -> Row:
    """A row whose dictionaries became columns: ``params_x``, ``user_attrs_k``, ``values_0``."""
    return {
        column: cell for name, value in row.items() for column, cell in _cells(name, value).items()
    }


def _cells(name: str, value: Any) -> dict[str, Any]:
    if name in ("values", "sems") and isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        return {f"{name}_{key}": item for key, item in value.items()}
    return {name: value}


def columns(rows: Iterable[Row]) -> list[str]:
    """The names of flat rows that have different ones, those of one kind side by side."""
    wanted: dict[str, dict[str, None]] = {}
    for row in rows:
        for name, value in row.items():
            wanted.setdefault(name, {}).update(dict.fromkeys(_cells(name, value)))
    return [column for group in wanted.values() for column in group]
