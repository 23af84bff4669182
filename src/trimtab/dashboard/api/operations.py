"""The methods of a storage as operations with JSON arguments: what `HTTPStorage` calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import trimtab
from trimtab.dashboard.api.arguments import Arguments
from trimtab.records import FrozenTrial, TrialState
from trimtab.storage import Storage, wire
from trimtab.storage.transport import PROTOCOL

Operation: TypeAlias = Callable[[Storage, Arguments], Any]
"""From arguments to a result, both as JSON."""


def _hello(storage: Storage, arguments: Arguments) -> Any:
    return {"protocol": PROTOCOL, "version": trimtab.__version__}


def _create_study(storage: Storage, arguments: Arguments) -> Any:
    directions = arguments.decoded("directions", wire.load_directions)
    return wire.dump_study(
        storage.create_study(arguments.text("name"), directions, arguments.ticket)
    )


def _delete_study(storage: Storage, arguments: Arguments) -> Any:
    storage.delete_study(arguments.integer("study_id"))


def _update_study(storage: Storage, arguments: Arguments) -> Any:
    record = storage.update_study(
        arguments.integer("study_id"),
        name=arguments.optional("name", _text),
        metric_names=arguments.optional("metric_names", _texts),
        archived=arguments.optional("archived", _flag),
    )
    return wire.dump_study(record)


def _set_study_attrs(storage: Storage, arguments: Arguments) -> Any:
    storage.set_study_attrs(
        arguments.integer("study_id"),
        user=arguments.decoded("user", wire.load_attrs),
        system=arguments.decoded("system", wire.load_attrs),
        expected=arguments.optional("expected", wire.load_attrs),
    )


def _start(storage: Storage, arguments: Arguments) -> Any:
    trial = storage.start(
        arguments.integer("study_id"),
        arguments.optional("draft", wire.load_draft),
        arguments.decoded("lease", wire.load_lease),
        arguments.ticket,
    )
    return wire.dump_whole_trials([] if trial is None else [trial])


def _add(storage: Storage, arguments: Arguments) -> Any:
    study_id, trials = arguments.integer("study_id"), arguments.decoded("trials", _trials)
    return storage.add(study_id, trials, arguments.ticket)


def _write(storage: Storage, arguments: Arguments) -> Any:
    storage.write(
        arguments.integer("study_id"),
        arguments.number("number"),
        arguments.attempt(),
        arguments.decoded("update", wire.load_update),
    )


def _write_all(storage: Storage, arguments: Arguments) -> Any:
    storage.write_all(arguments.integer("study_id"), arguments.decoded("writes", wire.load_writes))


def _finish(storage: Storage, arguments: Arguments) -> Any:
    trial = storage.finish(
        arguments.integer("study_id"),
        arguments.number("number"),
        arguments.attempt(),
        arguments.decoded("outcome", wire.load_outcome),
        arguments.optional("update", wire.load_update),
        arguments.integer("finished"),
    )
    return wire.dump_whole_trials([trial])


def _amend(storage: Storage, arguments: Arguments) -> Any:
    trial = storage.amend(
        arguments.integer("study_id"),
        arguments.number("number"),
        arguments.optional("outcome", wire.load_outcome),
        arguments.optional("update", wire.load_update),
    )
    return wire.dump_whole_trials([trial])


def _renew(storage: Storage, arguments: Arguments) -> Any:
    held = arguments.decoded("held", _held)
    return storage.renew(arguments.integer("study_id"), held, arguments.decoded("seconds", float))


def _expire(storage: Storage, arguments: Arguments) -> Any:
    return storage.expire(
        arguments.integer("study_id"), arguments.number("number"), arguments.integer("attempt")
    )


def _set_state(storage: Storage, arguments: Arguments) -> Any:
    storage.set_state(
        arguments.integer("study_id"),
        arguments.number("number"),
        arguments.attempt(),
        arguments.decoded("state", TrialState.__getitem__),
    )


def _archive_trials(storage: Storage, arguments: Arguments) -> Any:
    storage.archive_trials(
        arguments.integer("study_id"), arguments.numbers("numbers"), arguments.flag("archived")
    )


def _delete_trials(storage: Storage, arguments: Arguments) -> Any:
    storage.delete_trials(arguments.integer("study_id"), arguments.numbers("numbers"))


def _study(storage: Storage, arguments: Arguments) -> Any:
    return wire.dump_study(storage.study(arguments.integer("study_id")))


def _find_study(storage: Storage, arguments: Arguments) -> Any:
    return wire.dump_study(storage.find_study(arguments.text("name")))


def _studies(storage: Storage, arguments: Arguments) -> Any:
    return [wire.dump_study(record) for record in storage.studies()]


def _revisions(storage: Storage, arguments: Arguments) -> Any:
    return [list(pair) for pair in storage.revisions().items()]


def _summaries(storage: Storage, arguments: Arguments) -> Any:
    return [wire.dump_summary(summary) for summary in storage.summaries()]


def _trial(storage: Storage, arguments: Arguments) -> Any:
    trial = storage.trial(arguments.integer("study_id"), arguments.number("number"))
    return wire.dump_whole_trials([trial])


def _changes(storage: Storage, arguments: Arguments) -> Any:
    return wire.dump_changes(
        storage.changes(arguments.integer("study_id"), arguments.integer("since"))
    )


def _leases(storage: Storage, arguments: Arguments) -> Any:
    return [wire.dump_held(held) for held in storage.leases(arguments.integer("study_id"))]


READS: Final[Mapping[str, Operation]] = {
    "hello": _hello,
    "studies": _studies,
    "study": _study,
    "find_study": _find_study,
    "revisions": _revisions,
    "summaries": _summaries,
    "trial": _trial,
    "changes": _changes,
    "leases": _leases,
}
"""What changes nothing, by name: GET."""

WRITES: Final[Mapping[str, Operation]] = {
    "create_study": _create_study,
    "delete_study": _delete_study,
    "update_study": _update_study,
    "set_study_attrs": _set_study_attrs,
    "start": _start,
    "add": _add,
    "write": _write,
    "write_all": _write_all,
    "finish": _finish,
    "amend": _amend,
    "renew": _renew,
    "expire": _expire,
    "set_state": _set_state,
    "archive_trials": _archive_trials,
    "delete_trials": _delete_trials,
}
"""What is done once for each ``Idempotency-Key``, by name: POST."""


def _trials(data: Any) -> list[FrozenTrial]:
    return [wire.check_trial(trial) for trial in wire.load_whole_trials(data)]


def _held(data: Any) -> dict[int, int]:
    pairs = [Arguments({"number": number, "attempt": attempt}) for number, attempt in data]
    return {pair.number("number"): pair.integer("attempt") for pair in pairs}


def _text(value: Any) -> str:
    return Arguments({"name": value}).text("name")


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in value]


def _flag(value: Any) -> bool:
    return Arguments({"archived": value}).flag("archived")
