"""Reads the databases of Optuna's ``RDBStorage``, of the schemas of versions 1.3 to 5.

Tables are reflected and rows are read as they are; Optuna is not needed.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from trimtab.errors import StorageUnreadable, StorageVersion, UnsupportedURL
from trimtab.migrate.raw import RawStudy, RawTrial, micros

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row, Select, Table

_TABLES = (
    "studies",
    "study_user_attributes",
    "study_system_attributes",
    "trials",
    "trial_params",
    "trial_values",
    "trial_user_attributes",
    "trial_system_attributes",
    "version_info",
)
_LATER_TABLES = ("study_directions", "trial_intermediate_values")  # since version 2.4
_PAGE = 1000
_UTC_SINCE = 5
_FLOAT32_MAX = 3.402823e38
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


class Database:
    """An Optuna database, opened for reading.

    All is read as it was at one moment. SQLite, where that would keep others from writing, is read
    in an order in which a trial that is being written meanwhile looks running rather than finished
    without values.

    Args:
        place: SQLAlchemy's URL, in which a driver need not be named; or a SQLite file, which is
            opened read-only.

    Raises:
        FileNotFoundError: If there is no such SQLite file.
        UnsupportedURL: If the URL cannot be read, or its driver is not installed.
        StorageUnreadable: If the database cannot be reached or is none of Optuna's.
        StorageVersion: If its schema is older than Optuna 1.3; the message names the command.
    """

    def __init__(self, place: str | Path) -> None:
        self._engine = _sqlite(place) if isinstance(place, Path) else _engine(place)
        try:
            with _readable():
                self._connection: Connection = self._engine.connect()
        except BaseException:
            self._engine.dispose()
            raise
        try:
            self._tables = self._reflected()
            self._utc = self._is_utc()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()
        self._engine.dispose()

    def studies(self) -> list[RawStudy]:
        """All studies, oldest first."""
        studies = self._tables["studies"]
        found = []
        for row in self._rows(studies.select().order_by(studies.c.study_id)):
            study = RawStudy(row.study_name, self._directions(row), self._reader(row.study_id))
            for kind, attrs in (("user", study.user_attrs), ("system", study.system_attrs)):
                table = self._tables[f"study_{kind}_attributes"]
                query = table.select().where(table.c.study_id == row.study_id)
                for attr in self._rows(query.order_by(*table.primary_key)):
                    _read_json(attr, attrs, study.problems)
            found.append(study)
        return found

    def _reflected(self) -> dict[str, Table]:
        from sqlalchemy import MetaData, event, inspect

        with _readable():
            present = set(inspect(self._connection).get_table_names())
        if not present.issuperset(_TABLES):
            raise StorageUnreadable(
                "`source`: expected a database of Optuna's, got one without the tables "
                f"{sorted(set(_TABLES) - present)}."
            )
        metadata = MetaData()
        event.listen(metadata, "column_reflect", _as_floats)
        names = [*_TABLES, *(name for name in _LATER_TABLES if name in present)]
        with _readable():
            metadata.reflect(self._connection, only=names, resolve_fks=False)
        if "number" not in metadata.tables["trials"].c:
            raise StorageVersion(
                "`source`: expected a schema of Optuna 1.3 or later, got an older one; upgrade it "
                "with `optuna storage upgrade` first."
            )
        return dict(metadata.tables)

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with _readable():
            return self._connection.execute(query).all()

    def _is_utc(self) -> bool:
        # Times have no zone. They are local, and UTC in databases that version 5 set up.
        rows = self._rows(self._tables["version_info"].select())
        try:
            return int(rows[0].library_version.partition(".")[0]) >= _UTC_SINCE
        except (IndexError, AttributeError, ValueError):
            return True

    def _directions(self, row: Row[Any]) -> Sequence[str]:
        table = self._tables.get("study_directions")
        if table is None:
            return [str(row.direction)]
        query = table.select().where(table.c.study_id == row.study_id)
        rows = self._rows(query.order_by(table.c.objective))
        return [str(direction.direction) for direction in rows]

    # ------------------------------------------------------------------ trials

    def _reader(self, study_id: int) -> Callable[[], Iterator[RawTrial]]:
        return lambda: self._trials(study_id)

    def _trials(self, study_id: int) -> Iterator[RawTrial]:
        from sqlalchemy import select

        trials = self._tables["trials"]
        query = select(trials.c.trial_id).where(trials.c.study_id == study_id)
        rows = self._rows(query.order_by(trials.c.number, trials.c.trial_id))
        ids = [row.trial_id for row in rows]
        for start in range(0, len(ids), _PAGE):
            yield from self._page(ids[start : start + _PAGE])

    def _page(self, ids: list[int]) -> list[RawTrial]:
        trials = self._tables["trials"]
        by_id: dict[int, RawTrial] = {}
        for row in self._rows(trials.select().where(trials.c.trial_id.in_(ids))):
            trial = by_id[row.trial_id] = RawTrial(row.trial_id, row.number, str(row.state))
            trial.started = micros(row.datetime_start, utc=self._utc)
            trial.finished = micros(row.datetime_complete, utc=self._utc)
            if "value" in trials.c and row.value is not None:
                trial.values[0] = _old_float(row.value)
        for row in self._children("trial_params", ids):
            by_id[row.trial_id].params[row.param_name] = (row.param_value, row.distribution_json)
        for row in self._children("trial_values", ids):
            if "step" in self._tables["trial_values"].c:  # what they were before version 2.4
                by_id[row.trial_id].reports[row.step] = _old_float(row.value)
            else:
                by_id[row.trial_id].values[row.objective] = _float(row, "value")
        if "trial_intermediate_values" in self._tables:
            for row in self._children("trial_intermediate_values", ids):
                by_id[row.trial_id].reports[row.step] = _float(row, "intermediate_value")
        for row in self._children("trial_user_attributes", ids):
            trial = by_id[row.trial_id]
            _read_json(row, trial.user_attrs, trial.problems)
        for row in self._children("trial_system_attributes", ids):
            trial = by_id[row.trial_id]
            _read_json(row, trial.system_attrs, trial.problems)
        return [by_id[trial_id] for trial_id in ids if trial_id in by_id]

    def _children(self, name: str, ids: list[int]) -> Sequence[Row[Any]]:
        table = self._tables[name]
        query = table.select().where(table.c.trial_id.in_(ids))
        return self._rows(query.order_by(*table.primary_key))


def _as_floats(_inspector: object, _table: object, column: dict[str, Any]) -> None:
    """MySQL's doubles would be read as decimals of ten digits."""
    from sqlalchemy import Float, Numeric

    if isinstance(column["type"], (Float, Numeric)):
        column["type"] = Float(53, asdecimal=False)


