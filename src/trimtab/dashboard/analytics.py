"""What the Analytics page shows: read from its address, so that a view can be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from trimtab.dashboard.brushes import Ranges, axes_of, ranges_of
from trimtab.dashboard.context import StudyView
from trimtab.errors import InvalidArgument, InvalidFilter
from trimtab.experiment.keeping import KEY as EXPERIMENT
from trimtab.query import Fields, Page, page
from trimtab.query.fields import UnknownField
from trimtab.query.nodes import field_name
from trimtab.records import StudyDirection
from trimtab.records.lineage import has_lineage
from trimtab.study.origin import SAMPLER
from trimtab.visualization.data import (
    DEFAULT_TARGET_NAME,
    most_telling_first,
    objective_name,
    select,
)

PARALLEL: Final = 8
"""How many parameters the parallel coordinates show unless a person chooses some."""
SLICES: Final = 6
"""The same of slices."""
PAIRS: Final = 4
"""The same of contours and ranks."""
MOST_PAIRS: Final = 5
"""How many of those that a person chose are paired: six would be fifteen panels."""
ROWS: Final = 10
"""Trials in the table."""
_MAX_WHERE: Final = 4000
_MODELLING: Final = ("AutoSampler", "GPSampler", "BoTorchSampler")
_MODELLED: Final = 250
"""Complete trials up to which a model is drawn in a tenth of a second."""
_NEVER_LOG: Final = (
    *("importances", "edf", "paths", "rank"),
    *("model", "model-contour", "model-trace", "model-sensitivity", "model-front"),
    "leave-one-out",
)


@dataclass(frozen=True, slots=True)
class View:
    """One state of the page.

    Attributes:
        known: All parameters of the study's complete trials, the most telling first.
        chosen: Those that a person chose, in the order of ``known``; empty for the default.
        objective: The index of the one that is looked at.
        log: Whether axes of objectives are logarithmic.
        where: A filter of trials; empty for none.
        reference: The hypervolume's reference point as it was typed; empty for the default.
        ranges: The filter, taken apart; None where it cannot be read.
        fault: What is wrong with the filter, or None.
        matches: The table of the trials that the filter lets through, or None.
        complete: How many trials are complete.
        lineage: Whether a trial went on from another.
        modelled: Whether pictures of a Gaussian process are shown: it proposed the trials, or they
            are an experiment's, which are few and costly.
    """

    known: tuple[str, ...]
    chosen: tuple[str, ...]
    objective: int
    log: bool
    where: str
    reference: str
    ranges: Ranges | None
    fault: InvalidFilter | None
    matches: Page | None
    complete: int
    lineage: bool
    modelled: bool

    def shown(self, count: int) -> tuple[str, ...]:
        """The parameters of a figure that shows ``count`` of them unless some are chosen."""
        return self.chosen or self.known[:count]

    @property
    def paired(self) -> tuple[str, ...]:
        """The parameters of the figures of pairs."""
        return self.chosen[:MOST_PAIRS] or self.known[:PAIRS]

    def figure(self, kind: str, params: Sequence[str] = (), **options: object) -> str:
        """The last part of a figure's address."""
        pairs = [("param", name) for name in params]
        pairs += [(name, str(value)) for name, value in options.items() if value not in ("", None)]
        if self.log and kind not in _NEVER_LOG:
            pairs.append(("log", "1"))
        return f"{kind}?{urlencode(pairs)}" if pairs else kind

    @property
    def filtered(self) -> str:
        """The query by which other pages show the same trials."""
        return f"?{urlencode({'where': self.where})}" if self.where else ""


def view_of(study: StudyView, query: QueryParams) -> View:
    """The view that an address asks for; what it names and is no longer there is left out.

    Raises:
        InvalidArgument: If the objective is none of the study's, or the filter is too long.
    """
    objective = _objective(study, query.get("objective", "0"))
    where = query.get("where", "").strip()
    if len(where) > _MAX_WHERE:
        raise InvalidArgument("where", f"at most {_MAX_WHERE} characters", where[:50] + " …")
    with study.storage.lock:
        trials = select(study, objective, DEFAULT_TARGET_NAME)
        known = tuple(most_telling_first(trials))
        lineage = has_lineage(study.history)
        wanted = set(query.getlist("param"))
        chosen = tuple(name for name in known if name in wanted)
        ranges: Ranges | None = None
        fault: InvalidFilter | None = None
        matches: Page | None = None
        try:
            ranges = ranges_of(where, axes_of(study, chosen or known[:PARALLEL]))
            matches = _matches(study, where, objective, chosen or known[:PARALLEL])
        except InvalidFilter as error:
            fault = error
    return View(
        known,
        chosen,
        objective,
        query.get("log") == "1",
        where,
        query.get("reference", "").strip(),
        ranges,
        fault,
        matches,
        len(trials),
        lineage,
        _is_modelled(study, len(trials)),
    )


def _is_modelled(study: StudyView, complete: int) -> bool:
    if not complete or EXPERIMENT in study.system_attrs:
        return bool(complete)
    return complete <= _MODELLED and study.system_attrs.get(SAMPLER) in _MODELLING


def objectives_of(study: StudyView) -> list[str]:
    """What the objectives are called."""
    return [objective_name(study, j) for j in range(len(study.directions))]


def _objective(study: StudyView, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:4]) < len(study.directions)):
        raise InvalidArgument("objective", f"0 to {len(study.directions) - 1}", text)
    return int(text)


def _matches(study: StudyView, where: str, objective: int, params: Sequence[str]) -> Page:
    """The trials that a filter lets through, the best of one objective first."""
    history = study.history
    fields = Fields(history, study.record)
    if len(study.directions) == 1:
        values = ["value"]
    else:
        values = [field_name("values", key) for key in fields.keys("values")]
    columns = ["number", "state", *values, *(field_name("params", name) for name in params)]
    downwards = study.directions[objective] is StudyDirection.MAXIMIZE
    try:
        return page(
            history, study.record, where=where, sort=values[objective], descending=downwards,
            columns=columns, limit=ROWS,
        )  # fmt: skip
    except UnknownField:
        # A parameter that only trials had which are gone.
        return page(history, study.record, where=where, limit=ROWS)


def headings(study: StudyView, view: View) -> Mapping[str, str]:
    """What the columns of the table are called."""
    names = {"number": "Trial", "state": "State"}
    for row in view.ranges.rows if view.ranges else ():
        names[row.axis.field] = row.axis.label
    return names
