"""A page of a study's trials: filtered, sorted and cut by columns, only its own rows built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.query.fields import Described, Field, Fields
from trimtab.query.filter import Filter, parse_filter
from trimtab.query.nodes import field_name
from trimtab.records import History
from trimtab.space import Floats
from trimtab.space.checks import check_count


@dataclass(frozen=True, slots=True)
class Selection:
    """The trials that a filter lets through.

    Attributes:
        total: Trials there are, without the filter.
        numbers: Shape (k,), those that pass, in the order asked for.
    """

    total: int
    numbers: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table.

    Attributes:
        total: Trials there are, without the filter.
        matched: Trials that pass the filter.
        offset: How many of them come before the first row.
        columns: Names of the fields that a row has.
        numbers: Of the trials, one a row.
        rows: By field name: what JSON holds, datetimes with a zone, timedeltas; None where missing.
    """

    total: int
    matched: int
    offset: int
    columns: tuple[str, ...]
    numbers: tuple[int, ...]
    rows: tuple[dict[str, Any], ...]


def page(
    history: History,
    study: Described,
    *,
    where: str | Filter | None = None,
    sort: str = "number",
    descending: bool = False,
    offset: int = 0,
    after: int | None = None,
    limit: int | None = 100,
    columns: Sequence[str] | None = None,
    archived: bool = False,
) -> Page:
    """One page of the trials of a study.

    Hold the storage's lock where other threads may be writing.

    Args:
        history: The trials.
        study: The study or its record.
        where: A filter; None or blank: all trials.
        sort: A field. Trials without it come last, equal ones by number.
        descending: Largest first; what comes last and the order of equal ones stay.
        offset: Rows to skip.
        after: Instead of ``offset``: the number of the last trial of the page before; new trials
            then neither repeat nor hide a row.
        limit: Rows, at least 1; None: all that are left.
        columns: Fields to show; None: those of `default_columns`.
        archived: Whether archived trials are among them; a filter that mentions ``archived``
            brings them itself.

    Raises:
        InvalidFilter: If the filter cannot be read or does not fit the study.
        UnknownField: If ``sort`` or a column is no field.
        InvalidArgument: On an offset below 0, a limit below 1 or an ``after`` that is no trial.
    """
    fields = Fields(history, study)
    check_count("offset", offset, 0)
    if limit is not None:
        check_count("limit", limit, 1)
    shown = [fields.named(name) for name in (columns or default_columns(fields))]
    chosen = select(fields, where=where, sort=sort, descending=descending, archived=archived)
    if after is not None:
        offset = _position_after(after, fields, chosen.numbers, sort, descending)
    end = None if limit is None else offset + limit
    columns = tuple(field.name for field in shown)
    numbers = chosen.numbers[offset:end]
    rows = tuple(dict(zip(columns, row, strict=True)) for row in read_rows(shown, numbers))
    matched = len(chosen.numbers)
    return Page(chosen.total, matched, offset, columns, tuple(numbers.tolist()), rows)


def select(
    fields: Fields,
    *,
    where: str | Filter | None = None,
    sort: str = "number",
    descending: bool = False,
    archived: bool = False,
) -> Selection:
    """The numbers of the trials on all pages; the arguments are those of `page`."""
    if isinstance(where, str):
        where = parse_filter(where) if where.strip() else None
    mask = fields.exist(archived or (where is not None and where.mentions("archived")))
    total = int(np.count_nonzero(mask))
    if where is not None:
        mask &= where.mask(fields)
    return Selection(total, _ordered(fields, np.flatnonzero(mask), sort, descending))


def read_rows(
    fields: Sequence[Field], numbers: NDArray[np.int64], missing: Any = None
) -> Iterator[tuple[Any, ...]]:
    """The plain values of some trials, one tuple a trial."""
    return zip(*(field.read(numbers, missing) for field in fields), strict=True)


def default_columns(fields: Fields) -> list[str]:
    """The fields that a table shows unless told otherwise: those that say something."""
    history = fields.history
    roots = ["number", "state"]
    if fields.is_preferential:
        roots += ["utility", "wins", "losses", "params"]
        return [field_name(root, key) for root in roots for key in fields.keys(root)]
    roots += ["value", "sem"] if history.n_objectives == 1 else ["values", "sems"]
    if not np.isfinite(history.sems).any():
        roots.pop()
    roots += ["feasible"] if history.constraint_names else []
    roots += ["params", "duration"]
    return [field_name(root, key) for root in roots for key in fields.keys(root)]


def _ordered(
    fields: Fields, numbers: NDArray[np.int64], sort: str, descending: bool
) -> NDArray[np.int64]:
    ranks = _ranks(fields, sort, descending)[numbers]
    return numbers[np.argsort(ranks, kind="stable")]  # NaN goes last


def _ranks(fields: Fields, sort: str, descending: bool) -> Floats:
    ranks = fields.column(fields.named(sort)).ranks()
    return -ranks if descending else ranks


def _position_after(
    number: int, fields: Fields, numbers: NDArray[np.int64], sort: str, descending: bool
) -> int:
    """How many of the ordered ``numbers`` come no later than a trial that may not be among them."""
    if not 0 <= number < len(fields.history):
        raise InvalidArgument("after", "the number of a trial", number)
    ranks = _ranks(fields, sort, descending)
    own = ranks[number]
    present = ranks[numbers]
    if own != own:
        before = ~np.isnan(present) | (numbers <= number)
    else:
        before = (present < own) | ((present == own) & (numbers <= number))
    return int(np.count_nonzero(before))
