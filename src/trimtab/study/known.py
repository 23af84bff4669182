"""Whether some parameters were tried before, or wait to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.records import DELETED, History
from trimtab.space import CategoricalDistribution, Distribution, Floats
from trimtab.study.trial import FIXED_PARAMS


def is_known(history: History, params: Mapping[str, Any]) -> bool:
    """Whether a trial that is not archived has these parameters, or was queued with them.

    A trial that was queued counts by what was fixed for it, whatever else was suggested.

    Args:
        history: The study.
        params: By name, as an objective sees them.
    """
    listed = (history.states != DELETED) & ~history.archived
    queued = [
        number
        for number in history.with_system_attrs()
        if FIXED_PARAMS in history.system_attrs(number)
    ]
    for number in queued:
        if listed[number] and _equal(history.system_attrs(number)[FIXED_PARAMS], params):
            return True
    listed[queued] = False
    index, layouts = history.layouts()
    for i in np.unique(index[listed]).tolist():
        layout = layouts[i]
        if layout.keys() != params.keys():
            continue
        alike = listed & (index == i)
        for name, distribution in layout.items():
            alike &= _may_be(history.raw(name), distribution, params[name])
        # A column holds no integer beyond 2**53 exactly.
        if any(_equal(history.trial(n).params, params) for n in np.nonzero(alike)[0].tolist()):
            return True
    return False


def _may_be(column: Floats, distribution: Distribution, value: Any) -> NDArray[np.bool_]:
    """Where a column of internal values may be ``value``, shape (n,)."""
    if isinstance(distribution, CategoricalDistribution):
        choices = enumerate(distribution.choices)
        found = [i for i, choice in choices if _same(choice, value)]
        return np.isin(column, found)
    if not isinstance(value, (int, float)):
        return np.zeros(len(column), dtype=bool)
    try:
        return np.equal(column, float(value))
    except OverflowError:  # an integer beyond all that a float can be
        return np.zeros(len(column), dtype=bool)


def _equal(known: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    return known.keys() == params.keys() and all(
        _same(known[name], value) for name, value in params.items()
    )


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)
