"""Storages, under the names that scripts for Optuna use as well."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trimtab.errors import InvalidArgument
from trimtab.storage import InMemoryStorage, SQLStorage, Storage, open_storage
from trimtab.storage.urls import sql_url

if TYPE_CHECKING:
    from trimtab.storage import HTTPStorage

BaseStorage = Storage
get_storage = open_storage


class RetryHeartbeatStaleTrialCallback:
    """How often a trial is run again whose worker died.

    Trimtab reclaims such a trial under its own number; there is nothing to call back.

    Args:
        max_retry: At least 0; None: without end.
    """

    def __init__(self, max_retry: int | None = None) -> None:
        if max_retry is not None and max_retry < 0:
            raise InvalidArgument("max_retry", "at least 0 or None", max_retry)
        self.max_retry = max_retry


RetryFailedTrialCallback = RetryHeartbeatStaleTrialCallback

_ENDLESS = 1_000_000


class RDBStorage(SQLStorage):
    """`SQLStorage` with the arguments of Optuna's class of this name.

    Args:
        url: As of `SQLStorage`.
        engine_kwargs: ``{"connect_args": {"timeout": seconds}}``, how long to wait for a locked
            database. What else an engine takes goes into the URL's query.
        heartbeat_interval: Seconds between two renewals of a running trial's lease; None: 20.
        grace_period: Seconds after which a silent worker counts as dead; None: three intervals.
        heartbeat_stale_trial_callback: Says how often a dead worker's trial is run again;
            None: never.

    Raises:
        InvalidArgument: If an interval is not positive, or ``engine_kwargs`` holds anything else.
    """

    def __init__(
        self,
        url: str,
        engine_kwargs: Mapping[str, Any] | None = None,
        *,
        heartbeat_interval: float | None = None,
        grace_period: float | None = None,
        heartbeat_stale_trial_callback: RetryHeartbeatStaleTrialCallback | None = None,
    ) -> None:
        for name, seconds in (
            ("heartbeat_interval", heartbeat_interval),
            ("grace_period", grace_period),
        ):
            if seconds is not None and not seconds > 0:
                raise InvalidArgument(name, "a positive number of seconds or None", seconds)
        super().__init__(sql_url(url), **_patience(engine_kwargs or {}))
        if grace_period is not None or heartbeat_interval is not None:
            self.lease_seconds = float(grace_period or 3.0 * (heartbeat_interval or 20.0))
        if heartbeat_stale_trial_callback is not None:
            retries = heartbeat_stale_trial_callback.max_retry
            self.max_retries = _ENDLESS if retries is None else retries
        elif heartbeat_interval is not None:
            self.max_retries = 0


def _patience(engine_kwargs: Mapping[str, Any]) -> dict[str, float]:
    connect_args = engine_kwargs.get("connect_args", {})
    if set(engine_kwargs) - {"connect_args"} or set(connect_args) - {"timeout"}:
        raise InvalidArgument(
            "engine_kwargs",
            "at most {'connect_args': {'timeout': seconds}}; a driver's own options are part of "
            "the URL, as in 'postgresql://host/name?sslmode=require'",
            dict(engine_kwargs),
        )
    return {"patience": float(connect_args["timeout"])} if "timeout" in connect_args else {}


class JournalFileBackend:
    """A file that a `JournalStorage` keeps its studies in.

    Args:
        file_path: It is a SQLite file; a journal that Optuna wrote is brought over by
            ``trimtab import-optuna``.
    """

    def __init__(self, file_path: str | os.PathLike[str]) -> None:
        self.url = f"sqlite:///{os.fspath(file_path)}"


class JournalStorage(SQLStorage):
    """A storage in one file, as scripts make it for parallel workers on one machine."""

    def __init__(self, log_storage: JournalFileBackend) -> None:
        super().__init__(sql_url(log_storage.url))


def __getattr__(name: str) -> Any:
    if name == "HTTPStorage":  # httpx is loaded when it is used
        from trimtab.storage import HTTPStorage

        return HTTPStorage
    if name == "journal":  # trimtab.storages.journal.JournalFileBackend
        import sys

        return sys.modules[__name__]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BaseStorage",
    "HTTPStorage",
    "InMemoryStorage",
    "JournalFileBackend",
    "JournalStorage",
    "RDBStorage",
    "RetryFailedTrialCallback",
    "RetryHeartbeatStaleTrialCallback",
    "SQLStorage",
    "Storage",
    "get_storage",
    "open_storage",
]
