"""What a database driver's error means."""

from __future__ import annotations

import enum
import errno
import sqlite3

from trimtab.errors import (
    InvalidArgument,
    StorageBusy,
    StorageError,
    StorageFull,
    StorageUnreadable,
    TrimtabError,
)


class DuplicateKey(StorageError):
    """A key is taken; the storage says which."""


class Fault(enum.Enum):
    """Kinds of failure, by what can be done about them."""

    BUSY = "locked by others"
    CONFLICT = "undone by the database in favour of another transaction"
    LOST = "the connection is gone"
    FULL = "no room to write"
    DAMAGED = "not a database, or a damaged one"
    DUPLICATE = "a key is taken"
    VALUE = "the database cannot hold a value"
    TEXT = "text that is not UTF-8"
    OTHER = "anything else"


RETRIED = frozenset({Fault.BUSY, Fault.CONFLICT, Fault.LOST})
"""Faults that go away by themselves, with luck."""

# PostgreSQL, appendix A "PostgreSQL Error Codes": whole codes, then classes (two characters).
_SQLSTATES = {
    "40001": Fault.CONFLICT,  # serialization_failure
    "40P01": Fault.CONFLICT,  # deadlock_detected
    "55P03": Fault.BUSY,  # lock_not_available
    "53300": Fault.BUSY,  # too_many_connections
    "53100": Fault.FULL,  # disk_full
    "57P01": Fault.LOST,  # admin_shutdown
    "57P02": Fault.LOST,  # crash_shutdown
    "57P03": Fault.LOST,  # cannot_connect_now
    "57P05": Fault.LOST,  # idle_session_timeout
    "25P03": Fault.LOST,  # idle_in_transaction_session_timeout
    "23505": Fault.DUPLICATE,  # unique_violation
}
_SQLSTATE_CLASSES = {"08": Fault.LOST, "22": Fault.VALUE, "XX": Fault.DAMAGED}

# MariaDB, "MariaDB Error Codes"; numbers below 3000 mean the same in MySQL.
_MYSQL_CODES = {
    1205: Fault.BUSY,  # lock wait timeout
    1040: Fault.BUSY,  # too many connections
    1203: Fault.BUSY,  # too many connections of this user
    1213: Fault.CONFLICT,  # deadlock
    1020: Fault.CONFLICT,  # record has changed since last read
    1021: Fault.FULL,  # disk full
    1114: Fault.FULL,  # table is full
    1062: Fault.DUPLICATE,
    1264: Fault.VALUE,  # out of range
    1366: Fault.VALUE,  # incorrect value
    1406: Fault.VALUE,  # data too long
    1153: Fault.VALUE,  # packet too large
    1034: Fault.DAMAGED,  # index corrupted
    1712: Fault.DAMAGED,
    1053: Fault.LOST,  # shutdown in progress
    1927: Fault.LOST,  # connection was killed
    2002: Fault.LOST,  # cannot connect
    2003: Fault.LOST,
    2006: Fault.LOST,  # server has gone away
    2013: Fault.LOST,  # connection lost during a query
    2014: Fault.LOST,  # commands out of sync
    4031: Fault.LOST,  # disconnected for inactivity
    0: Fault.LOST,  # PyMySQL: the socket is closed
}

_SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_PROTOCOL: Fault.BUSY,  # lost too many races for the WAL index
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_FORMAT: Fault.DAMAGED,
    sqlite3.SQLITE_TOOBIG: Fault.VALUE,
    sqlite3.SQLITE_CONSTRAINT: Fault.DUPLICATE,
}
# A file that may not grow (a quota, RLIMIT_FSIZE) is reported as a failed write, not as FULL.
_SQLITE_FAILED_WRITES = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_FSYNC,
}


def classify(error: BaseException) -> Fault:
    """The kind of an error that came out of a driver."""
    if isinstance(error, OverflowError):  # an integer beyond 64 bits
        return Fault.VALUE
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # the driver's own word: a value it cannot bind, a closed connection
            return Fault.TEXT if "decode to UTF-8" in str(error) else Fault.OTHER
        if code in _SQLITE_FAILED_WRITES:
            return Fault.FULL
        return _SQLITE_CODES.get(code & 0xFF, Fault.OTHER)
    if isinstance(error, OSError):
        return Fault.FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else Fault.LOST
    if type(error).__module__.partition(".")[0] == "pymysql":
        code = error.args[0] if error.args else -1
        return _MYSQL_CODES.get(code, Fault.OTHER)
    return _classify_postgres(error)


def _classify_postgres(error: BaseException) -> Fault:
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is None:
        # The client's own errors carry no code: a broken or refused connection is an
        # OperationalError (or InterfaceError), a value that cannot be sent a DataError.
        kind = type(error).__name__
        if kind in ("DataError", "UntranslatableCharacter"):
            return Fault.VALUE
        return Fault.LOST if kind in ("OperationalError", "InterfaceError") else Fault.OTHER
    return _SQLSTATES.get(sqlstate) or _SQLSTATE_CLASSES.get(sqlstate[:2], Fault.OTHER)


def translate(error: BaseException, url: str) -> TrimtabError:
    """The typed error for one that no retry helped against."""
    fault = classify(error)
    # On one line: libpq breaks its messages into several.
    detail = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if fault in (Fault.BUSY, Fault.CONFLICT):
        return StorageBusy(
            f"{url} stayed locked by others; nothing was changed, and the call can be made "
            f"again. ({detail})"
        )
    if fault is Fault.FULL:
        return StorageFull(
            f"There is no room to write to {url}; what was stored before is intact. ({detail})"
        )
    if fault in (Fault.DAMAGED, Fault.TEXT):
        return StorageUnreadable(
            f"{url} is damaged, or is no database; `trimtab doctor {url}` says more. ({detail})"
        )
    if fault is Fault.DUPLICATE:
        return DuplicateKey(f"{url}: {detail}")
    if fault is Fault.VALUE:
        return InvalidArgument("value", "something the database can hold", detail)
    if fault is Fault.LOST:
        return StorageError(f"{url} cannot be reached. ({detail})")
    return StorageError(f"{url} failed. ({detail})")
