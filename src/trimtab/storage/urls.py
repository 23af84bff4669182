"""From what a user names a storage by to the storage."""

from __future__ import annotations

import importlib.util
import os
from pathlib import PurePath
from typing import Any, Final

from trimtab.errors import InvalidType, UnsupportedURL
from trimtab.storage.base import Storage
from trimtab.storage.memory import InMemoryStorage

SQLITE_SUFFIXES: Final = (".db", ".sqlite", ".sqlite3")
"""A path that ends so is a SQLite file."""

# Scheme to (SQLAlchemy's name, driver's module, the extra that installs it).
_SCHEMES: Final = {
    "sqlite": ("sqlite+pysqlite", "sqlite3", ""),
    "sqlite+pysqlite": ("sqlite+pysqlite", "sqlite3", ""),
    "postgres": ("postgresql+psycopg", "psycopg", "postgres"),
    "postgresql": ("postgresql+psycopg", "psycopg", "postgres"),
    "postgresql+psycopg2": ("postgresql+psycopg", "psycopg", "postgres"),
    "postgresql+psycopg": ("postgresql+psycopg", "psycopg", "postgres"),
    "mysql": ("mysql+pymysql", "pymysql", "mysql"),
    "mysql+mysqldb": ("mysql+pymysql", "pymysql", "mysql"),
    "mysql+pymysql": ("mysql+pymysql", "pymysql", "mysql"),
    "mariadb": ("mariadb+pymysql", "pymysql", "mysql"),
    "mariadb+pymysql": ("mariadb+pymysql", "pymysql", "mysql"),
}
_SERVED: Final = ("http://", "https://")
_KNOWN: Final = "sqlite:///file.db, postgresql://, mysql://, mariadb://, http://, https://"


def open_storage(
    storage: Storage | str | os.PathLike[str] | None, *, patience: float | None = None
) -> Storage:
    """The storage of a URL, of a path to a SQLite file, or in memory.

    Args:
        storage: None: in memory. A `Storage`: itself. A path, or a string that ends in .db,
            .sqlite or .sqlite3: that SQLite file. Else a URL: ``sqlite:///file.db``,
            ``postgresql://user@host/database``, ``mysql://...``, ``mariadb://...``, or that of a
            running ``trimtab dashboard``: ``http://host:8080`` (see `HTTPStorage`).
        patience: Seconds for which a call waits for locks, or for a database that went away.
            None: as the kind of storage has it.

    Raises:
        UnsupportedURL: If the scheme is unknown or its driver is not installed.
        InvalidType: If ``storage`` is none of these.
        StorageError: If the database cannot be used.
    """
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, Storage):
        return storage
    if not isinstance(storage, (str, os.PathLike)):
        raise InvalidType("storage", "a URL, a path, a Storage or None", storage)
    if isinstance(storage, str) and storage.startswith(_SERVED):
        from trimtab.storage.http import HTTPStorage

        return HTTPStorage(storage) if patience is None else HTTPStorage(storage, timeout=patience)
    from trimtab.storage.sql import SQLStorage

    url = sql_url(storage)
    return SQLStorage(url) if patience is None else SQLStorage(url, patience=patience)


def sql_url(url: str | os.PathLike[str]) -> str:
    """SQLAlchemy's URL, with the driver named, for what a user wrote.

    Raises:
        UnsupportedURL: If the scheme is unknown or its driver is not installed.
    """
    text: Any = os.fspath(url)
    if not isinstance(text, str):
        raise InvalidType("storage", "a URL or a path", url)
    scheme, separator, rest = text.partition("://")
    if not separator:
        # `sqlite:/file.db` is a slip, not a folder named `sqlite:`.
        slip = text.partition(":")[0] in _SCHEMES
        if isinstance(url, str) and (slip or PurePath(text).suffix not in SQLITE_SUFFIXES):
            raise UnsupportedURL(
                f"`storage`: expected one of {_KNOWN}, or a path that ends in "
                f"{', '.join(SQLITE_SUFFIXES)}; got {text!r}."
            )
        return f"sqlite+pysqlite:///{text}"
    if scheme not in _SCHEMES:
        raise UnsupportedURL(f"`storage`: expected one of {_KNOWN}; got {text!r}.")
    name, driver, extra = _SCHEMES[scheme]
    if importlib.util.find_spec(driver) is None:
        raise UnsupportedURL(
            f"`storage`: {scheme}:// needs the driver {driver}: pip install 'trimtab[{extra}]'."
        )
    return f"{name}://{rest}"


def safe_label(storage: Storage | str | os.PathLike[str]) -> str:
    """What a storage may be called on a screen: its URL without user, password and options."""
    if isinstance(storage, Storage):
        url = getattr(storage, "url", None)
        return type(storage).__name__ if url is None else safe_label(str(url))
    text = os.fspath(storage).partition("?")[0]
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    # A password may hold an @ of its own, a file's path too: only the host's part is looked at.
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
