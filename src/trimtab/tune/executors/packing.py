"""Trainables as they are sent to workers; and of one that cannot be sent, which part and why."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import cloudpickle

from trimtab.errors import InvalidArgument, short_repr

_DEEPEST: Final = 6
"""How deep we look into a trainable for what cannot be sent."""
_WIDEST: Final = 1000
"""How many items of a container we look at."""


def packed(trainable: Any) -> bytes:
    """A trainable as it is sent to workers.

    Raises:
        InvalidArgument: If it cannot be sent; it says what in it cannot, and how to mend it.
    """
    try:
        return bytes(cloudpickle.dumps(trainable))
    except Exception as error:
        found = culprit(trainable)
        what = "it" if found is None else f"{found[0]} ({short_repr(found[1], 80)})"
        raise InvalidArgument(
            "trainable",
            f"what can be sent to another process, and {what} cannot be: {error}; make that within "
            "the trainable, of what describes it (a path, a URL, a seed), or use "
            "`executor='inline'`",
            trainable,
        ) from error


def culprit(value: Any) -> tuple[str, Any] | None:
    """The innermost part that cannot be sent, with where it is; None where none is found."""
    place, found = "", None
    seen: set[int] = set()
    for _ in range(_DEEPEST):
        for name, part in _parts(value):
            if id(part) not in seen and not _goes(part):
                seen.add(id(part))
                place = f"{name} of {place}" if place else name
                found, value = (place, part), part
                break
        else:
            break
    return found


def _goes(value: Any) -> bool:
    try:
        cloudpickle.dumps(value)
    except Exception:  # noqa: BLE001 - pickling runs code of the user's
        return False
    return True


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What something is made of, each part with its place for people."""
    if isinstance(value, types.MethodType):
        yield "its object", value.__self__
    elif isinstance(value, types.FunctionType):
        used = inspect.getclosurevars(value)
        for kind, names in (("variable", used.nonlocals), ("global", used.globals)):
            for name, part in names.items():
                yield f"the {kind} {name!r} that {value.__name__} uses", part
        for name, parameter in inspect.signature(value).parameters.items():
            if parameter.default is not parameter.empty:
                yield f"the default of {name!r}", parameter.default
    elif isinstance(value, partial):
        yield "the function", value.func
        yield from ((f"the argument {index}", part) for index, part in enumerate(value.args))
        yield from ((f"the argument {name!r}", part) for name, part in value.keywords.items())
    elif isinstance(value, Mapping):
        yield from ((f"the item {key!r}", value[key]) for key in list(value)[:_WIDEST])
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from ((f"the item {index}", part) for index, part in enumerate(list(value)[:_WIDEST]))
    else:
        parts = {**getattr(value, "__dict__", {})}
        for name, part in parts.items():
            if not name.startswith("__") or name == "__init__":
                yield f"the attribute {name!r}", part
