"""Connections, transactions and retries.

Everything that is written is written in one short transaction that holds its study's row from the
start (SQLite: the write lock of the file). Hence revisions become visible in their order: who reads
revision r has seen all that r stands for, and numbers are dense.

SQLAlchemy makes the tables, compiles the statements and pools the connections.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, Dialect, Engine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool, StaticPool

from trimtab.errors import InvalidArgument, TrimtabError
from trimtab.storage.sql.codec import Row
from trimtab.storage.sql.faults import RETRIED, Fault, classify, translate
from trimtab.storage.sql.session import Compiled, Session, Statement

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which a call waits for locks and for a database that went away."""

OPENING_PATIENCE = 3.0
"""Seconds for which a database is waited for that never answered: its URL may be wrong."""

_FIRST_PAUSE, _LAST_PAUSE = 0.0003, 0.005
_LAST_PAUSE_LOST = 0.25


class Database:
    """An SQL database, safe to use from many threads and after a fork.

    Args:
        url: SQLAlchemy's.
        patience: Seconds for which a call waits for locks or a lost database.

    Attributes:
        name: The URL without its password, for messages.
        kind: sqlite, postgresql or mysql (MariaDB is one).
        file: Of an SQLite database that has one.
    """

    def __init__(self, url: URL, patience: float = PATIENCE) -> None:
        self.url = url
        plain = url.set(drivername=url.get_backend_name())
        self.name = plain.render_as_string(hide_password=True)
        self.patience = patience
        self._reached = False
        self._lenient = False  # what SQLite takes for text may be none, if the file is damaged
        self._synchronous = "NORMAL"
        query = dict(url.query)
        if url.get_backend_name() == "sqlite":
            self._synchronous = _synchronous(query.pop("synchronous", "normal"))
            if "timeout" in query:
                self.patience = _timeout(query.pop("timeout"))
            url = url.set(query=query)
        self._connect_url = url
        embedded = url.get_backend_name() == "sqlite"
        self.in_memory = embedded and url.database in (None, "", ":memory:")
        self.file = Path(str(url.database)) if embedded and not self.in_memory else None
        self._open()
        forkables.add(self)

    def _open(self) -> None:
        self.engine: Engine = _engine(self._connect_url, self.in_memory)
        # The engine knows us only weakly: whoever drops us unclosed leaves no connection open.
        owner = weakref.ref(self)
        event.listen(self.engine, "connect", lambda raw, _: _prepare(owner, raw))
        self._closing = weakref.finalize(self, self.engine.dispose)
        self.dialect: Dialect = self.engine.dialect
        self.kind: str = {"mariadb": "mysql"}.get(self.dialect.name, self.dialect.name)
        self._begin_write, self._begin_read = _BEGIN[self.kind]
        self._cache: dict[Statement, Compiled] = {}
        dbapi: Any = self.dialect.dbapi
        self._errors: tuple[type[BaseException], ...] = (
            dbapi.Error,
            sqlalchemy.exc.DBAPIError,
            OSError,
            OverflowError,
        )
        # SQLite has one writer at a time: threads of one process queue here rather than poll.
        # A database in memory has one connection, and readers queue for it, too.
        lock = threading.Lock()
        self._write_gate: Any = lock if self.kind == "sqlite" else contextlib.nullcontext()
        self._read_gate: Any = lock if self.in_memory else contextlib.nullcontext()

    # ------------------------------------------------------------------ work

    def read(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns, which reads one snapshot; repeated if the database fails."""
        return self._patiently(lambda: self._transact(self._begin_read, self._read_gate, work))

    def glance(self, statement: Statement, **parameters: Any) -> Row | None:
        """The first row of one statement, without a transaction around it."""
        return self._patiently(
            lambda: self._transact(
                None, self._read_gate, lambda session: session.one(statement, **parameters)
            )
        )

    def glance_all(self, statement: Statement) -> Sequence[Row]:
        """All rows of one statement, without a transaction around it."""
        return self._patiently(
            lambda: self._transact(None, self._read_gate, lambda session: session.all(statement))
        )

    def write(
        self,
        work: Callable[[Session], T],
        confirm: Callable[[Session, T], bool] | None = None,
    ) -> T:
        """What ``work`` returns, committed.

        Args:
            work: Reads and writes; run again where the transaction failed, so it keeps its
                effects to the database and to what it returns.
            confirm: Whether what ``work`` returned was committed, asked where the connection
                broke while it was. None: running ``work`` twice does no harm.
        """
        unsure: list[T] = []

        def attempt() -> T:
            if unsure and confirm is not None:
                result = unsure[0]
                if self._transact(
                    self._begin_read, self._read_gate, lambda session: confirm(session, result)
                ):
                    return result
            unsure.clear()
            return self._transact(self._begin_write, self._write_gate, work, unsure)

        return self._patiently(attempt)

    def administer(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` returns, which makes or inspects tables; in autocommit mode."""

        def attempt() -> T:
            with self._write_gate, self.engine.connect() as connection:
                return work(connection)

        return self._patiently(attempt)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        deadline = time.monotonic() + self.patience
        waited_for = False
        pause = _FIRST_PAUSE
        while True:
            try:
                result = attempt()
                self._reached = True
                return result
            except self._errors as error:
                cause = _driver_error(error)
                fault = classify(cause)
                now = time.monotonic()
                if fault is Fault.LOST and not waited_for:
                    # It may have been lost at the end of a long read: the waiting begins now.
                    waited_for = True
                    deadline = now + (self.patience if self._reached else OPENING_PATIENCE)
                if fault is Fault.TEXT and not self._lenient:
                    self._lenient = True
                    self.engine.dispose()
                    continue
                if fault not in RETRIED or now >= deadline:
                    raise translate(cause, self.name) from cause
            pause = min(pause * 1.5, _LAST_PAUSE_LOST if fault is Fault.LOST else _LAST_PAUSE)
            time.sleep(min(pause * random.uniform(0.5, 1.5), max(deadline - now, 0.0)))

    def _transact(
        self,
        begin: str | None,
        gate: Any,
        work: Callable[[Session], T],
        unsure: list[T] | None = None,
    ) -> T:
        with gate:
            connection = self.engine.raw_connection()
            committing = False
            try:
                cursor: Any = connection.cursor()
                session = Session(cursor, self._compiled, lambda: self._streaming(connection))
                if begin is not None:
                    cursor.execute(begin)
                result = work(session)
                if begin is not None:
                    committing = True
                    cursor.execute("COMMIT")
                cursor.close()
            except BaseException as error:
                self._give_up(connection, error, began=begin is not None)
                if (
                    committing
                    and unsure is not None
                    and isinstance(error, self._errors)
                    and classify(_driver_error(error)) is Fault.LOST
                ):
                    unsure.append(result)
                raise
            connection.close()
            return result

    def _give_up(
        self, connection: PoolProxiedConnection, error: BaseException, *, began: bool
    ) -> None:
        """Roll back, or drop the connection where it cannot be trusted any more."""
        trusted = isinstance(error, TrimtabError) or (
            isinstance(error, self._errors) and classify(_driver_error(error)) is not Fault.LOST
        )
        if trusted:
            try:
                if began:
                    connection.rollback()
                connection.close()
                return
            except self._errors:
                pass
        with contextlib.suppress(*self._errors):
            connection.invalidate()

    def _compiled(self, statement: Statement) -> Compiled:
        compiled = self._cache.get(statement)
        if compiled is None:
            compiled = self._cache[statement] = Compiled(statement, self.dialect)
        return compiled

    def _streaming(self, connection: PoolProxiedConnection) -> Any:
        raw: Any = connection.driver_connection
        if self.kind == "postgresql":
            return raw.cursor(name="trimtab")
        if self.kind == "mysql":
            from pymysql.cursors import SSCursor

            return raw.cursor(SSCursor)
        return raw.cursor()

    def prepare(self, raw: Any) -> None:
        """Settings of a new connection: transactions begin and end where we say so."""
        if self.kind == "sqlite":
            raw.isolation_level = None
            raw.execute(f"PRAGMA synchronous={self._synchronous}")
            # SQLite runs in the worker, and its clock is the machine's but coarser than this.
            raw.create_function("trimtab_now", 0, lambda: time.time_ns() // 1000)
            if self._lenient:
                raw.text_factory = _text_or_bytes
        elif self.kind == "postgresql":
            raw.autocommit = True
            raw.execute(f"SET lock_timeout = {int(self.patience * 1000)}")
        else:
            raw.autocommit(True)
            with raw.cursor() as cursor:
                cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES'")
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(
                    f"SET SESSION innodb_lock_wait_timeout = {max(int(self.patience), 1)}"
                )

    # ------------------------------------------------------------------ life

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def after_fork(self) -> None:
        """Start anew in a child process.

        A connection must not be used, nor even closed, by another process than its own: it is
        kept alive and never touched.
        """
        self._closing.detach()
        _abandoned.append(self.engine.pool)
        self._open()


_BEGIN = {
    "sqlite": ("BEGIN IMMEDIATE", "BEGIN"),
    "postgresql": (
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    ),
    "mysql": ("START TRANSACTION", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"),
}

_abandoned: list[Any] = []


def _prepare(owner: weakref.ref[Database], raw: Any) -> None:
    database = owner()
    if database is not None:
        database.prepare(raw)


class Forkable(Protocol):
    """What has to begin anew in a forked child."""

    def after_fork(self) -> None:
        """Called in the child, which has one thread."""


forkables: weakref.WeakSet[Forkable] = weakref.WeakSet()


def _after_fork() -> None:
    for forkable in list(forkables):
        forkable.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _driver_error(error: BaseException) -> BaseException:
    """The driver's own error inside SQLAlchemy's."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.orig
    return error


def _synchronous(value: Any) -> str:
    level = str(value).upper()
    if level not in ("FULL", "NORMAL", "EXTRA"):
        raise InvalidArgument("synchronous", "full, normal or extra", value)
    return level


def _timeout(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0.0 <= seconds < math.inf:
        raise InvalidArgument("timeout", "seconds", value)
    return seconds


def _engine(url: URL, in_memory: bool) -> Engine:
    backend = url.get_backend_name()
    options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}
    if backend == "sqlite":
        # Waiting is ours (`_patiently`): SQLite's own pauses grow to 100 ms and starve writers.
        options["connect_args"] = {"timeout": 0, "check_same_thread": False}
        if in_memory:
            options = {"poolclass": StaticPool, "connect_args": options["connect_args"]}
    # A transaction is ended by `_transact`, or its connection dropped.
    return sqlalchemy.create_engine(url, pool_reset_on_return=None, **options)


def _text_or_bytes(text: bytes) -> str | bytes:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text
