"""The other records of a storage's methods as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.errors import InvalidArgument
from trimtab.records import (
    Outcome,
    StudyDirection,
    StudyRecord,
    StudySummary,
    TrialState,
    TrialUpdate,
)
from trimtab.space import decode_json, encode_json
from trimtab.storage.base import Changes, Draft, Held, Lease, Write
from trimtab.storage.wire.columns import pack, unpack
from trimtab.storage.wire.text import dump_attrs, dump_space, load_attrs, load_space
from trimtab.storage.wire.trials import (
    check_point,
    dump_reports,
    dump_trials,
    load_reports,
    load_trials,
)


def dump_directions(directions: Sequence[StudyDirection]) -> list[str]:
    """``"minimize"`` or ``"maximize"``, one per objective."""
    return [StudyDirection(direction).name.lower() for direction in directions]


def load_directions(data: Any) -> tuple[StudyDirection, ...]:
    """What `dump_directions` was given."""
    known = {"minimize": StudyDirection.MINIMIZE, "maximize": StudyDirection.MAXIMIZE}
    try:
        return tuple([known[name] for name in data])
    except (KeyError, TypeError) as error:
        raise InvalidArgument("directions", "'minimize' or 'maximize' each", data) from error


def dump_study(record: StudyRecord) -> dict[str, Any]:
    """A study."""
    return {
        "id": record.id,
        "name": record.name,
        "directions": dump_directions(record.directions),
        "metric_names": None if record.metric_names is None else list(record.metric_names),
        "user_attrs": dump_attrs(record.user_attrs),
        "system_attrs": dump_attrs(record.system_attrs),
        "created": record.created,
        "archived": record.archived,
        "revision": record.revision,
    }


def load_study(data: Mapping[str, Any]) -> StudyRecord:
    """What `dump_study` was given."""
    names = data["metric_names"]
    return StudyRecord(
        data["id"],
        data["name"],
        load_directions(data["directions"]),
        None if names is None else tuple(names),
        load_attrs(data["user_attrs"]),
        load_attrs(data["system_attrs"]),
        data["created"],
        data["archived"],
        data["revision"],
    )


def dump_summary(summary: StudySummary) -> dict[str, Any]:
    """What a list shows of a study."""
    return {
        "study": dump_study(summary.study),
        "counts": {state.name: count for state, count in summary.counts.items()},
        "best": encode_json(summary.best),
        "started": summary.started,
        "last_activity": summary.last_activity,
    }


def load_summary(data: Mapping[str, Any]) -> StudySummary:
    """What `dump_summary` was given."""
    return StudySummary(
        load_study(data["study"]),
        {TrialState[name]: count for name, count in data["counts"].items()},
        decode_json(data["best"]),
        data["started"],
        data["last_activity"],
    )


def dump_lease(lease: Lease) -> dict[str, Any]:
    """A lease as it is asked for."""
    return {
        "seconds": encode_json(lease.seconds),
        "worker": lease.worker,
        "max_attempts": lease.max_attempts,
    }


def load_lease(data: Mapping[str, Any]) -> Lease:
    """What `dump_lease` was given."""
    return Lease(decode_json(data["seconds"]), data["worker"], data["max_attempts"])


def dump_held(held: Held) -> list[Any]:
    """A lease as others see it: number, attempt, worker, remaining seconds."""
    return [held.number, held.attempt, held.worker, encode_json(held.remaining)]


def load_held(data: Sequence[Any]) -> Held:
    """What `dump_held` was given."""
    number, attempt, worker, remaining = data
    return Held(number, attempt, worker, decode_json(remaining))


def dump_draft(draft: Draft) -> dict[str, Any]:
    """A trial to be started."""
    return {
        "space": dump_space(draft.space),
        "point": [encode_json(internal) for internal in draft.point],
        "user_attrs": dump_attrs(draft.user_attrs),
        "system_attrs": dump_attrs(draft.system_attrs),
        "started": draft.started,
    }


def load_draft(data: Mapping[str, Any]) -> Draft:
    """What `dump_draft` was given."""
    space = load_space(data["space"])
    return Draft(
        space,
        check_point(space, [decode_json(internal) for internal in data["point"]]),
        load_attrs(data["user_attrs"]),
        load_attrs(data["system_attrs"]),
        data["started"],
    )


def dump_outcome(outcome: Outcome) -> dict[str, Any]:
    """How a trial ended."""
    return {
        "state": outcome.state.name,
        "values": None if outcome.values is None else list(outcome.values),
        "sems": None if outcome.sems is None else list(outcome.sems),
        "reason": outcome.reason,
    }


def load_outcome(data: Mapping[str, Any]) -> Outcome:
    """What `dump_outcome` was given."""
    values, sems = data["values"], data["sems"]
    return Outcome(
        TrialState[data["state"]],
        None if values is None else tuple(values),
        None if sems is None else tuple(sems),
        data["reason"],
    )


def dump_update(update: TrialUpdate) -> dict[str, Any]:
    """What a trial adds to its record; what is empty is left out."""
    data: dict[str, Any] = {}
    if update.space is not None:
        data["space"] = dump_space(update.space)
        data["point"] = [encode_json(internal) for internal in update.point]
    if update.reports:
        data["reports"] = dump_reports((0, report) for report in update.reports)
    for part in ("user_attrs", "system_attrs", "constraints", "expected"):
        if getattr(update, part):
            data[part] = dump_attrs(getattr(update, part))
    return data


def load_update(data: Mapping[str, Any]) -> TrialUpdate:
    """What `dump_update` was given."""
    space = load_space(data["space"]) if "space" in data else None
    point = [decode_json(internal) for internal in data.get("point", ())]
    reports = load_reports(data["reports"]) if "reports" in data else ()
    return TrialUpdate(
        space,
        tuple(point) if space is None else check_point(space, point),
        tuple([report for _, report in reports]),
        load_attrs(data.get("user_attrs", {})),
        load_attrs(data.get("system_attrs", {})),
        load_attrs(data.get("constraints", {})),
        load_attrs(data.get("expected", {})),
    )


def dump_writes(writes: Sequence[Write]) -> list[dict[str, Any]]:
    """Writes to several trials; what is empty is left out."""
    dumped = []
    for write in writes:
        data: dict[str, Any] = {"number": write.number, "update": dump_update(write.update)}
        if write.state is not None:
            data["state"] = TrialState(write.state).name
        if write.attempt is not None:
            data["attempt"] = write.attempt
        dumped.append(data)
    return dumped


def load_writes(data: Any) -> list[Write]:
    """What `dump_writes` was given."""
    return [
        Write(
            each["number"],
            load_update(each["update"]),
            TrialState[each["state"]] if "state" in each else None,
            each.get("attempt"),
        )
        for each in data
    ]


def dump_changes(changes: Changes) -> dict[str, Any]:
    """All that changed in a study, as columns."""
    return {
        "revision": changes.revision,
        "trials": dump_trials(changes.trials),
        "reports": dump_reports(changes.reports),
        "deleted": pack(changes.deleted),
        "damaged": [list(pair) for pair in changes.damaged.items()],
    }


def load_changes(data: Mapping[str, Any]) -> Changes:
    """What `dump_changes` was given."""
    return Changes(
        data["revision"],
        tuple(load_trials(data["trials"])),
        tuple(load_reports(data["reports"])),
        tuple(unpack(data["deleted"])),
        dict(data["damaged"]),
    )