def _read_json(row: Row[Any], into: dict[str, Any], problems: list[str]) -> None:
    try:
        into[row.key] = json.loads(row.value_json)
    except (TypeError, ValueError):
        problems.append(f"attribute {row.key!r} is no JSON and was left out: {row.value_json!r}")


def _float(row: Row[Any], column: str) -> float | None:
    """A value with the column that tells infinities and NaN, where the schema has one."""
    number = getattr(row, column)
    match getattr(row, f"{column.removeprefix('trial_')}_type", None):
        case None:
            return _old_float(number)
        case "INF_POS":
            return math.inf
        case "INF_NEG":
            return -math.inf
        case _:
            return None if number is None else float(number)


def _old_float(number: float | None) -> float | None:
    """Before version 3.0 infinities were stored as the largest 32-bit floats."""
    if number is None:
        return None
    return math.copysign(math.inf, number) if abs(number) >= _FLOAT32_MAX else float(number)


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    from sqlalchemy.pool import NullPool

    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(Path(parsed.database or ":memory:"))
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        return create_engine(parsed, poolclass=NullPool, isolation_level="REPEATABLE READ")
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise UnsupportedURL(
            f"`source`: expected the URL of a database, or a file, got {url!r} ({error})."
        ) from error


def _sqlite(path: Path) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    if not path.is_file():
        raise FileNotFoundError(f"`source`: expected an existing file, got {path}.")
    address = f"file:{quote(path.resolve().as_posix())}?mode=ro"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, timeout=60.0),
        poolclass=NullPool,
    )


@contextmanager
def _readable() -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StorageUnreadable(f"`source`: the database cannot be read: {reason}") from error
