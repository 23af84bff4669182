"""Trials and reports as columns: spaces and names are sent once, not with every trial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trimtab.errors import InvalidArgument
from trimtab.records import (
    FrozenTrial,
    Outcome,
    Report,
    TrialState,
    TrialUpdate,
)
from trimtab.space import CategoricalDistribution, FloatDistribution, Internal, Space
from trimtab.storage.wire.columns import pack, pack_rows, unpack, unpack_rows
from trimtab.storage.wire.text import dump_attrs, dump_space, load_attrs, load_space

_NONE = -(1 << 63)
"""Stands for a time that is None."""

_STATES = {int(state): state for state in TrialState}


def dump_trials(trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Trials without their reports, in their order."""
    layouts: dict[Space, int] = {}
    layout = [layouts.setdefault(trial.space, len(layouts)) for trial in trials]
    points: list[list[tuple[Internal, ...]]] = [[] for _ in layouts]
    for trial, index in zip(trials, layout, strict=True):
        points[index].append(trial.point)
    return {
        "spaces": [dump_space(space) for space in layouts],
        "layout": pack(layout),
        "points": [[pack(column) for column in zip(*rows, strict=True)] for rows in points],
        "number": pack([trial.number for trial in trials]),
        "state": pack([int(trial.state) for trial in trials]),
        "attempt": pack([trial.attempt for trial in trials]),
        "archived": pack([int(trial.archived) for trial in trials]),
        "started": pack([_NONE if t.started is None else t.started for t in trials]),
        "finished": pack([_NONE if t.finished is None else t.finished for t in trials]),
        "values": pack_rows([trial.values for trial in trials]),
        "sems": _sparse([trial.sems for trial in trials], list),
        "constraints": _sparse([trial.constraints for trial in trials], dump_attrs),
        "user_attrs": _sparse([trial.user_attrs for trial in trials], dump_attrs),
        "system_attrs": _sparse([trial.system_attrs for trial in trials], dump_attrs),
    }


def load_trials(data: Mapping[str, Any]) -> list[FrozenTrial]:
    """What `dump_trials` was given, without reports."""
    spaces = [load_space(text) for text in data["spaces"]]
    rows = [_points(space, columns) for space, columns in zip(spaces, data["points"], strict=True)]
    sems = dict(data["sems"])
    constraints = dict(data["constraints"])
    user_attrs, system_attrs = dict(data["user_attrs"]), dict(data["system_attrs"])
    trials = []
    for row, (layout, number, state, attempt, archived, started, finished, values) in enumerate(
        zip(
            unpack(data["layout"]),
            unpack(data["number"]),
            unpack(data["state"]),
            unpack(data["attempt"]),
            unpack(data["archived"]),
            unpack(data["started"]),
            unpack(data["finished"]),
            unpack_rows(data["values"]),
            strict=True,
        )
    ):
        trials.append(
            FrozenTrial.build(
                number,
                _STATES[state],
                values=values,
                sems=tuple(sems[row]) if row in sems else None,
                space=spaces[layout],
                point=next(rows[layout]),
                started=None if started == _NONE else started,
                finished=None if finished == _NONE else finished,
                constraints=load_attrs(constraints[row]) if row in constraints else None,
                user_attrs=load_attrs(user_attrs[row]) if row in user_attrs else None,
                system_attrs=load_attrs(system_attrs[row]) if row in system_attrs else None,
                attempt=attempt,
                archived=bool(archived),
            )
        )
    return trials


def dump_reports(reports: Iterable[tuple[int, Report]]) -> dict[str, Any]:
    """Reports with the number each belongs to, in their order."""
    listed = list(reports)
    kinds: dict[tuple[str, ...], int] = {}
    kind = [kinds.setdefault(tuple(report.metrics), len(kinds)) for _, report in listed]
    return {
        "metrics": [list(names) for names in kinds],
        "kind": pack(kind),
        "number": pack([number for number, _ in listed]),
        "step": pack([report.step for _, report in listed]),
        "flat": pack([metric for _, report in listed for metric in report.metrics.values()]),
        "checkpoint": [
            [row, report.checkpoint]
            for row, (_, report) in enumerate(listed)
            if report.checkpoint is not None
        ],
    }


def load_reports(data: Mapping[str, Any]) -> list[tuple[int, Report]]:
    """What `dump_reports` was given."""
    names = [tuple(group) for group in data["metrics"]]
    checkpoints = dict(data["checkpoint"])
    flat = iter(unpack(data["flat"]))
    return [
        (
            number,
            Report(
                step,
                # Not zip(names, flat): that takes a value too many from the iterator.
                {name: next(flat) for name in names[kind]},
                checkpoints.get(row),
            ),
        )
        for row, (kind, number, step) in enumerate(
            zip(unpack(data["kind"]), unpack(data["number"]), unpack(data["step"]), strict=True)
        )
    ]


def dump_whole_trials(trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Trials with their reports."""
    return {
        "trials": dump_trials(trials),
        "reports": dump_reports(
            (row, report) for row, trial in enumerate(trials) for report in trial.reports.values()
        ),
    }


def load_whole_trials(data: Mapping[str, Any]) -> list[FrozenTrial]:
    """What `dump_whole_trials` was given."""
    trials = load_trials(data["trials"])
    reports: dict[int, dict[int, Report]] = {}
    for row, report in load_reports(data["reports"]):
        reports.setdefault(row, {})[report.step] = report
    for row, of_trial in reports.items():
        trials[row] = trials[row].replace(reports=of_trial)
    return trials


def check_point(space: Space, point: Sequence[Any]) -> tuple[Internal, ...]:
    """``point`` if it holds internal values of ``space``: a client may send anything.

    Raises:
        InvalidArgument: If it does not.
    """
    if len(point) != len(space):
        raise InvalidArgument("point", f"{len(space)} values", point)
    for name, distribution, internal in zip(space.names, space.distributions, point, strict=True):
        kind = float if isinstance(distribution, FloatDistribution) else int
        if internal.__class__ is not kind or (
            isinstance(distribution, CategoricalDistribution)
            and not distribution._contains(internal)
        ):
            raise InvalidArgument(name, f"an internal value of {distribution}", internal)
    return tuple(point)


def check_trial(trial: FrozenTrial) -> FrozenTrial:
    """``trial`` if it could exist: a client may send anything.

    Raises:
        InvalidArgument: If it could not.
    """
    check_point(trial.space, trial.point)
    TrialUpdate(constraints=trial.constraints)
    for name in ("number", "attempt"):
        if getattr(trial, name).__class__ is not int:
            raise InvalidArgument(name, "an integer", getattr(trial, name))
    for name in ("started", "finished"):
        if not isinstance(getattr(trial, name), int | None):
            raise InvalidArgument(name, "microseconds or None", getattr(trial, name))
    if trial.attempt < 1:
        raise InvalidArgument("attempt", "an integer of at least 1", trial.attempt)
    if trial.state.is_finished():
        Outcome(trial.state, trial.values, trial.sems)
        if trial.finished is None:
            raise InvalidArgument("finished", "a time, as the trial has finished", None)
    elif trial.values is not None:
        raise InvalidArgument("values", "None, as the trial has not finished", trial.values)
    return trial


def _points(space: Space, columns: Sequence[Any]) -> Iterator[tuple[Internal, ...]]:
    if not len(space):
        while True:
            yield ()
    if len(columns) == len(space):
        yield from zip(*map(unpack, columns), strict=True)


def _sparse(rows: Sequence[Any], dump: Any) -> list[list[Any]]:
    return [[row, dump(content)] for row, content in enumerate(rows) if content]
