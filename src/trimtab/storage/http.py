"""Studies behind a running `trimtab dashboard`: a worker needs a URL and a token, no database."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.records import (
    FrozenTrial,
    History,
    Outcome,
    StudyDirection,
    StudyRecord,
    StudySummary,
    TrialState,
    TrialUpdate,
)
from trimtab.storage import wire
from trimtab.storage.base import Changes, Draft, Held, Lease, Storage, Ticket, Write, unknown_study
from trimtab.storage.transport import Transport

TIMEOUT = 60.0
"""Seconds that one call may take with all its retries."""


class HTTPStorage(Storage):
    """Keeps studies in a storage that a ``trimtab dashboard`` serves.

    What is read is fetched once: later calls ask for what changed since. A call ends within
    ``timeout``: reads are sent again when the connection fails, and so are writes, which the
    server knows by a key and does not do twice.

    Args:
        url: As ``http://host:8080``, or the link that the server printed with its token. Of a
            server with several storages ``http://host:8080/api/storages/1`` is the second one.
        token: What the server was started with; None: the one in the URL, else that of the
            environment variable ``TRIMTAB_TOKEN``.
        timeout: Seconds that one call may take with all its retries; a server that was never
            there is given 3.

    Raises:
        MissingDependency: If httpx is not installed.
        UnsupportedURL: If this is no URL of a server.
        AccessDenied: If the server wants another token.
        StorageVersion: If it is of a version that this one cannot talk to.
        StorageError: If it cannot be reached.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = TIMEOUT) -> None:
        super().__init__()
        self._arguments = (url, token, timeout)
        self._transport = Transport(url, token, timeout)
        try:
            self._transport.check_protocol()
        except BaseException:
            self._transport.close()
            raise
        _opened.add(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """Of the storage, without the token."""
        return self._transport.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (*self._arguments, self.lease_seconds, self.max_retries)

    def after_fork(self) -> None:
        """Begin anew in a child process: another thread may have been at work in the parent."""
        self._histories_lock = threading.RLock()
        self._histories = {}
        self._transport.after_fork()

    def close(self) -> None:
        self._transport.close()

    # ------------------------------------------------------------------ studies

    def create_study(
        self, name: str, directions: Sequence[StudyDirection], ticket: Ticket | None = None
    ) -> StudyRecord:
        StudyRecord(0, name, tuple(directions))  # is checked when it is built
        arguments = {"name": name, "directions": wire.dump_directions(directions)}
        return wire.load_study(self._transport.write("create_study", arguments, ticket))

    def delete_study(self, study_id: int) -> None:
        self._transport.write("delete_study", {"study_id": study_id})
        with self.lock:
            self._histories.pop(study_id, None)

    def find_study(self, name: str) -> StudyRecord:
        if not _is_text(name):
            raise unknown_study(name)
        return wire.load_study(self._transport.read("find_study", name=name))

    def study(self, study_id: int) -> StudyRecord:
        return wire.load_study(self._transport.read("study", study_id=study_id))

    def studies(self) -> list[StudyRecord]:
        return [wire.load_study(data) for data in self._transport.read("studies")]

    def revisions(self) -> dict[int, int]:
        return dict(self._transport.read("revisions"))

    def summaries(self) -> list[StudySummary]:
        return [wire.load_summary(data) for data in self._transport.read("summaries")]

    def update_study(
        self,
        study_id: int,
        *,
        name: str | None = None,
        metric_names: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> StudyRecord:
        arguments = {
            "study_id": study_id,
            "name": name,
            "metric_names": None if metric_names is None else list(metric_names),
            "archived": archived,
        }
        return wire.load_study(self._transport.write("update_study", arguments))

    def set_study_attrs(
        self,
        study_id: int,
        *,
        user: Mapping[str, Any] | None = None,
        system: Mapping[str, Any] | None = None,
        expected: Mapping[str, Any] | None = None,
    ) -> None:
        arguments = {
            "study_id": study_id,
            "user": wire.dump_attrs(user or {}),
            "system": wire.dump_attrs(system or {}),
            "expected": wire.dump_attrs(expected or {}),
        }
        self._transport.write("set_study_attrs", arguments)

    # ------------------------------------------------------------------ a trial's life

    def start(
        self, study_id: int, draft: Draft | None, lease: Lease, ticket: Ticket | None = None
    ) -> FrozenTrial | None:
        arguments = {
            "study_id": study_id,
            "draft": None if draft is None else wire.dump_draft(draft),
            "lease": wire.dump_lease(lease),
        }
        trials = wire.load_whole_trials(self._transport.write("start", arguments, ticket))
        return trials[0] if trials else None

    def add(
        self, study_id: int, trials: Sequence[FrozenTrial], ticket: Ticket | None = None
    ) -> list[int]:
        arguments = {"study_id": study_id, "trials": wire.dump_whole_trials(trials)}
        numbers: list[int] = self._transport.write("add", arguments, ticket)
        return numbers

    def write(self, study_id: int, number: int, attempt: int | None, update: TrialUpdate) -> None:
        arguments = {
            "study_id": study_id,
            "number": number,
            "attempt": attempt,
            "update": wire.dump_update(update),
        }
        self._transport.write("write", arguments)

    def write_all(self, study_id: int, writes: Sequence[Write]) -> None:
        arguments = {"study_id": study_id, "writes": wire.dump_writes(writes)}
        self._transport.write("write_all", arguments)

    def finish(
        self,
        study_id: int,
        number: int,
        attempt: int | None,
        outcome: Outcome,
        update: TrialUpdate | None = None,
        finished: int = 0,
    ) -> FrozenTrial:
        arguments = {
            "study_id": study_id,
            "number": number,
            "attempt": attempt,
            "outcome": wire.dump_outcome(outcome),
            "update": None if update is None else wire.dump_update(update),
            "finished": finished,
        }
        return wire.load_whole_trials(self._transport.write("finish", arguments))[0]

    def amend(
        self,
        study_id: int,
        number: int,
        outcome: Outcome | None,
        update: TrialUpdate | None = None,
    ) -> FrozenTrial:
        arguments = {
            "study_id": study_id,
            "number": number,
            "outcome": None if outcome is None else wire.dump_outcome(outcome),
            "update": None if update is None else wire.dump_update(update),
        }
        return wire.load_whole_trials(self._transport.write("amend", arguments))[0]

    def renew(self, study_id: int, held: Mapping[int, int], seconds: float) -> list[int]:
        Lease(seconds)  # is checked when it is built
        arguments = {
            "study_id": study_id,
            "held": [list(pair) for pair in held.items()],
            "seconds": seconds,
        }
        lost: list[int] = self._transport.write("renew", arguments)
        return lost

    def leases(self, study_id: int) -> list[Held]:
        return [wire.load_held(data) for data in self._transport.read("leases", study_id=study_id)]

    def expire(self, study_id: int, number: int, attempt: int) -> bool:
        arguments = {"study_id": study_id, "number": number, "attempt": attempt}
        return bool(self._transport.write("expire", arguments))

    def set_state(self, study_id: int, number: int, attempt: int | None, state: TrialState) -> None:
        arguments = {
            "study_id": study_id,
            "number": number,
            "attempt": attempt,
            "state": TrialState(state).name,
        }
        self._transport.write("set_state", arguments)

    def archive_trials(self, study_id: int, numbers: Sequence[int], archived: bool = True) -> None:
        arguments = {"study_id": study_id, "numbers": list(numbers), "archived": archived}
        self._transport.write("archive_trials", arguments)

    def delete_trials(self, study_id: int, numbers: Sequence[int]) -> None:
        arguments = {"study_id": study_id, "numbers": list(numbers)}
        self._transport.write("delete_trials", arguments)

    # ------------------------------------------------------------------ reading

    def trial(self, study_id: int, number: int) -> FrozenTrial:
        data = self._transport.read("trial", study_id=study_id, number=number)
        return wire.load_whole_trials(data)[0]

    def changes(self, study_id: int, since: int) -> Changes:
        return wire.load_changes(self._transport.read("changes", study_id=study_id, since=since))

    def history(self, study_id: int) -> History:
        with self.lock:
            if study_id in self._histories:
                return super().history(study_id)
            history: History = self._transport.read(
                "history", take=wire.load_history, study_id=study_id
            )
            self._histories[study_id] = history
            return history


def _reopen(
    url: str, token: str | None, timeout: float, lease_seconds: float, max_retries: int
) -> HTTPStorage:
    storage = HTTPStorage(url, token, timeout=timeout)
    storage.lease_seconds, storage.max_retries = lease_seconds, max_retries
    return storage


def _is_text(name: Any) -> bool:
    """Whether it can be part of a URL; what cannot is no study's name either."""
    return isinstance(name, str) and not any("\ud800" <= c <= "\udfff" for c in name)


_opened: weakref.WeakSet[HTTPStorage] = weakref.WeakSet()


def _after_fork() -> None:
    for storage in _opened:
        storage.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
