"""What a run was made of, as JSON, and made anew from it.

Only what this package brings is made anew: nothing is imported or called by a name that a file
has. What JSON cannot hold (functions, objects of users) is left out, and has to be given again.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import numpy as np

from trimtab.errors import TrimtabError, short_repr
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution
from trimtab.space.domains import Choice, Domain, Normal
from trimtab.tune.resources import PlacementGroupFactory

KIND: Final = "__made_of__"
MISSING: Final = "__missing__"


class NeedsAgain(TrimtabError, ValueError):
    """Something of a run could not be stored, and has to be given again to take the run up."""


def describe(thing: Any) -> Any:
    """``thing`` as JSON values; what cannot be stored is named in its place."""
    if thing is None or isinstance(thing, (bool, int, str)):
        return thing
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else {KIND: "float", "text": repr(thing)}
    if isinstance(thing, np.generic):
        return describe(thing.item())
    if isinstance(thing, timedelta):
        return {KIND: "timedelta", "seconds": thing.total_seconds()}
    if isinstance(thing, Mapping):
        return {
            KIND: "dict",
            "items": [[describe(key), describe(value)] for key, value in thing.items()],
        }
    if isinstance(thing, (list, tuple)):
        return {
            KIND: "tuple" if isinstance(thing, tuple) else "list",
            "items": [describe(each) for each in thing],
        }
    name = type(thing).__name__
    if type(thing) in _RECORDS.values():
        values = {each.name: getattr(thing, each.name) for each in dataclasses.fields(thing)}
        return {KIND: name, "fields": {key: describe(value) for key, value in values.items()}}
    if hasattr(thing, "made_of") and _home(name) is type(thing):
        args, kwargs = thing.made_of
        return {KIND: name, "args": describe(args), "kwargs": describe(kwargs)}
    return {MISSING: short_repr(thing)}


def make(described: Any) -> Any:
    """What `describe` was given.

    Raises:
        NeedsAgain: If a part of it could not be stored, or is of no class of this package.
    """
    if not isinstance(described, Mapping):
        return described
    if MISSING in described:
        raise NeedsAgain(f"{described[MISSING]} could not be stored.")
    kind = described[KIND]
    if kind == "float":
        return float(described["text"])
    if kind == "timedelta":
        return timedelta(seconds=described["seconds"])
    if kind == "dict":
        return {make(key): make(value) for key, value in described["items"]}
    if kind in ("list", "tuple"):
        items = [make(each) for each in described["items"]]
        return tuple(items) if kind == "tuple" else items
    if kind in _RECORDS:
        fields = {name: make(value) for name, value in described["fields"].items()}
        return _RECORDS[kind](**fields)
    made = _home(kind)
    if made is None:
        raise NeedsAgain(f"{kind!r} is no class of this package.")
    return made(*make(described["args"]), **make(described["kwargs"]))


_RECORDS: Final[Mapping[str, type[Any]]] = {
    each.__name__: each
    for each in (
        FloatDistribution,
        IntDistribution,
        CategoricalDistribution,
        Domain,
        Normal,
        Choice,
        PlacementGroupFactory,
    )
}


def _home(name: str) -> type[Any] | None:
    """The class of that name among those that a run may be made of."""
    from trimtab import samplers, schedulers
    from trimtab.samplers import Sampler
    from trimtab.schedulers import Scheduler
    from trimtab.tune import executors, search, stoppers

    kinds = (Sampler, Scheduler, stoppers.Stopper, executors.Executor)
    for module in (samplers, schedulers, search, stoppers, executors):
        found = getattr(module, name, None) if name.isidentifier() else None
        if inspect.isclass(found) and issubclass(found, kinds):
            return found
    return None
