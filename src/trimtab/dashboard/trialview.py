"""What the Trials page shows, as its address says it: a view that can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from trimtab.errors import InvalidArgument

LIMITS: Final = (25, 50, 100, 250, 500)
"""Rows that a page may have."""
MAX_SELECTED: Final = 500
_DEFAULT_LIMIT: Final = 50
_MAX_COLUMNS: Final = 500
_KNOWN: Final = frozenset(("where", "sort", "desc", "offset", "limit", "col", "archived", "sel"))


@dataclass(frozen=True, slots=True)
class TrialView:
    """One view of a study's trials.

    Attributes:
        where: A filter, perhaps blank.
        sort: A field.
        descending: Largest first.
        offset: Rows before the first one.
        limit: Rows, one of `LIMITS`.
        columns: Fields to show; none: those that the table chooses.
        archived: Whether archived trials are among them.
        selected: Numbers of trials, in the order in which they were chosen.
    """

    where: str = ""
    sort: str = "number"
    descending: bool = True
    offset: int = 0
    limit: int = _DEFAULT_LIMIT
    columns: tuple[str, ...] = ()
    archived: bool = False
    selected: tuple[int, ...] = ()

    @classmethod
    def read(cls, query: QueryParams) -> TrialView:
        """The view that an address names.

        Raises:
            InvalidArgument: If a part of it cannot be.
        """
        unknown = set(query) - _KNOWN
        if unknown:
            raise InvalidArgument("view", f"some of {sorted(_KNOWN)}", min(unknown))
        columns = tuple(dict.fromkeys(query.getlist("col")))
        if len(columns) > _MAX_COLUMNS:
            raise InvalidArgument("col", f"at most {_MAX_COLUMNS} columns", len(columns))
        limit = _whole("limit", query.get("limit", str(_DEFAULT_LIMIT)))
        if limit not in LIMITS:
            raise InvalidArgument("limit", f"one of {LIMITS}", limit)
        return cls(
            where=query.get("where", ""),
            sort=query.get("sort") or "number",
            descending=_flag("desc", query.get("desc", "0" if query.get("sort") else "1")),
            offset=_whole("offset", query.get("offset", "0")),
            limit=limit,
            columns=columns,
            archived=_flag("archived", query.get("archived", "0")),
            selected=numbers_in("sel", query.get("sel", "")),
        )

    def query(self, **changes: Any) -> str:
        """The query string of this view, or of one that differs from it; starts with ``?``.

        Only what is not as usual is written.
        """
        view = replace(self, **changes)
        pairs: list[tuple[str, str]] = []
        if view.where.strip():
            pairs.append(("where", view.where))
        if (view.sort, view.descending) != ("number", True):
            pairs += [("sort", view.sort), ("desc", "1" if view.descending else "0")]
        for name, usual in (("offset", 0), ("limit", _DEFAULT_LIMIT)):
            if getattr(view, name) != usual:
                pairs.append((name, str(getattr(view, name))))
        pairs += [("col", column) for column in view.columns]
        if view.archived:
            pairs.append(("archived", "1"))
        if view.selected:
            pairs.append(("sel", ",".join(map(str, view.selected))))
        return "?" + urlencode(pairs) if pairs else "?"

    @property
    def chosen(self) -> Mapping[str, Any]:
        """The arguments of `trimtab.query.select` that say which trials these are."""
        return {
            "where": self.where,
            "sort": self.sort,
            "descending": self.descending,
            "archived": self.archived,
        }


def numbers_in(argument: str, text: str) -> tuple[int, ...]:
    """Trial numbers from ``"3,5,9"``, each once.

    Raises:
        InvalidArgument: If it is anything else, or more than `MAX_SELECTED` of them.
    """
    words = text.split(",") if text else []
    if len(words) > MAX_SELECTED:
        raise InvalidArgument(argument, f"at most {MAX_SELECTED} trials", len(words))
    return tuple(dict.fromkeys(_whole(argument, word) for word in words))


def _whole(argument: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidArgument(argument, "a whole number of at least 0", text)
    return int(text)


def _flag(argument: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise InvalidArgument(argument, "0 or 1", text)
    return text == "1"
