"""Statements, compiled once, and the transaction they run in.

SQLAlchemy compiles; the driver's own cursor executes. Measured on SQLite, ``Connection.execute``
takes 24 µs where the cursor takes 5 to 8, and a trial's life is about ten statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.engine import Dialect

from trimtab.storage.sql.codec import Row

CHUNK = 2000
"""Rows fetched at a time where a whole study is read."""


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement to be compiled once per dialect.

    Attributes:
        clause: In SQLAlchemy Core.
        columns: What an insert or update sets; parameters are named as the columns.
    """

    clause: ClauseElement
    columns: tuple[str, ...] | None = None


class Compiled:
    """SQL in a driver's own parameter style."""

    __slots__ = ("_constants", "_order", "sql")

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        columns = None if statement.columns is None else list(statement.columns)
        compiled: Any = statement.clause.compile(dialect=dialect, column_keys=columns)
        self.sql: str = str(compiled)
        self._order: list[str] | None = compiled.positiontup if compiled.positional else None
        # What the statement itself compares with or limits by.
        self._constants = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }

    def bind(self, parameters: dict[str, Any]) -> Any:
        if self._constants:
            parameters = parameters | self._constants
        if self._order is None:
            return parameters
        return [parameters[name] for name in self._order]


class Session:
    """One open transaction."""

    __slots__ = ("_compile", "_cursor", "_stream")

    def __init__(
        self,
        cursor: Any,
        compile_: Callable[[Statement], Compiled],
        stream: Callable[[], Any],
    ) -> None:
        self._cursor = cursor
        self._compile = compile_
        self._stream = stream

    def one(self, statement: Statement, **parameters: Any) -> Row | None:
        """The first row, or None."""
        compiled = self._compile(statement)
        self._cursor.execute(compiled.sql, compiled.bind(parameters))
        row: Row | None = self._cursor.fetchone()
        return row

    def all(self, statement: Statement, **parameters: Any) -> Sequence[Row]:
        """All rows."""
        compiled = self._compile(statement)
        self._cursor.execute(compiled.sql, compiled.bind(parameters))
        rows: Sequence[Row] = self._cursor.fetchall()
        return rows

    def run(self, statement: Statement, **parameters: Any) -> int:
        """Execute; the number of rows matched."""
        compiled = self._compile(statement)
        self._cursor.execute(compiled.sql, compiled.bind(parameters))
        count: int = self._cursor.rowcount
        return count

    def many(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> None:
        """Execute once per row."""
        if rows:
            compiled = self._compile(statement)
            self._cursor.executemany(compiled.sql, [compiled.bind(row) for row in rows])

    def chunks(self, statement: Statement, **parameters: Any) -> Iterator[Sequence[Row]]:
        """All rows, a chunk at a time, without ever holding them all.

        Nothing else may be asked before the last one (MySQL), and one such reading at a time be
        open (PostgreSQL).
        """
        compiled = self._compile(statement)
        cursor = self._stream()
        try:
            cursor.execute(compiled.sql, compiled.bind(parameters))
            while rows := cursor.fetchmany(CHUNK):
                yield rows
        finally:
            cursor.close()
