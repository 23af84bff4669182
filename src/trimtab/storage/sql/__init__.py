"""Studies in an SQL database: SQLite, PostgreSQL, MySQL or MariaDB."""

from trimtab.storage.sql.store import SQLStorage

__all__ = ["SQLStorage"]
