"""The list of studies: found, sorted and cut into pages by the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trimtab.dashboard.context import Opened
from trimtab.dashboard.live import Hub
from trimtab.dashboard.ratings import n_waiting
from trimtab.dashboard.widgets import KEY as FORM_KEY
from trimtab.dashboard.widgets import Form
from trimtab.errors import InvalidArgument, StorageError
from trimtab.preferential import is_preferential, load_study
from trimtab.records import StudyRecord, StudySummary, TrialState

PER_PAGE: Final = 50
_PATIENCE: Final = 1.0
"""Seconds that one of several storages has to answer, lest it hold up the others' studies."""


@dataclass(frozen=True, slots=True)
class Row:
    """One study in the list.

    Attributes:
        opened: The storage that it is in.
        summary: What its trials come to.
    """

    opened: Opened
    summary: StudySummary

    @property
    def ref(self) -> str:
        """How addresses name it."""
        return f"{self.opened.key}-{self.summary.study.id}"

    @property
    def study(self) -> StudyRecord:
        """The study."""
        return self.summary.study

    @property
    def to_rate(self) -> int:
        """How many of its trials wait for a person."""
        form = self.study.system_attrs.get(FORM_KEY)
        if form is None or not self.summary.counts[TrialState.RUNNING]:
            return 0
        storage = self.opened.storage
        try:
            # People rate hundreds of trials, not 100,000: such a history is read in no time.
            with storage.lock:
                return n_waiting(storage.history(self.study.id), Form.from_json(form))
        except (InvalidArgument, StorageError):
            return 0  # its own pages say what is wrong with it; the list shows the rest

    @property
    def to_compare(self) -> int:
        """How many of its trials wait to be compared; one alone has nothing to be compared with."""
        if not is_preferential(self.study) or self.summary.counts[TrialState.PAUSED] < 2:
            return 0
        try:
            n_candidates = len(load_study(self.study.name, self.opened.storage).candidates)
        except StorageError:
            return 0
        return n_candidates if n_candidates > 1 else 0


_KEYS: Final[dict[str, Callable[[Row], Any]]] = {
    "name": lambda row: row.study.name.casefold(),
    "activity": lambda row: row.summary.last_activity,
    "created": lambda row: row.study.created,
    "best": lambda row: row.summary.best,
    "trials": lambda row: row.summary.n_trials,
}


@dataclass(frozen=True, slots=True)
class Query:
    """Which studies to show, and in what order.

    Attributes:
        text: All of its words are in the names wanted, whatever their case.
        sort: A key of the list, after a ``-`` for the largest first.
        archived: Whether archived studies are shown too.
        page: From 1; one past the end means the last.
    """

    text: str = ""
    sort: str = "-activity"
    archived: bool = False
    page: int = 1

    def __post_init__(self) -> None:
        if self.key not in _KEYS:
            expected = f"one of {', '.join(_KEYS)}, or one of them after a -"
            raise InvalidArgument("sort", expected, self.sort)
        if self.page < 1:
            raise InvalidArgument("page", "at least 1", self.page)

    @property
    def key(self) -> str:
        """What is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return self.sort.startswith("-")

    def admits(self, row: Row) -> bool:
        """Whether the search finds a study."""
        name = row.study.name.casefold()
        return all(word in name for word in self.text.casefold().split())


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list.

    Attributes:
        rows: The studies of this page.
        page: Which one it is, from 1.
        pages: How many there are, at least 1.
        found: How many studies the search found, on all pages.
        total: How many studies there are, archived ones among them.
        archived: How many of those found are archived and not shown.
        faults: Storages that do not answer, and why.
    """

    rows: Sequence[Row]
    page: int
    pages: int
    found: int
    total: int
    archived: int
    faults: Sequence[tuple[Opened, str]] = ()


def list_studies(storages: Iterable[Opened], query: Query, hub: Hub) -> Listing:
    """The studies of some storages; one that does not answer does not hide the others.

    Args:
        storages: Of which.
        query: Which of theirs.
        hub: Knows which of them need not be asked.
    """
    read, faults = read_summaries(storages, hub)
    everything = [Row(opened, summary) for opened, summaries in read for summary in summaries]
    found = [row for row in everything if query.admits(row)]
    shown = [row for row in found if query.archived or not row.study.archived]
    ordered = _ordered(shown, query)
    pages = max(-(-len(ordered) // PER_PAGE), 1)
    page = min(query.page, pages)
    rows = ordered[(page - 1) * PER_PAGE : page * PER_PAGE]
    hidden = len(found) - len(shown)
    told = [(opened, str(error)) for opened, error in faults]
    return Listing(rows, page, pages, len(ordered), len(everything), hidden, told)


def read_summaries(
    storages: Iterable[Opened], hub: Hub
) -> tuple[list[tuple[Opened, Sequence[StudySummary]]], list[tuple[Opened, StorageError]]]:
    """The studies of each storage; where there are several, none is waited for long.

    Args:
        storages: Of which.
        hub: Knows which of them need not be asked.

    Returns:
        Those that answer, and those that do not.
    """
    read: list[tuple[Opened, Sequence[StudySummary]]] = []
    faults: list[tuple[Opened, StorageError]] = []
    absences = hub.absences(_PATIENCE)
    for opened in storages:
        if (message := absences.get(opened.key)) is not None:
            faults.append((opened, StorageError(message)))
            continue
        try:
            read.append((opened, opened.storage.summaries()))
        except StorageError as error:
            hub.note(opened.key, error)
            faults.append((opened, error))
    return read, faults


def _ordered(rows: list[Row], query: Query) -> list[Row]:
    """Sorted; what has no value of the key comes last either way, equals by their names."""
    key = _KEYS[query.key]
    rows = sorted(rows, key=_KEYS["name"])
    known = [row for row in rows if key(row) is not None]
    known.sort(key=key, reverse=query.descending)
    return known + [row for row in rows if key(row) is None]
