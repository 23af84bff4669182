"""Floor 2: where studies are kept."""

from typing import TYPE_CHECKING, Any

from trimtab.storage.base import Changes, Draft, Held, Lease, Storage, Ticket, Write
from trimtab.storage.memory import InMemoryStorage
from trimtab.storage.urls import open_storage

if TYPE_CHECKING:
    from trimtab.storage.http import HTTPStorage
    from trimtab.storage.sql import SQLStorage

__all__ = [
    "Changes",
    "Draft",
    "HTTPStorage",
    "Held",
    "InMemoryStorage",
    "Lease",
    "SQLStorage",
    "Storage",
    "Ticket",
    "Write",
    "open_storage",
]


def __getattr__(name: str) -> Any:
    if name == "SQLStorage":  # SQLAlchemy is loaded when it is used, not when it might be
        from trimtab.storage.sql import SQLStorage

        return SQLStorage
    if name == "HTTPStorage":
        from trimtab.storage.http import HTTPStorage

        return HTTPStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
