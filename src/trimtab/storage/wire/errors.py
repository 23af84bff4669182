"""Errors by name: what a storage raises behind a server is raised in front of it.

The one shape in which the server tells of an error is::

    {"error": {"type": "InvalidArgument", "message": "...", "argument": "step", "detail": {...}}}

``type`` names a class of `trimtab.errors`; ``argument`` says which argument is at fault, where one
is; ``detail`` holds what else the error carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trimtab import errors
from trimtab.errors import StorageError, TrimtabError, short_repr
from trimtab.space import decode_json, encode_json

KNOWN: Final[Mapping[str, type[TrimtabError]]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, TrimtabError)
}
"""The only classes that an answer can make; anything else is a `StorageError`."""

_MAX_TEXT: Final = 1000
_REPR: Final = "$repr"


class Shown(str):
    """Stands for a value that JSON cannot hold: its ``repr``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def dump_error(error: TrimtabError) -> dict[str, Any]:
    """An error in the one shape."""
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in KNOWN)
    carried = {
        field: _dumped(value) for field, value in vars(error).items() if not field.startswith("_")
    }
    argument = carried.pop("argument", None)
    return describe(name, str(error), argument, carried or None)


def describe(
    kind: str, message: str, argument: str | None = None, detail: Any = None
) -> dict[str, Any]:
    """The one shape in which the server tells of an error."""
    told = {"type": kind, "message": message, "argument": argument, "detail": detail}
    return {"error": told}


def load_error(data: Any) -> TrimtabError:
    """The error that `dump_error` was given: of the same type, with the same message.

    Whatever else an answer says becomes a `StorageError`.
    """
    try:
        told = data["error"]
        message = str(told["message"])
        kind = KNOWN.get(told["type"])
        carried = {name: _loaded(value) for name, value in (told.get("detail") or {}).items()}
        if told.get("argument") is not None:
            carried["argument"] = str(told["argument"])
    except (TypeError, KeyError, AttributeError):
        return StorageError(f"The server's answer was no error of its own: {short_repr(data)}.")
    if kind is None:
        return StorageError(message)
    error = _made(kind, message, carried)
    if str(error) != message:  # it was made from less than the server knew
        error.args = (message,)
    return error


def _made(kind: type[TrimtabError], message: str, carried: dict[str, Any]) -> TrimtabError:
    if "__init__" not in vars(kind):
        return kind(message)
    try:
        return kind(**carried)  # it makes its message of what it carries
    except TypeError:
        return kind.__new__(kind, message)


def _dumped(value: Any) -> Any:
    text = short_repr(value, _MAX_TEXT)
    if len(text) <= _MAX_TEXT:
        try:
            return encode_json(value)
        except (TypeError, RecursionError):
            return {_REPR: text}
    return {_REPR: short_repr(value)}


def _loaded(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {_REPR}:
        return Shown(value[_REPR])
    return decode_json(value)
