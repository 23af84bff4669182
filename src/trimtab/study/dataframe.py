"""Trials as a pandas DataFrame."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import DELETED, VALUE, History, TrialState, from_micros
from trimtab.samplers.base import EXPECTED
from trimtab.space import Distribution, FloatDistribution, Floats
from trimtab.study.origin import SAMPLER

if TYPE_CHECKING:
    import pandas as pd

    from trimtab.study.study import Study

_EXACT = 2.0**53

Rows: TypeAlias = NDArray[np.int64]
"""Numbers of the trials that are shown, ascending."""


def trials_dataframe(study: Study, attrs: tuple[str, ...], multi_index: bool) -> pd.DataFrame:
    """See `Study.trials_dataframe`."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "`trials_dataframe` needs pandas: pip install 'trimtab[pandas]'."
        ) from error
    for attr in attrs:
        if attr not in _ALLOWED:
            raise InvalidArgument("attrs", f"names among {_ALLOWED}", attr)
    names = study.metric_names
    with study.storage.lock:
        history = study.history
        rows = np.nonzero((history.states != DELETED) & ~history.archived)[0]
        if not len(rows):
            return pd.DataFrame()
        wanted = list(attrs)
        if history.n_objectives > 1 and "value" in wanted:
            wanted[wanted.index("value")] = "values"
        columns = {
            (attr, key): cells
            for attr in wanted
            for key, cells in _cells(history, rows, attr, names)
        }
    if multi_index:
        frame = pd.DataFrame(columns)
        frame.columns = pd.MultiIndex.from_tuples(list(columns))
        return frame
    return pd.DataFrame(
        {f"{attr}_{key}" if key else attr: cells for (attr, key), cells in columns.items()}
    )


Columns: TypeAlias = list[tuple[str, list[Any]]]
"""(key, a cell for each row) each; the key is empty where an attribute is one column."""


def _cells(history: History, rows: Rows, attr: str, names: list[str] | None) -> Columns:
    """The columns of one attribute; None where a trial has nothing."""
    if attr == "value":
        return [(names[0] if names else "", _floats(history.values[rows, 0]))]
    if attr in ("values", "sems"):
        array = (history.values if attr == "values" else history.sems)[rows]
        if np.isnan(array).all():
            return []
        return [
            (names[j] if names else str(j), _floats(array[:, j])) for j in range(array.shape[1])
        ]
    if attr in ("params", "distributions"):
        return _by_layout(history, rows, attr == "params")
    if attr in _MAPPINGS:
        cells = [_MAPPINGS[attr](history, number) for number in rows.tolist()]
        keys = sorted({key for cell in cells for key in cell}, key=str)
        return [(str(key), [cell.get(key) for cell in cells]) for key in keys]
    return [("", _PLAIN[attr](history, rows))]


def _by_layout(history: History, rows: Rows, values: bool) -> Columns:
    """A column for each parameter: its values, or its distributions."""
    index, layouts = history.layouts()
    mine = index[rows]
    found: dict[str, NDArray[np.object_]] = {}
    for i in np.unique(mine).tolist():
        having = mine == i
        for name, distribution in layouts[i].items():
            column = found.setdefault(name, np.full(len(rows), None, dtype=object))
            if values:
                column[having] = _external(history, name, distribution, rows[having])
            else:
                column[having] = distribution
    return [(name, found[name].tolist()) for name in sorted(found)]


def _external(history: History, name: str, distribution: Distribution, rows: Rows) -> Any:
    internals = history.raw(name)[rows]
    if isinstance(distribution, FloatDistribution):
        return internals
    exact = internals.astype(object)
    for place in np.nonzero(np.abs(internals) >= _EXACT)[0].tolist():
        number = int(rows[place])  # a column holds no integer beyond 2**53 exactly
        exact[place] = history.point(number)[history.layout(number).index(name)]
    out = np.empty(len(rows), dtype=object)
    for place, internal in enumerate(exact.tolist()):
        out[place] = distribution.to_external_repr(int(internal))
    return out


def _floats(column: Floats) -> list[float | None]:
    return [value if value == value else None for value in column.tolist()]


def _times(column: NDArray[np.int64]) -> list[datetime.datetime | None]:
    return [from_micros(micros or None) for micros in column.tolist()]


def _durations(history: History, rows: Rows) -> list[datetime.timedelta | None]:
    began, ended = history.started[rows], history.finished_at[rows]
    return [
        datetime.timedelta(microseconds=end - begin) if begin and end else None
        for begin, end in zip(began.tolist(), ended.tolist(), strict=True)
    ]


def _constraints(history: History, number: int) -> dict[str, float]:
    return dict(history.trial(number, reports=False).constraints)


def _intermediate(history: History, number: int) -> dict[int, float]:
    return {
        step: report.metrics[VALUE]
        for step, report in history.reports(number).items()
        if VALUE in report.metrics
    }


def _system_attrs(history: History, number: int) -> dict[str, Any]:
    """Without the sampler's name and what it expected, which some trials keep and others do not."""
    attrs = history.system_attrs(number)
    return {key: attrs[key] for key in attrs if key not in (SAMPLER, EXPECTED)}


_MAPPINGS: dict[str, Callable[[History, int], Mapping[Any, Any]]] = {
    "user_attrs": History.user_attrs,
    "system_attrs": _system_attrs,
    "constraints": _constraints,
    "intermediate_values": _intermediate,
}
_NAMES = {int(state): state.name for state in TrialState}
_PLAIN: dict[str, Callable[[History, Rows], list[Any]]] = {
    "number": lambda history, rows: rows.tolist(),
    "state": lambda history, rows: [_NAMES[state] for state in history.states[rows].tolist()],
    "attempt": lambda history, rows: history.attempts[rows].tolist(),
    "archived": lambda history, rows: history.archived[rows].tolist(),
    "datetime_start": lambda history, rows: _times(history.started[rows]),
    "datetime_complete": lambda history, rows: _times(history.finished_at[rows]),
    "duration": _durations,
    "last_step": lambda history, rows: [
        next(reversed(history.reports(number)), None) for number in rows.tolist()
    ],
}
_ALLOWED = (*_PLAIN, "value", "values", "sems", "params", "distributions", *_MAPPINGS)
